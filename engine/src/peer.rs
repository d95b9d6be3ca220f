//! The name of a peer, by which a socket's pattern, its session and the other end of an inproc pair mean the same one.

use crate::sync::{AtomicU64, Ordering};

/// Names one peer of one socket: what one connect stays in touch with, or one accepted connection. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerId(pub(crate) u64);

/// Gives names out. Any thread may ask.
#[derive(Debug, Default)]
pub(crate) struct PeerIds(AtomicU64);

impl PeerIds {
    pub(crate) fn next(&self) -> PeerId {
        // Relaxed: names need only differ.
        PeerId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
