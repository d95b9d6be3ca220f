//! The one place where the bench-suite reads the clock.

use std::time::Instant;

/// The present instant of the system's monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench-suite is no part of a simulation"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
