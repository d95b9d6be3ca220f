//! The ready list of an owner: the pipes it should look at, in the order in which they became ready.
//!
//! ```text
//!   wakers ──push──▶ head ─▶ node ─▶ node ─▶ ∅          owner: takes the whole list, reverses it
//! ```
//!
//! Nodes live inside pipes, so listing allocates nothing. A node is on the list at most once (`listed`), and
//! while it is there it holds its pipe, so that a pipe cannot vanish while it is listed. Whoever sets `listed` is
//! the node's one pusher: as a rule the half at the other end of the pipe, sometimes the owner's own.

use std::ptr;

use super::owner::{Owner, Sleeper};
use super::shared::Shared;
use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// What happened to a pipe that its owner waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EventKind {
    /// The reader has something to read, or the writer is gone.
    Readable,
    /// The writer has credit, or the reader is gone.
    Writable,
}

/// One entry of a ready list. The owner then looks at the pipe itself: the event may be old news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The key of the half.
    pub(crate) key: u64,
    /// What happened.
    pub(crate) kind: EventKind,
}

/// The key of a half that is gone; such events are not told.
const GONE: u64 = u64::MAX;

/// A pipe's place on the list of one of its owners.
pub(super) struct Node {
    kind: EventKind,
    /// Set by the half, which lives with the owner; read by the owner.
    key: AtomicU64,
    /// Whether the node is on the list.
    listed: AtomicBool,
    /// Who waits. Set by [`Self::set_owner`] before the half waits for the first time, then fixed.
    owner: UnsafeCell<Arc<Sleeper>>,
    /// The node behind this one. The pusher's until pushed, then the owner's until `listed` is cleared.
    next: UnsafeCell<*const Self>,
    /// Keeps the pipe while it is listed; belongs to the same as `next`.
    pipe: UnsafeCell<Option<Arc<Shared>>>,
}

impl Node {
    pub(super) const KEY_MAX: u64 = GONE - 1;

    #[cfg_attr(loom, allow(clippy::missing_const_for_fn))]
    pub(super) fn new(kind: EventKind, owner: &Owner, key: u64) -> Self {
        Self {
            kind,
            key: AtomicU64::new(key),
            listed: AtomicBool::new(false),
            owner: UnsafeCell::new(owner.sleeper().clone()),
            next: UnsafeCell::new(ptr::null()),
            pipe: UnsafeCell::new(None),
        }
    }

    /// Sets the key that events tell.
    pub(super) fn set_key(&self, key: u64) {
        assert!(key <= Self::KEY_MAX, "the largest key is reserved");
        // Relaxed: the half and the owner that reads the key are on one thread, or handed over together.
        self.key.store(key, Ordering::Relaxed);
    }

    /// Sets who waits.
    ///
    /// # Safety
    /// The half has never waited, so nobody has looked for its owner, and it is not being handed over meanwhile.
    pub(super) unsafe fn set_owner(&self, owner: &Owner) {
        // SAFETY: whoever lists the node has first seen, by an acquire of what was released, that its half waits;
        // the caller says that it never did.
        self.owner
            .with_mut(|place| unsafe { *place = owner.sleeper().clone() });
    }

    /// Silences events of a half that is going.
    pub(super) fn set_gone(&self) {
        // Relaxed: as in `set_key`; an event that was told before is old news to the owner.
        self.key.store(GONE, Ordering::Relaxed);
    }

    /// Puts the pipe on its owner's list, if it is not there, and rings the owner if it sleeps.
    pub(super) fn list(&self, pipe: &Arc<Shared>) {
        // ORDERING: acquire pairs with the release in `pop_all`: `next` and `pipe` are then ours. Release pairs
        // with the acquire there: the owner that clears a flag we found set sees what we announce.
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        // SAFETY: `listed` was clear, so the owner is done with the cell, and we, who set it, are the only pusher.
        self.pipe
            .with_mut(|place| unsafe { *place = Some(pipe.clone()) });
        // SAFETY: the half has waited, so the owner is fixed.
        let owner = self.owner.with(|owner| unsafe { (*owner).clone() });
        // Whoever empties the list may free the pipe, and with it the node's own reference to the owner.
        owner.list(self);
    }
}

/// The list. Any thread pushes; the owner takes everything.
pub(super) struct ReadyList {
    head: AtomicPtr<Node>,
}

impl ReadyList {
    pub(super) fn new() -> Self {
        Self {
            head: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Whether something is listed.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: a hint; `pop_all` synchronises, and sleepers fence before they look.
        self.head.load(Ordering::Relaxed).is_null()
    }

    /// Adds a node that is marked listed and holds its pipe.
    pub(super) fn push(&self, node: &Node) {
        let raw = ptr::from_ref(node).cast_mut();
        // Relaxed: the exchange decides, and the old head is not looked through.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: until the exchange succeeds the node is its pusher's.
            node.next.with_mut(|next| unsafe { *next = head });
            // ORDERING: pairs with the acquire in `pop_all`: the node's cells come with it. Relaxed on failure,
            // which only gives the next head.
            match self
                .head
                .compare_exchange_weak(head, raw, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes the whole list and tells its events, oldest first. Each node may be listed again from then on.
    pub(super) fn pop_all(&self, mut tell: impl FnMut(Event)) {
        if self.is_empty() {
            return;
        }
        // ORDERING: pairs with the release in `push`.
        let mut newest: *const Node = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        let mut oldest: *const Node = ptr::null();
        // SAFETY: a listed node holds its pipe, so it is alive until `pipe` is taken below.
        while let Some(node) = unsafe { newest.as_ref() } {
            // SAFETY: the list was taken whole, so its links are ours.
            newest = node
                .next
                .with_mut(|next| unsafe { ptr::replace(next, oldest) });
            oldest = node;
        }
        // SAFETY: the list was taken whole, and each node on it still holds its pipe.
        while let Some(node) = unsafe { oldest.as_ref() } {
            // SAFETY: the links are ours until `listed` is cleared.
            oldest = node.next.with(|next| unsafe { *next });
            // SAFETY: as is what the node holds; `pipe` keeps the node alive for the rest of this turn.
            let pipe = node.pipe.with_mut(|place| unsafe { (*place).take() });
            // Relaxed: see `set_key`.
            let key = node.key.load(Ordering::Relaxed);
            let event = Event {
                key,
                kind: node.kind,
            };
            // ORDERING: release pairs with the acquire in `list`, which may use the cells again; acquire pairs
            // with the release there, so that whoever found the node listed is heard when its pipe is looked at.
            node.listed.swap(false, Ordering::AcqRel);
            if key != GONE {
                tell(event);
            }
            drop(pipe);
        }
    }
}
