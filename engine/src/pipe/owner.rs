//! An owner: the reactor or socket that sleeps, and is rung when one of its pipes or mailboxes has news.
//!
//! ```text
//!   wakers:   list a pipe, or count a letter ── fence ── asleep? ──swap──▶ ring
//!   sleeper:  asleep ── fence ── list and letters empty? ──▶ sleep
//! ```
//!
//! Either the waker sees the owner asleep, or the owner sees what the waker announced. An owner must not know
//! what its pipes carry.
//!
//! The owner may also be a task that waits (`await_news`), and others may look on: a descriptor, and watches of a
//! poller (`watch`). Whoever rings pays one load for both kinds of onlookers while there are none.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc as StdArc;
use std::task::Waker;
use std::time::Instant;

use ringmq_driver::Wake;

use super::await_news;
use super::descriptor::Descriptor;
use super::parker::Parker;
use super::ready_list::{Event, Node, ReadyList};
use super::watch::Watches;
use crate::sync::{Arc, AtomicU32, AtomicUsize, Mutex, Ordering, fence, lock};

/// Nobody need ring.
pub(super) const AWAKE: u32 = 0;
/// Whoever announces something rings.
const ASLEEP: u32 = 1;
/// The owner is gone; nobody will look at its list again.
const CLOSED: u32 = 2;
/// Whoever announces something wakes the task.
pub(super) const AWAITED: u32 = 3;

/// Among the onlookers: a descriptor.
const DESCRIPTOR: u32 = 1;
/// Among the onlookers: an armed watch.
pub(super) const WATCHED: u32 = 2;

/// A handle of one owner; clones name the same one.
///
/// When the last handle goes nobody will look at the ready list again, and the pipes on it are let go; one that
/// is listed later is let go at once. Pipes and mailboxes therefore keep the sleeper, not the handle.
#[derive(Clone)]
pub(crate) struct Owner {
    sleeper: Arc<Sleeper>,
    /// Counts the handles; the last one closes the sleeper.
    #[expect(dead_code, reason = "its drop is what it is for")]
    handle: Arc<Handle>,
}

struct Handle(Arc<Sleeper>);

/// What wakers reach.
pub(super) struct Sleeper {
    ready: ReadyList,
    /// Letters sent to the owner's mailboxes and not yet drained.
    letters: AtomicUsize,
    /// [`AWAKE`], [`ASLEEP`], [`AWAITED`] or [`CLOSED`].
    pub(super) state: AtomicU32,
    bell: Bell,
    /// Of the task that waits while the state is [`AWAITED`].
    pub(super) waker: Mutex<Option<Waker>>,
    /// Who is told besides the owner: [`DESCRIPTOR`], [`WATCHED`].
    pub(super) onlookers: AtomicU32,
    descriptor: Descriptor,
    pub(super) watches: Watches,
}

/// What wakes a sleeping owner.
enum Bell {
    Driver(StdArc<dyn Wake>),
    Parker(Parker),
}

impl Owner {
    /// An owner that sleeps in its driver's poll.
    pub(crate) fn with_driver(bell: StdArc<dyn Wake>) -> Self {
        Self::new(Bell::Driver(bell))
    }

    /// An owner that sleeps in [`Self::park`].
    pub(crate) fn parker() -> Self {
        Self::new(Bell::Parker(Parker::new()))
    }

    fn new(bell: Bell) -> Self {
        let sleeper = Arc::new(Sleeper {
            ready: ReadyList::new(),
            letters: AtomicUsize::new(0),
            state: AtomicU32::new(AWAKE),
            bell,
            waker: Mutex::new(None),
            onlookers: AtomicU32::new(0),
            descriptor: Descriptor::new(),
            watches: Watches::new(),
        });
        let handle = Arc::new(Handle(sleeper.clone()));
        Self { sleeper, handle }
    }

    /// Tells what became ready, oldest first. Events are hints: the pipe itself says what it has.
    pub(crate) fn ready_events(&self, tell: impl FnMut(Event)) {
        self.sleeper.ready.pop_all(tell);
    }

    /// Whether [`Self::ready_events`] would find something: one load.
    #[inline]
    pub(crate) fn has_ready(&self) -> bool {
        !self.sleeper.ready.is_empty()
    }

    /// Whether anything is announced: a pipe on the list, or a letter.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.has_ready() || self.has_mail()
    }

    /// Whether a mailbox of this owner has something: one load.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        // Relaxed: a hint; the mailbox's lock synchronises, and sleepers fence before they look.
        self.sleeper.letters.load(Ordering::Relaxed) != 0
    }

    /// Announces that the owner is about to sleep. Returns false, and stays awake, if there is something to do.
    pub(crate) fn prepare_sleep(&self) -> bool {
        // Relaxed: the fence orders the store before the looks, and the driver or parker orders the rest.
        self.sleeper.state.store(ASLEEP, Ordering::Relaxed);
        // ORDERING: pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        if self.has_ready() || self.has_mail() {
            self.awake();
            return false;
        }
        true
    }

    /// Says that the owner looks again by itself. Call it after each sleep.
    pub(crate) fn awake(&self) {
        // Relaxed: a waker that still sees the old state rings once too often, which is allowed.
        self.sleeper.state.store(AWAKE, Ordering::Relaxed);
    }

    /// Sleeps until something is announced or `deadline` has passed. Returns whether there is something; a ring
    /// for what was seen already may end the sleep early, with nothing.
    ///
    /// # Panics
    /// If the owner sleeps in a driver.
    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
        let Bell::Parker(parker) = &self.sleeper.bell else {
            panic!("a reactor sleeps in its driver")
        };
        if !self.prepare_sleep() {
            return true;
        }
        parker.wait(deadline);
        self.awake();
        self.has_ready() || self.has_mail()
    }

    /// A descriptor that becomes readable when a waiting half's pipe, or a mailbox, has news; made on first use.
    ///
    /// It is edge-like: clear it, then look at everything, then wait for it again. It stays the owner's.
    ///
    /// # Errors
    /// Those of socketpair(2).
    pub(crate) fn descriptor(&self) -> io::Result<RawFd> {
        let (descriptor, made) = self.sleeper.descriptor.get_or_make()?;
        if made {
            // Relaxed: the fence orders it before the looks.
            self.sleeper
                .onlookers
                .fetch_or(DESCRIPTOR, Ordering::Relaxed);
            // ORDERING: pairs with the fence in `notify`: who did not see the descriptor is seen here.
            fence(Ordering::SeqCst);
            if self.has_ready() || self.has_mail() {
                self.sleeper.descriptor.signal();
            }
        }
        Ok(descriptor)
    }

    /// Whether the descriptor is readable.
    #[cfg(test)]
    pub(super) fn is_descriptor_readable(&self) -> bool {
        self.sleeper.descriptor.is_readable()
    }

    /// Makes the descriptor unreadable. Look only afterwards.
    pub(crate) fn clear_descriptor(&self) {
        self.sleeper.descriptor.clear();
    }

    pub(super) fn into_sleeper(self) -> Arc<Sleeper> {
        self.sleeper.clone()
    }

    pub(super) fn sleeper(&self) -> &Arc<Sleeper> {
        &self.sleeper
    }
}

impl Sleeper {
    /// Rings the owner if it sleeps. The caller has announced something by a store of its own.
    pub(super) fn notify(&self) {
        // ORDERING: pairs with the fence in `prepare_sleep` (and in `Handle::drop`).
        fence(Ordering::SeqCst);
        // Relaxed: the fence decides who sees whom.
        if self.state.load(Ordering::Relaxed) != AWAKE {
            self.ring();
        }
        // Relaxed: as above; who looks on has fenced before it looked.
        if self.onlookers.load(Ordering::Relaxed) != 0 {
            self.tell_onlookers();
        }
    }

    #[cold]
    fn tell_onlookers(&self) {
        self.descriptor.signal();
        self.tell_watches();
    }

    #[cold]
    fn ring(&self) {
        // Relaxed: only one waker may win; what it announced is ordered by the list, the lock or the bell.
        match self
            .state
            .compare_exchange(ASLEEP, AWAKE, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => match &self.bell {
                Bell::Driver(wake) => wake.wake(),
                Bell::Parker(parker) => parker.ring(),
            },
            // Nobody will look any more, so the pipes on the list are let go here.
            Err(CLOSED) => self.ready.pop_all(|_| ()),
            Err(AWAITED) => self.wake_task(),
            Err(_) => (),
        }
    }

    /// Puts a node on the list and rings. The node may be gone on return.
    pub(super) fn list(&self, node: &Node) {
        self.ready.push(node);
        self.notify();
    }

    pub(super) fn add_letter(&self) {
        // Relaxed: the caller holds the mailbox's lock, and `notify` fences.
        self.letters.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_letters(&self, letters: usize) {
        // Relaxed: the caller holds the mailbox's lock.
        self.letters.fetch_sub(letters, Ordering::Relaxed);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Relaxed: the fence orders it before the look at the list.
        self.0.state.store(CLOSED, Ordering::Relaxed);
        // ORDERING: pairs with the fence in `Sleeper::notify`: either it sees the owner closed or we see what it
        // listed.
        fence(Ordering::SeqCst);
        self.0.ready.pop_all(|_| ());
        let waker = lock(&self.0.waker).take();
        // The last handle may be the engine's.
        await_news::let_go(waker);
        self.0.watches.clear();
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("has_ready", &self.has_ready())
            .finish_non_exhaustive()
    }
}
