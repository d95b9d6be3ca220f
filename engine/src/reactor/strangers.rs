//! Accepted connections that have not yet said who they are. Anybody can make them, so their number is bounded; but
//! honest peers come in crowds, when a server is restarted for example, so a young one is never cut off.
//!
//! ```text
//!   accepted ──▶ strangers ──handshake done, refused, closed──▶ no strangers any more
//!                    │
//!                    └─ too many: the oldest goes, if it had its time; else nobody is accepted, and the kernel's
//!                       backlog keeps who comes, until some are done or the oldest had its time
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use ringmq_driver::Time;

use super::table::Key;
use super::{Accepting, Reactor};
use crate::session::EngineDriver;

/// So many strangers are kept however long they are silent (within the handshake's own deadline).
const KEPT_MAX: usize = 1_024;
/// Accepting goes on when so few are left.
const RESUME_AT: usize = KEPT_MAX * 3 / 4;
/// The time in which a stranger is not cut off.
const GRACE: Duration = Duration::from_secs(1);

/// The strangers of one reactor.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// Since when each waits; the oldest first.
    waiting: BTreeSet<(Time, Key)>,
    /// Nobody is accepted.
    is_closed: bool,
}

impl Strangers {
    /// When there is something to do although nothing happens.
    pub(super) fn deadline(&self) -> Option<Time> {
        let (since, _) = self.waiting.first().filter(|_| self.is_closed)?;
        Some(since.after(GRACE))
    }

    /// Whether listeners may accept.
    pub(super) const fn may_enter(&self) -> bool {
        !self.is_closed
    }

    fn take_overdue(&mut self, now: Time) -> Option<Key> {
        let (since, key) = *self.waiting.first()?;
        (since.after(GRACE) <= now).then(|| {
            self.waiting.pop_first();
            key
        })
    }
}

impl<D: EngineDriver> Reactor<D> {
    /// A connection was accepted.
    pub(super) fn stranger_came(&mut self, since: Time, key: Key) {
        self.strangers.waiting.insert((since, key));
        if self.strangers.waiting.len() > KEPT_MAX {
            self.make_room(self.services.now());
        }
    }

    /// A stranger is none any more: it is ready, or its connection is being closed.
    pub(super) fn stranger_left(&mut self, since: Time, key: Key) {
        self.strangers.waiting.remove(&(since, key));
        if self.strangers.is_closed && self.strangers.waiting.len() <= RESUME_AT {
            self.open_door();
        }
    }

    /// The oldest stranger's time may be over while nobody is accepted.
    pub(super) fn look_at_strangers(&mut self, now: Time) -> bool {
        let is_due = self.strangers.deadline().is_some_and(|due| due <= now);
        if is_due {
            self.make_room(now);
            if self.strangers.waiting.len() <= KEPT_MAX {
                self.open_door();
            }
        }
        is_due
    }

    fn make_room(&mut self, now: Time) {
        while self.strangers.waiting.len() > KEPT_MAX {
            let Some(oldest) = self.strangers.take_overdue(now) else {
                return self.close_door();
            };
            self.with_session(oldest, |session, services| {
                session.socket.counters.strangers_dropped.add_shared(1);
                session.drop_peer(services)
            });
        }
    }

    fn close_door(&mut self) {
        self.strangers.is_closed = true;
        let keys: Vec<Key> = self.listeners.keys().collect();
        for key in keys {
            self.stop_accepting(key);
        }
    }

    fn open_door(&mut self) {
        self.strangers.is_closed = false;
        let keys: Vec<Key> = self.listeners.keys().collect();
        for key in keys {
            self.go_on_accepting(key);
        }
    }

    /// Leaves who comes to the kernel's backlog.
    pub(super) fn stop_accepting(&mut self, key: Key) {
        if let Some(listener) = self.listeners.get_mut(key)
            && let Some(listening) = listener.listening
            && listener.accepting == Accepting::On
            && !listener.closing
        {
            listener.accepting = Accepting::Stopping;
            self.services.driver.pause(listening);
        }
    }

    /// Accepts, unless there are too many strangers, the last failure is young, or the driver has not stopped yet.
    pub(super) fn go_on_accepting(&mut self, key: Key) {
        if let Some(listener) = self.listeners.get_mut(key)
            && let Some(listening) = listener.listening
            && listener.accepting == Accepting::Off
            && listener.resume_at.is_none()
            && !listener.closing
            && self.strangers.may_enter()
        {
            listener.accepting = Accepting::On;
            self.services.driver.accept(listening);
        }
    }
}
