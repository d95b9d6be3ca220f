//! A slice: received bytes that stay readable for as long as somebody wants them.
//!
//! A slice owns one unit of its chunk's use count. It may outlive the pipe, the socket and the pool.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use super::{ConnectionInfo, Unit};

/// A range of a chunk's page, shared with nothing that writes to it.
pub(crate) struct Slice {
    bytes: NonNull<u8>,
    len: usize,
    unit: Unit,
}

// SAFETY: the bytes are committed, so nobody writes to them until the chunk is recycled, and the unit, which is
// Send and Sync itself, keeps that from happening. `ChunkRef::slice` upholds both when it makes a slice.
unsafe impl Send for Slice {}
// SAFETY: a shared slice only reads bytes that do not change.
unsafe impl Sync for Slice {}

impl Slice {
    /// A slice of the `len` bytes from `bytes` on.
    ///
    /// # Safety
    /// The bytes must lie in the page of the unit's chunk and be committed.
    pub(crate) const unsafe fn new(bytes: NonNull<u8>, len: usize, unit: Unit) -> Self {
        Self { bytes, len, unit }
    }

    /// The facts of the connection that the bytes came from.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "metadata is told to applications with the classic patterns"
        )
    )]
    pub(crate) fn info(&self) -> Option<&Arc<ConnectionInfo>> {
        self.unit.chunk().info()
    }
}

impl Clone for Slice {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes,
            len: self.len,
            unit: self.unit.clone(),
        }
    }
}

impl Deref for Slice {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.unit.chunk().watch_read(self.bytes.as_ptr(), self.len);
        // SAFETY: `new`'s caller gave a committed range, and the unit keeps the chunk from being recycled.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slice")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
