//! What a socket can be told before it binds or connects.

use std::time::Duration;

use ringmq_driver::SocketOptions;
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
    /// Pause before the first reconnect; `None` is to connect once and never again.
    pub(crate) reconnect_interval: Option<Duration>,
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
    /// After how much silence peers are asked to give us up; `None` is the same as our own timeout.
    pub(crate) heartbeat_ttl: Option<Duration>,
    /// The longest message to accept from a peer, all its parts together, bytes; `None` is no limit.
    pub(crate) message_bytes_max: Option<u64>,
    /// The most parts of one message to accept from a peer; `None` is no limit.
    pub(crate) parts_max: Option<u32>,
    /// What the system's sockets are told.
    pub(crate) system: SocketOptions,
    /// IPv6 is used beside IPv4.
    pub(crate) ipv6: bool,
    /// The name that this socket gives itself towards its peers.
    pub(crate) routing_id: RoutingId,
    /// The name that a ROUTER gives the peer of its next connect.
    pub(crate) connect_routing_id: Option<RoutingId>,
    /// Messages wait only for peers whose connection is ready.
    pub(crate) immediate: bool,
    /// Only the newest message waits, in either direction.
    pub(crate) conflate: bool,
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
            reconnect_interval: Some(Duration::from_millis(100)),
            reconnect_interval_max: Duration::from_secs(30),
            handshake_timeout: Some(Duration::from_secs(10)),
            connect_timeout: None,
            heartbeat_interval: None,
            heartbeat_timeout: Duration::from_secs(5),
            heartbeat_ttl: None,
            message_bytes_max: Some(256 << 20),
            parts_max: Some(65_536),
            system: SocketOptions::default(),
            ipv6: true,
            routing_id: RoutingId::default(),
            connect_routing_id: None,
            immediate: false,
            conflate: false,
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

    /// The defaults of libzmq, where they are others.
    pub(crate) fn of_libzmq() -> Self {
        let native = Self::default();
        Self {
            // No growth: each pause is the first one.
            reconnect_interval_max: Duration::ZERO,
            handshake_timeout: Some(Duration::from_secs(30)),
            heartbeat_ttl: Some(Duration::ZERO),
            message_bytes_max: None,
            parts_max: None,
            system: SocketOptions {
                backlog: 100,
                ..native.system
            },
            ipv6: false,
            ..native
        }
    }

    /// The defaults of a type, from those of its context: what a subscriber had still to say need not outlive it.
    pub(super) fn of(socket_type: SocketType, defaults: &Self) -> Self {
        let mut options = defaults.clone();
        if matches!(socket_type, SocketType::Sub | SocketType::XSub) {
            options.linger = Some(Duration::ZERO);
        }
        options
    }
}
