//! Waking the thread that polls, from any other; wakes between two polls cost one system call together.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ringmq_driver::Wake;

#[derive(Debug)]
pub(crate) struct ShimWake {
    waker: mio::Waker,
    /// A wake is on its way to the poll: another one would tell it nothing new.
    pending: AtomicBool,
}

impl ShimWake {
    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            waker: mio::Waker::new(registry, token)?,
            pending: AtomicBool::new(false),
        }))
    }

    /// The poll has seen the wake: a later one must be sent again.
    pub(crate) fn seen(&self) {
        // ORDERING: pairs with the swap in `wake`. Acquire: what a merged waker wrote before its swap is
        // visible once poll returns. Release: nothing of this poll moves behind it. A swap and not a store,
        // because a store would not read the flag, and so not synchronise with the waker that set it.
        self.pending.swap(false, Ordering::AcqRel);
    }
}

impl Wake for ShimWake {
    fn wake(&self) {
        // ORDERING: pairs with the swap in `seen`. Release: what this thread wrote before is visible to the
        // poll that takes the flag, also when another thread's wake carries it.
        if !self.pending.swap(true, Ordering::AcqRel) && self.waker.wake().is_err() {
            // The event was not raised, so it must not hold back the next wake.
            // ORDERING: Relaxed suffices, the flag alone is restored and publishes nothing.
            self.pending.store(false, Ordering::Relaxed);
        }
    }
}
