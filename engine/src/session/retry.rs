//! When to connect again: the pause doubles up to a bound, varies by a quarter, and starts over once a
//! connection became ready (not merely connected, so that a peer which accepts and drops is not hammered).

use std::time::Duration;

use ringmq_driver::Time;

use super::SessionConfig;

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);

/// The pause before the next attempt.
#[derive(Debug)]
pub(crate) struct Retry {
    first: Duration,
    longest: Duration,
    pause: Duration,
    at: Option<Time>,
    /// A connection was ready since the last pause.
    succeeded: bool,
    /// There is no next attempt, once each address was tried.
    never: bool,
}

impl Retry {
    pub(crate) fn new(config: &SessionConfig) -> Self {
        // A pause of zero would retry a dead peer in a loop; one millisecond is still at once for a person.
        let first = config.reconnect_interval.unwrap_or(Duration::ZERO);
        let first = first.max(Duration::from_millis(1));
        // Beyond a year nothing is told apart, and sums stay in range.
        let first = first.min(PAUSE_MAX);
        let longest = config.reconnect_interval_max.clamp(first, PAUSE_MAX);
        Self {
            first,
            longest,
            pause: first,
            at: None,
            succeeded: false,
            never: config.reconnect_interval.is_none(),
        }
    }

    /// Whether what fails or is lost is left alone.
    pub(crate) const fn is_never(&self) -> bool {
        self.never
    }

    /// When the next attempt is due.
    pub(crate) const fn at(&self) -> Option<Time> {
        self.at
    }

    /// Plans the next attempt; `random` decides the jitter.
    pub(crate) fn plan(&mut self, now: Time, random: u64) {
        // From three to five quarters of the pause: peers that lost one server do not return in step.
        let quarter = self.pause / 4;
        let share = (random % 1_001) as u32;
        let jitter = quarter * 2 * share / 1_000;
        self.at = Some(now.after(self.pause - quarter + jitter));
        self.pause = self.pause.saturating_mul(2).min(self.longest);
        self.succeeded = false;
    }

    /// Plans an attempt without a pause: another address of the same peer is still untried.
    pub(crate) const fn at_once(&mut self, now: Time) {
        self.at = Some(now);
    }

    /// Whether a connection was ready since the last pause.
    pub(crate) const fn has_succeeded(&self) -> bool {
        self.succeeded
    }

    /// An attempt starts.
    pub(crate) const fn started(&mut self) {
        self.at = None;
    }

    /// A connection became ready.
    pub(crate) const fn succeeded(&mut self) {
        self.pause = self.first;
        self.succeeded = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(first_ms: u64, longest_ms: u64) -> Retry {
        let first = Duration::from_millis(first_ms);
        Retry {
            first,
            longest: Duration::from_millis(longest_ms),
            pause: first,
            at: None,
            succeeded: false,
            never: false,
        }
    }

    fn pause_ms(retry: &mut Retry, random: u64) -> u128 {
        retry.plan(Time::ZERO, random);
        retry.at().unwrap().since(Time::ZERO).as_millis()
    }

    #[test]
    fn the_pause_doubles_up_to_its_bound_and_starts_over_after_success() {
        let mut retry = retry(100, 300);
        let middle = 500;
        assert_eq!(pause_ms(&mut retry, middle), 100);
        assert_eq!(pause_ms(&mut retry, middle), 200);
        assert_eq!(pause_ms(&mut retry, middle), 300);
        assert_eq!(pause_ms(&mut retry, middle), 300);
        retry.succeeded();
        assert_eq!(pause_ms(&mut retry, middle), 100);
    }

    #[test]
    fn jitter_stays_within_a_quarter() {
        assert_eq!(pause_ms(&mut retry(100, 100), 0), 75);
        assert_eq!(pause_ms(&mut retry(100, 100), 1_000), 125);
    }
}
