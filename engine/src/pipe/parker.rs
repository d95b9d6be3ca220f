//! Where a thread sleeps that drives no ring: a flag, a lock and a condition variable.

use std::time::Instant;

use crate::sync::{Condvar, Mutex, lock};

/// Remembers one ring, so that a ring before the wait is not lost.
pub(super) struct Parker {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    pub(super) fn new() -> Self {
        Self {
            rung: Mutex::new(false),
            bell: Condvar::new(),
        }
    }

    /// Waits for a ring, or until `deadline`.
    pub(super) fn wait(&self, deadline: Option<Instant>) {
        let mut rung = lock(&self.rung);
        while !*rung {
            let Some(deadline) = deadline else {
                rung = self
                    .bell
                    .wait(rung)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                continue;
            };
            let wait = deadline.saturating_duration_since(now());
            if wait.is_zero() {
                break;
            }
            let result = self.bell.wait_timeout(rung, wait);
            rung = result.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        *rung = false;
    }

    /// Ends the wait, or the next one.
    pub(super) fn ring(&self) {
        *lock(&self.rung) = true;
        self.bell.notify_one();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a condition variable waits for a duration, and deadlines are instants of the system's clock"
)]
fn now() -> Instant {
    Instant::now()
}
