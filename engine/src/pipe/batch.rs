//! What one send lends to a driver: bytes of the session's own, then ranges of a pipe.

use std::fmt;
use std::io::IoSlice;
use std::ptr::NonNull;

use ringmq_driver::{Outgoing, SLICES_MAX};

use crate::memory::{Body, ChunkRef, Unit};

/// Bytes for one send.
///
/// The memory that [`Outgoing::slices`] names stays in place while the batch is moved, until it is changed or
/// dropped: ranges of chunks and bodies are held by count, and scratch is heap memory that only
/// [`Self::scratch_mut`] can move.
#[derive(Default)]
pub(crate) struct Batch {
    /// Sent before the ranges: greetings, handshakes, heartbeats, transformed frames.
    scratch: Vec<u8>,
    ranges: Vec<Range>,
    units: Vec<Unit>,
    bodies: Vec<Body>,
    /// Bytes of the ranges.
    range_bytes: usize,
}

struct Range {
    bytes: NonNull<u8>,
    len: usize,
}

// SAFETY: ranges point into committed, hence unchanging, memory that `units` and `bodies` keep; both are Send.
unsafe impl Send for Batch {}

impl Batch {
    /// The bytes that go out before the ranges. Not while the batch is lent.
    pub(crate) const fn scratch_mut(&mut self) -> &mut Vec<u8> {
        &mut self.scratch
    }

    /// How many bytes the batch lends.
    pub(crate) const fn bytes(&self) -> usize {
        self.scratch.len() + self.range_bytes
    }

    /// How many of them are scratch.
    #[cfg(test)]
    pub(crate) const fn scratch_bytes(&self) -> usize {
        self.scratch.len()
    }

    /// Whether the batch lends nothing.
    #[cfg(test)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes() == 0
    }

    /// Lets go of everything, and keeps the capacity for the next send.
    pub(crate) fn clear(&mut self) {
        self.scratch.clear();
        self.ranges.clear();
        self.units.clear();
        self.bodies.clear();
        self.range_bytes = 0;
    }

    /// Lends committed bytes of `chunk`.
    pub(super) fn lend_page(&mut self, chunk: &ChunkRef, offset: usize, len: usize) {
        if !self.units.last().is_some_and(|unit| unit.chunk().is(chunk)) {
            chunk.buy(1);
            // SAFETY: a unit was bought for the batch.
            self.units.push(unsafe { Unit::adopt(chunk) });
        }
        // SAFETY: the caller's range is committed.
        let bytes = unsafe { chunk.bytes(offset, len) };
        self.lend(bytes);
    }

    /// Lends a part of a body.
    pub(super) fn lend_body(&mut self, body: &Body, offset: usize, len: usize) {
        self.bodies.push(body.clone());
        self.lend(&body[offset..offset + len]);
    }

    fn lend(&mut self, bytes: &[u8]) {
        self.ranges.push(Range {
            bytes: NonNull::from(bytes).cast(),
            len: bytes.len(),
        });
        self.range_bytes += bytes.len();
    }
}

impl Outgoing for Batch {
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let mut count = 0;
        if !self.scratch.is_empty() {
            slices[0] = IoSlice::new(&self.scratch);
            count = 1;
        }
        for (slice, range) in slices[count..].iter_mut().zip(&self.ranges) {
            // SAFETY: the range is held by `units` or `bodies` and does not change while they do.
            let bytes = unsafe { std::slice::from_raw_parts(range.bytes.as_ptr(), range.len) };
            *slice = IoSlice::new(bytes);
        }
        count + self.ranges.len()
    }

    fn bytes(&self) -> usize {
        self.bytes()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("scratch_bytes", &self.scratch.len())
            .field("ranges", &self.ranges.len())
            .field("bytes", &self.bytes())
            .finish()
    }
}
