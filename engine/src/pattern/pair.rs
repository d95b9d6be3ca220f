//! PAIR (RFC 31): one peer at a time, both ways. While there is one, others are refused.

use super::{FairQueue, LoadBalancer};
use crate::peer::PeerId;

/// The one peer's pipes.
#[derive(Debug)]
pub(crate) struct Pair {
    peer: Option<PeerId>,
    pub(super) balancer: LoadBalancer,
    pub(super) queue: FairQueue,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self {
            peer: None,
            balancer: LoadBalancer::new(),
            queue: FairQueue::telling_gone(),
        }
    }

    /// Whether this peer may join: it is the one, or there is none. A peer that left stays the one until its last
    /// message was read.
    pub(super) fn admits(&mut self, peer: PeerId) -> bool {
        if self.peer == Some(peer) {
            return true;
        }
        self.queue.can_receive();
        self.forget_gone();
        if self.peer.is_some() {
            return false;
        }
        self.peer = Some(peer);
        true
    }

    /// A peer whose last message was read makes room for the next one.
    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.balancer.remove_peer(gone);
            if self.peer == Some(gone) {
                self.peer = None;
            }
        }
    }

    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        self.balancer.remove_peer(peer);
        self.queue.remove_peer(peer);
        if self.peer == Some(peer) {
            self.peer = None;
        }
    }
}
