//! What one receive lends to a driver: the unfilled end of a large body.

use ringmq_driver::Incoming;

use crate::memory::BodyBuffer;

/// A large body on its way in. The memory stays in place while the value is moved, until
/// [`Self::filled`](Self::filled).
#[derive(Debug)]
pub(crate) struct Filling(BodyBuffer);

impl Filling {
    /// Lends the rest of `buffer`, which must not be complete.
    pub(crate) fn new(buffer: BodyBuffer) -> Self {
        debug_assert!(!buffer.is_complete(), "a receive lends at least one byte");
        Self(buffer)
    }

    /// Says that the driver wrote `bytes` bytes, and returns the buffer.
    pub(crate) fn filled(mut self, bytes: usize) -> BodyBuffer {
        self.0.filled(bytes);
        self.0
    }
}

impl Incoming for Filling {
    fn space(&mut self) -> &mut [u8] {
        self.0.space()
    }
}
