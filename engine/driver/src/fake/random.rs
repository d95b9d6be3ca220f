//! The seeded source of all chance in a world: the same seed and the same calls make the same world.

use std::time::Duration;

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both possible.
    pub(super) const fn between(&mut self, least: u64, most: u64) -> u64 {
        debug_assert!(least <= most, "a range is not empty");
        least + self.next() % (most - least).saturating_add(1)
    }

    /// True so many times in a thousand.
    pub(super) const fn roll(&mut self, chances: u32) -> bool {
        chances > 0 && self.next() % 1000 < chances as u64
    }

    /// A wait of at least a nanosecond, so that nothing completes at the instant it starts.
    pub(super) fn delay(&mut self, longest: Duration) -> Duration {
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.between(1, nanos.max(1)))
    }

    /// Fewer than `bytes`, and often only one, if the chance says so.
    pub(super) fn shorten(&mut self, bytes: usize, chances: u32) -> usize {
        if bytes <= 1 || !self.roll(chances) {
            return bytes;
        }
        if self.roll(500) {
            return 1;
        }
        usize::try_from(self.between(1, bytes as u64)).expect("no more than bytes")
    }
}
