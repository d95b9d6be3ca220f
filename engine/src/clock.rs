//! The time of application threads: deadlines of blocking calls. Engines take theirs from their driver.

use std::time::{Duration, Instant};

/// Whether an instant has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where application threads get their time"
)]
pub(crate) fn has_passed(instant: Instant) -> bool {
    Instant::now() >= instant
}

/// How long it is until an instant; nothing once it has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where application threads get their time"
)]
pub(crate) fn until(instant: Instant) -> Duration {
    instant.saturating_duration_since(Instant::now())
}

/// The instant `timeout` from now; none where there is no timeout, or where it is beyond all time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where application threads get their time"
)]
pub(crate) fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}
