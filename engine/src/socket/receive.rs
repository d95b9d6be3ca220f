//! Receiving: blocking, timed, at once, in batches, frame by frame or whole.

use std::time::Duration;

use super::{RecvError, Socket, TryRecvError};
use crate::clock;
use crate::message::{Message, Multipart};
use crate::pattern::{Nothing, to_message};
use crate::pipe::PipeFrame;

impl Socket {
    /// Receives one frame, waiting for at most the receive timeout.
    ///
    /// [`Message::more`] tells whether the next frame belongs to the same message; if so it is there already.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// let mut half = ringmq::Message::from("one ");
    /// half.set_more(true);
    /// push.send(half)?;
    /// push.send("two")?;
    ///
    /// let first = pull.recv()?;
    /// assert!(first.more());
    /// let second = pull.recv()?;
    /// assert!(!second.more());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The receive timeout passed, the type does not receive, or the context was shut down.
    #[inline]
    pub fn recv(&mut self) -> Result<Message, RecvError> {
        self.receive(|frame| to_message(&frame))
    }

    /// Receives one frame into `message`, whose old body is dropped.
    ///
    /// # Errors
    /// As [`Self::recv`]; `message` is unchanged then.
    #[inline]
    pub fn recv_into(&mut self, message: &mut Message) -> Result<(), RecvError> {
        *message = self.recv()?;
        Ok(())
    }

    /// Receives one frame and copies as much of it as fits into `buffer`. Returns the frame's real length in
    /// bytes; what did not fit is lost. The cheapest way to receive a small message.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// push.send_bytes(b"twelve bytes")?;
    /// let mut buffer = [0; 6];
    /// assert_eq!(pull.recv_bytes(&mut buffer)?, 12);
    /// assert_eq!(&buffer, b"twelve");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[inline]
    pub fn recv_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
        self.receive(|frame| {
            let body: &[u8] = &frame.body;
            let fits = body.len().min(buffer.len());
            copy_short(&mut buffer[..fits], &body[..fits]);
            body.len()
        })
    }

    /// Receives one frame if it is there.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// use ringmq::TryRecvError;
    ///
    /// assert_eq!(pull.try_recv(), Err(TryRecvError::Empty));
    /// push.send("now")?;
    /// let message = loop {
    ///     match pull.try_recv() {
    ///         Err(TryRecvError::Empty) => std::hint::spin_loop(), // other work goes here
    ///         result => break result?,
    ///     }
    /// };
    /// assert_eq!(&message[..], b"now");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nothing is there, the type does not receive, or the context was shut down.
    #[inline]
    pub fn try_recv(&mut self) -> Result<Message, TryRecvError> {
        self.try_receive(&mut |frame| to_message(&frame))
    }

    /// Receives one frame, waiting for at most `timeout` whatever the socket's receive timeout is.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Message, RecvError> {
        let usual = self.options.receive_timeout.replace(timeout);
        let result = self.recv();
        self.options.receive_timeout = usual;
        result
    }

    /// Receives the frames of one message, waiting as [`Self::recv`] does. If frames of a message were already
    /// received one by one, these are the rest.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// push.send_multipart(vec!["buy", "100"])?;
    /// let order = pull.recv_multipart()?;
    /// let [side, amount] = &order[..] else { return Err("an order has two frames".into()) };
    /// assert_eq!((side.as_str()?, amount.as_str()?), ("buy", "100"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn recv_multipart(&mut self) -> Result<Multipart, RecvError> {
        let first = self.recv()?;
        Ok(self.receive_rest(first))
    }

    /// Receives the frames of one message if it is there, as [`Self::recv_multipart`].
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn try_recv_multipart(&mut self) -> Result<Multipart, TryRecvError> {
        let first = self.try_recv()?;
        Ok(self.receive_rest(first))
    }

    /// The frames behind the first one, which are there, whatever the socket is told meanwhile.
    fn receive_rest(&mut self, first: Message) -> Multipart {
        let mut more = first.more();
        let mut whole = Multipart::new();
        whole.push(first);
        while more {
            let frame = self
                .take_frame(&mut |frame| to_message(&frame))
                .expect("a message that has begun is there whole");
            more = frame.more();
            whole.push(frame);
        }
        whole
    }

    /// Waits for a frame as [`Self::recv`] does, then takes up to `frames_max` frames that are there and adds
    /// them to `frames`. Returns how many.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// for number in 0..1_000_u64 {
    ///     push.send_bytes(&number.to_le_bytes())?;
    /// }
    /// let (mut frames, mut calls) = (Vec::new(), 0);
    /// while frames.len() < 1_000 {
    ///     pull.recv_batch(&mut frames, 256)?;
    ///     calls += 1;
    /// }
    /// assert!(calls >= 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub fn recv_batch(
        &mut self,
        frames: &mut Vec<Message>,
        frames_max: usize,
    ) -> Result<usize, RecvError> {
        if frames_max == 0 {
            return Ok(0);
        }
        frames.push(self.recv()?);
        let mut taken = 1;
        while taken < frames_max {
            let Ok(frame) = self.try_recv() else {
                break;
            };
            frames.push(frame);
            taken += 1;
        }
        Ok(taken)
    }

    #[inline]
    fn receive<T>(&mut self, mut take: impl FnMut(PipeFrame<'_>) -> T) -> Result<T, RecvError> {
        match self.try_receive(&mut take) {
            Ok(taken) => Ok(taken),
            Err(TryRecvError::Empty) => self.receive_slowly(take),
            Err(refused) => Err(refused.into()),
        }
    }

    #[cold]
    fn receive_slowly<T>(
        &mut self,
        mut take: impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, RecvError> {
        let deadline = clock::deadline(self.options.receive_timeout);
        loop {
            let expired = self.wait(deadline);
            match self.try_receive(&mut take) {
                Ok(taken) => return Ok(taken),
                Err(TryRecvError::Empty) if expired => return Err(RecvError::TimedOut),
                Err(TryRecvError::Empty) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
    }

    #[inline]
    fn try_receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, TryRecvError> {
        self.look_if_called();
        if self.terminated {
            return Err(TryRecvError::Terminated);
        }
        self.take_frame(take)
    }

    /// Takes a frame from the pattern, without a look at what the socket was told meanwhile.
    #[inline]
    fn take_frame<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, TryRecvError> {
        let mut ended = false;
        let mut take = |frame: PipeFrame<'_>| {
            ended = !frame.more;
            take(frame)
        };
        match self.pattern.receive(&mut take, &self.shared.counters) {
            Ok(taken) => {
                self.shared.counters.messages_received.add(u64::from(ended));
                Ok(taken)
            }
            Err(Nothing::Empty) => Err(TryRecvError::Empty),
            Err(Nothing::Unsupported) => Err(TryRecvError::Unsupported),
            Err(Nothing::OutOfTurn) => Err(TryRecvError::OutOfTurn),
        }
    }
}

/// Copies between slices of one length. Up to 64 bytes go by two moves that may overlap, which costs less than a
/// call of memcpy (MEASURED: 8 % of the receiving core in a flood of 64 B messages).
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    match from.len() {
        8..=16 => copy_ends::<8>(to, from),
        17..=32 => copy_ends::<16>(to, from),
        33..=64 => copy_ends::<32>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first and the last `N` bytes, which together are all of them.
#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    let last = from.len() - N;
    to[..N].copy_from_slice(&from[..N]);
    to[last..].copy_from_slice(&from[last..]);
}

#[cfg(test)]
mod tests {
    use super::copy_short;

    #[test]
    fn every_length_is_copied_whole() {
        for len in 0..200 {
            let from: Vec<u8> = (0..len).map(|i| i as u8 + 1).collect();
            let mut to = vec![0; len];
            copy_short(&mut to, &from);
            assert_eq!(to, from);
        }
    }
}
