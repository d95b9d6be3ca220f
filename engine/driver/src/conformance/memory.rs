//! The memory that the suite lends: it knows who it is, and counts how much of it is alive.

use std::cell::Cell;
use std::io::IoSlice;
use std::rc::Rc;

use crate::{Incoming, Outgoing, SLICES_MAX};

/// Counts the lent memory that is alive, in the driver or out of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    alive: Rc<Cell<usize>>,
    made: Rc<Cell<u64>>,
}

impl Ledger {
    /// How many values have not been dropped.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.alive.get()
    }

    fn enter(&self) -> Entry {
        self.alive.set(self.alive.get() + 1);
        self.made.set(self.made.get() + 1);
        Entry {
            ledger: self.clone(),
            mark: self.made.get(),
        }
    }
}

/// One living value; leaves the ledger when it is dropped.
#[derive(Debug)]
struct Entry {
    ledger: Ledger,
    mark: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let alive = &self.ledger.alive;
        alive.set(
            alive
                .get()
                .checked_sub(1)
                .expect("each value is dropped once"),
        );
    }
}

/// Bytes to send, in pieces.
#[derive(Debug)]
pub struct TestOut {
    pieces: Vec<Vec<u8>>,
    entry: Entry,
}

impl TestOut {
    /// Copies `bytes` into at most `pieces_max` pieces of about the same length.
    ///
    /// # Panics
    /// If `bytes` is empty or `pieces_max` is zero.
    #[must_use]
    pub fn new(bytes: &[u8], pieces_max: usize, ledger: &Ledger) -> Self {
        assert!(!bytes.is_empty(), "a send has bytes");
        let piece_bytes = bytes.len().div_ceil(pieces_max.min(SLICES_MAX));
        Self {
            pieces: bytes.chunks(piece_bytes).map(<[u8]>::to_vec).collect(),
            entry: ledger.enter(),
        }
    }

    /// Tells this value from all others of its ledger.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.entry.mark
    }
}

impl Outgoing for TestOut {
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
        }
        self.pieces.len()
    }

    fn bytes(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }
}

/// Memory to receive into.
#[derive(Debug)]
pub struct TestIn {
    bytes: Vec<u8>,
    entry: Entry,
}

impl TestIn {
    /// Room for `bytes` bytes.
    ///
    /// # Panics
    /// If there is no room at all.
    #[must_use]
    pub fn new(bytes: usize, ledger: &Ledger) -> Self {
        assert!(bytes > 0, "a receive has room");
        Self {
            bytes: vec![0; bytes],
            entry: ledger.enter(),
        }
    }

    /// What was received, and what was there before.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells this value from all others of its ledger.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.entry.mark
    }
}

impl Incoming for TestIn {
    fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}
