//! ZMTP as a sans-I/O state machine: bytes and the time go in, bytes, facts and deadlines come out.
//!
//! The crate speaks ZMTP 3.1 and, chosen by the peer's greeting, 3.0, 2.0 and 1.0, with the NULL mechanism.
//! It knows neither sockets nor threads nor clocks, contains no unsafe code, and allocates nothing whose size
//! a peer can choose without a limit.
//!
//! # One connection's life
//!
//! ```text
//!  Connection::new ── output: 10 bytes ─┐
//!        │                              │   handshake(input, now): greeting, then READY (3.x)
//!        ▼                              ▼   or the identity frame (2.0, 1.0); any split will do
//!   [ handshake ] ──────────────► [ established ]
//!        │                              │   v2 framing (2.0, 3.x): scan(input), headers only
//!        │                              │   v1 framing (1.0): FrameHeader::decode, then account_v1
//!        ▼                              ▼
//!   Err(Error): who broke which rule, and whether to connect again
//! ```
//!
//! At any time [`Connection::output`] holds what must go out next, and [`Connection::deadline`] says when
//! [`Connection::handle_deadline`] wants to be called.
//!
//! ```
//! use std::sync::Arc;
//! use ringmq_wire::{Config, Connection, SocketType, Version};
//!
//! let mut push = Connection::new(Arc::new(Config::new(SocketType::Push)), 0);
//! let mut pull = Connection::new(Arc::new(Config::new(SocketType::Pull)), 0);
//! while !(push.is_established() && pull.is_established()) {
//!     for (from, to) in [(0, 1), (1, 0)] {
//!         let mut ends = [&mut push, &mut pull];
//!         let mut bytes = Vec::new();
//!         ends[from].take_output(&mut bytes);
//!         ends[to].handshake(&bytes, 0)?;
//!     }
//! }
//! assert_eq!(push.peer().map(|peer| peer.version()), Some(Version::V3_1));
//!
//! let scan = pull.scan(b"\x00\x05hello\x00\x05wor")?;
//! assert_eq!((scan.messages, scan.complete), (1, 7));
//! # Ok::<(), ringmq_wire::Error>(())
//! ```

#![forbid(unsafe_code)]

mod command;
mod config;
mod connection;
mod error;
mod event;
mod frame;
mod greeting;
mod heartbeat;
mod limits;
mod metadata;
mod null;
mod peer;
mod routing_id;
mod scan;
mod socket_type;
mod version;

pub use command::{Command, PING_CONTEXT_BYTES_MAX};
pub use config::Config;
pub use connection::Connection;
pub use error::{Error, MechanismName, Reason};
pub use event::{EVENTS_MAX, Event, EventKind, Form};
pub use frame::{BODY_BYTES_MAX, FrameHeader, HEADER_BYTES_MAX};
pub use heartbeat::Heartbeat;
pub use limits::{
    HANDSHAKE_BYTES_MAX, HANDSHAKE_COMMAND_BYTES_MAX, HANDSHAKE_PROPERTIES_MAX,
    LARGE_BODY_BYTES_DEFAULT, Limits,
};
pub use metadata::{Metadata, MetadataFault, PROPERTIES_BYTES_MAX};
pub use peer::Peer;
pub use routing_id::{ROUTING_ID_BYTES_MAX, RoutingId, RoutingIdTooLong};
pub use scan::{NextFrame, Scan};
pub use socket_type::SocketType;
pub use version::{Framing, Version};
