//! How long to spin before sleeping: long where it pays, not at all where it steals the core from the very
//! thread that is waited for.
//!
//! The budget is counted in pauses. It starts small, grows when the awaited event comes while spinning, and
//! falls when it does not; at zero, one wait in [`PROBE_EVERY`] tries again, in case the machine has a core to
//! spare by now.

use std::hint;

/// One wait in so many spins although spinning did not pay lately.
const PROBE_EVERY: u32 = 256;
/// The budget of such a try, and of the first wait.
const PROBE_PAUSES: u32 = 64;

/// An adaptive spin.
#[derive(Clone, Debug)]
pub(crate) struct Spin {
    budget: u32,
    longest: u32,
    waits: u32,
}

impl Spin {
    /// Spins for at most `longest` pauses at a time (a pause is 10 to 50 ns); 0 never spins.
    pub(crate) fn new(longest: u32) -> Self {
        Self {
            budget: PROBE_PAUSES.min(longest),
            longest,
            waits: 0,
        }
    }

    /// Whether the next [`Self::until`] would spin at all.
    pub(crate) const fn would_spin(&self) -> bool {
        self.budget > 0
            || (self.longest > 0 && self.waits.wrapping_add(1).is_multiple_of(PROBE_EVERY))
    }

    /// Spins until `ready` or the budget is spent; returns whether it became ready.
    #[inline]
    pub(crate) fn until(&mut self, mut ready: impl FnMut() -> bool) -> bool {
        self.waits = self.waits.wrapping_add(1);
        let budget = if self.budget == 0 && self.waits.is_multiple_of(PROBE_EVERY) {
            PROBE_PAUSES.min(self.longest)
        } else {
            self.budget
        };
        for _ in 0..budget {
            if ready() {
                self.budget = (budget + budget / 4 + 1).min(self.longest);
                return true;
            }
            hint::spin_loop();
        }
        // A try that failed leaves the budget at zero.
        self.budget /= 2;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_falls_to_zero_where_spinning_never_pays() {
        let mut spin = Spin::new(1_000);
        for _ in 0..20 {
            assert!(!spin.until(|| false));
        }
        assert_eq!(spin.budget, 0);
    }

    #[test]
    fn the_budget_rises_to_its_bound_where_spinning_pays() {
        let mut spin = Spin::new(1_000);
        for _ in 0..100 {
            let mut looks = 0;
            assert!(spin.until(|| {
                looks += 1;
                looks > 3
            }));
        }
        assert_eq!(spin.budget, 1_000);
    }

    #[test]
    fn a_budget_of_zero_is_tried_again_now_and_then() {
        let mut spin = Spin::new(1_000);
        spin.budget = 0;
        let mut looks = 0;
        for _ in 0..=PROBE_EVERY {
            spin.until(|| {
                looks += 1;
                false
            });
        }
        assert_eq!(looks, PROBE_PAUSES);
    }

    #[test]
    fn zero_never_spins() {
        let mut spin = Spin::new(0);
        for _ in 0..=PROBE_EVERY {
            spin.until(|| panic!("spins"));
        }
    }
}
