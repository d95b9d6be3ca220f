//! Commands that a pattern writes for its peer: SUBSCRIBE, CANCEL, JOIN, LEAVE.
//!
//! They keep their place between the messages and are published like them, but count as none: a full pipe takes
//! them, since what they say is state that the application bounds. This file must not know what they mean.

use super::Writer;
use super::frame::COMMAND;
use crate::memory::Body;

impl Writer {
    /// Writes a command frame with a copy of `body`, its name included. It needs no credit.
    ///
    /// Nothing is visible to the reader until [`Self::publish`].
    ///
    /// # Panics
    /// If a message is unfinished.
    pub(crate) fn write_command(&mut self, body: &[u8]) {
        self.assert_between_messages();
        self.write_copy(COMMAND, body);
        self.set_mark();
    }

    /// Writes a command frame whose body, its name included, goes by reference.
    ///
    /// # Panics
    /// If a message is unfinished, or the body is empty: a command has a name.
    pub(crate) fn write_command_body(&mut self, body: Body) {
        self.assert_between_messages();
        assert!(!body.is_empty(), "a command has a name");
        self.write_reference(COMMAND, body);
        self.set_mark();
    }

    fn assert_between_messages(&self) {
        assert_eq!(self.parts, 0, "commands are written between messages");
    }
}
