//! The driver's clock and its source of randomness; nothing else here reads the time.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use ringmq_driver::Time;

/// The monotonic clock, counted from the driver's birth.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { origin: instant() }
    }

    pub(crate) fn now(&self) -> Time {
        Time::ZERO.after(instant().duration_since(self.origin))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a driver is where the engine's time comes from"
)]
fn instant() -> Instant {
    Instant::now()
}

/// SplitMix64: small, fast and good enough for jitter and identifiers. Not for secrets.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Seeds from the standard library's hasher keys, which the operating system made.
    pub(crate) fn new() -> Self {
        Self {
            state: RandomState::new().hash_one(0_u64),
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
