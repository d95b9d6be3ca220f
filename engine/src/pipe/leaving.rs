//! How halves leave, and who says what is left: of two halves, the one that leaves second.
//!
//! ```text
//!   writer:  last commit ─── swap left ──▶ was it set?  then it counts what was published and not acknowledged
//!   reader:  discard, ack ── swap left ──▶ was it set?  then it discards what was published meanwhile, too
//! ```
//!
//! So every published message is consumed, or counted once, however the two leave. A half that is merely dropped
//! takes part, too; it only tells nobody.

use super::{Reader, Writer};
use crate::sync::Ordering;

impl Writer {
    /// Drops this half; what is published can still be read. Returns how many messages nobody will read: none
    /// while there is a reader, which counts them itself when it leaves.
    pub(crate) fn leave(mut self) -> u64 {
        if self.close() { self.outstanding() } else { 0 }
    }

    /// What [`Self::leave`] would return now, but for unpublished messages.
    pub(crate) fn stranded(&self) -> u64 {
        // ORDERING: pairs with the swap in the reader's `mark_left`: after it, its last acknowledgement is visible.
        if self.shared.flags.left.load(Ordering::Acquire) {
            self.outstanding()
        } else {
            0
        }
    }

    /// Notes that this half leaves; returns whether the reader had left before.
    pub(super) fn mark_left(&mut self) -> bool {
        self.left = true;
        // ORDERING: pairs with the same swap of the reader: the second sees all that the first did.
        self.shared.flags.left.swap(true, Ordering::AcqRel)
    }
}

impl Reader {
    /// Drops this half and everything that is published. Returns how many whole messages those were; what is
    /// published from now on is counted by the writer when it leaves.
    pub(crate) fn leave(mut self) -> u64 {
        let dropped = self.discard();
        if self.mark_left() {
            // What was published between the two looks is the writer's last.
            dropped + self.discard()
        } else {
            dropped
        }
    }

    /// Notes that this half leaves; returns whether the writer had left before.
    pub(super) fn mark_left(&mut self) -> bool {
        self.left = true;
        // ORDERING: pairs with the same swap of the writer: the second sees all that the first did.
        self.shared.flags.left.swap(true, Ordering::AcqRel)
    }
}
