//! The writing half: frames go into the open chunk, whole messages are published by one store.
//!
//! ```text
//!   first ─▶ … ─▶ mark.chunk ─▶ … ─▶ chunk
//!   oldest with   end of the last    open; what is framed ends at `offset`, then comes the tail of received
//!   unpublished   whole message      bytes that no frame covers yet, then free space, then the slots
//! ```
//!
//! Everything behind the mark belongs to an unfinished message and can be rolled back. The writer touches a chunk
//! no more once it has published its seal. This file must not know how the reader walks.

use std::fmt;
use std::sync::Arc as StdArc;

use super::credit::{HighWaterMark, NOBODY_WAITS};
use super::frame::{COMMAND, Head, MORE, SHORT_HEAD, long_head};
use super::shared::{Role, Shared, fence_commits};
use crate::memory::Slot;
use crate::memory::{Body, ChunkRef, Commit, ConnectionInfo, Pool, SLOT_BYTES, SizeClass};
use crate::sync::{Arc, Ordering, fence};

/// The end of the last whole message.
pub(super) struct Mark {
    pub(super) chunk: ChunkRef,
    pub(super) offset: usize,
    pub(super) slots: usize,
    pub(super) messages: u32,
}

impl Mark {
    const fn commit(&self) -> Commit {
        Commit::open(self.slots, self.offset, self.messages)
    }
}

/// The writing half of a pipe.
pub(crate) struct Writer {
    /// The open chunk.
    pub(super) chunk: ChunkRef,
    /// Framed bytes in the open chunk.
    pub(super) offset: usize,
    /// Page offset where the open chunk's slots begin.
    pub(super) limit: usize,
    /// Slots used in the open chunk.
    pub(super) slots: usize,
    /// Whole messages that ended in the open chunk.
    pub(super) messages: u32,
    /// Received bytes behind `offset` that no frame covers yet.
    pub(super) tail: usize,
    /// Frames of the unfinished message.
    pub(super) parts: u32,
    /// Whether the open chunk knows its first message start.
    pub(super) has_start: bool,
    /// Where the unfinished message starts.
    pub(super) mark: Mark,
    /// The oldest chunk that is not sealed for the reader.
    first: ChunkRef,
    /// What `first` has published.
    published: Commit,
    /// Whole messages written, cumulative.
    pub(super) written: u64,
    /// Whole messages published, cumulative.
    published_messages: u64,
    /// How many messages may be written, by the reader's count as last looked up; `u64::MAX` without a mark.
    full_at: u64,
    pub(super) high_water_mark: HighWaterMark,
    reader_role: Role,
    /// Chunks before the open one, cumulative.
    pub(super) sealed_chunks: u64,
    /// The connection that is being written from.
    pub(super) info: Option<StdArc<ConnectionInfo>>,
    pool: Pool,
    /// The pipe holds only the newest message.
    pub(super) conflates: bool,
    /// This half has said that it leaves.
    pub(super) left: bool,
    pub(super) shared: Arc<Shared>,
}

// SAFETY: the chunks' unpublished ends and the private state belong to this half alone, on whichever thread it is;
// the rest is shared through atomics.
unsafe impl Send for Writer {}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        pool: Pool,
        chunk: ChunkRef,
        high_water_mark: HighWaterMark,
        reader_role: Role,
    ) -> Self {
        // SAFETY: the reader never retires the open chunk, and `first` moves on before the seal of its
        // chunk is published.
        let first = unsafe { chunk.alias() };
        // SAFETY: the mark lies in the open chunk or before it, and never before `first`.
        let marked = unsafe { chunk.alias() };
        Self {
            offset: 0,
            limit: chunk.page_bytes(),
            slots: 0,
            messages: 0,
            tail: 0,
            parts: 0,
            has_start: false,
            mark: Mark {
                chunk: marked,
                offset: 0,
                slots: 0,
                messages: 0,
            },
            first,
            published: Commit::default(),
            written: 0,
            published_messages: 0,
            full_at: high_water_mark.full_at(0),
            high_water_mark,
            reader_role,
            sealed_chunks: 0,
            info: None,
            pool,
            conflates: shared.newest.is_some(),
            left: false,
            shared,
            chunk,
        }
    }

    // --- frames ------------------------------------------------------------------------------------------

    /// Writes a frame with a copy of `body`. `more` says that the message goes on.
    ///
    /// Nothing is visible to the reader until [`Self::publish`].
    #[inline]
    pub(crate) fn write_frame(&mut self, more: bool, body: &[u8]) {
        self.write_copy(if more { MORE } else { 0 }, body);
        self.end_frame(more);
    }

    #[inline]
    pub(super) fn write_copy(&mut self, flags: u8, body: &[u8]) {
        let head = Head::bytes_for(body.len());
        let need = head + body.len();
        if self.tail != 0 || need > self.limit - self.offset {
            if need > SizeClass::LARGEST.page_bytes() - self.tail {
                return self.write_reference(flags, Body::from(body.to_vec()));
            }
            self.make_room(need);
        }
        self.start_frame();
        self.write_head(flags, body.len());
        // SAFETY: there is room behind the head, which is unpublished and free.
        unsafe { self.chunk.write(self.offset + head, body) };
        self.offset += need;
    }

    /// Writes a frame whose body goes by reference. `more` says that the message goes on.
    pub(crate) fn write_body(&mut self, more: bool, body: Body) {
        let flags = if more { MORE } else { 0 };
        if body.is_empty() {
            self.write_copy(flags, &[]);
        } else {
            self.write_reference(flags, body);
        }
        self.end_frame(more);
    }

    pub(super) fn write_reference(&mut self, flags: u8, body: Body) {
        let head = Head::bytes_for(body.len());
        if self.tail != 0 || head + SLOT_BYTES > self.limit - self.offset {
            self.make_room(head + SLOT_BYTES);
        }
        self.start_frame();
        self.write_head(flags, body.len());
        self.offset += head;
        self.limit -= SLOT_BYTES;
        let offset = u32::try_from(self.offset).expect("a page is at most 64 KiB");
        let slot = Slot {
            offset,
            messages: self.messages,
            more: flags & MORE != 0,
            command: flags & COMMAND != 0,
            body,
        };
        // SAFETY: the slot is the next free one, and there is room for it above the frames.
        unsafe { self.chunk.write_slot(self.slots, slot) };
        self.slots += 1;
    }

    #[inline]
    fn write_head(&self, flags: u8, body: usize) {
        if let Ok(size) = u8::try_from(body) {
            let head: [u8; SHORT_HEAD] = [flags, size];
            // SAFETY: the caller made room, so the range is free.
            unsafe { self.chunk.write(self.offset, &head) };
        } else {
            // SAFETY: the caller made room for a long head, so the range is free.
            unsafe { self.chunk.write(self.offset, &long_head(flags, body)) };
        }
    }

    /// Remembers where the chunk's first message starts.
    #[inline]
    pub(super) fn start_frame(&mut self) {
        if self.parts == 0 && !self.has_start {
            self.has_start = true;
            let offset = u32::try_from(self.offset).expect("a page is at most 64 KiB");
            self.chunk.set_first_message(offset);
        }
    }

    #[inline]
    pub(super) fn end_frame(&mut self, more: bool) {
        if more {
            self.parts += 1;
        } else {
            self.messages += 1;
            self.written += 1;
            self.set_mark();
        }
    }

    /// Everything framed so far is whole.
    #[inline]
    pub(super) fn set_mark(&mut self) {
        self.parts = 0;
        // SAFETY: the open chunk outlives the mark, which moves on before the seal of its chunk is published.
        self.mark.chunk = unsafe { self.chunk.alias() };
        self.mark.offset = self.offset;
        self.mark.slots = self.slots;
        self.mark.messages = self.messages;
    }

    // --- rolling over ------------------------------------------------------------------------------------

    /// Makes `need` free bytes at `offset`, before the tail.
    #[cold]
    fn make_room(&mut self, need: usize) {
        if need + self.tail > self.limit - self.offset {
            self.roll(need);
        }
        if self.tail > 0 {
            let (from, to) = (self.offset, self.offset + need);
            // SAFETY: the tail and the free bytes behind it are the writer's.
            unsafe { self.chunk.shift(from, to, self.tail) };
        }
    }

    /// Opens a new chunk with room for the tail, which moves there, and `need` bytes more.
    #[cold]
    pub(super) fn roll(&mut self, need: usize) {
        let class = self.next_class(self.tail + need);
        let chunk = self.pool.take(class);
        chunk.set_info(self.info.clone());
        if self.tail > 0 {
            // SAFETY: the tail lies behind what is framed, so it is the writer's.
            let tail = unsafe { self.chunk.bytes(self.offset, self.tail) };
            // SAFETY: the new chunk is empty and has room.
            unsafe { chunk.write(0, tail) };
        }
        self.chunk
            .set_seal(Commit::open(self.slots, self.offset, self.messages).sealed());
        self.chunk.link(&chunk);
        self.limit = chunk.page_bytes();
        self.chunk = chunk;
        self.offset = 0;
        self.slots = 0;
        self.messages = 0;
        self.has_start = false;
        self.sealed_chunks += 1;
    }

    /// The class of the next chunk: larger while chunks fill faster than they drain, smaller when this one is
    /// sealed with everything read.
    fn next_class(&self, need: usize) -> SizeClass {
        let least = SizeClass::fitting(need).expect("callers ask for less than the largest page");
        // Relaxed: a hint for a size.
        let retired = self.shared.reader.retired.load(Ordering::Relaxed);
        let class = self.chunk.class();
        if retired < self.sealed_chunks {
            return class.larger().max(least);
        }
        // Relaxed: a hint for a size.
        let unread = self.published_messages - self.shared.reader.acked.load(Ordering::Relaxed);
        let granularity = match self.reader_role {
            Role::Engine => 1,
            Role::Application => self.high_water_mark.step(),
        };
        if unread < granularity {
            class.smaller().max(least)
        } else {
            class.max(least)
        }
    }

    // --- publishing --------------------------------------------------------------------------------------

    /// Makes all whole messages visible, and lists the pipe for the reader's owner if the reader is parked.
    #[inline]
    pub(crate) fn publish(&mut self) {
        if self.commit() {
            fence_commits();
            self.wake_parked_reader();
        }
    }

    /// The first half of [`Self::publish`]: makes whole messages visible; returns whether there were any.
    ///
    /// Fan-out commits to all pipes, calls [`fence_commits`] once, then [`Self::wake_parked_reader`] on each.
    #[inline]
    pub(crate) fn commit(&mut self) -> bool {
        let end = self.mark.commit();
        if self.first.is(&self.mark.chunk) {
            if end == self.published {
                return false;
            }
            self.first.publish(end);
        } else {
            self.commit_chunks(end);
        }
        self.published = end;
        self.published_messages = self.written;
        true
    }

    /// The second half of [`Self::publish`].
    #[inline]
    pub(crate) fn wake_parked_reader(&self) {
        Shared::wake_parked_reader(&self.shared);
    }

    /// Publishes messages that cross chunks. The reader gets to the newer chunks only through the seal of the
    /// oldest, so that is stored last, and it sees all of a message or nothing.
    #[cold]
    fn commit_chunks(&mut self, end: Commit) {
        self.mark.chunk.publish_unreachable(end);
        let mut chunk = self
            .first
            .next()
            .expect("chunks before the marked one are linked");
        while !chunk.is(&self.mark.chunk) {
            chunk.publish_unreachable(chunk.seal());
            chunk = chunk
                .next()
                .expect("chunks before the marked one are linked");
        }
        self.first.publish(self.first.seal());
        self.first = chunk;
    }

    // --- credit ------------------------------------------------------------------------------------------

    /// Whether a new message may start. Later parts of an unfinished message are always admitted.
    #[inline]
    pub(crate) fn can_write(&mut self) -> bool {
        self.written < self.full_at || self.parts > 0 || self.refresh()
    }

    /// Looks the reader's count up, which costs a cache line: only when the pipe looks full.
    #[cold]
    pub(super) fn refresh(&mut self) -> bool {
        // Relaxed: a count that orders nothing; `wait_for_credit` fences.
        let acked = self.shared.reader.acked.load(Ordering::Relaxed);
        self.full_at = self.high_water_mark.full_at(acked);
        self.written < self.full_at
    }

    /// Asks to be listed when the pipe is half empty, or the reader goes. Returns false if there is credit
    /// already, or no reader: then nothing is asked. Publishes what is whole, without which credit never comes.
    pub(crate) fn wait_for_credit(&mut self) -> bool {
        self.publish();
        if self.can_write() || self.is_reader_gone() {
            return false;
        }
        let wake_at = self.high_water_mark.wake_at(self.written);
        let flags = &self.shared.flags;
        // Relaxed: the fence orders it before the second look.
        flags.wake_at.store(wake_at, Ordering::Relaxed);
        // ORDERING: pairs with the fence in `Reader::acknowledge`: it sees us wait or we see its count.
        fence(Ordering::SeqCst);
        if self.refresh() || self.is_reader_gone() {
            // Relaxed: a reader that has seen the old value lists the pipe, which is an event too many.
            self.shared
                .flags
                .wake_at
                .store(NOBODY_WAITS, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Whether the reader is gone: nobody will read what is written.
    #[inline]
    pub(crate) fn is_reader_gone(&self) -> bool {
        // Relaxed: nothing is read through it; `wait_for_credit` fences.
        self.shared.flags.reader_gone.load(Ordering::Relaxed)
    }

    /// Published messages that the reader has not given credit for.
    pub(crate) fn outstanding(&self) -> u64 {
        // Relaxed: a count that orders nothing.
        self.published_messages - self.shared.reader.acked.load(Ordering::Relaxed)
    }

    /// Whole messages written, published or not.
    #[cfg(test)]
    pub(crate) const fn messages_written(&self) -> u64 {
        self.written
    }

    /// Whether frames of a message were written whose last is still to come.
    pub(crate) const fn is_inside_message(&self) -> bool {
        self.parts > 0
    }

    /// Frames of the unfinished message; 0 between messages.
    #[cfg(test)]
    pub(crate) const fn unpublished_parts(&self) -> u32 {
        self.parts
    }

    /// Which size class the open chunk has.
    #[cfg(test)]
    pub(super) fn open_class_index(&self) -> usize {
        self.chunk.class().index()
    }

    // --- the ends ----------------------------------------------------------------------------------------

    /// Publishes the last whole messages and says that no more come, once. Returns whether the reader had left.
    pub(super) fn close(&mut self) -> bool {
        self.roll_back();
        self.commit();
        // Before the reader can see that the pipe is finished: the one that saw it leaves second.
        let reader_left = self.mark_left();
        self.shared.writable.set_gone();
        // ORDERING: pairs with the acquire in `Reader::is_closing`: after it, the last commit is visible.
        self.shared.flags.closing.store(true, Ordering::Release);
        fence_commits();
        self.wake_parked_reader();
        reader_left
    }
}

/// Whether two chunks come from one connection.
pub(super) fn same_info(
    one: Option<&StdArc<ConnectionInfo>>,
    other: Option<&StdArc<ConnectionInfo>>,
) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => StdArc::ptr_eq(one, other),
        _ => false,
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.left {
            self.close();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("written", &self.written)
            .field("published", &self.published_messages)
            .finish_non_exhaustive()
    }
}
