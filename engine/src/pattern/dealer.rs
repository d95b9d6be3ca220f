//! DEALER (RFC 28): sends to its peers in turn, receives from them in turn.

use super::{FairQueue, LoadBalancer, Nothing};
use crate::pipe::PipeFrame;

/// Both directions, which know nothing of each other, except that a peer which left is not sent to.
#[derive(Debug)]
pub(crate) struct Dealer {
    pub(super) balancer: LoadBalancer,
    pub(super) queue: FairQueue,
}

impl Dealer {
    pub(super) fn new() -> Self {
        Self {
            balancer: LoadBalancer::new(),
            queue: FairQueue::telling_gone(),
        }
    }

    pub(super) fn can_receive(&mut self) -> bool {
        let can = self.queue.can_receive();
        self.forget_gone();
        can
    }

    #[inline]
    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, Nothing> {
        let taken = self.queue.receive(take);
        if self.queue.has_gone() {
            self.forget_gone();
        }
        taken.ok_or(Nothing::Empty)
    }

    /// A DEALER that only receives would never come to the pipes to peers that left, and keep them all.
    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.balancer.remove_peer(gone);
        }
    }
}
