//! Watches: how one thread waits for many owners at a cost that follows what is ready.
//!
//! ```text
//!   wakers:  announce to the owner ── fence ── onlookers? ──lock: disarm──▶ key onto the watch ──▶ poller's bell
//!   poller:  drain the watch ─▶ for each key: arm ── fence ── look at the owner's pipes
//!            nothing anywhere? ─▶ sleep as the poller's own owner does
//! ```
//!
//! A watch tells a key once each time it is armed. The poller arms it before it looks, so what is announced after
//! the look is told. A key is a hint, as events are: the poller looks by itself. An owner that nobody watches pays
//! one load, the same that tells of its descriptor. This file must not know what is watched.

use std::fmt;

use super::Owner;
use super::owner::{Sleeper, WATCHED};
use crate::sync::{Arc, Mutex, Ordering, fence, lock};

/// The keys of watched owners that had news. Clones name the same list.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Keys>);

struct Keys {
    ready: Mutex<Vec<u64>>,
    poller: Arc<Sleeper>,
}

/// Who watches an owner: one poller as a rule, a few at most.
pub(super) struct Watches(Mutex<Vec<Entry>>);

struct Entry {
    watch: Watch,
    key: u64,
    armed: bool,
}

impl Watch {
    /// A watch whose keys are news to `poller`: they end its sleep, wake its task, or make its descriptor readable.
    pub(crate) fn new(poller: &Owner) -> Self {
        Self(Arc::new(Keys {
            ready: Mutex::new(Vec::new()),
            poller: poller.sleeper().clone(),
        }))
    }

    /// Moves the keys of owners that had news to the end of `keys`, in the order in which they had them.
    pub(crate) fn drain(&self, keys: &mut Vec<u64>) {
        let mut ready = lock(&self.0.ready);
        self.0.poller.remove_letters(ready.len());
        keys.append(&mut ready);
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Puts a key on the list; the caller rings.
    fn add(&self, key: u64) {
        let mut ready = lock(&self.0.ready);
        ready.push(key);
        self.0.poller.add_letter();
    }

    /// Takes a key off the list again.
    fn remove(&self, key: u64) {
        let mut ready = lock(&self.0.ready);
        let before = ready.len();
        ready.retain(|ready| *ready != key);
        self.0.poller.remove_letters(before - ready.len());
    }
}

impl Owner {
    /// Arms `watch`: the next thing announced to this owner puts `key` onto it, once. Look at the owner's pipes
    /// only afterwards; what was announced before is not told. Call it again to arm it again.
    pub(crate) fn watch(&self, watch: &Watch, key: u64) {
        let sleeper = self.sleeper();
        let mut entries = lock(&sleeper.watches.0);
        if let Some(entry) = entries.iter_mut().find(|entry| entry.watch.is(watch)) {
            entry.key = key;
            entry.armed = true;
        } else {
            entries.push(Entry {
                watch: watch.clone(),
                key,
                armed: true,
            });
        }
        // Relaxed: the fence orders it before the looks, and the lock keeps it with the entries.
        sleeper.onlookers.fetch_or(WATCHED, Ordering::Relaxed);
        drop(entries);
        // ORDERING: pairs with the fence in `Sleeper::notify`: it sees the watch armed, or the poller's look sees
        // what it announced.
        fence(Ordering::SeqCst);
    }

    /// Ends the watch: `key` is not told any more, not even if it is on the list already.
    pub(crate) fn unwatch(&self, watch: &Watch) {
        let mut entries = lock(&self.sleeper().watches.0);
        let place = entries.iter().position(|entry| entry.watch.is(watch));
        let Some(place) = place else { return };
        let entry = entries.swap_remove(place);
        // Under the lock, so that no waker stands between disarming the entry and adding its key.
        entry.watch.remove(entry.key);
        drop(entries);
    }
}

impl Watches {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Lets go of all watches: there will be no more news.
    pub(super) fn clear(&self) {
        let entries = std::mem::take(&mut *lock(&self.0));
        drop(entries);
    }
}

impl Sleeper {
    /// Tells each armed watch. The caller has announced something, fenced, and seen that there is one.
    pub(super) fn tell_watches(&self) {
        while let Some(watch) = self.disarm_one() {
            // Outside of the lock, because the bell may be another's code.
            watch.0.poller.notify();
        }
    }

    /// Disarms a watch and puts its key on its list.
    fn disarm_one(&self) -> Option<Watch> {
        let mut entries = lock(&self.watches.0);
        let Some(entry) = entries.iter_mut().find(|entry| entry.armed) else {
            // Relaxed: the lock keeps it with the entries; who arms one sets it again.
            self.onlookers.fetch_and(!WATCHED, Ordering::Relaxed);
            return None;
        };
        entry.armed = false;
        entry.watch.add(entry.key);
        Some(entry.watch.clone())
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
