//! How a task waits for its owner's news: a waker in place of a sleeping thread.
//!
//! ```text
//!   task:    leave the waker, awaited ── fence ── list and letters empty? ──▶ pending
//!   wakers:  list a pipe, or count a letter ── fence ── awaited? ──lock: take the waker──▶ wake
//! ```
//!
//! The shape is that of sleeping in `owner`, and so is the reason why no wake-up is lost. The lock only keeps the
//! waker and the word for it together: whoever takes the one changes the other, so a waker is woken once. This
//! file must not know who runs the task.
//!
//! A waker is foreign code, and whoever rings runs it: the engine's thread too, which must outlive its panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::Owner;
use super::owner::{AWAITED, AWAKE, Sleeper};
use crate::sync::{Ordering, fence, lock};

impl Owner {
    /// Announces that a task is about to wait: the next thing announced wakes `waker`, once. Returns false, and
    /// promises nothing, if there is something to do.
    ///
    /// There is one waker at a time: this one replaces the last. A thread that sleeps in [`Self::park`] takes the
    /// bell over; then tasks are not woken until they ask again.
    ///
    /// # Cancel safety
    /// A task that went away without [`Self::forget_waker`] is woken once for nothing, and kept until then.
    pub(crate) fn register_waker(&self, waker: &Waker) -> bool {
        let sleeper = self.sleeper();
        let mut place = lock(&sleeper.waker);
        let known = place.as_ref().is_some_and(|known| known.will_wake(waker));
        let replaced = if known {
            None
        } else {
            place.replace(waker.clone())
        };
        // Relaxed: the fence orders it before the looks, and the lock keeps it with the waker.
        sleeper.state.store(AWAITED, Ordering::Relaxed);
        drop(place);
        // Outside of the lock, because it may be the last name of a task.
        drop(replaced);
        // ORDERING: pairs with the fence in `Sleeper::notify`.
        fence(Ordering::SeqCst);
        if self.has_news() {
            self.awake();
            return false;
        }
        true
    }

    /// Lets go of the waker, which is not woken any more: the task that left it has gone, or waits no longer.
    pub(crate) fn forget_waker(&self) {
        let sleeper = self.sleeper();
        let mut place = lock(&sleeper.waker);
        sleeper.end_await();
        let waker = place.take();
        drop(place);
        // Outside of the lock, because it may be the last name of a task.
        drop(waker);
    }
}

/// Wakes a task, and lets no panic out: a task that cannot be woken is its owner's loss alone.
pub(crate) fn wake(waker: Waker) {
    contain(|| waker.wake());
}

/// Drops a waker on a thread that is not its task's.
pub(super) fn let_go(waker: Option<Waker>) {
    contain(|| drop(waker));
}

fn contain(foreign: impl FnOnce()) {
    let mut outcome = catch_unwind(AssertUnwindSafe(foreign));
    // The panic was told by its hook. What it carries is foreign too, and may panic when it is dropped.
    while let Err(panic) = outcome {
        outcome = catch_unwind(AssertUnwindSafe(|| drop::<Box<dyn Any + Send>>(panic)));
    }
}

impl Sleeper {
    /// Wakes the task that waits. The caller has announced something, fenced, and seen that a task waits.
    #[cold]
    pub(super) fn wake_task(&self) {
        // Whoever has changed the state since has fenced after us, so it sees by itself what was announced.
        if let Some(waker) = self.take_waker() {
            wake(waker);
        }
    }

    /// Takes the waker, if a task still waits by it.
    fn take_waker(&self) -> Option<Waker> {
        let mut place = lock(&self.waker);
        if self.end_await() { place.take() } else { None }
    }

    /// Says that no task is to be woken; returns whether one was. The caller holds the waker's lock.
    fn end_await(&self) -> bool {
        // Relaxed: the lock keeps the word with the waker; what was announced is ordered by the list, the letters'
        // lock, and the fences.
        self.state
            .compare_exchange(AWAITED, AWAKE, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}
