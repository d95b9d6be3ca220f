//! What a monitor tells.

use std::os::fd::RawFd;
use std::time::Duration;
use std::{fmt, io};

use ringmq_wire as wire;

use super::MonitorEvents;
use crate::transport::Endpoint;

/// Something that became of a socket's binds, connects and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorEvent {
    /// What happened.
    pub kind: MonitorEventKind,
    /// This end: where the socket is bound, or the address that a connection has here. `None` before there is one.
    pub local: Option<Endpoint>,
    /// The other end. `None` where there is none, as when listening, or where the name of its host is not known yet.
    pub remote: Option<Endpoint>,
    /// The descriptor of the connection or listener, where there is one. It is the engine's, and may be closed and
    /// another one's by now: good for a log, not for use.
    pub descriptor: Option<RawFd>,
}

/// What can happen; the set, and the order in which things happen, are libzmq's.
///
/// A connect: [`Self::ConnectDelayed`] (over tcp), [`Self::Connected`], [`Self::HandshakeSucceeded`]; at its end
/// [`Self::Disconnected`], [`Self::ConnectRetried`], and so on. A refused one: [`Self::ConnectDelayed`],
/// [`Self::Closed`], [`Self::ConnectRetried`]. A bind: [`Self::Listening`], then for each peer [`Self::Accepted`],
/// [`Self::HandshakeSucceeded`], [`Self::Disconnected`]; at its end [`Self::Closed`].
///
/// libzmq's "close failed" is missing, as closing does not fail here. Unlike there, connections that the socket itself
/// ends are [`Self::Disconnected`], too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MonitorEventKind {
    /// A connect succeeded; the handshake begins.
    Connected,
    /// A connect is under way.
    ConnectDelayed,
    /// A connect failed, or its connection was lost: it is tried again after this pause.
    ConnectRetried(Duration),
    /// A bind succeeded.
    Listening,
    /// A bind failed.
    BindFailed(SystemFault),
    /// A connection was accepted; the handshake begins.
    Accepted,
    /// The system refused to accept a connection.
    AcceptFailed(SystemFault),
    /// A listener, or an attempt to connect, ended.
    Closed,
    /// A connection ended.
    Disconnected,
    /// The last event: the socket and all its connections are gone, or the context was shut down.
    MonitorStopped,
    /// The handshake succeeded: messages may flow.
    HandshakeSucceeded,
    /// The handshake failed; the connection ends.
    HandshakeFailed(HandshakeFailure),
}

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The connection ended, or time ran out.
    NoDetail(SystemFault),
    /// The peer broke the protocol, or refused us.
    Protocol(wire::Error),
    /// The peer does not let us in: the status of its authenticator (RFC 27), 300, 400 or 500.
    Auth {
        /// The status.
        status: u16,
    },
}

/// An error of the operating system, as it can be kept and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemFault {
    kind: io::ErrorKind,
    code: Option<i32>,
}

impl SystemFault {
    /// What kind of error it is.
    #[must_use]
    pub const fn kind(&self) -> io::ErrorKind {
        self.kind
    }

    /// The system's number for it (errno), if it came from the system.
    #[must_use]
    pub const fn code(&self) -> Option<i32> {
        self.code
    }
}

impl From<&io::Error> for SystemFault {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            code: error.raw_os_error(),
        }
    }
}

impl From<io::ErrorKind> for SystemFault {
    fn from(kind: io::ErrorKind) -> Self {
        Self { kind, code: None }
    }
}

impl fmt::Display for SystemFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code).fmt(f),
            None => self.kind.fmt(f),
        }
    }
}

impl HandshakeFailure {
    /// What the wire says, seen as libzmq does: three digits in a peer's ERROR are the status of its authenticator.
    pub(crate) fn of(error: &wire::Error) -> Self {
        match error {
            wire::Error::HandshakeTimeout => Self::NoDetail(io::ErrorKind::TimedOut.into()),
            wire::Error::PeerError(reason) => match reason.as_bytes() {
                b"300" => Self::Auth { status: 300 },
                b"400" => Self::Auth { status: 400 },
                b"500" => Self::Auth { status: 500 },
                _ => Self::Protocol(error.clone()),
            },
            _ => Self::Protocol(error.clone()),
        }
    }
}

impl MonitorEventKind {
    /// By which name it is asked for.
    #[must_use]
    pub const fn mask(&self) -> MonitorEvents {
        match self {
            Self::Connected => MonitorEvents::CONNECTED,
            Self::ConnectDelayed => MonitorEvents::CONNECT_DELAYED,
            Self::ConnectRetried(_) => MonitorEvents::CONNECT_RETRIED,
            Self::Listening => MonitorEvents::LISTENING,
            Self::BindFailed(_) => MonitorEvents::BIND_FAILED,
            Self::Accepted => MonitorEvents::ACCEPTED,
            Self::AcceptFailed(_) => MonitorEvents::ACCEPT_FAILED,
            Self::Closed => MonitorEvents::CLOSED,
            Self::Disconnected => MonitorEvents::DISCONNECTED,
            Self::MonitorStopped => MonitorEvents::ALL,
            Self::HandshakeSucceeded => MonitorEvents::HANDSHAKE_SUCCEEDED,
            Self::HandshakeFailed(HandshakeFailure::NoDetail(_)) => {
                MonitorEvents::HANDSHAKE_FAILED_NO_DETAIL
            }
            Self::HandshakeFailed(HandshakeFailure::Protocol(_)) => {
                MonitorEvents::HANDSHAKE_FAILED_PROTOCOL
            }
            Self::HandshakeFailed(HandshakeFailure::Auth { .. }) => {
                MonitorEvents::HANDSHAKE_FAILED_AUTH
            }
        }
    }
}
