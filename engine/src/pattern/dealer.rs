//! DEALER (RFC 28): sends to its peers in turn, receives from them in turn.

use super::{FairQueue, LoadBalancer};

/// Both directions, which know nothing of each other.
#[derive(Debug)]
pub(crate) struct Dealer {
    pub(super) balancer: LoadBalancer,
    pub(super) queue: FairQueue,
}

impl Dealer {
    pub(super) fn new() -> Self {
        Self {
            balancer: LoadBalancer::new(),
            queue: FairQueue::new(),
        }
    }
}
