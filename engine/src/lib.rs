//! RingMQ is ZeroMQ as a thread-per-core, shared-nothing engine: one io_uring ring per core, batches of framed
//! bytes instead of messages between threads, and an epoll/kqueue shim that takes over where io_uring is missing.
//! It talks to every ZeroMQ peer.
//!
//! ```
//! use ringmq::{Context, SocketType};
//!
//! let context = Context::new()?;
//! let mut pull = context.socket(SocketType::Pull)?;
//! let endpoint = pull.bind("tcp://127.0.0.1:*")?;
//!
//! let mut push = context.socket(SocketType::Push)?;
//! push.connect(&endpoint.to_string())?;
//! push.send_multipart(vec!["buy", "100"])?;
//!
//! let order = pull.recv_multipart()?;
//! assert_eq!(&order[1][..], b"100");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Context`] owns an engine thread; a [`Socket`] belongs to one thread at a time and exchanges [`Message`]s with
//! the engine through lock-free pipes. What this version speaks: PUSH and PULL over `tcp` and `ipc`, ZMTP 3.1 with
//! 3.0, 2.0 and 1.0 peers, the NULL mechanism. The architecture is described in the repository's ARCHITECTURE.md.

mod clock;
mod context;
mod counters;
mod memory;
mod message;
mod monitor;
mod pattern;
mod peer;
mod pipe;
mod poller;
mod proxy;
mod reactor;
#[cfg(all(target_os = "linux", not(ringmq_portable)))]
mod ring;
#[cfg(all(target_os = "linux", not(ringmq_portable)))]
mod ring_memory;
mod session;
#[cfg(all(test, not(loom)))]
mod simulation;
mod socket;
mod sync;
mod transport;

pub use context::{Context, ContextBuilder, ContextError, DriverChoice};
pub use counters::Statistics;
pub use message::{FreeFn, Message, Multipart};
pub use monitor::{
    HandshakeFailure, Monitor, MonitorError, MonitorEvent, MonitorEventKind, MonitorEvents,
    SystemFault,
};
pub use pattern::Subscriptions;
pub use poller::{Interest, PollEvent, PollItem, Poller, PollerError, Sockets, poll};
pub use proxy::{Proxy, ProxyEnd, ProxyError, ProxyStatistics, Traffic, proxy};
pub use ringmq_driver::DriverKind;
pub use ringmq_wire::Error as ProtocolError;
pub use socket::{
    AsyncSocket, BindError, ConnectError, DetachError, OptionError, Readiness, RecvError,
    SendError, Socket, SocketType, TryRecvError, TrySendError, future,
};
pub use transport::{Endpoint, EndpointError};
