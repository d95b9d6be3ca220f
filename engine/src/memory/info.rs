//! The facts of one connection, which each message that came over it can tell.
//!
//! Plain data, immutable once made: chunks, slices and messages share it by count.

/// What is known of the peer at the other end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionInfo {
    /// Where the peer is, as the system names it.
    pub(crate) peer_address: Option<String>,
    /// The connection's file descriptor, which stays the driver's.
    pub(crate) descriptor: Option<i32>,
    /// The routing id that the peer announced; empty if it announced none.
    pub(crate) routing_id: Vec<u8>,
    /// The peer's metadata, names as it wrote them.
    pub(crate) properties: Vec<(String, Vec<u8>)>,
    /// How many connections the session had before this one.
    pub(crate) epoch: u64,
}
