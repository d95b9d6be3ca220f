//! What can go wrong with each call of a socket. A value that could not be sent comes back.

use std::{fmt, io};

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
    /// This socket type does not send.
    Unsupported(M),
    /// The context was shut down.
    Terminated(M),
}

/// Why a message was not sent. The message is inside.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The send timeout passed while no peer could take the message.
    TimedOut(M),
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
    /// This socket type does not receive.
    Unsupported,
    /// The context was shut down.
    Terminated,
}

const TERMINATED: &str = "the context was shut down";

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
            Self::Unsupported => "this socket type does not receive",
            Self::Terminated => TERMINATED,
        })
    }
}

impl std::error::Error for RecvError {}
