//! The routing id: the name a socket gives its peers to address it by.

use std::fmt;

/// The most bytes a routing id can have.
pub const ROUTING_ID_BYTES_MAX: usize = 255;

/// A routing id: 0 to 255 bytes, where empty means that the peer may choose one.
///
/// A first byte of zero marks ids that a ROUTER generates itself. Whether to take such an id from a peer is
/// for the ROUTER to judge: the other types never look at it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RoutingId(Box<[u8]>);

impl RoutingId {
    /// The id made of these bytes.
    ///
    /// # Errors
    /// There are more than [`ROUTING_ID_BYTES_MAX`].
    pub fn new(bytes: &[u8]) -> Result<Self, RoutingIdTooLong> {
        if bytes.len() > ROUTING_ID_BYTES_MAX {
            return Err(RoutingIdTooLong);
        }
        Ok(Self(bytes.into()))
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the socket named itself at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for RoutingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoutingId({})", self.0.escape_ascii())
    }
}

/// A routing id of more than [`ROUTING_ID_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingIdTooLong;

impl fmt::Display for RoutingIdTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a routing id has at most {ROUTING_ID_BYTES_MAX} bytes")
    }
}

impl std::error::Error for RoutingIdTooLong {}
