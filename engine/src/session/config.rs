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
    pub(crate) receive_high_water_mark: u32,
    pub(crate) reconnect_interval: Duration,
    pub(crate) reconnect_interval_max: Duration,
    pub(crate) connect_timeout: Option<Duration>,
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
            ttl: options.heartbeat_timeout,
        });
        let wire = wire::Config {
            limits,
            heartbeat,
            handshake_timeout: options.handshake_timeout,
            ..wire::Config::new(socket_type)
        };
        Self {
            wire: Arc::new(wire),
            system: SocketOptions {
                send_buffer_bytes: options.send_buffer_bytes,
                receive_buffer_bytes: options.receive_buffer_bytes,
                backlog: options.backlog,
                source,
            },
            sends: socket_type == wire::SocketType::Push,
            receives: socket_type == wire::SocketType::Pull,
            receive_high_water_mark: options.receive_high_water_mark,
            reconnect_interval: options.reconnect_interval,
            reconnect_interval_max: options.reconnect_interval_max,
            connect_timeout: options.connect_timeout,
        }
    }
}
