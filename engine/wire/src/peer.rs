//! What the handshake told about the other end.

use crate::{Metadata, RoutingId, SocketType, Version};

/// The other end of an established connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub(crate) version: Version,
    pub(crate) unversioned: bool,
    pub(crate) socket_type: Option<SocketType>,
    pub(crate) routing_id: RoutingId,
    pub(crate) properties: Metadata,
}

impl Peer {
    /// The version of ZMTP that both ends now speak.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Whether the peer sent no greeting at all, as libzmq 2.x does. Such a subscriber filters for itself and
    /// never tells its subscriptions, so a publisher must take it as subscribed to everything.
    #[must_use]
    pub const fn is_unversioned(&self) -> bool {
        self.unversioned
    }

    /// The peer's socket type; unknown for an unversioned peer.
    #[must_use]
    pub const fn socket_type(&self) -> Option<SocketType> {
        self.socket_type
    }

    /// The name the peer gave itself; empty if none.
    #[must_use]
    pub const fn routing_id(&self) -> &RoutingId {
        &self.routing_id
    }

    /// All properties of the peer's READY, `Socket-Type` and `Identity` among them; empty below 3.0.
    #[must_use]
    pub const fn properties(&self) -> &Metadata {
        &self.properties
    }
}
