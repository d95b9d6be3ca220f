//! What a session needs to know of its socket; fixed when the socket binds or connects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringmq_driver::SocketOptions;
use ringmq_wire as wire;

use crate::socket::Options;

/// Shared by all sessions of one bind or connect.
#[derive(Debug)]
pub(crate) struct SessionConfig {
    pub(crate) wire: Arc<wire::Config>,
    pub(crate) system: SocketOptions,
    /// The socket type hands messages to the engine.
    pub(crate) sends: bool,
    /// The socket type takes messages from the engine.
    pub(crate) receives: bool,
    /// It keeps its peers' subscriptions: their commands reach it as messages.
    pub(crate) keeps_subscriptions: bool,
    /// It sends subscriptions, as commands, which older peers know as messages.
    pub(crate) sends_subscriptions: bool,
    /// Of messages from the peer only the newest waits.
    pub(crate) conflates_inbound: bool,
    /// A connecting session asks for a fresh outbound pipe for each connection, instead of keeping one.
    pub(crate) outbound_per_connection: bool,
    /// Which engines may serve its peers, by bit; 0 is all.
    pub(crate) engines_allowed: u64,
    /// `None`: one attempt, and no other after it or after a loss.
    pub(crate) reconnect_interval: Option<Duration>,
    pub(crate) reconnect_interval_max: Duration,
    pub(crate) connect_timeout: Option<Duration>,
    /// Names may stand for IPv6 addresses, too.
    pub(crate) ipv6: bool,
}

impl SessionConfig {
    pub(crate) fn new(
        socket_type: wire::SocketType,
        options: &Options,
        source: Option<SocketAddr>,
    ) -> Self {
        let limits = wire::Limits {
            message_bytes_max: options.message_bytes_max,
            parts_max: options.parts_max,
            ..wire::Limits::default()
        };
        let heartbeat = options.heartbeat_interval.map(|interval| wire::Heartbeat {
            interval,
            timeout: options.heartbeat_timeout,
            ttl: options.heartbeat_ttl.unwrap_or(options.heartbeat_timeout),
        });
        let wire = wire::Config {
            limits,
            heartbeat,
            handshake_timeout: options.handshake_timeout,
            routing_id: options.routing_id.clone(),
            ..wire::Config::new(socket_type)
        };
        let sends_subscriptions =
            matches!(socket_type, wire::SocketType::Sub | wire::SocketType::XSub);
        Self {
            wire: Arc::new(wire),
            system: SocketOptions {
                source,
                ..options.system.clone()
            },
            sends: socket_type != wire::SocketType::Pull,
            receives: socket_type != wire::SocketType::Push,
            keeps_subscriptions: socket_type.keeps_subscriptions(),
            sends_subscriptions,
            // Subscriptions are no messages, and none of them is older than another.
            conflates_inbound: options.conflate && !socket_type.keeps_subscriptions(),
            outbound_per_connection: sends_subscriptions || options.immediate,
            engines_allowed: options.engines_allowed,
            reconnect_interval: options.reconnect_interval,
            reconnect_interval_max: options.reconnect_interval_max,
            connect_timeout: options.connect_timeout,
            ipv6: options.ipv6,
        }
    }
}
