//! Sending: blocking, timed, at once, in batches, frame by frame or whole.

use std::iter;
use std::time::Duration;

use super::{SendError, Socket, TrySendError};
use crate::clock;
use crate::memory::Body;
use crate::message::{COPY_BYTES_MAX, Content, Message, Multipart};
use crate::pattern::Outgoing;

impl Socket {
    /// Sends one frame, waiting while no peer can take it, for at most the send timeout.
    ///
    /// A frame with [`Message::set_more`] begins or continues a message; the peer gets the whole message once its
    /// last frame was sent. Only the first frame of a message ever waits.
    ///
    /// # Errors
    /// The send timeout passed, the type does not send, or the context was shut down. The message comes back.
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        let mut message = message.into();
        let mut deadline = None;
        loop {
            message = match self.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(message)) => message,
                Err(TrySendError::Unsupported(message)) => {
                    return Err(SendError::Unsupported(message));
                }
                Err(TrySendError::Terminated(message)) => {
                    return Err(SendError::Terminated(message));
                }
            };
            let timeout = self.options.send_timeout;
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            if self.wait(deadline) && !self.balancer.can_send() {
                return Err(SendError::TimedOut(message));
            }
        }
    }

    /// Sends one frame if a peer can take it now.
    ///
    /// # Errors
    /// No peer can, the type does not send, or the context was shut down. The message comes back.
    #[inline]
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), TrySendError<Message>> {
        let message = message.into();
        self.look_if_called();
        if let Some(refusal) = self.send_refused() {
            return Err(refusal.with(message));
        }
        self.route(message).map_err(|message| self.full(message))
    }

    /// Gives one frame to the pattern, without a look at what the socket was told meanwhile. Only the first frame of a
    /// message can come back; it may even after [`crate::pattern::LoadBalancer::can_send`] said that a peer can take it,
    /// because peers go at any time.
    #[inline]
    fn route(&mut self, message: Message) -> Result<(), Message> {
        let more = message.more();
        if message.len() > COPY_BYTES_MAX {
            return self.route_large(message);
        }
        if self
            .balancer
            .send(Outgoing::Copied(&message), more)
            .is_err()
        {
            return Err(message);
        }
        self.count_sent(more);
        Ok(())
    }

    /// [`Self::route`] by reference. A body that must be copied for that is copied only if a peer can take it.
    fn route_large(&mut self, message: Message) -> Result<(), Message> {
        if !self.balancer.can_send() {
            return Err(message);
        }
        let more = message.more();
        match self
            .balancer
            .send(Outgoing::Shared(into_body(message)), more)
        {
            Ok(()) => {
                self.count_sent(more);
                Ok(())
            }
            Err(Outgoing::Shared(body)) => Err(Message::with_content(Content::Shared(body), more)),
            Err(Outgoing::Copied(_)) => unreachable!("what comes back is what was given"),
        }
    }

    /// Gives all frames to the pattern, or none: once the first was taken, the others are not refused.
    fn route_whole(&mut self, message: Multipart) -> Result<(), Multipart> {
        let mut frames = message.into_iter();
        let Some(first) = frames.next() else {
            return Ok(());
        };
        if let Err(first) = self.route(first) {
            return Err(iter::once(first).chain(frames).collect());
        }
        for frame in frames {
            self.route(frame)
                .expect("only the first frame can be refused");
        }
        Ok(())
    }

    /// Sends a copy of `bytes` as a message of one frame, waiting as [`Self::send`] does. The cheapest way to
    /// send a small message.
    ///
    /// # Errors
    /// The send timeout passed, the type does not send, or the context was shut down.
    #[inline]
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), SendError<()>> {
        self.look_if_called();
        if bytes.len() <= COPY_BYTES_MAX
            && !self.terminated
            && self.balancer.send(Outgoing::Copied(bytes), false).is_ok()
        {
            self.count_sent(false);
            return Ok(());
        }
        self.send_bytes_slowly(bytes)
    }

    #[cold]
    fn send_bytes_slowly(&mut self, bytes: &[u8]) -> Result<(), SendError<()>> {
        let timeout = self.options.send_timeout;
        let mut deadline = None;
        loop {
            if let Some(refusal) = self.send_refused() {
                return Err(refusal.with_nothing());
            }
            if self.balancer.can_send() {
                let frame = if bytes.len() <= COPY_BYTES_MAX {
                    Outgoing::Copied(bytes)
                } else {
                    Outgoing::Shared(Body::copied(bytes, &self.bodies))
                };
                if self.balancer.send(frame, false).is_ok() {
                    self.count_sent(false);
                    return Ok(());
                }
            }
            self.count_lost();
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            if self.wait(deadline) && !self.balancer.can_send() {
                return Err(SendError::TimedOut(()));
            }
        }
    }

    /// Sends one frame, waiting for at most `timeout` whatever the socket's send timeout is.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_timeout(
        &mut self,
        message: impl Into<Message>,
        timeout: Duration,
    ) -> Result<(), SendError<Message>> {
        let usual = self.options.send_timeout.replace(timeout);
        let result = self.send(message);
        self.options.send_timeout = usual;
        result
    }

    /// Sends all frames of a message, waiting as [`Self::send`] does. A message without frames is not sent.
    ///
    /// # Errors
    /// As [`Self::send`]; the message comes back whole.
    pub fn send_multipart(
        &mut self,
        message: impl Into<Multipart>,
    ) -> Result<(), SendError<Multipart>> {
        let mut message = message.into();
        let timeout = self.options.send_timeout;
        let mut deadline = None;
        loop {
            self.look_if_called();
            if let Some(refusal) = self.send_refused() {
                return Err(refusal.with_whole(message));
            }
            if self.balancer.can_send() {
                message = match self.route_whole(message) {
                    Ok(()) => return Ok(()),
                    Err(message) => message,
                };
            }
            self.count_lost();
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            if self.wait(deadline) && !self.balancer.can_send() {
                return Err(SendError::TimedOut(message));
            }
        }
    }

    /// Sends messages of one frame each until they end or no peer can take another one, without waiting. Returns
    /// how many were sent; the message that was refused comes back, and those behind it stay in the iterator.
    ///
    /// # Errors
    /// As [`Self::try_send`], with what was sent before.
    pub fn send_batch<M: Into<Message>>(
        &mut self,
        messages: &mut impl Iterator<Item = M>,
    ) -> (usize, Result<(), TrySendError<Message>>) {
        let mut sent = 0;
        for message in messages {
            if let Err(refused) = self.try_send(message) {
                return (sent, Err(refused));
            }
            sent += 1;
        }
        (sent, Ok(()))
    }

    #[inline]
    fn count_sent(&mut self, more: bool) {
        self.shared.counters.messages_sent.add(u64::from(!more));
    }

    #[cold]
    fn full(&mut self, message: Message) -> TrySendError<Message> {
        self.count_lost();
        TrySendError::Full(message)
    }

    /// Counts what was queued for peers that are gone.
    pub(super) fn count_lost(&mut self) {
        let lost = self.balancer.take_lost();
        self.shared
            .counters
            .dropped_peer_gone
            .add_shared(lost.queued);
        self.shared.counters.dropped_unfinished.add(lost.unfinished);
    }

    #[inline]
    fn send_refused(&self) -> Option<Refusal> {
        if self.terminated {
            Some(Refusal::Terminated)
        } else if self.socket_type.sends() {
            None
        } else {
            Some(Refusal::Unsupported)
        }
    }
}

/// Why a socket sends nothing at all.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Terminated,
    Unsupported,
}

impl Refusal {
    fn with(self, message: Message) -> TrySendError<Message> {
        match self {
            Self::Terminated => TrySendError::Terminated(message),
            Self::Unsupported => TrySendError::Unsupported(message),
        }
    }

    fn with_whole(self, message: Multipart) -> SendError<Multipart> {
        match self {
            Self::Terminated => SendError::Terminated(message),
            Self::Unsupported => SendError::Unsupported(message),
        }
    }

    const fn with_nothing(self) -> SendError<()> {
        match self {
            Self::Terminated => SendError::Terminated(()),
            Self::Unsupported => SendError::Unsupported(()),
        }
    }
}

/// A large body, to be sent by reference.
fn into_body(message: Message) -> Body {
    match message.into_content() {
        Content::Shared(body) => body,
        Content::Owned(vec) => Body::from(vec),
        Content::Static(bytes) => Body::from(bytes),
        Content::Slice(slice) => Body::from(slice.to_vec()),
        Content::Inline { .. } => unreachable!("inline bodies are small"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::shared::SocketEvent;
    use crate::{Context, SocketType};

    fn push() -> (Context, Socket) {
        let context = Context::new().unwrap();
        let socket = context.socket(SocketType::Push).unwrap();
        (context, socket)
    }

    fn whole() -> Multipart {
        Multipart::from(vec![b"first".to_vec(), vec![7; 2 * COPY_BYTES_MAX]])
    }

    #[test]
    fn a_frame_comes_back_if_its_peer_goes_after_it_was_seen() {
        let (_context, mut socket) = push();
        for bytes in [8, 2 * COPY_BYTES_MAX] {
            let (_, reader) = socket.make_outbound();
            assert!(socket.balancer.can_send());
            drop(reader);
            let frame = Message::from(vec![7; bytes]);
            assert_eq!(socket.route(frame.clone()), Err(frame));
        }
        assert_eq!(socket.statistics().messages_sent, 0);
    }

    #[test]
    fn a_body_offered_by_reference_comes_back_if_its_peer_goes_after_it_was_seen() {
        let (_context, mut socket) = push();
        let (_, reader) = socket.make_outbound();
        let body = into_body(Message::from(vec![7; 2 * COPY_BYTES_MAX]));
        assert!(socket.balancer.can_send());
        drop(reader);
        let refused = socket.balancer.send(Outgoing::Shared(body), false);
        assert!(matches!(refused, Err(Outgoing::Shared(body)) if body.len() == 2 * COPY_BYTES_MAX));
    }

    #[test]
    fn a_message_comes_back_whole_if_its_peer_goes_before_its_first_frame() {
        let (_context, mut socket) = push();
        let (_, reader) = socket.make_outbound();
        assert!(socket.balancer.can_send());
        drop(reader);
        assert_eq!(socket.route_whole(whole()), Err(whole()));
    }

    #[test]
    fn a_message_that_was_begun_is_sent_whole_whatever_the_socket_is_told_meanwhile() {
        let (_context, mut socket) = push();
        let (_, _reader) = socket.make_outbound();
        socket.shared.mailbox.send(SocketEvent::Terminated);
        assert_eq!(socket.route_whole(whole()), Ok(()));
        assert_eq!(socket.statistics().messages_sent, 1);
        let after = socket.try_send("after");
        assert!(matches!(after, Err(TrySendError::Terminated(_))));
    }
}
