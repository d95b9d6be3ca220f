//! The memory that these tests lend.

use std::io::IoSlice;

use ringmq_driver::{Incoming, Outgoing, SLICES_MAX};

use super::{StableIncoming, StableOutgoing};

/// Bytes to send, in ranges of equal length (the last may be shorter).
#[derive(Debug)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    range_bytes: usize,
}

impl Bytes {
    pub(super) fn new(bytes: &[u8], ranges: usize) -> Self {
        Self {
            bytes: bytes.to_vec(),
            range_bytes: bytes.len().div_ceil(ranges),
        }
    }
}

impl Outgoing for Bytes {
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let ranges = self.bytes.chunks(self.range_bytes);
        let count = ranges.len();
        for (slice, range) in slices.iter_mut().zip(ranges) {
            *slice = IoSlice::new(range);
        }
        count
    }

    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

// SAFETY: a vector keeps its memory in place when it is moved; nothing here writes it.
unsafe impl StableOutgoing for Bytes {}

/// Room for bytes.
#[derive(Debug)]
pub(super) struct Space(Vec<u8>);

impl Space {
    pub(super) fn new(bytes: usize) -> Self {
        Self(vec![0; bytes])
    }
}

impl Incoming for Space {
    fn space(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

// SAFETY: a vector keeps its memory in place when it is moved; it is read only after it came back.
unsafe impl StableIncoming for Space {}
