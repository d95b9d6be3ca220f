//! The asynchronous face of a socket: the same calls, as futures for any executor.
//!
//! No runtime and no thread: a call tries, and where the blocking one would sleep it leaves the task's waker with
//! the socket's owner. A call takes or gives a message only in the poll that returns it, so a future that is
//! dropped has done nothing. This module must not know who runs the tasks.

pub mod future;
mod stream;
mod waiting;

use std::fmt;
use std::task::{Context, Poll};

use super::{ConnectError, RecvError, SendError, Socket, SocketType, TryRecvError, TrySendError};
use crate::message::{Message, Multipart};
use crate::transport::Use;
use future::{Bind, Detach, Readable, Recv, RecvMultipart, SendMessage, SendMultipart, Writable};
use waiting::{Call, Waiting};

/// After so many polls in a row that did not have to wait, one lets the executor's other tasks run: a peer that is
/// faster than this task must not have the thread to itself.
const POLLS_MAX: u32 = 128;

/// A [`Socket`] whose calls are futures. They run on any executor: tokio, tokio-uring, smol, or a plain `block_on`.
///
/// Make one by `AsyncSocket::from(socket)` or [`Socket::into_async`]; [`Self::into_inner`] goes back. Options are
/// those of the socket: [`Self::get_mut`].
///
/// ```
/// use ringmq::{AsyncSocket, Context, SocketType};
///
/// # pollster::block_on(async {
/// let context = Context::new()?;
/// let mut pull = AsyncSocket::from(context.socket(SocketType::Pull)?);
/// let endpoint = pull.bind("tcp://127.0.0.1:*").await?;
///
/// let mut push = AsyncSocket::from(context.socket(SocketType::Push)?);
/// push.connect(&endpoint.to_string())?;
/// push.send("hello").await?;
/// assert_eq!(&pull.recv().await?[..], b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// It is also a [`Stream`](futures_core::Stream) of whole messages and a [`Sink`](futures_sink::Sink) for them, and so
/// works with the combinators of the `futures` crate. Their `split` gives a receiving and a sending half that two tasks
/// may use at once; each half's task is woken by itself.
///
/// # Cancel safety
/// A future that is dropped loses and duplicates nothing. A receive takes a message, whole, only in the poll that
/// returns it. A send queues its message only in the poll that returns `Ok`: dropped before, the message was not sent,
/// and is dropped with the future. A bind that is dropped is taken back. An unbind or disconnect that was polled once
/// is carried out all the same.
///
/// # Time
/// The socket's send and receive timeouts do not apply here: a deadline is the runtime's business
/// (`tokio::time::timeout(limit, socket.recv())`).
///
/// # Waking
/// Tasks are woken by the engine's thread, or by whoever else has news for the socket. As everywhere, a waker must not
/// block; one that panics harms nobody but its own task.
///
/// Dropping the last socket of a context whose handle is gone waits for the engine to send what is left. Where that must
/// not hold up an executor, keep the [`Context`](crate::Context) outside of the tasks.
pub struct AsyncSocket {
    socket: Socket,
    waiting: Waiting,
    /// Polls in a row that did not have to wait.
    polls: u32,
    /// Taken as a [`Sink`](futures_sink::Sink), and still to be sent because its peer had gone.
    unsent: Option<Multipart>,
    /// As a [`Stream`](futures_core::Stream) it came to its end.
    ended: bool,
}

impl AsyncSocket {
    /// The socket itself, to ask it.
    #[must_use]
    pub const fn get_ref(&self) -> &Socket {
        &self.socket
    }

    /// The socket itself: for its options, its subscriptions, and the calls that do not wait.
    ///
    /// Its blocking calls work, and block the executor's thread.
    pub fn get_mut(&mut self) -> &mut Socket {
        // What the socket is about to be told may be what a task waits for, and a blocking call takes the bell over.
        self.waiting.tell_all();
        &mut self.socket
    }

    /// The socket, for blocking use. A message that was handed to the [`Sink`](futures_sink::Sink) and not flushed is
    /// dropped.
    #[must_use]
    pub fn into_inner(self) -> Socket {
        self.socket
    }

    /// The socket's type.
    #[must_use]
    pub const fn socket_type(&self) -> SocketType {
        self.socket.socket_type()
    }

    // --- receiving ---------------------------------------------------------------------------------------

    /// Receives one frame: [`Socket::recv`].
    ///
    /// # Errors
    /// The type does not receive, it is this socket's turn to send, or the context was shut down.
    ///
    /// # Cancel safety
    /// Dropped, it has received nothing.
    pub fn recv(&mut self) -> Recv<'_> {
        Recv::new(self)
    }

    /// Receives the frames of one message: [`Socket::recv_multipart`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// Dropped, it has received nothing: all frames are taken in one poll.
    pub fn recv_multipart(&mut self) -> RecvMultipart<'_> {
        RecvMultipart::new(self)
    }

    /// Waits until a receive would return at once, because there is a message, or because it can never succeed: the
    /// type does not receive, or the context was shut down.
    ///
    /// # Cancel safety
    /// It takes nothing.
    pub fn readable(&mut self) -> Readable<'_> {
        Readable::new(self)
    }

    /// Polls for one frame, as [`Self::recv`] does. While it returns pending, the task of the last call is woken when
    /// that may have changed.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        self.poll(Call::Receiving, cx, |socket| received(socket.try_recv()))
    }

    /// Polls for a whole message, as [`Self::recv_multipart`] does; otherwise as [`Self::poll_recv`].
    pub fn poll_recv_multipart(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Multipart, RecvError>> {
        self.poll(Call::Receiving, cx, |socket| {
            received(socket.try_recv_multipart())
        })
    }

    /// Polls for what [`Self::readable`] waits for; otherwise as [`Self::poll_recv`].
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(Call::Receiving, cx, |socket| {
            let decided = !socket.socket_type.receives_messages() || socket.readiness().readable;
            decided.then_some(())
        })
    }

    // --- sending -----------------------------------------------------------------------------------------

    /// Sends one frame: [`Socket::send`].
    ///
    /// # Errors
    /// The type does not send, it is the peer's turn, nobody has the routing id that the message names, or the context
    /// was shut down. The message comes back.
    ///
    /// # Cancel safety
    /// Dropped, it has sent nothing; the message is dropped with it. To keep the message, wait for [`Self::writable`]
    /// and send by [`Socket::try_send`].
    pub fn send(&mut self, message: impl Into<Message>) -> SendMessage<'_> {
        SendMessage::new(self, message.into())
    }

    /// Sends all frames of a message: [`Socket::send_multipart`].
    ///
    /// # Errors
    /// As [`Self::send`]; the message comes back whole.
    ///
    /// # Cancel safety
    /// As [`Self::send`]: all frames are queued in one poll.
    pub fn send_multipart(&mut self, message: impl Into<Multipart>) -> SendMultipart<'_> {
        SendMultipart::new(self, message.into())
    }

    /// Waits until a message could be sent, or none ever can: the type does not send, or the context was shut down.
    ///
    /// # Cancel safety
    /// It sends nothing.
    pub fn writable(&mut self) -> Writable<'_> {
        Writable::new(self)
    }

    /// Sends what is in `message` as [`Self::send`] does, and takes it out of there only when it returns ready. While
    /// it returns pending, the task of the last call is woken when that may have changed. Without a message it is ready.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
    ) -> Poll<Result<(), SendError<Message>>> {
        self.poll(Call::Sending, cx, |socket| {
            offered(message, |message| socket.try_send(message))
        })
    }

    /// [`Self::poll_send`] for a message of several frames.
    pub fn poll_send_multipart(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Multipart>,
    ) -> Poll<Result<(), SendError<Multipart>>> {
        self.poll(Call::Sending, cx, |socket| {
            offered(message, |message| socket.try_send_multipart(message))
        })
    }

    /// Polls for what [`Self::writable`] waits for; otherwise as [`Self::poll_send`].
    pub fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(Call::Sending, cx, |socket| {
            let decided = !socket.socket_type.sends_messages() || socket.readiness().writable;
            decided.then_some(())
        })
    }

    // --- attaching ---------------------------------------------------------------------------------------

    /// Listens on an endpoint and returns the one it really got: [`Socket::bind`].
    ///
    /// # Errors
    /// The endpoint cannot be read, the system refused it, or the context was shut down.
    ///
    /// # Cancel safety
    /// Dropped, it is taken back: the socket is not bound there, or will not be in a moment.
    pub fn bind<'a>(&'a mut self, endpoint: &'a str) -> Bind<'a> {
        Bind::new(self, endpoint)
    }

    /// Connects to an endpoint: [`Socket::connect`]. It never waits, and so is no future.
    ///
    /// # Errors
    /// The endpoint cannot be read, or the context was shut down.
    pub fn connect(&mut self, endpoint: &str) -> Result<(), ConnectError> {
        self.get_mut().connect(endpoint)
    }

    /// Stops listening on an endpoint: [`Socket::unbind`].
    ///
    /// # Errors
    /// The socket is not bound there, or the context was shut down.
    ///
    /// # Cancel safety
    /// Once it was polled it is carried out, whether it is awaited or not.
    pub fn unbind<'a>(&'a mut self, endpoint: &'a str) -> Detach<'a> {
        Detach::new(self, Use::Listen, endpoint)
    }

    /// Ends a connect: [`Socket::disconnect`].
    ///
    /// # Errors
    /// The socket is not connected there, or the context was shut down.
    ///
    /// # Cancel safety
    /// As [`Self::unbind`].
    pub fn disconnect<'a>(&'a mut self, endpoint: &'a str) -> Detach<'a> {
        Detach::new(self, Use::Connect, endpoint)
    }

    /// The way of every call: it tries, leaves the task's waker, and tries again if there were news meanwhile.
    fn poll<T>(
        &mut self,
        call: Call,
        cx: &Context<'_>,
        mut attempt: impl FnMut(&mut Socket) -> Option<T>,
    ) -> Poll<T> {
        if self.polls >= POLLS_MAX {
            self.polls = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            self.waiting.share_news(call);
            if let Some(result) = attempt(&mut self.socket) {
                self.polls += 1;
                if self.socket.socket_type.takes_turns() {
                    // The end of this turn may be what the other call waits for.
                    self.waiting.tell_others(call);
                }
                return Poll::Ready(result);
            }
            if self.waiting.wait(call, cx.waker()) {
                self.polls = 0;
                return Poll::Pending;
            }
        }
    }
}

impl Socket {
    /// The same socket, with futures for calls.
    #[must_use]
    pub fn into_async(self) -> AsyncSocket {
        AsyncSocket::from(self)
    }
}

impl From<Socket> for AsyncSocket {
    fn from(socket: Socket) -> Self {
        Self {
            waiting: Waiting::new(socket.owner.clone()),
            socket,
            polls: 0,
            unsent: None,
            ended: false,
        }
    }
}

/// What a receive says; `None` is that it waits.
fn received<M>(result: Result<M, TryRecvError>) -> Option<Result<M, RecvError>> {
    match result {
        Err(TryRecvError::Empty) => None,
        result => Some(result.map_err(RecvError::from)),
    }
}

/// Offers a message, which stays in its place while nobody can take it; `None` is that it waits.
fn offered<M>(
    place: &mut Option<M>,
    send: impl FnOnce(M) -> Result<(), TrySendError<M>>,
) -> Option<Result<(), SendError<M>>> {
    match place.take().map_or(Ok(()), send) {
        Err(TrySendError::Full(message)) => {
            *place = Some(message);
            None
        }
        result => Some(result.map_err(SendError::from)),
    }
}

impl fmt::Debug for AsyncSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncSocket").field(&self.socket).finish()
    }
}
