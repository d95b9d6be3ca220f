//! Reference slots: how a chunk names a body that lies outside its page.
//!
//! Slots have a fixed size and grow down from the end of the page. A slot belongs to the writer until the commit
//! that counts it, then to the reader, who drops its body when it has passed it.

use super::Body;

/// One body by reference.
pub(crate) struct Slot {
    /// Page offset at which the body belongs: right behind its frame header.
    pub(crate) offset: u32,
    /// Whole messages that ended in this chunk before this frame.
    pub(crate) messages: u32,
    /// Whether the frame has the MORE flag, so that it does not end its message.
    pub(crate) more: bool,
    /// Whether the frame is a command, which belongs to no message.
    pub(crate) command: bool,
    /// The body; it holds the pointer and length, and keeps the memory.
    pub(crate) body: Body,
}

impl Slot {
    /// Whole messages that ended in this chunk once this frame is counted.
    pub(crate) fn messages_after(&self) -> u64 {
        u64::from(self.messages) + u64::from(!self.more && !self.command)
    }
}

/// Page bytes that a slot takes.
pub(crate) const SLOT_BYTES: usize = size_of::<Slot>();
