//! Credit: how many messages a pipe may hold, and when its writer learns that some have gone.
//!
//! Both counts are cumulative. The writer is full when `written - acked >= high-water mark`. An application
//! advances `acked` in steps of the low-water mark, `(hwm + 1) / 2`, exactly and never at drain, as libzmq does:
//! programs count on the sums. A full writer says which `acked` it waits for, so that it is woken once.
//!
//! Each half keeps the mark to itself. Both are told of a new one in the end, in any order and at any fill level;
//! what was asked under the old mark is asked anew.

use super::shared::Shared;
use super::{Reader, Role, Writer};
use crate::sync::{Ordering, fence};

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

impl Writer {
    /// Changes how many messages the pipe may hold, at whatever it holds now; 0 means no limit.
    ///
    /// A higher mark gives credit at once. If the writer waited for credit, its own owner is told as if the reader
    /// had given it. A lower one drops nothing: the pipe is full until the reader has come down to it.
    pub(crate) fn set_high_water_mark(&mut self, messages: u32) {
        if self.conflates() {
            return;
        }
        self.high_water_mark = HighWaterMark::new(messages);
        let wake_at = if self.refresh() {
            NOBODY_WAITS
        } else {
            // Without it credit would never come.
            self.publish();
            self.high_water_mark.wake_at(self.written)
        };
        // What was asked under the old mark may never come: a reader told of a higher one gives credit in larger
        // steps. Relaxed: the exchange decides which side lists the pipe; the list or the fence orders the rest.
        let asked =
            self.shared
                .flags
                .wake_at
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |asked| {
                    (asked != NOBODY_WAITS).then_some(wake_at)
                });
        if asked.is_ok() && !(wake_at != NOBODY_WAITS && self.waits_still()) {
            Shared::list_own_writer(&self.shared);
        }
    }

    /// Looks again after it was published which credit the writer waits for; returns whether it has to wait.
    /// If not, whoever of the two takes the wish back tells of it.
    fn waits_still(&mut self) -> bool {
        // ORDERING: pairs with the fence in `Reader::acknowledge`: it sees us wait or we see its count.
        fence(Ordering::SeqCst);
        if !self.refresh() && !self.is_reader_gone() {
            return true;
        }
        let wake_at = &self.shared.flags.wake_at;
        // Relaxed: as for the exchange above. A reader that was faster lists the pipe.
        wake_at.swap(NOBODY_WAITS, Ordering::Relaxed) == NOBODY_WAITS
    }
}

impl Reader {
    /// Changes how many messages the pipe may hold, at whatever it holds now; 0 means no limit.
    ///
    /// An application gives credit in steps that follow the mark. It gives some at once if a new step is full, or
    /// if nothing is left to read: the writer may have less room now than the rest of the old step.
    pub(crate) fn set_high_water_mark(&mut self, messages: u32) {
        if self.conflates {
            return;
        }
        self.high_water_mark = HighWaterMark::new(messages);
        self.step = self.high_water_mark.step();
        match self.role {
            Role::Application => {
                if self.consumed - self.acked >= self.step || !self.has_message() {
                    self.acknowledge(self.consumed);
                }
            }
            Role::Engine => {
                if self.high_water_mark.credit_at_take() {
                    self.acknowledge_take();
                }
            }
        }
    }
}
