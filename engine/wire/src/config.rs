//! What the owner of a connection decides before it starts.

use std::time::Duration;

use crate::{Heartbeat, Limits, Metadata, RoutingId, SocketType};

/// How a connection introduces itself and what it tolerates; shared by all connections of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The type of our socket.
    pub socket_type: SocketType,
    /// The name of our socket. REQ, DEALER and ROUTER tell it in READY; every type tells it to 1.0 and 2.0
    /// peers, whose protocol has no choice.
    pub routing_id: RoutingId,
    /// Further properties for READY. `Socket-Type` and `Identity` are added by the connection.
    pub properties: Metadata,
    /// Limits on established traffic.
    pub limits: Limits,
    /// Our heartbeat; peers below 3.0 get none. Default: none.
    pub heartbeat: Option<Heartbeat>,
    /// How long the whole handshake may take, however busy the peer keeps it. Default: 10 s.
    pub handshake_timeout: Option<Duration>,
}

impl Config {
    /// The defaults of the native API for a socket type.
    #[must_use]
    pub fn new(socket_type: SocketType) -> Self {
        Self {
            socket_type,
            routing_id: RoutingId::default(),
            properties: Metadata::default(),
            limits: Limits::default(),
            heartbeat: None,
            handshake_timeout: Some(Duration::from_secs(10)),
        }
    }
}
