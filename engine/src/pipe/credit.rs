//! Credit: how many messages a pipe may hold, and when its writer learns that some have gone.
//!
//! Both counts are cumulative. The writer is full when `written - acked >= high-water mark`. An application
//! advances `acked` in steps of the low-water mark, `(hwm + 1) / 2`, exactly and never at drain, as libzmq does:
//! programs count on the sums. A full writer says which `acked` it waits for, so that it is woken once.

/// Step of `acked` for a reader whose pipe has no high-water mark; it only tells the writer how far it is.
const UNLIMITED_STEP: u64 = 256;

/// `wake_at` while nobody waits.
pub(super) const NOBODY_WAITS: u64 = u64::MAX;

/// Marks from which on the engine gives credit when it takes, not when the kernel has accepted: one take is
/// then small beside the mark.
const CREDIT_AT_TAKE_MIN: u32 = 64;

/// A high-water mark in whole messages; 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HighWaterMark(u32);

impl HighWaterMark {
    pub(super) const fn new(messages: u32) -> Self {
        Self(messages)
    }

    /// How many messages may be written in all once `acked` of them are acknowledged.
    pub(super) const fn full_at(self, acked: u64) -> u64 {
        if self.0 == 0 {
            u64::MAX
        } else {
            acked + self.0 as u64
        }
    }

    /// How many consumed messages an application acknowledges at once.
    pub(super) const fn step(self) -> u64 {
        if self.0 == 0 {
            UNLIMITED_STEP
        } else {
            (self.0 as u64).div_ceil(2)
        }
    }

    /// The `acked` at which a full pipe is half empty. Its reader reaches it, for it is at most the last multiple
    /// of the step below `written`.
    pub(super) const fn wake_at(self, written: u64) -> u64 {
        written - (self.0 as u64 - self.step())
    }

    /// Whether the engine gives credit when it takes.
    pub(super) const fn credit_at_take(self) -> bool {
        self.0 == 0 || self.0 >= CREDIT_AT_TAKE_MIN
    }
}
