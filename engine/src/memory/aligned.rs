//! Heap memory of large bodies: aligned, wholly initialised, and given back to the pool it came from.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::mem;
use std::ptr::NonNull;

use super::BodyPool;

/// Bodies we allocate are aligned for the widest scalar of C, as callers of `zmq_msg_data` expect.
const ALIGNMENT: usize = 16;

/// One allocation; freed when dropped.
#[derive(Debug)]
pub(super) struct Block {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: it owns its memory as a vector would.
unsafe impl Send for Block {}
// SAFETY: shared references give only the address.
unsafe impl Sync for Block {}

/// The aligned address of no memory.
#[repr(align(16))]
struct Nowhere;

impl Block {
    const EMPTY: Self = Self {
        start: NonNull::<Nowhere>::dangling().cast(),
        capacity: 0,
    };

    /// `capacity` bytes, all zero; at least one.
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "no memory needs no block");
        let layout = Self::layout(capacity);
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        Self { start, capacity }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(capacity, ALIGNMENT)
            .expect("a body that was received in part is below isize::MAX")
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: the memory was allocated with this layout and is not used again.
            unsafe { dealloc(self.start.as_ptr(), Self::layout(self.capacity)) };
        }
    }
}

/// A block that goes back to its pool when dropped.
#[derive(Debug)]
pub(super) struct AlignedMemory {
    block: Block,
    home: Option<BodyPool>,
}

impl AlignedMemory {
    /// No memory.
    pub(super) const EMPTY: Self = Self {
        block: Block::EMPTY,
        home: None,
    };

    /// Where the memory starts.
    pub(super) const fn start(&self) -> NonNull<u8> {
        self.block.start
    }

    /// How many bytes there are.
    pub(super) const fn capacity(&self) -> usize {
        self.block.capacity
    }

    /// Grows to at least `capacity` bytes, keeping the first `used`. All bytes are initialised.
    pub(super) fn grow(&mut self, capacity: usize, used: usize, pool: &BodyPool) {
        debug_assert!(capacity > self.capacity(), "memory only grows");
        let larger = Self {
            block: pool.take(capacity),
            home: Some(pool.clone()),
        };
        let (from, to) = (self.start().as_ptr(), larger.start().as_ptr());
        // SAFETY: both blocks hold at least `used` bytes, and they are two allocations.
        unsafe { to.copy_from_nonoverlapping(from, used) };
        *self = larger;
    }
}

impl Drop for AlignedMemory {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.give(mem::replace(&mut self.block, Block::EMPTY));
        }
    }
}
