//! A large body while it is being received.
//!
//! A peer announces a body's size long before it sends the body. The buffer therefore grows with the bytes that
//! have really come, and never reserves more than a fixed start, twice of what it holds, or what the same peer has
//! already sent in one body.

use super::aligned::AlignedMemory;
use super::{Body, BodyPool};

/// Bytes that may be reserved before any has come.
const RESERVED_BYTES_MIN: usize = 64 << 10;

/// Memory for one body of known size, filled from its start.
///
/// The pointer that [`Self::space`] returns stays valid, and its memory in place, until [`Self::filled`] is called
/// or the buffer is dropped, even if the buffer itself is moved: it may be lent to the kernel meanwhile.
#[derive(Debug)]
pub(crate) struct BodyBuffer {
    memory: AlignedMemory,
    /// Where memory is taken from, and goes back to.
    pool: BodyPool,
    /// Bytes that may be reserved at once, whatever has come.
    trusted: usize,
    /// Bytes that have come.
    received: usize,
    /// Bytes that will have come when the body is complete.
    total: usize,
}

impl BodyBuffer {
    /// A buffer for a body of `total` bytes, which reserves nothing yet. The peer has sent bodies of `trusted`
    /// bytes before: so many may be reserved at once.
    pub(crate) const fn new(pool: BodyPool, total: usize, trusted: usize) -> Self {
        Self {
            memory: AlignedMemory::EMPTY,
            pool,
            trusted,
            received: 0,
            total,
        }
    }

    /// Bytes of the whole body.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    /// The memory for the next bytes; empty only when the body is complete.
    ///
    /// Calling it again before [`Self::filled`] returns the same memory.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.received == self.memory.capacity() && self.received < self.total {
            let reserve = RESERVED_BYTES_MIN
                .max(self.trusted)
                .max(self.received.saturating_mul(2))
                .min(self.total);
            self.memory.grow(reserve, self.received, &self.pool);
        }
        let end = self.memory.capacity().min(self.total);
        let start = self.memory.start().as_ptr().wrapping_add(self.received);
        // SAFETY: the range is the unfilled end of memory that this buffer owns, and all of it is initialised.
        unsafe { std::slice::from_raw_parts_mut(start, end - self.received) }
    }

    /// Says that `bytes` more bytes have been written to the start of [`Self::space`].
    ///
    /// # Panics
    /// If that is more than the space holds: a driver that says so is broken.
    pub(crate) fn filled(&mut self, bytes: usize) {
        assert!(
            bytes <= self.memory.capacity().min(self.total) - self.received,
            "more bytes than were lent"
        );
        self.received += bytes;
    }

    /// Copies bytes that came in another way; returns how many the body still took.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.missing());
        bytes = &bytes[..taken];
        while !bytes.is_empty() {
            let space = self.space();
            let step = space.len().min(bytes.len());
            space[..step].copy_from_slice(&bytes[..step]);
            self.filled(step);
            bytes = &bytes[step..];
        }
        taken
    }

    /// Bytes that have not come yet.
    pub(crate) const fn missing(&self) -> usize {
        self.total - self.received
    }

    /// Whether every byte has come.
    pub(crate) const fn is_complete(&self) -> bool {
        self.missing() == 0
    }

    /// The body.
    ///
    /// # Panics
    /// If bytes are missing.
    pub(crate) fn finish(self) -> Body {
        assert!(self.is_complete(), "a body is made of all its bytes");
        Body::from_aligned(self.memory, self.total)
    }

    /// Bytes that are reserved.
    #[cfg(test)]
    pub(super) const fn reserved(&self) -> usize {
        self.memory.capacity()
    }
}
