//! The application's way of reading: frame by frame, in place.
//!
//! A frame's bytes are lent until the next call, or held by a slice: slices take units that the reader has bought
//! for the whole chunk with one atomic addition.

use std::cell::Cell;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use super::frame::{COMMAND, Head, MORE};
use super::reader::NO_SLOT;
use super::{Reader, Role};
use crate::memory::{Body, ChunkRef, ConnectionInfo, Slice};

/// Units bought at once: more than a chunk has frames.
const WEIGHT: usize = 1 << 16;

/// One frame of a pipe.
#[derive(Debug)]
pub(crate) struct PipeFrame<'a> {
    /// Whether the message goes on.
    pub(crate) more: bool,
    /// Whether the frame is a command, which stands between messages and is none. Walkers see commands only once
    /// they asked to: [`Reader::show_commands`].
    pub(crate) command: bool,
    /// The body.
    pub(crate) body: FrameBody<'a>,
    /// The connection it came from.
    pub(crate) info: Option<&'a Arc<ConnectionInfo>>,
}

/// Where a frame's body lies.
#[derive(Debug)]
pub(crate) enum FrameBody<'a> {
    /// In the chunk.
    Bytes(ChunkBytes<'a>),
    /// Outside, by reference.
    Body(&'a Body),
    /// In no pipe: a pattern made it.
    Made(&'a [u8]),
}

impl Deref for FrameBody<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Body(body) => body,
            Self::Made(bytes) => bytes,
        }
    }
}

/// Bytes of a chunk, lent by the reader.
#[derive(Debug)]
pub(crate) struct ChunkBytes<'a> {
    bytes: &'a [u8],
    chunk: &'a ChunkRef,
    /// Units bought ahead; without them each hold buys its own.
    weight: Option<&'a Cell<usize>>,
}

impl<'a> ChunkBytes<'a> {
    /// Bytes that lie committed in `chunk`.
    #[inline]
    pub(super) const fn new(
        bytes: &'a [u8],
        chunk: &'a ChunkRef,
        weight: Option<&'a Cell<usize>>,
    ) -> Self {
        Self {
            bytes,
            chunk,
            weight,
        }
    }

    /// Keeps the bytes readable for as long as the result lives, on any thread.
    #[inline]
    pub(crate) fn hold(&self) -> Slice {
        match self.weight {
            Some(weight) if weight.get() > 0 => weight.set(weight.get() - 1),
            Some(weight) => {
                self.chunk.buy(WEIGHT);
                weight.set(WEIGHT - 1);
            }
            None => self.chunk.buy(1),
        }
        // SAFETY: the bytes lie committed in this chunk, and a unit was taken for the slice.
        unsafe {
            self.chunk
                .slice(NonNull::from(self.bytes).cast(), self.bytes.len())
        }
    }
}

impl Deref for ChunkBytes<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl Reader {
    /// From now on commands are frames like others, except that they count as no message. For the socket types
    /// whose peers subscribe.
    pub(crate) const fn show_commands(&mut self) {
        self.shows_commands = true;
    }

    /// Whether a frame is there that [`Self::next_frame`] would return. Commands before it are skipped, unless
    /// they are shown.
    #[inline]
    pub(crate) fn has_message(&mut self) -> bool {
        if self.conflates {
            return self.peek_newest().is_some();
        }
        self.peek().is_some()
    }

    /// The head of the next frame that is shown.
    #[inline]
    fn peek(&mut self) -> Option<Head> {
        loop {
            if self.offset == self.end && !self.refill() {
                return None;
            }
            let head = Self::head_at(&self.chunk, self.offset);
            if head.flags & COMMAND == 0 || self.shows_commands {
                return Some(head);
            }
            self.pass_frame(head.bytes, head.body);
        }
    }

    /// The body of the next frame, which stays the next.
    pub(crate) fn next_body(&mut self) -> Option<&[u8]> {
        if self.conflates {
            return self.peek_newest();
        }
        let head = self.peek()?;
        let body_at = self.offset + head.bytes;
        if body_at == self.slot_at {
            // SAFETY: the slot is committed and not passed, so its body is there.
            return Some(unsafe { &self.chunk.slot(self.slot).body });
        }
        // SAFETY: the frame is committed, and the chunk is kept until the next call at least.
        Some(unsafe { self.chunk.bytes(body_at, head.body) })
    }

    /// The next frame, unless the pipe is empty. Once a message has begun, the rest of it is there.
    ///
    /// The message counts as consumed with its last frame.
    #[inline]
    pub(crate) fn next_frame(&mut self) -> Option<PipeFrame<'_>> {
        if self.conflates {
            return self.next_newest();
        }
        self.walk()
    }

    /// The next frame that the pipe itself carries.
    #[inline]
    pub(super) fn walk(&mut self) -> Option<PipeFrame<'_>> {
        if self.released != self.slot {
            self.release_slots();
        }
        let head = self.peek()?;
        let body_at = self.offset + head.bytes;
        let by_reference = self.pass_frame(head.bytes, head.body);
        if head.flags & (MORE | COMMAND) == 0 {
            self.consumed += 1;
            if self.consumed - self.acked >= self.step && self.role == Role::Application {
                self.acknowledge(self.consumed);
            }
        }
        let body = if by_reference {
            // SAFETY: the slot is committed, and its body is dropped no sooner than at the next call.
            FrameBody::Body(unsafe { &self.chunk.slot(self.slot - 1).body })
        } else {
            // SAFETY: the frame is committed, and the chunk is kept until the next call at least.
            let bytes = unsafe { self.chunk.bytes(body_at, head.body) };
            FrameBody::Bytes(ChunkBytes::new(bytes, &self.chunk, Some(&self.weight)))
        };
        let info = self.info.map(|info| {
            // SAFETY: it points into the chunk's header, and the facts are fixed once bytes are committed.
            unsafe { info.as_ref() }
        });
        Some(PipeFrame {
            more: head.more(),
            command: head.is_command(),
            body,
            info,
        })
    }

    /// Drops the body that the last frame lent by reference, which otherwise waits for the next call. Call it
    /// once the body is copied or cloned, so that its owner learns in time that it was released.
    #[inline]
    pub(crate) fn release_body(&mut self) {
        if self.conflates {
            self.lent = None;
        }
        if self.released != self.slot {
            self.release_slots();
        }
    }

    /// Moves behind a frame; returns whether its body is a reference.
    #[inline]
    pub(super) fn pass_frame(&mut self, head: usize, body: usize) -> bool {
        let body_at = self.offset + head;
        if body_at == self.slot_at {
            self.offset = body_at;
            self.slot += 1;
            self.find_slot();
            return true;
        }
        self.offset = body_at + body;
        debug_assert!(
            self.offset <= self.end && (self.slot_at == NO_SLOT || self.offset < self.slot_at)
        );
        false
    }

    /// Asks to be listed when a message comes, or the writer goes. Returns false if there is one already, or the
    /// writer is gone: then nothing is asked.
    pub(crate) fn wait_for_message(&mut self) -> bool {
        self.release_body();
        self.park();
        if self.has_message() || self.is_closing() {
            self.unpark();
            return false;
        }
        true
    }
}
