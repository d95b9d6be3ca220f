//! One direction of a connection: bytes under way, bytes that arrived, the end, and what got lost.
//!
//! ```text
//!  send ──► [ segments under way, each due at its time ] ──► [ arrived ] ──► receive
//!            └────────────────── capacity ──────────────────────────┘
//! ```

use std::collections::VecDeque;

use crate::Time;

/// Bytes that the sender's kernel accepted, in order.
#[derive(Debug)]
pub(super) struct Way {
    /// All of them that were not received yet.
    bytes: VecDeque<u8>,
    /// When the next ones arrive, and how many at once; times never decrease.
    segments: VecDeque<(Time, usize)>,
    /// How many from the front of `bytes` have arrived.
    arrived: usize,
    /// The most that `bytes` holds.
    capacity: usize,
    /// When the sender's end arrives.
    end: Option<Time>,
}

impl Way {
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            segments: VecDeque::new(),
            arrived: 0,
            capacity,
            end: None,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.capacity - self.bytes.len()
    }

    /// Whether anything was accepted that nobody has received.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) const fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Puts bytes on the way; they arrive at `due`, or when those before them do, whichever is later.
    pub(super) fn push(&mut self, bytes: impl Iterator<Item = u8>, due: Time) -> Time {
        debug_assert!(self.end.is_none(), "nothing is sent after the end");
        let before = self.bytes.len();
        self.bytes.extend(bytes);
        debug_assert!(
            self.bytes.len() <= self.capacity,
            "the sender minds the room"
        );
        let due = self.not_before_last(due);
        self.segments.push_back((due, self.bytes.len() - before));
        due
    }

    /// Ends the direction behind all its bytes.
    pub(super) fn finish(&mut self, due: Time) -> Time {
        let due = self.not_before_last(due);
        *self.end.get_or_insert(due)
    }

    fn not_before_last(&self, due: Time) -> Time {
        self.segments.back().map_or(due, |(last, _)| due.max(*last))
    }

    /// Whether anything can be received at `now`.
    pub(super) fn has_arrived(&self, now: Time) -> bool {
        self.arrived > 0 || self.segments.front().is_some_and(|(due, _)| *due <= now)
    }

    /// How many bytes can be received at `now`.
    pub(super) fn available(&mut self, now: Time) -> usize {
        while let Some((due, bytes)) = self.segments.front().copied()
            && due <= now
        {
            self.segments.pop_front();
            self.arrived += bytes;
        }
        self.arrived
    }

    /// Whether the end has come at `now`, behind all bytes.
    pub(super) fn at_end(&self, now: Time) -> bool {
        self.bytes.is_empty() && self.end.is_some_and(|due| due <= now)
    }

    /// Whether the end has come at `now`, and so all before it.
    pub(super) fn has_end_come(&self, now: Time) -> bool {
        self.end.is_some_and(|due| due <= now)
    }

    /// Receives the next bytes into `space`, all of it.
    pub(super) fn take(&mut self, space: &mut [u8]) {
        assert!(
            space.len() <= self.arrived,
            "only arrived bytes are received"
        );
        let count = space.len();
        self.arrived -= count;
        for (byte, taken) in space.iter_mut().zip(self.bytes.drain(..count)) {
            *byte = taken;
        }
    }

    /// Loses what has not arrived, or all of it; returns how many bytes that were.
    pub(super) fn lose(&mut self, now: Time, keep_arrived: bool) -> u64 {
        let kept = if keep_arrived { self.available(now) } else { 0 };
        let lost = self.bytes.len() - kept;
        self.bytes.truncate(kept);
        self.segments.clear();
        self.arrived = kept;
        lost as u64
    }
}
