//! The engine's way of reading: ranges of framed bytes, taken for one send at a time.
//!
//! A take lends bytes from the cursor on and moves nothing; the cursor moves by what the kernel accepted. A cut
//! falls on the end of a chunk or next to a body that goes by reference, or inside such a body where it is larger
//! than one send should be. There the counts of messages are known without a walk.

use super::{Batch, Reader, Role};
use crate::memory::{ChunkRef, Commit};

/// What one send may lend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakeLimits {
    /// The most bytes out of chunks.
    pub(crate) copied_bytes_max: usize,
    /// The most bytes altogether.
    pub(crate) bytes_max: usize,
    /// The most ranges.
    pub(crate) ranges_max: usize,
}

impl Default for TakeLimits {
    fn default() -> Self {
        Self {
            copied_bytes_max: 256 << 10,
            bytes_max: 1 << 20,
            ranges_max: 250,
        }
    }
}

/// What an engine's reader knows beyond its cursor.
#[derive(Debug, Default)]
pub(super) struct TakeState {
    /// Bytes accepted of the body in the next slot.
    pub(super) body_done: usize,
    /// Whole messages that ended in retired chunks.
    pub(super) base: u64,
    /// Whether the cursor may stand inside a message.
    pub(super) inside: bool,
    /// Bytes lent by the last take.
    pub(super) in_flight: usize,
    /// What is true once all of them are accepted.
    cut: Cut,
}

/// A place where a take ended.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    /// Whole messages that ended before it.
    messages: u64,
    /// Whether it may stand inside a message.
    inside: bool,
}

/// A take in the making.
struct Taking {
    chunk: ChunkRef,
    offset: usize,
    slot: usize,
    body_done: usize,
    base: u64,
    limits: TakeLimits,
    copied: usize,
    bytes: usize,
    ranges: usize,
    cut: Cut,
}

impl Reader {
    /// Lends committed bytes from the cursor on to `batch`, within `limits`, and returns how many. What an earlier
    /// take lent and [`Self::sent`] did not confirm is lent again.
    pub(crate) fn take(&mut self, limits: TakeLimits, batch: &mut Batch) -> usize {
        debug_assert_eq!(self.role, Role::Engine, "applications walk");
        if !self.has_data() {
            self.take.in_flight = 0;
            return 0;
        }
        let mut taking = Taking {
            // SAFETY: the cursor's chunk is not retired while this borrows the reader, and neither are the
            // chunks behind it.
            chunk: unsafe { self.chunk.alias() },
            offset: self.offset,
            slot: self.slot,
            body_done: self.take.body_done,
            base: self.take.base,
            limits,
            copied: 0,
            bytes: 0,
            ranges: 0,
            cut: Cut {
                messages: self.consumed,
                inside: self.take.inside,
            },
        };
        taking.run(batch);
        self.take.in_flight = taking.bytes;
        self.take.cut = taking.cut;
        if self.high_water_mark.credit_at_take() {
            self.acknowledge(taking.cut.messages);
        }
        taking.bytes
    }

    /// Gives credit for what the last take lent, if that is still on its way.
    pub(super) fn acknowledge_take(&mut self) {
        if self.take.in_flight > 0 {
            self.acknowledge(self.take.cut.messages);
        }
    }

    /// Says that the kernel accepted the first `bytes` of what the last take lent.
    ///
    /// # Panics
    /// If that is more than was lent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        assert!(
            bytes <= self.take.in_flight,
            "more bytes accepted than were lent"
        );
        let cut = (bytes == self.take.in_flight).then_some(self.take.cut);
        self.take.in_flight = 0;
        self.advance(bytes);
        if let Some(cut) = cut {
            self.consumed = cut.messages;
            self.take.inside = cut.inside;
        }
        // Retires what is passed, so that a quiet pipe holds one chunk.
        self.has_data();
        self.acknowledge(self.consumed);
    }

    /// Moves the cursor. A short send ends where it ends: unless that is next to a reference, whether it is a
    /// message boundary is not looked up, and counts as not.
    fn advance(&mut self, mut bytes: usize) {
        let mut commit = self.see_committed();
        while bytes > 0 {
            let page_end = self.slot_at.min(self.end);
            if self.offset < page_end {
                let step = bytes.min(page_end - self.offset);
                self.offset += step;
                bytes -= step;
                self.take.inside = true;
            } else if self.slot < self.refs {
                bytes -= self.advance_in_body(bytes);
            } else {
                assert!(commit.is_sealed(), "a take ends at the committed end");
                self.next_chunk();
                commit = self.see_committed();
                self.consumed = self.take.base;
            }
        }
    }

    fn advance_in_body(&mut self, bytes: usize) -> usize {
        // SAFETY: the slot is committed and not passed.
        let slot = unsafe { self.chunk.slot(self.slot) };
        let (len, ended, more) = (slot.body.len(), slot.messages_after(), slot.more);
        let step = bytes.min(len - self.take.body_done);
        self.take.body_done += step;
        self.take.inside = true;
        if self.take.body_done == len {
            self.take.body_done = 0;
            self.take.inside = more;
            self.consumed = self.take.base + ended;
            self.slot += 1;
            self.release_slots();
            self.find_slot();
        }
        step
    }

    /// Whether session frames may go out now: the cursor is known to stand between messages.
    pub(crate) const fn is_at_message_boundary(&self) -> bool {
        !self.take.inside
    }
}

impl Taking {
    fn run(&mut self, batch: &mut Batch) {
        loop {
            let commit = self.chunk.committed();
            if self.offset == 0 && self.slot == 0 && self.body_done == 0 && commit.bytes() > 0 {
                self.cut.inside = self.chunk.first_message() != 0;
            }
            if self.take_from_chunk(commit, batch) {
                return;
            }
            self.cut = Cut {
                messages: self.base + commit.messages(),
                inside: false,
            };
            if !commit.is_sealed() {
                // What is committed last ends a message.
                return;
            }
            self.base += commit.messages();
            self.chunk = self.chunk.next().expect("a sealed chunk is linked");
            self.offset = 0;
            self.slot = 0;
        }
    }

    /// Takes what the chunk has; returns whether a limit ended the take.
    fn take_from_chunk(&mut self, commit: Commit, batch: &mut Batch) -> bool {
        loop {
            let has_slot = self.slot < commit.refs();
            let page_end = if has_slot {
                // SAFETY: the slot is committed.
                unsafe { self.chunk.slot_at(self.slot) }
            } else {
                commit.bytes()
            };
            if self.offset < page_end && !self.take_page(page_end, batch) {
                return true;
            }
            if !has_slot {
                return false;
            }
            if !self.take_body(batch) {
                return true;
            }
        }
    }

    fn take_page(&mut self, end: usize, batch: &mut Batch) -> bool {
        let bytes = end - self.offset;
        let first = self.ranges == 0;
        let fits = self.copied + bytes <= self.limits.copied_bytes_max
            && self.bytes + bytes <= self.limits.bytes_max
            && self.ranges < self.limits.ranges_max;
        if !fits && !first {
            return false;
        }
        batch.lend_page(&self.chunk, self.offset, bytes);
        self.offset = end;
        self.copied += bytes;
        self.bytes += bytes;
        self.ranges += 1;
        true
    }

    fn take_body(&mut self, batch: &mut Batch) -> bool {
        // SAFETY: the slot is committed and not passed.
        let slot = unsafe { self.chunk.slot(self.slot) };
        let rest = slot.body.len() - self.body_done;
        let step = rest.min(self.limits.bytes_max.saturating_sub(self.bytes));
        self.cut = Cut {
            messages: self.base + u64::from(slot.messages),
            inside: true,
        };
        if step == 0 || self.ranges >= self.limits.ranges_max {
            return false;
        }
        batch.lend_body(&slot.body, self.body_done, step);
        self.bytes += step;
        self.ranges += 1;
        if step < rest {
            self.body_done += step;
            return false;
        }
        self.body_done = 0;
        self.cut = Cut {
            messages: self.base + slot.messages_after(),
            inside: slot.more,
        };
        self.slot += 1;
        true
    }
}
