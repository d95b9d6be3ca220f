//! Readers that nobody owns yet: on their way from one application to another, or waiting until there is another.
//!
//! A writer may write all the while. Nobody can wait for such a pipe, so nobody need know whom to wake.

use super::{Owner, PipeConfig, Reader, Writer, pipe};
use crate::memory::Pool;

/// The reading half of a pipe whose reader has no owner yet. A claimed one is a [`Reader`] like others.
#[derive(Debug)]
pub(crate) struct Unclaimed(Reader);

/// Makes a pipe whose reader will be claimed later. The chunks come from `pool`, which is the writer's.
pub(crate) fn pipe_to_claim(
    config: PipeConfig,
    pool: Pool,
    writer_owner: Owner,
    writer_key: u64,
) -> (Writer, Unclaimed) {
    // The writer's owner stands in where one must be named.
    let stand_in = writer_owner.clone();
    let (writer, reader) = pipe(config, pool, writer_owner, writer_key, stand_in, 0);
    (writer, Unclaimed(reader))
}

impl Unclaimed {
    /// The reader, which `owner` waits for from now on.
    pub(crate) fn claim(self, owner: &Owner) -> Reader {
        // SAFETY: a reader that is not claimed cannot be asked to wait.
        unsafe { self.0.shared.readable.set_owner(owner) };
        self.0
    }

    /// Whether a message is there; commands are none.
    pub(crate) fn has_message(&mut self) -> bool {
        self.0.has_message()
    }

    /// Drops the reader and everything that is published. Returns how many whole messages those were.
    pub(crate) fn leave(self) -> u64 {
        self.0.leave()
    }
}
