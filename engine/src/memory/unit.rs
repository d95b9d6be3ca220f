//! One unit of a chunk's use count, owned: what keeps a chunk from being recycled.

use super::ChunkRef;

/// One unit of a chunk's use count: while it lives the chunk is not recycled.
#[derive(Debug)]
pub(crate) struct Unit(ChunkRef);

// SAFETY: a unit gives access to a header of atomics and of facts that are immutable while it lives, and its drop
// is one atomic subtraction; recycling hands the chunk to its pool by atomics too. `give_up` orders both.
unsafe impl Send for Unit {}
// SAFETY: sharing a unit gives access to atomics and to facts that do not change.
unsafe impl Sync for Unit {}

impl Unit {
    /// Owns a unit that was bought before.
    ///
    /// # Safety
    /// The caller owns a unit of the chunk and passes it on.
    #[inline]
    pub(crate) const unsafe fn adopt(chunk: &ChunkRef) -> Self {
        // SAFETY: the alias lives inside the unit that keeps the chunk.
        Self(unsafe { chunk.alias() })
    }

    /// The chunk.
    #[inline]
    pub(crate) const fn chunk(&self) -> &ChunkRef {
        &self.0
    }
}

impl Clone for Unit {
    fn clone(&self) -> Self {
        self.0.buy(1);
        // SAFETY: a unit was bought for the copy.
        unsafe { Self::adopt(&self.0) }
    }
}

impl Drop for Unit {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this is the unit's end, and it owned one.
        unsafe { self.0.give_up(1) };
    }
}
