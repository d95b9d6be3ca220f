//! The engine's way of reading where bytes cannot go out as they are: whole messages are visited, transformed
//! into the connection's own buffer, and skipped once that was accepted.

use super::Reader;
use super::walker::{ChunkBytes, FrameBody, PipeFrame};

impl Reader {
    /// Shows the frames of whole messages (and of commands between them) from the cursor on, and consumes nothing.
    /// No message starts once `bytes_max` bytes were shown. Returns how many messages and commands were shown.
    ///
    /// # Panics
    /// If the cursor stands inside a message.
    pub(crate) fn visit_messages(
        &mut self,
        bytes_max: usize,
        mut show: impl FnMut(PipeFrame<'_>),
    ) -> usize {
        assert!(
            !self.take.inside,
            "whole messages are visited from a boundary"
        );
        if !self.has_data() {
            return 0;
        }
        // SAFETY: the cursor's chunk is not retired while this borrows the reader, nor are those behind it.
        let mut chunk = unsafe { self.chunk.alias() };
        let (mut offset, mut slot) = (self.offset, self.slot);
        let mut commit = chunk.committed();
        let (mut bytes, mut shown, mut in_message) = (0, 0, false);
        loop {
            if offset == commit.bytes() {
                if !commit.is_sealed() {
                    return shown;
                }
                chunk = chunk.next().expect("a sealed chunk is linked");
                commit = chunk.committed();
                (offset, slot) = (0, 0);
                continue;
            }
            if !in_message && bytes >= bytes_max {
                return shown;
            }
            let head = Self::head_at(&chunk, offset);
            offset += head.bytes;
            // SAFETY: the slot is committed.
            let by_reference = slot < commit.refs() && unsafe { chunk.slot_at(slot) } == offset;
            let body = if by_reference {
                // SAFETY: the slot is not passed, so its body is there.
                FrameBody::Body(unsafe { &chunk.slot(slot).body })
            } else {
                // SAFETY: the frame is committed.
                let range = unsafe { chunk.bytes(offset, head.body) };
                FrameBody::Bytes(ChunkBytes::new(range, &chunk, None))
            };
            let more = head.more();
            show(PipeFrame {
                more,
                command: head.is_command(),
                body,
                info: chunk.info(),
            });
            if by_reference {
                slot += 1;
            } else {
                offset += head.body;
            }
            bytes += head.bytes + head.body;
            in_message = more;
            shown += usize::from(!more);
        }
    }

    /// Consumes the first `messages` of what [`Self::visit_messages`] showed.
    ///
    /// # Panics
    /// If there are fewer.
    pub(crate) fn skip_messages(&mut self, messages: usize) {
        let mut left = messages;
        while left > 0 {
            assert!(self.has_data(), "only what was shown is skipped");
            let head = Self::head_at(&self.chunk, self.offset);
            self.pass_frame(head.bytes, head.body);
            self.release_body();
            self.consumed += u64::from(!head.more() && !head.is_command());
            left -= usize::from(!head.more());
        }
        self.acknowledge(self.consumed);
    }
}
