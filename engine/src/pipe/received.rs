//! The writer of an inbound pipe: bytes are received behind the frames, then framed where they lie.
//!
//! ```text
//!   │ frames …………… │ tail: received, not framed │ spare │ ◀ slots │
//!                    ▲ offset
//! ```
//!
//! The caller scans the tail and says what of it is frames. This file must not know what a frame means.

use std::sync::Arc;

use super::Writer;
use super::writer::same_info;
use crate::memory::{Body, ConnectionInfo};

/// The most spare bytes that may be asked for.
pub(crate) const SPARE_BYTES_MAX: usize = 8 << 10;

impl Writer {
    /// The free bytes behind the tail, at least `min` of them. If the open chunk has fewer, a new one is opened
    /// and the tail moves there.
    ///
    /// # Panics
    /// If the tail and `min` do not fit the largest chunk together: longer bodies are received outside.
    pub(crate) fn spare(&mut self, min: usize) -> &mut [u8] {
        assert!(
            min <= SPARE_BYTES_MAX,
            "spare bytes are asked for in small steps"
        );
        if self.limit - self.offset - self.tail < min {
            self.roll(min);
        }
        let start = self.offset + self.tail;
        // SAFETY: bytes behind the tail and before the slots are free, and the result borrows the writer.
        unsafe { self.chunk.space(start, self.limit - start) }
    }

    /// Says that the first `bytes` of [`Self::spare`] have been written: they are tail now.
    pub(crate) fn extend(&mut self, bytes: usize) {
        assert!(
            bytes <= self.limit - self.offset - self.tail,
            "more bytes than were spare"
        );
        self.tail += bytes;
    }

    /// Received bytes that no frame covers yet.
    pub(crate) fn tail(&self) -> &[u8] {
        // SAFETY: the tail is the writer's, and is not written to while the result borrows the writer.
        unsafe { self.chunk.bytes(self.offset, self.tail) }
    }

    /// Makes the first `bytes` of the tail frames: they are whole frames of v2 framing. `messages` messages ended
    /// in them, and their first `complete` bytes end at a message boundary.
    ///
    /// Commands alone, between messages, are not kept: the application would only skip them, and a peer that
    /// sends nothing else must not fill the pipe.
    pub(crate) fn frame(&mut self, bytes: usize, messages: u32, complete: usize) {
        assert!(
            complete <= bytes && bytes <= self.tail,
            "frames lie in the tail"
        );
        if messages == 0 && complete == bytes && self.parts == 0 {
            return self.drop_tail(bytes);
        }
        self.start_frame();
        if complete > 0 {
            self.offset += complete;
            self.messages += messages;
            self.written += u64::from(messages);
            self.set_mark();
        }
        self.offset += bytes - complete;
        self.parts += u32::from(bytes > complete);
        self.tail -= bytes;
    }

    /// Discards the first `bytes` of the tail.
    pub(crate) fn drop_tail(&mut self, bytes: usize) {
        assert!(bytes <= self.tail, "only the tail is dropped");
        self.tail -= bytes;
        if self.tail > 0 && bytes > 0 {
            let from = self.offset + bytes;
            // SAFETY: both ranges lie in the tail, which is the writer's.
            unsafe { self.chunk.shift(from, self.offset, self.tail) };
        }
    }

    /// Appends a frame whose body was received elsewhere, before any tail. `more` says that the message goes on.
    pub(crate) fn attach_body(&mut self, more: bool, body: Body) {
        self.write_body(more, body);
    }

    /// Says which connection the bytes come from now. Bytes of another one lie in other chunks, so each slice
    /// knows its own. The caller has aborted what the last connection left unfinished.
    ///
    /// # Panics
    /// If a message is unfinished or bytes are not framed.
    pub(crate) fn set_info(&mut self, info: Option<Arc<ConnectionInfo>>) {
        assert!(
            self.parts == 0 && self.tail == 0,
            "a connection's rest is dropped with it"
        );
        if same_info(self.info.as_ref(), info.as_ref()) {
            return;
        }
        self.info = info;
        if self.offset == 0 {
            // Nothing of the chunk was ever committed, so nobody looks at its facts.
            self.chunk.set_info(self.info.clone());
        } else {
            self.roll(0);
        }
    }
}
