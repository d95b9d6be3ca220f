//! A socket's side of its monitors: who wants to hear what.

use std::sync::Arc;

use super::{MonitorEvent, MonitorEventKind, MonitorEvents};
use crate::pipe::{Mailbox, Owner};
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The monitors of one socket.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    /// What any of them wants: one load where there is none.
    wanted: AtomicU32,
    queues: Mutex<Vec<Arc<Queue>>>,
}

/// What waits for one monitor.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) owner: Owner,
    pub(super) mailbox: Mailbox<MonitorEvent>,
    wanted: MonitorEvents,
    waiting_max: usize,
    dropped: AtomicU64,
}

impl Queue {
    pub(super) fn dropped(&self) -> u64 {
        // Relaxed: a count orders nothing.
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Monitors {
    pub(super) fn add(&self, wanted: MonitorEvents, waiting_max: usize) -> Arc<Queue> {
        let owner = Owner::parker();
        let queue = Arc::new(Queue {
            mailbox: Mailbox::new(owner.clone()),
            owner,
            wanted,
            waiting_max,
            dropped: AtomicU64::new(0),
        });
        let mut queues = lock(&self.queues);
        queues.push(Arc::clone(&queue));
        self.settle(&queues);
        drop(queues);
        queue
    }

    /// Nobody reads this queue any more.
    pub(super) fn forget(&self, gone: &Arc<Queue>) {
        let mut queues = lock(&self.queues);
        queues.retain(|queue| !Arc::ptr_eq(queue, gone));
        self.settle(&queues);
    }

    fn settle(&self, queues: &[Arc<Queue>]) {
        let wanted = queues
            .iter()
            .fold(0, |wanted, queue| wanted | queue.wanted.bits());
        // Relaxed: a hint; the lock holds the truth. What the application starts after it made a monitor reaches the
        // engine by a mailbox, which orders this before it.
        self.wanted.store(wanted, Ordering::Relaxed);
    }

    /// Whether anybody wants to hear any of this.
    #[inline]
    pub(crate) fn want(&self, kinds: MonitorEvents) -> bool {
        // Relaxed: see `settle`.
        self.wanted.load(Ordering::Relaxed) & kinds.bits() != 0
    }

    /// Tells whoever wants to hear it, and makes the event only for them. Never waits for a reader.
    #[inline]
    pub(crate) fn tell(&self, kind: MonitorEvents, event: impl FnOnce() -> MonitorEvent) {
        if self.want(kind) {
            self.push(kind, &event());
        }
    }

    #[cold]
    fn push(&self, kind: MonitorEvents, event: &MonitorEvent) {
        let queues = lock(&self.queues);
        for queue in queues.iter().filter(|queue| queue.wanted.contains(kind)) {
            if !queue.mailbox.offer(event.clone(), queue.waiting_max) {
                // Relaxed: a count orders nothing.
                queue.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// There is nothing more to tell. This event has always room.
    pub(crate) fn stop(&self) {
        let mut queues = lock(&self.queues);
        let stopped = std::mem::take(&mut *queues);
        self.settle(&queues);
        drop(queues);
        for queue in stopped {
            queue.mailbox.send(MonitorEvent {
                kind: MonitorEventKind::MonitorStopped,
                local: None,
                remote: None,
                descriptor: None,
            });
        }
    }
}

impl Drop for Monitors {
    fn drop(&mut self) {
        self.stop();
    }
}
