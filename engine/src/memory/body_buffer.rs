//! A large body while it is being received.
//!
//! A peer announces a body's size long before it sends the body. The buffer therefore grows with the bytes that
//! have really come, and never reserves more than a fixed start or twice of what it holds.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

use super::Body;

/// Bytes that may be reserved before any has come.
const RESERVED_BYTES_MIN: usize = 64 << 10;

/// Bodies we allocate are aligned for the widest scalar of C, as callers of `zmq_msg_data` expect.
const ALIGNMENT: usize = 16;

/// Memory for one body of known size, filled from its start.
///
/// The pointer that [`Self::space`] returns stays valid, and its memory in place, until [`Self::filled`] is called
/// or the buffer is dropped, even if the buffer itself is moved: it may be lent to the kernel meanwhile.
#[derive(Debug)]
pub(crate) struct BodyBuffer {
    memory: AlignedMemory,
    /// Bytes that have come.
    received: usize,
    /// Bytes that will have come when the body is complete.
    total: usize,
}

impl BodyBuffer {
    /// A buffer for a body of `total` bytes, which reserves nothing yet.
    pub(crate) const fn new(total: usize) -> Self {
        Self {
            memory: AlignedMemory::EMPTY,
            received: 0,
            total,
        }
    }

    /// The memory for the next bytes; empty only when the body is complete.
    ///
    /// Calling it again before [`Self::filled`] returns the same memory.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.received == self.memory.capacity && self.received < self.total {
            let reserve = RESERVED_BYTES_MIN
                .max(self.received.saturating_mul(2))
                .min(self.total);
            self.memory.grow(reserve);
        }
        let free = self.memory.capacity - self.received;
        let start = self.memory.start().as_ptr().wrapping_add(self.received);
        // SAFETY: the range is the unfilled end of memory that this buffer owns, and `grow` initialised it.
        unsafe { std::slice::from_raw_parts_mut(start, free) }
    }

    /// Says that `bytes` more bytes have been written to the start of [`Self::space`].
    ///
    /// # Panics
    /// If that is more than the space holds: a driver that says so is broken.
    pub(crate) fn filled(&mut self, bytes: usize) {
        assert!(
            bytes <= self.memory.capacity - self.received,
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
        self.memory.capacity
    }
}

/// Heap memory, aligned and wholly initialised.
#[derive(Debug)]
pub(super) struct AlignedMemory {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: it owns its memory as a vector would.
unsafe impl Send for AlignedMemory {}
// SAFETY: shared references give only the address.
unsafe impl Sync for AlignedMemory {}

/// The aligned address of no memory.
#[repr(align(16))]
struct Nowhere;

impl AlignedMemory {
    const EMPTY: Self = Self {
        start: NonNull::<Nowhere>::dangling().cast(),
        capacity: 0,
    };

    /// Where the memory starts.
    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(capacity, ALIGNMENT)
            .expect("a body that was received in part is below isize::MAX")
    }

    /// Grows to `capacity` bytes; the new ones are zero.
    fn grow(&mut self, capacity: usize) {
        debug_assert!(capacity > self.capacity, "memory only grows");
        let layout = Self::layout(capacity);
        if self.capacity == 0 {
            // SAFETY: the layout is not empty, because the capacity is above zero.
            let start = unsafe { alloc_zeroed(layout) };
            self.start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        } else {
            let old = Self::layout(self.capacity);
            // SAFETY: the memory was allocated with `old`, and the new size is not zero.
            let start = unsafe { realloc(self.start.as_ptr(), old, capacity) };
            self.start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
            let fresh = self.start.as_ptr().wrapping_add(self.capacity);
            // SAFETY: these bytes are the new end of the memory.
            unsafe { fresh.write_bytes(0, capacity - self.capacity) };
        }
        self.capacity = capacity;
    }
}

impl Drop for AlignedMemory {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: the memory was allocated with this layout and is not used again.
            unsafe { dealloc(self.start.as_ptr(), Self::layout(self.capacity)) };
        }
    }
}
