//! Sending: blocking, timed, at once, in batches, frame by frame or whole.

use std::iter;
use std::time::Duration;

use super::{SendError, Socket, TrySendError};
use crate::clock;
use crate::memory::Body;
use crate::message::{COPY_BYTES_MAX, Content, Message, Multipart};
use crate::pattern::{Outgoing, Refusal};

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
        let mut expired = false;
        loop {
            message = match self.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(message)) if expired => {
                    return Err(SendError::TimedOut(message));
                }
                Err(TrySendError::Full(message)) => message,
                Err(refused) => return Err(refused.into()),
            };
            let timeout = self.options.send_timeout;
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            expired = self.wait(deadline);
        }
    }

    /// Sends one frame if a peer can take it now.
    ///
    /// ```
    /// use ringmq::{Context, SocketType, TrySendError};
    ///
    /// let context = Context::new()?;
    /// let mut push = context.socket(SocketType::Push)?;
    /// let refused = push.try_send("nobody is there").unwrap_err();
    /// assert!(matches!(refused, TrySendError::Full(_)));
    /// assert_eq!(refused.into_message().as_str()?, "nobody is there");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No peer can, the type does not send, or the context was shut down. The message comes back.
    #[inline]
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), TrySendError<Message>> {
        let message = message.into();
        self.look_if_called();
        if self.terminated {
            return Err(TrySendError::Terminated(message));
        }
        let routed = self.route(message);
        if routed.is_err() {
            self.count_lost();
        }
        routed
    }

    /// Gives one frame to the pattern, without a look at what the socket was told meanwhile. Only the first frame of a
    /// message can come back; it may even after [`crate::pattern::Pattern::can_send`] said that a peer can take it,
    /// because peers go at any time.
    #[inline]
    fn route(&mut self, message: Message) -> Result<(), TrySendError<Message>> {
        let more = message.more();
        if more && self.options.conflate {
            return Err(TrySendError::OneFrameOnly(message));
        }
        if message.len() > COPY_BYTES_MAX {
            return self.route_large(message);
        }
        let counters = &self.shared.counters;
        if let Err((refusal, _)) = self
            .pattern
            .send(Outgoing::Copied(&message), more, counters)
        {
            return Err(TrySendError::refused(refusal, message));
        }
        self.count_sent(more);
        Ok(())
    }

    /// [`Self::route`] by reference. A body that must be copied for that is copied only if a peer can take it.
    fn route_large(&mut self, message: Message) -> Result<(), TrySendError<Message>> {
        let more = message.more();
        if !self.pattern.can_send() {
            let refusal = self.pattern.refusal();
            return Err(TrySendError::refused(refusal, message));
        }
        let frame = Outgoing::Shared(into_body(message));
        match self.pattern.send(frame, more, &self.shared.counters) {
            Ok(()) => {
                self.count_sent(more);
                Ok(())
            }
            Err((refusal, Outgoing::Shared(body))) => {
                let message = Message::with_content(Content::Shared(body), more);
                Err(TrySendError::refused(refusal, message))
            }
            Err((_, Outgoing::Copied(_))) => unreachable!("what comes back is what was given"),
        }
    }

    /// Gives all frames to the pattern, or none: once the first was taken, the others are not refused.
    fn route_whole(&mut self, message: Multipart) -> Result<(), TrySendError<Multipart>> {
        let mut frames = message.into_iter();
        let Some(first) = frames.next() else {
            return Ok(());
        };
        if let Err(refused) = self.route(first) {
            return Err(refused.map(|first| iter::once(first).chain(frames).collect()));
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
            && self
                .pattern
                .send(Outgoing::Copied(bytes), false, &self.shared.counters)
                .is_ok()
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
        let mut expired = false;
        loop {
            if self.terminated {
                return Err(SendError::Terminated(()));
            }
            match self.route_bytes(bytes) {
                Ok(()) => {
                    self.count_sent(false);
                    return Ok(());
                }
                Err(Refusal::Full) => {}
                Err(refusal) => return Err(SendError::refused(refusal, ())),
            }
            self.count_lost();
            if expired {
                return Err(SendError::TimedOut(()));
            }
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            expired = self.wait(deadline);
        }
    }

    fn route_bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if !self.pattern.can_send() {
            return Err(self.pattern.refusal());
        }
        let frame = if bytes.len() <= COPY_BYTES_MAX {
            Outgoing::Copied(bytes)
        } else {
            Outgoing::Shared(Body::copied(bytes, &self.bodies))
        };
        let sent = self.pattern.send(frame, false, &self.shared.counters);
        sent.map_err(|(refusal, _)| refusal)
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
    /// ```
    /// use ringmq::{Context, Message, Multipart, SocketType};
    ///
    /// let context = Context::new()?;
    /// let mut push = context.socket(SocketType::Push)?;
    /// push.connect("tcp://127.0.0.1:5555")?; // which waits for it
    /// # push.set_linger(Some(std::time::Duration::ZERO))?;
    /// push.send_multipart(vec!["frames", "of", "one", "kind"])?;
    /// push.send_multipart(Multipart::from_iter([
    ///     Message::from("or of"),
    ///     Message::from(vec![0; 100_000]),
    ///     Message::from_static(b"several"),
    /// ]))?;
    /// assert_eq!(push.statistics().messages_sent, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        let mut expired = false;
        loop {
            message = match self.try_send_multipart(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(message)) => message,
                Err(refused) => return Err(refused.into()),
            };
            if expired {
                return Err(SendError::TimedOut(message));
            }
            let deadline = *deadline.get_or_insert_with(|| clock::deadline(timeout));
            expired = self.wait(deadline);
        }
    }

    /// Sends all frames of a message if a peer can take it now. A message without frames is not sent.
    ///
    /// # Errors
    /// As [`Self::try_send`]; the message comes back whole.
    pub fn try_send_multipart(
        &mut self,
        message: impl Into<Multipart>,
    ) -> Result<(), TrySendError<Multipart>> {
        let message = message.into();
        self.look_if_called();
        if self.terminated {
            return Err(TrySendError::Terminated(message));
        }
        let routed = self.route_whole(message);
        if routed.is_err() {
            self.count_lost();
        }
        routed
    }

    /// Sends messages of one frame each until they end or no peer can take another one, without waiting. Returns
    /// how many were sent; the message that was refused comes back, and those behind it stay in the iterator.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// use ringmq::{Message, TrySendError};
    ///
    /// let mut messages = (0..5_000_u64).map(|number| Message::from(&number.to_le_bytes()));
    /// let sending = std::thread::spawn(move || {
    ///     loop {
    ///         match push.send_batch(&mut messages).1 {
    ///             Ok(()) => return Ok(()),
    ///             // Wait for room with the one that came back, then go on with the others.
    ///             Err(TrySendError::Full(message)) => push.send(message)?,
    ///             Err(refused) => return Err(ringmq::SendError::from(refused)),
    ///         }
    ///     }
    /// });
    /// for number in 0..5_000_u64 {
    ///     assert_eq!(pull.recv()?[..], number.to_le_bytes());
    /// }
    /// sending.join().expect("sending does not panic")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Counts what was queued for peers that are gone.
    pub(super) fn count_lost(&mut self) {
        let lost = self.pattern.take_lost();
        self.shared
            .counters
            .dropped_peer_gone
            .add_shared(lost.queued);
        self.shared.counters.dropped_unfinished.add(lost.unfinished);
        let unread = self.pattern.take_dropped();
        self.shared.counters.dropped_closed.add_shared(unread);
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
    use crate::peer::PeerId;
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
            let reader = socket.make_outbound(PeerId(0), 0);
            assert!(socket.pattern.can_send());
            drop(reader);
            let frame = Message::from(vec![7; bytes]);
            let refused = socket.route(frame.clone());
            assert!(matches!(refused, Err(TrySendError::Full(back)) if back == frame));
        }
        assert_eq!(socket.statistics().messages_sent, 0);
    }

    #[test]
    fn a_body_offered_by_reference_comes_back_if_its_peer_goes_after_it_was_seen() {
        let (_context, mut socket) = push();
        let reader = socket.make_outbound(PeerId(0), 0);
        let body = into_body(Message::from(vec![7; 2 * COPY_BYTES_MAX]));
        assert!(socket.pattern.can_send());
        drop(reader);
        let refused = socket
            .pattern
            .send(Outgoing::Shared(body), false, &socket.shared.counters);
        assert!(
            matches!(refused, Err((_, Outgoing::Shared(body))) if body.len() == 2 * COPY_BYTES_MAX)
        );
    }

    #[test]
    fn a_message_comes_back_whole_if_its_peer_goes_before_its_first_frame() {
        let (_context, mut socket) = push();
        let reader = socket.make_outbound(PeerId(0), 0);
        assert!(socket.pattern.can_send());
        drop(reader);
        let refused = socket.route_whole(whole());
        assert!(matches!(refused, Err(TrySendError::Full(back)) if back == whole()));
    }

    #[test]
    fn a_message_that_was_begun_is_sent_whole_whatever_the_socket_is_told_meanwhile() {
        let (_context, mut socket) = push();
        let _reader = socket.make_outbound(PeerId(0), 0);
        socket.shared.mailbox.send(SocketEvent::Terminated);
        assert!(socket.route_whole(whole()).is_ok());
        assert_eq!(socket.statistics().messages_sent, 1);
        let after = socket.try_send("after");
        assert!(matches!(after, Err(TrySendError::Terminated(_))));
    }
}
