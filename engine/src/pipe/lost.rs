//! What happens to an engine's cursor when its connection is lost.
//!
//! A message of which the kernel accepted a part is dropped: its rest means nothing to the next connection, and to
//! send it again from its start could block the pipe for ever if a peer refuses it. What lies behind it stays.

use super::Reader;
use crate::memory::Commit;

/// A place in a chunk, in the order of the stream: page bytes, slots, then bytes of the next slot's body.
type Place = (usize, usize, usize);

/// Where a message or a command between messages starts.
struct Start {
    offset: usize,
    slot: usize,
    /// Messages that ended before it in its chunk.
    ended: u64,
    /// A command stands before it. One that was half sent is dropped like a message, but it is none.
    behind_command: bool,
}

impl Reader {
    /// Moves the cursor from the last byte that the kernel accepted to the next start of a message. Returns
    /// whether a message was dropped for that; it has got its credit back.
    pub(crate) fn connection_lost(&mut self) -> bool {
        self.take.in_flight = 0;
        if !self.take.inside {
            return false;
        }
        let mut dropped = false;
        loop {
            let commit = self.see_committed();
            let here = (self.offset, self.slot, self.take.body_done);
            if let Some(start) = self.next_start(commit, here) {
                dropped |= (start.offset, start.slot, 0) != here && !start.behind_command;
                self.go_to(start.offset, start.slot, self.take.base + start.ended);
                break;
            }
            // A chunk without a start behind here ends inside a message.
            dropped |= here != (self.end, self.refs, 0);
            self.go_to(self.end, self.refs, 0);
            self.next_chunk();
        }
        self.take.inside = false;
        self.acknowledge(self.consumed);
        dropped
    }

    /// The first start at or behind `here` in the chunk.
    fn next_start(&self, commit: Commit, here: Place) -> Option<Start> {
        let (mut offset, mut slot, mut ended) = (0, 0, 0);
        let (mut is_start, mut behind_command) = (self.chunk.first_message() == 0, false);
        loop {
            let start = Start {
                offset,
                slot,
                ended,
                behind_command,
            };
            if is_start && (offset, slot, 0) >= here {
                return Some(start);
            }
            if offset == commit.bytes() {
                debug_assert!(
                    commit.is_sealed() || is_start,
                    "what is committed ends a message"
                );
                return (!commit.is_sealed()).then_some(start);
            }
            let head = Self::head_at(&self.chunk, offset);
            offset += head.bytes;
            // SAFETY: the slot is committed; only its place is read.
            if slot < commit.refs() && unsafe { self.chunk.slot_at(slot) } == offset {
                slot += 1;
            } else {
                offset += head.body;
            }
            ended += u64::from(!head.more() && !head.is_command());
            is_start = !head.more();
            behind_command = head.is_command();
        }
    }

    fn go_to(&mut self, offset: usize, slot: usize, consumed: u64) {
        self.offset = offset;
        self.slot = slot;
        self.take.body_done = 0;
        self.consumed = consumed;
        self.release_slots();
        self.find_slot();
    }

    /// Drops everything that is published. Returns how many whole messages the peer did not get: those in the
    /// pipe, and the one of which it got a part.
    pub(crate) fn discard(&mut self) -> u64 {
        let half_sent = self.connection_lost();
        let before = self.consumed;
        let commit = self.pass_all();
        self.consumed = self.take.base + commit.messages();
        self.acknowledge(self.consumed);
        let peeked = self.peeked.take().is_some();
        self.consumed - before + u64::from(half_sent) + u64::from(peeked)
    }
}
