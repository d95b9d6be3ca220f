//! Rolling an unfinished message back: the writer stands at its mark again, as if nothing had been written.

use super::Writer;
use super::writer::same_info;
use crate::memory::{Commit, NO_MESSAGE, SLOT_BYTES};

impl Writer {
    /// Drops the unfinished message and the tail. Returns whether there was an unfinished message.
    ///
    /// Bodies that were written by reference are released on this thread.
    pub(crate) fn abort(&mut self) -> bool {
        self.tail = 0;
        if self.parts == 0 {
            return false;
        }
        self.roll_back();
        if !same_info(self.chunk.info(), self.info.as_ref()) {
            // The message began under an earlier connection's chunk: what follows gets a chunk of its own.
            self.roll(0);
        }
        true
    }

    /// Makes the marked chunk the open one again, and frees what was opened since.
    pub(super) fn roll_back(&mut self) {
        let open = Commit::open(self.slots, self.offset, self.messages);
        // SAFETY: the marked chunk becomes the open one, which the reader never retires.
        let marked = unsafe { self.mark.chunk.alias() };
        let newest = std::mem::replace(&mut self.chunk, marked);
        let same = newest.is(&self.chunk);
        let filled = if same {
            self.slots
        } else {
            self.chunk.seal().refs()
        };
        let mut later = if same { None } else { self.chunk.next() };
        self.offset = self.mark.offset;
        self.slots = self.mark.slots;
        self.messages = self.mark.messages;
        self.limit = self.chunk.page_bytes() - self.slots * SLOT_BYTES;
        self.parts = 0;
        self.tail = 0;
        self.has_start = (self.chunk.first_message() as usize) < self.offset;
        if !self.has_start {
            self.chunk.set_first_message(NO_MESSAGE);
        }
        for slot in self.mark.slots..filled {
            // SAFETY: slots behind the mark are filled, unpublished, and no longer counted by anything.
            unsafe { self.chunk.drop_slot(slot) };
        }
        while let Some(chunk) = later {
            let is_newest = chunk.is(&newest);
            let refs = if is_newest {
                open.refs()
            } else {
                chunk.seal().refs()
            };
            for slot in 0..refs {
                // SAFETY: the whole chunk lies behind the mark, so its slots are the writer's.
                unsafe { chunk.drop_slot(slot) };
            }
            later = if is_newest { None } else { chunk.next() };
            self.sealed_chunks -= 1;
            // SAFETY: the pipe's unit of a chunk that no reader can reach.
            unsafe { chunk.give_up(1) };
        }
    }
}
