//! What application handles ask of a reactor. Commands travel by mailbox; messages never do.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use ringmq_driver::{Address, Connection};

use crate::peer::PeerId;
use crate::pipe::Reader;
use crate::reactor::{Key, ReactorHandle, Report};
use crate::session::SessionConfig;
use crate::socket::SocketShared;
use crate::transport::Peer;

/// The application's name for one bind or connect of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AttachmentId(pub(crate) u64);

/// Names a session of a context: which engine turns it, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionAddress {
    pub(crate) engine: usize,
    pub(crate) key: Key,
}

/// A request to a reactor.
#[derive(Debug)]
pub(crate) enum Command {
    /// Listen on the first address that works and answer with [`crate::socket::SocketEvent::Bound`].
    Bind {
        socket: Arc<SocketShared>,
        attachment: AttachmentId,
        addresses: Vec<Address>,
        config: Arc<SessionConfig>,
    },
    /// The engines of the context, this one included, in their order.
    Engines(Vec<ReactorHandle>),
    /// Serve a connection that another engine's listener accepted.
    Adopt {
        socket: Arc<SocketShared>,
        attachment: AttachmentId,
        config: Arc<SessionConfig>,
        connection: Connection,
    },
    /// Connect, and stay connected.
    Connect {
        socket: Arc<SocketShared>,
        attachment: AttachmentId,
        peer: PeerId,
        to: Peer,
        config: Arc<SessionConfig>,
        outbound: Option<Reader>,
    },
    /// What a session asked the resolver.
    Resolved {
        session: Key,
        result: io::Result<Vec<Address>>,
    },
    /// The outbound pipe that a session asked for ([`crate::socket::Arrival::wants_outbound`]).
    Outbound {
        /// Whose counters tell what is in the pipe if the session is gone.
        socket: Arc<SocketShared>,
        session: Key,
        outbound: Reader,
    },
    /// The socket does not want this peer.
    Refuse { session: Key },
    /// End one bind or connect; answered by [`crate::socket::SocketEvent::Detached`].
    Detach {
        socket: Arc<SocketShared>,
        attachment: AttachmentId,
        linger: Option<Duration>,
    },
    /// The socket was closed: flush for at most `linger` (`None`: as long as it takes), then forget it.
    Close {
        socket: u64,
        linger: Option<Duration>,
    },
    /// The socket's high-water marks changed.
    Marks {
        socket: u64,
        send: u32,
        receive: u32,
    },
    /// Say what there is, and what it waits for.
    Report(mpsc::Sender<Vec<Report>>),
    /// End the engine's thread once every socket is gone, or at once.
    Stop { at_once: bool },
}
