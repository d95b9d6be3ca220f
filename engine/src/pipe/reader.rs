//! The reading half: where it stands, how it moves from chunk to chunk, how it waits and how it ends.
//!
//! What it does with the bytes is elsewhere: `walker` for applications, `take`, `lost` and `visit` for engines.

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc as StdArc;

use super::credit::{HighWaterMark, NOBODY_WAITS};
use super::frame::{Head, LONG_HEAD, SHORT_HEAD, is_long};
use super::shared::{Rest, Role, Shared};
use super::take::TakeState;
use crate::memory::{Body, ChunkRef, Commit, ConnectionInfo};
use crate::sync::{Arc, Ordering, fence};

/// `slot_at` when no slot is ahead.
pub(super) const NO_SLOT: usize = usize::MAX;

/// The reading half of a pipe.
pub(crate) struct Reader {
    /// The chunk that is being read; everything before it is retired.
    pub(super) chunk: ChunkRef,
    /// Page bytes passed: walked over, or accepted by the kernel.
    pub(super) offset: usize,
    /// Page bytes known to be committed.
    pub(super) end: usize,
    /// Slots passed.
    pub(super) slot: usize,
    /// Slots known to be committed.
    pub(super) refs: usize,
    /// Page offset of the next slot's body, or [`NO_SLOT`].
    pub(super) slot_at: usize,
    /// Slots whose bodies are dropped; a walker lends the last one until it moves on.
    pub(super) released: usize,
    /// Units of the chunk bought and not yet passed on to slices.
    pub(super) weight: Cell<usize>,
    /// The chunk's facts. Refreshed with `end`, because they are fixed only once something is committed.
    pub(super) info: Option<NonNull<StdArc<ConnectionInfo>>>,
    /// Whole messages consumed (walked, or sent), cumulative.
    pub(super) consumed: u64,
    /// What `acked` holds.
    pub(super) acked: u64,
    /// How many consumed messages an application acknowledges at once.
    pub(super) step: u64,
    pub(super) high_water_mark: HighWaterMark,
    pub(super) role: Role,
    /// Whether commands are shown to the application.
    pub(super) shows_commands: bool,
    /// The pipe holds only the newest message.
    pub(super) conflates: bool,
    /// Such a message, which was looked at and not taken.
    pub(super) peeked: Option<Body>,
    /// Such a message, which is lent to whoever took it.
    pub(super) lent: Option<Body>,
    pub(super) take: TakeState,
    /// Chunks retired, cumulative.
    retired: u64,
    /// This half has said that it leaves.
    pub(super) left: bool,
    pub(super) shared: Arc<Shared>,
}

// SAFETY: committed bytes do not change, the cursor and the weight belong to this half alone, on whichever thread
// it is; `info` points into the chunk that the pipe's unit keeps. The rest is shared through atomics.
unsafe impl Send for Reader {}

impl Reader {
    pub(super) fn new(
        shared: Arc<Shared>,
        chunk: ChunkRef,
        high_water_mark: HighWaterMark,
        role: Role,
    ) -> Self {
        Self {
            chunk,
            offset: 0,
            end: 0,
            slot: 0,
            refs: 0,
            slot_at: NO_SLOT,
            released: 0,
            weight: Cell::new(0),
            info: None,
            consumed: 0,
            acked: 0,
            step: high_water_mark.step(),
            high_water_mark,
            role,
            shows_commands: false,
            conflates: shared.newest.is_some(),
            peeked: None,
            lent: None,
            take: TakeState::default(),
            retired: 0,
            left: false,
            shared,
        }
    }

    // --- the cursor --------------------------------------------------------------------------------------

    /// Looks for more committed bytes behind the known end, and moves on from sealed chunks that are passed.
    /// Returns whether there is something at the cursor. A partly passed body counts.
    #[cold]
    pub(super) fn refill(&mut self) -> bool {
        loop {
            let commit = self.see_committed();
            if self.offset < self.end || self.slot < self.refs {
                return true;
            }
            if !commit.is_sealed() {
                return false;
            }
            self.next_chunk();
        }
    }

    /// Looks up what the cursor's chunk has.
    pub(super) fn see_committed(&mut self) -> Commit {
        let commit = self.chunk.committed();
        self.see(commit);
        commit
    }

    fn see(&mut self, commit: Commit) {
        self.end = commit.bytes();
        self.refs = commit.refs();
        self.find_slot();
        self.info = if self.end > 0 {
            self.chunk.info().map(NonNull::from)
        } else {
            None
        };
    }

    /// Looks up where the next slot's body belongs.
    pub(super) fn find_slot(&mut self) {
        self.slot_at = if self.slot < self.refs {
            // SAFETY: the slot is committed.
            unsafe { self.chunk.slot_at(self.slot) }
        } else {
            NO_SLOT
        };
    }

    /// Retires the chunk, which is sealed and passed, and goes to the next.
    pub(super) fn next_chunk(&mut self) {
        self.release_slots();
        self.take.base += self.chunk.committed().messages();
        let next = self.chunk.next().expect("a sealed chunk is linked");
        let chunk = std::mem::replace(&mut self.chunk, next);
        let units = 1 + self.weight.take();
        // SAFETY: the pipe's unit and the weight that no slice got; the writer left the chunk when it sealed it.
        unsafe { chunk.give_up(units) };
        self.retired += 1;
        // Relaxed: a hint for the size of the writer's next chunk.
        self.shared
            .reader
            .retired
            .store(self.retired, Ordering::Relaxed);
        self.offset = 0;
        self.end = 0;
        self.slot = 0;
        self.refs = 0;
        self.slot_at = NO_SLOT;
        self.released = 0;
        self.info = None;
    }

    /// Drops the bodies of the slots that are passed.
    #[cold]
    pub(super) fn release_slots(&mut self) {
        while self.released < self.slot {
            let slot = self.released;
            self.released += 1;
            // SAFETY: the slot is committed and passed, so it is the reader's; the walker lends its body only
            // until it is called again.
            unsafe { self.chunk.drop_slot(slot) };
        }
    }

    /// Reads the head of the committed frame at `offset` of `chunk`.
    #[inline]
    pub(super) fn head_at(chunk: &ChunkRef, offset: usize) -> Head {
        // SAFETY: frames are committed whole, so their heads do not change.
        let flags = unsafe { chunk.byte(offset) };
        if is_long(flags) {
            // SAFETY: frames are committed whole, and a long one has eight bytes of size.
            let size = unsafe { chunk.bytes(offset + 1, 8) };
            let size = u64::from_be_bytes(size.try_into().expect("eight bytes"));
            let body = usize::try_from(size).expect("a body in memory has a size that memory has");
            return Head {
                flags,
                bytes: LONG_HEAD,
                body,
            };
        }
        // SAFETY: frames are committed whole, so the size byte does not change.
        let size = unsafe { chunk.byte(offset + 1) };
        Head {
            flags,
            bytes: SHORT_HEAD,
            body: usize::from(size),
        }
    }

    // --- credit ------------------------------------------------------------------------------------------

    /// Gives credit for all messages up to `acked`, and wakes a writer that waits for no more than that.
    #[cold]
    pub(super) fn acknowledge(&mut self, acked: u64) {
        if acked <= self.acked {
            return;
        }
        self.acked = acked;
        // Relaxed: a count that orders nothing; the fence orders it before the look at `wake_at`.
        self.shared.reader.acked.store(acked, Ordering::Relaxed);
        // ORDERING: pairs with the fence in `Writer::wait_for_credit`.
        fence(Ordering::SeqCst);
        Shared::wake_waiting_writer(&self.shared, acked);
    }

    /// Whole messages consumed.
    #[cfg(test)]
    pub(crate) const fn messages_read(&self) -> u64 {
        self.consumed
    }

    // --- waiting and ending ------------------------------------------------------------------------------

    /// Whether committed bytes are at the cursor, commands included.
    #[inline]
    pub(crate) fn has_data(&mut self) -> bool {
        self.offset < self.end || self.slot < self.refs || self.refill() || self.peeked.is_some()
    }

    /// Asks to be listed at the next commit, or when the writer goes. Returns false if there is data already, or
    /// the writer is gone: then nothing is asked.
    pub(crate) fn wait_for_data(&mut self) -> bool {
        self.park();
        if self.has_data() || self.is_closing() {
            self.unpark();
            return false;
        }
        true
    }

    pub(super) fn park(&self) {
        // ORDERING: pairs with the acquire in `Shared::list_readable`, which goes by the owner that was set before.
        self.shared.flags.parked.store(true, Ordering::Release);
        // ORDERING: pairs with `fence_commits`: the writer sees us parked or we see its commit.
        fence(Ordering::SeqCst);
    }

    pub(super) fn unpark(&self) {
        // Relaxed: a writer that has seen the old value lists the pipe, which is an event too many.
        self.shared.flags.parked.store(false, Ordering::Relaxed);
    }

    /// Whether the writer is gone. Commits looked up afterwards are its last.
    pub(super) fn is_closing(&self) -> bool {
        // ORDERING: pairs with the release in the writer's drop.
        self.shared.flags.closing.load(Ordering::Acquire)
    }

    /// Whether the writer is gone and everything it published is consumed.
    pub(crate) fn is_finished(&mut self) -> bool {
        self.is_closing() && !self.has_data()
    }

    /// Sets the key that this half's events tell.
    ///
    /// # Panics
    /// If it is `u64::MAX`.
    pub(crate) fn set_key(&mut self, key: u64) {
        self.shared.readable.set_key(key);
    }

    /// How many whole messages are published and not consumed. Looks at the chunks, not into them.
    pub(crate) fn waiting(&self) -> u64 {
        let mut commit = self.chunk.committed();
        let mut published = self.take.base + commit.messages();
        let mut chunk = self.chunk.next().filter(|_| commit.is_sealed());
        while let Some(next) = chunk {
            commit = next.committed();
            published += commit.messages();
            chunk = next.next().filter(|_| commit.is_sealed());
        }
        published - self.consumed
    }

    /// Passes everything that is published, without looking at it. Returns what the last chunk had.
    pub(super) fn pass_all(&mut self) -> Commit {
        loop {
            let commit = self.see_committed();
            self.offset = self.end;
            self.slot = self.refs;
            self.slot_at = NO_SLOT;
            self.release_slots();
            if !commit.is_sealed() {
                return commit;
            }
            self.next_chunk();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pass_all();
        let unused = self.weight.take();
        if unused > 0 {
            // SAFETY: weight that no slice got; the pipe's own unit stays.
            unsafe { self.chunk.give_up(unused) };
        }
        // SAFETY: the pipe's unit of this chunk passes to `Shared`, which outlives this half.
        let chunk = unsafe { self.chunk.alias() };
        let rest = Rest {
            chunk,
            released: self.released,
        };
        // SAFETY: the reader writes `rest` once; it is read when both halves are gone.
        self.shared
            .rest
            .with_mut(|place| unsafe { *place = Some(rest) });
        self.shared.readable.set_gone();
        if !self.left {
            self.mark_left();
        }
        // Relaxed: the fence orders it before the look at `wake_at`.
        self.shared.flags.reader_gone.store(true, Ordering::Relaxed);
        // ORDERING: pairs with the fence in `Writer::wait_for_credit`.
        fence(Ordering::SeqCst);
        Shared::wake_waiting_writer(&self.shared, NOBODY_WAITS - 1);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("consumed", &self.consumed)
            .field("acked", &self.acked)
            .finish_non_exhaustive()
    }
}
