//! What a socket can be told before it binds or connects.

use std::time::Duration;

use ringmq_wire::RoutingId;

use super::{Marks, SocketType};

/// Options of one socket. What is set applies to the binds and connects that follow; timeouts and linger
/// apply at once.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Whole messages that may wait per peer, outbound; 0 is no limit.
    pub(crate) send_high_water_mark: u32,
    /// Whole messages that may wait per peer, inbound, plus one read; 0 is no limit.
    pub(crate) receive_high_water_mark: u32,
    /// How long `send` waits; `None` is for ever.
    pub(crate) send_timeout: Option<Duration>,
    /// How long `recv` waits; `None` is for ever.
    pub(crate) receive_timeout: Option<Duration>,
    /// How long a closed socket keeps trying to send what it had accepted; `None` is for ever.
    pub(crate) linger: Option<Duration>,
    /// Pause before the first reconnect.
    pub(crate) reconnect_interval: Duration,
    /// The pause doubles up to this.
    pub(crate) reconnect_interval_max: Duration,
    /// From connected to ready; `None` is no limit.
    pub(crate) handshake_timeout: Option<Duration>,
    /// How long a connect may take; `None` leaves it to the system.
    pub(crate) connect_timeout: Option<Duration>,
    /// How often to ask a silent peer whether it lives; `None` is never.
    pub(crate) heartbeat_interval: Option<Duration>,
    /// How long to wait for a sign of life after asking.
    pub(crate) heartbeat_timeout: Duration,
    /// The longest message to accept from a peer, all its parts together, bytes; `None` is no limit.
    pub(crate) message_bytes_max: Option<u64>,
    /// The most parts of one message to accept from a peer; `None` is no limit.
    pub(crate) parts_max: Option<u32>,
    /// SO_SNDBUF, bytes.
    pub(crate) send_buffer_bytes: Option<u32>,
    /// SO_RCVBUF, bytes.
    pub(crate) receive_buffer_bytes: Option<u32>,
    /// Connections that may wait to be accepted.
    pub(crate) backlog: u32,
    /// The name that this socket gives itself towards its peers.
    pub(crate) routing_id: RoutingId,
    /// The name that a ROUTER gives the peer of its next connect.
    pub(crate) connect_routing_id: Option<RoutingId>,
    /// Messages wait only for peers whose connection is ready.
    pub(crate) immediate: bool,
    /// An empty message goes first to each new peer.
    pub(crate) probe_router: bool,
    /// Which engines may serve its peers, by bit; 0 is all.
    pub(crate) engines_allowed: u64,
}

impl Default for Options {
    /// The defaults of the Rust API: ZeroMQ's, with bounds where ZeroMQ has none.
    fn default() -> Self {
        Self {
            send_high_water_mark: 1_000,
            receive_high_water_mark: 1_000,
            send_timeout: None,
            receive_timeout: None,
            linger: None,
            reconnect_interval: Duration::from_millis(100),
            reconnect_interval_max: Duration::from_secs(30),
            handshake_timeout: Some(Duration::from_secs(10)),
            connect_timeout: None,
            heartbeat_interval: None,
            heartbeat_timeout: Duration::from_secs(5),
            message_bytes_max: Some(256 << 20),
            parts_max: Some(65_536),
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
            backlog: 4_096,
            routing_id: RoutingId::default(),
            connect_routing_id: None,
            immediate: false,
            probe_router: false,
            engines_allowed: 0,
        }
    }
}

impl Options {
    pub(super) const fn marks(&self) -> Marks {
        Marks {
            send: self.send_high_water_mark,
            receive: self.receive_high_water_mark,
        }
    }

    /// The defaults of a type: what a subscriber had still to say need not outlive it.
    pub(super) fn of(socket_type: SocketType) -> Self {
        let linger = match socket_type {
            SocketType::Sub | SocketType::XSub => Some(Duration::ZERO),
            _ => None,
        };
        Self {
            linger,
            ..Self::default()
        }
    }
}
