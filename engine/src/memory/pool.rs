//! The pool of one socket or reactor: chunks that are used again.
//!
//! ```text
//!   take ◀── shelves, one per size class   (whoever holds the pool, guarded by `busy`)
//!               ▲ pop all, when a shelf is empty
//!   give_back ──▶ returned: a push-only stack   (any thread)
//! ```
//!
//! Pushing needs no lock and popping takes everything, so the stack has no ABA problem. What waits in a pool is
//! bounded. When the last handle goes, the stack is closed: chunks that come back later free themselves.

use std::fmt;
use std::ptr;

use super::chunk::{Chunk, ChunkRef, HEADER_BYTES};
use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// The most memory that waits in one pool for its next use; what comes back beyond it is freed.
pub(crate) const RETAINED_BYTES_MAX: usize = 4 << 20;

const CLASSES: usize = 4;

/// How large a chunk is: 1, 4, 16 or 64 KiB, header included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SizeClass(u8);

impl SizeClass {
    /// 1 KiB: what an idle pipe holds.
    pub(crate) const SMALLEST: Self = Self(0);
    /// 64 KiB.
    pub(crate) const LARGEST: Self = Self(CLASSES as u8 - 1);

    /// Bytes of the page in a chunk of this class; a multiple of 8.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) const fn page_bytes(self) -> usize {
        (1024 << (2 * self.0)) - HEADER_BYTES
    }

    /// Bytes of the page in a chunk of this class: tiny, because loom checks each byte by itself.
    #[cfg(loom)]
    pub(crate) const fn page_bytes(self) -> usize {
        48 * (1 + self.0 as usize)
    }

    /// Bytes of the whole allocation.
    const fn total_bytes(self) -> usize {
        HEADER_BYTES + self.page_bytes()
    }

    /// The next larger class, or the largest.
    pub(crate) const fn larger(self) -> Self {
        if self.0 < Self::LARGEST.0 {
            Self(self.0 + 1)
        } else {
            self
        }
    }

    /// The next smaller class, or the smallest.
    pub(crate) const fn smaller(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The smallest class whose page holds `bytes`, if one does.
    pub(crate) fn fitting(bytes: usize) -> Option<Self> {
        (0..=Self::LARGEST.0)
            .map(Self)
            .find(|class| class.page_bytes() >= bytes)
    }

    /// 0 for the smallest.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many chunks of the largest class a pool makes beyond the one it was asked for.
const SPARE_CHUNKS: usize = 4;

/// A handle of a pool. Clones share the pool, which closes with the last of them.
///
/// A pool belongs to one socket or reactor and is fastest when only its thread takes from it. Taking from two
/// threads at once is allowed: the second allocates.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Handle>);

struct Handle(Arc<PoolShared>);

/// What chunks in use refer to.
pub(super) struct PoolShared {
    /// Top of the stack of chunks that came back, or [`closed`].
    returned: AtomicPtr<Chunk>,
    /// Bytes on the stack and the shelves.
    retained_bytes: AtomicUsize,
    /// Whether somebody is at the shelves.
    busy: AtomicBool,
    /// Free chunks by class, linked by `next`.
    shelves: UnsafeCell<[Option<ChunkRef>; CLASSES]>,
}

// SAFETY: the shelves are touched only by whoever set `busy`, and by the last handle's drop; chunks in them are
// named by nobody else. Everything else is atomic.
unsafe impl Send for PoolShared {}
// SAFETY: shared access reaches the shelves only through `busy`, and the rest by atomics.
unsafe impl Sync for PoolShared {}

/// The stack's top once the pool is closed. It names no chunk.
const fn closed() -> *mut Chunk {
    ptr::without_provenance_mut(usize::MAX)
}

impl Pool {
    /// A pool with nothing in it.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Handle(Arc::new(PoolShared {
            returned: AtomicPtr::new(ptr::null_mut()),
            retained_bytes: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            shelves: UnsafeCell::new([const { None }; CLASSES]),
        }))))
    }

    /// An open chunk of `class`, or a larger one that is free, whose one unit belongs to the caller.
    pub(crate) fn take(&self, class: SizeClass) -> ChunkRef {
        let shared = &self.0.0;
        let chunk = shared.reuse(class).unwrap_or_else(|| shared.grow(class));
        chunk.open(shared.clone());
        chunk
    }

    /// Bytes that wait for their next use.
    #[cfg(test)]
    pub(crate) fn retained_bytes(&self) -> usize {
        // Relaxed: a number for tests, which read it when nothing moves.
        self.0.0.retained_bytes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl PoolShared {
    /// A fresh chunk; and, where chunks are large because a flood is on, some for later. How many a flood has in use
    /// varies a little for as long as it lasts: with a reserve it allocates while it warms up, and then no more.
    #[cold]
    fn grow(&self, class: SizeClass) -> ChunkRef {
        if class == SizeClass::LARGEST {
            for _ in 0..SPARE_CHUNKS {
                self.give_back(ChunkRef::allocate(class));
            }
        }
        ChunkRef::allocate(class)
    }

    /// A free chunk of `class` or a larger one, if the pool has one and nobody else is at the shelves.
    fn reuse(&self, class: SizeClass) -> Option<ChunkRef> {
        // ORDERING: pairs with the release that ends the turn at the shelves before this one.
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `busy` makes this thread the only one at the shelves.
        let chunk = self
            .shelves
            .with_mut(|shelves| self.pop(unsafe { &mut *shelves }, class));
        // ORDERING: pairs with the acquire that starts the next turn.
        self.busy.store(false, Ordering::Release);
        let chunk = chunk?;
        // Relaxed: a sum that bounds memory and orders nothing.
        self.retained_bytes
            .fetch_sub(chunk.class().total_bytes(), Ordering::Relaxed);
        Some(chunk)
    }

    fn pop(&self, shelves: &mut [Option<ChunkRef>; CLASSES], class: SizeClass) -> Option<ChunkRef> {
        if shelves[class.index()].is_none() {
            // ORDERING: pairs with the release push in `give_back`: the chunks are then this thread's.
            let top = self.returned.swap(ptr::null_mut(), Ordering::Acquire);
            debug_assert_ne!(top, closed(), "a pool is closed only with its last handle");
            let mut rest = ChunkRef::from_raw(top);
            while let Some(chunk) = rest {
                rest = chunk.next();
                let shelf = &mut shelves[chunk.class().index()];
                chunk.set_next(shelf.as_ref());
                *shelf = Some(chunk);
            }
        }
        // A larger chunk does as well, and costs no allocation.
        let shelf = shelves[class.index()..]
            .iter_mut()
            .find(|shelf| shelf.is_some())?;
        let chunk = shelf.take()?;
        *shelf = chunk.next();
        Some(chunk)
    }

    /// Takes a chunk back from whichever thread gave up its last unit.
    pub(super) fn give_back(&self, chunk: ChunkRef) {
        let bytes = chunk.class().total_bytes();
        // Relaxed: a sum that bounds memory and orders nothing.
        if self.retained_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > RETAINED_BYTES_MAX {
            self.retained_bytes.fetch_sub(bytes, Ordering::Relaxed);
            // SAFETY: the chunk has no unit left, and this thread alone names it.
            unsafe { chunk.free() };
            return;
        }
        // Relaxed: the exchange below decides; the value is not looked through.
        let mut top = self.returned.load(Ordering::Relaxed);
        let raw = chunk.into_raw();
        loop {
            let chunk = ChunkRef::from_raw(raw).expect("it was a chunk a moment ago");
            if top == closed() {
                // SAFETY: the push did not happen, so this thread alone still names the chunk.
                unsafe { chunk.free() };
                return;
            }
            chunk.set_next(ChunkRef::from_raw(top).as_ref());
            // ORDERING: pairs with the acquire swaps in `pop` and `close`: the link and all past uses of the
            // chunk come with it. Relaxed on failure, which only gives the next top.
            match self.returned.compare_exchange_weak(
                top,
                raw,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Frees what waits, and lets what comes back later free itself.
    fn close(&self) {
        // ORDERING: pairs with the release push in `give_back`.
        let top = self.returned.swap(closed(), Ordering::Acquire);
        free_all(ChunkRef::from_raw(top));
        // SAFETY: the last handle is going, so nobody is at the shelves and nobody will be.
        let shelves = self
            .shelves
            .with_mut(|shelves| unsafe { (*shelves).each_mut() }.map(Option::take));
        shelves.into_iter().for_each(free_all);
    }
}

/// Frees a list of chunks that nobody else names.
fn free_all(mut list: Option<ChunkRef>) {
    while let Some(chunk) = list {
        list = chunk.next();
        // SAFETY: chunks on a pool's stack or shelves have no unit, and the caller took the whole list.
        unsafe { chunk.free() };
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}
