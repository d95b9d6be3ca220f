//! ZeroMQ as a thread-per-core, shared-nothing engine: sockets that carry whole messages, connect in the background,
//! reconnect by themselves, and speak to every other ZeroMQ peer. On Linux an engine thread drives an io_uring; where
//! there is none, it drives epoll or kqueue.
//!
//! This page is a tour of three minutes. The [`guide`] goes on from here: [patterns](guide::patterns),
//! [ways to run](guide::running), [reliability](guide::reliability), and a page for people
//! [coming from another ZeroMQ](guide::coming_from).
//!
//! # Ask and answer
//!
//! A [`Context`] owns the engine; a [`Socket`] has a [type](SocketType), which says how it talks. One end binds, the
//! other connects, in any order and in any direction. REQ asks, REP answers, and neither can get out of turn:
//!
//! ```
//! use ringmq::{Context, SocketType};
//!
//! let context = Context::new()?;
//! let mut server = context.socket(SocketType::Rep)?;
//! // Any free port; `bind` tells which one it got.
//! let endpoint = server.bind("tcp://127.0.0.1:*")?.to_string();
//!
//! let mut client = context.socket(SocketType::Req)?;
//! client.connect(&endpoint)?;
//! client.send("how are you?")?;
//!
//! assert_eq!(&server.recv()?[..], b"how are you?");
//! server.send("fine")?;
//! assert_eq!(client.recv()?.as_str()?, "fine");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Share work
//!
//! PUSH gives each message to one of its peers in turn, PULL takes from each of its peers in turn. A message waits in
//! its queue while nobody is there, up to the high-water mark; then [`send`](Socket::send) waits.
//!
//! ```
//! # use ringmq::{Context, SocketType};
//! # let context = Context::new()?;
//! let mut push = context.socket(SocketType::Push)?;
//! let endpoint = push.bind("tcp://127.0.0.1:*")?.to_string();
//! let mut pull = context.socket(SocketType::Pull)?;
//! pull.connect(&endpoint)?;
//!
//! for number in 0..3_u64 {
//!     push.send_bytes(&number.to_le_bytes())?;
//! }
//! let mut body = [0; 8];
//! for number in 0..3 {
//!     pull.recv_bytes(&mut body)?;
//!     assert_eq!(u64::from_le_bytes(body), number);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Publish
//!
//! PUB sends each message to every SUB that subscribed to what it starts with, and waits for nobody: who is not there
//! yet, or too slow, misses it. XPUB is a PUB that receives the subscriptions, and so can wait for the first one:
//!
//! ```
//! # use ringmq::{Context, SocketType};
//! # let context = Context::new()?;
//! let mut publisher = context.socket(SocketType::XPub)?;
//! let endpoint = publisher.bind("tcp://127.0.0.1:*")?.to_string();
//! let mut subscriber = context.socket(SocketType::Sub)?;
//! subscriber.connect(&endpoint)?;
//! subscriber.subscribe("weather.")?;
//!
//! assert_eq!(&publisher.recv()?[..], b"\x01weather.");
//! publisher.send_multipart(vec!["sports.chess", "draw"])?; // nobody asked
//! publisher.send_multipart(vec!["weather.oslo", "snow"])?;
//! let message = subscriber.recv_multipart()?;
//! assert_eq!(message[0].as_str()?, "weather.oslo");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Messages of several frames
//!
//! A [`Message`] is one frame: bytes, and whether [more](Message::more) follow. A [`Multipart`] is a whole message of
//! one or more frames. Peers get all of its frames or none.
//!
//! ```
//! use ringmq::{Message, Multipart};
//!
//! let mut order = Multipart::from(vec!["buy", "100"]);
//! order.push(vec![7_u8; 1 << 20]); // large bodies are passed on, not copied
//! assert_eq!(order.len(), 3);
//! let [side, amount, rest] = &order[..] else { unreachable!() };
//! assert_eq!((side.as_str()?, amount.as_str()?, rest.len()), ("buy", "100", 1 << 20));
//! # Ok::<(), std::str::Utf8Error>(())
//! ```
//!
//! # Errors
//!
//! Each call has a small error type of its own, and what could not be sent comes back in it. Nothing that a peer does,
//! and no argument, ends the process.
//!
//! ```
//! use std::time::Duration;
//! use ringmq::{Context, RecvError, SendError, SocketType, TrySendError};
//!
//! let context = Context::new()?;
//! let mut push = context.socket(SocketType::Push)?;
//! match push.try_send("nobody is there") {
//!     Err(TrySendError::Full(message)) => assert_eq!(message.as_str()?, "nobody is there"),
//!     other => other?,
//! }
//! let mut rep = context.socket(SocketType::Rep)?;
//! assert!(matches!(rep.send("an answer to what?"), Err(SendError::OutOfTurn(_))));
//! assert_eq!(rep.recv_timeout(Duration::from_millis(1)), Err(RecvError::TimedOut));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A peer that is not there is no error: a connect is made in the background and kept. What became of messages that were
//! not delivered is counted in [`Statistics`]; [`Monitor`] tells what becomes of connections.
//!
//! # Threads
//!
//! A context is cloned freely and used from everywhere. A socket belongs to one thread at a time; it may move, and a
//! thread of its own is the simplest way to serve it.
//!
//! # Shutting down
//!
//! [`Context::shutdown`] ends every wait with `Terminated`, so that threads can drop their sockets. A dropped socket's
//! messages still leave for as long as its [linger time](Socket::set_linger) says, which is for ever unless it was set;
//! dropping the last handle of a context waits for that. [`Context::close`] does both within a time, and says what is left.
//!
//! ```
//! use std::thread;
//! use ringmq::{Context, RecvError, SocketType};
//!
//! let context = Context::new()?;
//! let mut pull = context.socket(SocketType::Pull)?;
//! pull.bind("tcp://127.0.0.1:*")?;
//! let working = thread::spawn(move || pull.recv());
//! context.shutdown();
//! let ended = working.join().expect("the worker does not panic");
//! assert_eq!(ended, Err(RecvError::Terminated));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Before you bind to a network
//!
//! There is no authentication and no encryption yet: whoever can reach a socket that is bound to anything but loopback
//! or an `ipc` path can talk to it.

mod clock;
mod context;
mod counters;
pub mod differences;
pub mod guide;
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
pub use context::{OpenSocket, StillOpen};
pub use counters::Statistics;
pub use message::{FreeFn, Message, Multipart};
pub use monitor::{
    HandshakeFailure, Monitor, MonitorError, MonitorEvent, MonitorEventKind, MonitorEvents,
    SystemFault,
};
pub use pattern::Subscriptions;
pub use poller::{Interest, PollEvent, PollItem, Poller, PollerError, Sockets, poll};
pub use proxy::{Proxy, ProxyEnd, ProxyError, ProxyStatistics, Traffic, proxy};
pub use ringmq_driver::{DriverKind, Keepalive};
pub use ringmq_wire::Error as ProtocolError;
pub use socket::{
    AsyncSocket, BindError, ConnectError, DetachError, OptionError, Readiness, RecvError,
    SendError, Socket, SocketType, TryRecvError, TrySendError, future,
};
pub use transport::{Endpoint, EndpointError};
