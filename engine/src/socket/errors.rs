//! What can go wrong with each call of a socket. A value that could not be sent comes back.

use std::{fmt, io};

use crate::pattern::Refusal;
use crate::transport::EndpointError;

/// Why a bind failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum BindError {
    /// The endpoint's text cannot be used.
    Endpoint(EndpointError),
    /// The system refused to listen there, for example because the address is in use.
    Io(io::Error),
    /// The context was shut down.
    Terminated,
}

/// Why a connect could not be started. That nobody listens yet is not an error: the engine keeps trying.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The endpoint's text cannot be used.
    Endpoint(EndpointError),
    /// The routing id that [`set_connect_routing_id`](crate::Socket::set_connect_routing_id) gave the peer belongs to
    /// another one.
    RoutingIdInUse,
    /// The socket that is bound to that inproc name is of a type that this one cannot talk to.
    Incompatible,
    /// The context was shut down.
    Terminated,
}

/// Why an unbind or disconnect did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetachError {
    /// The socket is not bound or connected to that endpoint.
    NotAttached,
    /// The context was shut down.
    Terminated,
}

/// Why a message was not sent at once. The message is inside.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrySendError<M> {
    /// No peer is connected, or each has reached its high-water mark.
    Full(M),
    /// A REP has no request to answer, or a REQ still awaits its reply.
    OutOfTurn(M),
    /// A ROUTER that was told to refuse such messages has no peer of that routing id.
    Unroutable(M),
    /// A socket that keeps only the newest message takes messages of one frame.
    OneFrameOnly(M),
    /// This socket type does not send.
    Unsupported(M),
    /// The context was shut down.
    Terminated(M),
}

/// Why a message was not sent. The message is inside.
///
/// ```
/// use std::time::Duration;
/// use ringmq::{Context, SendError, SocketType};
///
/// let context = Context::new()?;
/// let mut push = context.socket(SocketType::Push)?;
/// push.set_send_timeout(Some(Duration::from_millis(1)))?;
/// match push.send("hello") {
///     Ok(()) => println!("queued"),
///     Err(SendError::TimedOut(message)) => println!("not within a millisecond: {message:?}"),
///     Err(refused) => return Err(refused.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The send timeout passed while no peer could take the message.
    TimedOut(M),
    /// A REP has no request to answer, or a REQ still awaits its reply.
    OutOfTurn(M),
    /// A ROUTER that was told to refuse such messages has no peer of that routing id.
    Unroutable(M),
    /// A socket that keeps only the newest message takes messages of one frame.
    OneFrameOnly(M),
    /// This socket type does not send.
    Unsupported(M),
    /// The context was shut down.
    Terminated(M),
}

/// Why nothing was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// No message is there.
    Empty,
    /// A REP has a request to answer first, or a REQ has sent none.
    OutOfTurn,
    /// This socket type does not receive.
    Unsupported,
    /// The context was shut down.
    Terminated,
}

/// Why nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// The receive timeout passed.
    TimedOut,
    /// A REP has a request to answer first, or a REQ has sent none.
    OutOfTurn,
    /// This socket type does not receive.
    Unsupported,
    /// The context was shut down.
    Terminated,
}

const TERMINATED: &str = "the context was shut down";
const SEND_OUT_OF_TURN: &str = "it is the peer's turn: receive first";
const RECEIVE_OUT_OF_TURN: &str = "it is this socket's turn: send first";
const UNROUTABLE: &str = "no peer has the routing id that the message names";

impl<M> TrySendError<M> {
    pub(super) fn refused(refusal: Refusal, message: M) -> Self {
        match refusal {
            Refusal::Full => Self::Full(message),
            Refusal::Unsupported => Self::Unsupported(message),
            Refusal::OutOfTurn => Self::OutOfTurn(message),
            Refusal::Unroutable => Self::Unroutable(message),
        }
    }

    pub(super) fn map<N>(self, change: impl FnOnce(M) -> N) -> TrySendError<N> {
        match self {
            Self::Full(message) => TrySendError::Full(change(message)),
            Self::OutOfTurn(message) => TrySendError::OutOfTurn(change(message)),
            Self::Unroutable(message) => TrySendError::Unroutable(change(message)),
            Self::OneFrameOnly(message) => TrySendError::OneFrameOnly(change(message)),
            Self::Unsupported(message) => TrySendError::Unsupported(change(message)),
            Self::Terminated(message) => TrySendError::Terminated(change(message)),
        }
    }

    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message)
            | Self::OutOfTurn(message)
            | Self::Unroutable(message)
            | Self::OneFrameOnly(message)
            | Self::Unsupported(message)
            | Self::Terminated(message) => message,
        }
    }
}

impl<M> SendError<M> {
    pub(super) fn refused(refusal: Refusal, message: M) -> Self {
        TrySendError::refused(refusal, message).into()
    }

    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            Self::TimedOut(message)
            | Self::OutOfTurn(message)
            | Self::Unroutable(message)
            | Self::OneFrameOnly(message)
            | Self::Unsupported(message)
            | Self::Terminated(message) => message,
        }
    }
}

impl<M> From<TrySendError<M>> for SendError<M> {
    /// Waiting for no time at all is a send timeout, too.
    fn from(refused: TrySendError<M>) -> Self {
        match refused {
            TrySendError::Full(message) => Self::TimedOut(message),
            TrySendError::OutOfTurn(message) => Self::OutOfTurn(message),
            TrySendError::Unroutable(message) => Self::Unroutable(message),
            TrySendError::OneFrameOnly(message) => Self::OneFrameOnly(message),
            TrySendError::Unsupported(message) => Self::Unsupported(message),
            TrySendError::Terminated(message) => Self::Terminated(message),
        }
    }
}

impl From<TryRecvError> for RecvError {
    /// Waiting for no time at all is a receive timeout, too.
    fn from(refused: TryRecvError) -> Self {
        match refused {
            TryRecvError::Empty => Self::TimedOut,
            TryRecvError::OutOfTurn => Self::OutOfTurn,
            TryRecvError::Unsupported => Self::Unsupported,
            TryRecvError::Terminated => Self::Terminated,
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(error) => error.fmt(f),
            Self::Io(error) => write!(f, "cannot listen there: {error}"),
            Self::Terminated => f.write_str(TERMINATED),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Endpoint(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Terminated => None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(error) => error.fmt(f),
            Self::RoutingIdInUse => f.write_str("another peer has that routing id"),
            Self::Incompatible => {
                f.write_str("the socket that is bound there is of a type that does not fit")
            }
            Self::Terminated => f.write_str(TERMINATED),
        }
    }
}

impl std::error::Error for ConnectError {}

impl fmt::Display for DetachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAttached => "the socket is not bound or connected to that endpoint",
            Self::Terminated => TERMINATED,
        })
    }
}

impl std::error::Error for DetachError {}

impl<M> fmt::Display for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "no peer can take a message now",
            Self::OutOfTurn(_) => SEND_OUT_OF_TURN,
            Self::Unroutable(_) => UNROUTABLE,
            Self::OneFrameOnly(_) => "a socket that keeps the newest message takes one frame",
            Self::Unsupported(_) => "this socket type does not send",
            Self::Terminated(_) => TERMINATED,
        })
    }
}

impl<M: fmt::Debug> std::error::Error for TrySendError<M> {}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut(_) => "no peer could take the message within the send timeout",
            Self::OutOfTurn(_) => SEND_OUT_OF_TURN,
            Self::Unroutable(_) => UNROUTABLE,
            Self::OneFrameOnly(_) => "a socket that keeps the newest message takes one frame",
            Self::Unsupported(_) => "this socket type does not send",
            Self::Terminated(_) => TERMINATED,
        })
    }
}

impl<M: fmt::Debug> std::error::Error for SendError<M> {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no message is there",
            Self::OutOfTurn => RECEIVE_OUT_OF_TURN,
            Self::Unsupported => "this socket type does not receive",
            Self::Terminated => TERMINATED,
        })
    }
}

impl std::error::Error for TryRecvError {}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no message came within the receive timeout",
            Self::OutOfTurn => RECEIVE_OUT_OF_TURN,
            Self::Unsupported => "this socket type does not receive",
            Self::Terminated => TERMINATED,
        })
    }
}

impl std::error::Error for RecvError {}

/// Why an option was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionError {
    /// The option would have no effect on a socket of this type, or not now.
    NotForThisType,
    /// The value is not one of those that are allowed.
    BadValue {
        /// Which are, in words.
        allowed: &'static str,
    },
    /// This host has no such option.
    NotOnThisHost,
    /// The option is for a socket that is not yet bound or connected.
    TooLate,
    /// The context has none of the engines that were named.
    NoSuchEngine,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotForThisType => {
                f.write_str("the option means nothing to a socket of this type")
            }
            Self::TooLate => f.write_str("the socket is bound or connected already"),
            Self::NotOnThisHost => f.write_str("this host has no such option"),
            Self::NoSuchEngine => f.write_str("the context has none of these engines"),
            Self::BadValue { allowed } => write!(f, "the option takes {allowed}"),
        }
    }
}

impl std::error::Error for OptionError {}
