//! Monitors: what becomes of a socket's binds, connects and connections, told as it happens.
//!
//! ```text
//!   sessions, listeners ── anybody interested? one load ──▶ each monitor's queue, bounded ──▶ Monitor (its own handle)
//!                                                             full? dropped and counted
//! ```
//!
//! Several engines may tell at once, so each queue has a lock, which is held to push one event and never to wait: an
//! engine does not depend on whoever reads. This module must not know sessions, listeners or handles of sockets.

mod event;
mod events;
mod monitors;

pub use event::{HandshakeFailure, MonitorEvent, MonitorEventKind, SystemFault};
pub use events::MonitorEvents;
pub(crate) use monitors::Monitors;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::clock;
use monitors::Queue;

/// So many events may wait, unless the application says otherwise.
pub(crate) const EVENTS_WAITING_MAX: usize = 1_024;

/// Tells what becomes of one socket's binds, connects and connections. Made by
/// [`Socket::monitor`](crate::Socket::monitor).
///
/// It is a handle of its own, to be read on any thread. It never holds the engine up: an event for which there is no
/// room is dropped, and [counted](Self::dropped). Its last event is [`MonitorEventKind::MonitorStopped`], when the
/// socket and all its connections are gone or the context was shut down. Over `inproc` there is nothing to tell.
///
/// ```
/// use ringmq::{Context, MonitorEventKind, MonitorEvents, SocketType};
///
/// let context = Context::new()?;
/// let mut pull = context.socket(SocketType::Pull)?;
/// let mut monitor = pull.monitor(MonitorEvents::ALL);
/// let endpoint = pull.bind("tcp://127.0.0.1:*")?;
/// let event = monitor.recv()?;
/// assert_eq!(event.kind, MonitorEventKind::Listening);
/// assert_eq!(event.local, Some(endpoint));
///
/// drop(pull);
/// let rest: Vec<_> = monitor.map(|event| event.kind).collect();
/// assert_eq!(rest, [MonitorEventKind::Closed, MonitorEventKind::MonitorStopped]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Monitor {
    queue: Arc<Queue>,
    monitors: Weak<Monitors>,
    /// Taken out of the queue, not yet handed out.
    taken: VecDeque<MonitorEvent>,
    /// Reused for its capacity.
    inbox: Vec<MonitorEvent>,
    stopped: bool,
}

/// Why a monitor gave no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MonitorError {
    /// Nothing has happened, or nothing happened in time.
    Nothing,
    /// [`MonitorEventKind::MonitorStopped`] was the last event.
    Stopped,
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing happened to the socket",
            Self::Stopped => "the socket is gone",
        })
    }
}

impl std::error::Error for MonitorError {}

impl Monitor {
    /// A monitor of the socket to which `monitors` belong.
    pub(crate) fn new(monitors: &Arc<Monitors>, events: MonitorEvents, waiting_max: usize) -> Self {
        Self {
            queue: monitors.add(events, waiting_max),
            monitors: Arc::downgrade(monitors),
            taken: VecDeque::new(),
            inbox: Vec::new(),
            stopped: false,
        }
    }

    /// The next event, if there is one.
    ///
    /// # Errors
    /// Nothing has happened, or nothing will.
    pub fn try_recv(&mut self) -> Result<MonitorEvent, MonitorError> {
        if self.taken.is_empty() {
            self.queue.mailbox.drain(&mut self.inbox);
            self.taken.extend(self.inbox.drain(..));
        }
        match self.taken.pop_front() {
            Some(event) => {
                self.stopped |= event.kind == MonitorEventKind::MonitorStopped;
                Ok(event)
            }
            None if self.stopped => Err(MonitorError::Stopped),
            None => Err(MonitorError::Nothing),
        }
    }

    /// The next event; waits for it.
    ///
    /// # Errors
    /// The monitor has [stopped](MonitorError::Stopped).
    pub fn recv(&mut self) -> Result<MonitorEvent, MonitorError> {
        self.recv_until(None)
    }

    /// The next event; waits for it, for at most `timeout`.
    ///
    /// # Errors
    /// Nothing happened in time, or the monitor has stopped.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<MonitorEvent, MonitorError> {
        self.recv_until(clock::deadline(Some(timeout)))
    }

    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<MonitorEvent, MonitorError> {
        loop {
            // Before the look: what happened in time is told.
            let expired = deadline.is_some_and(clock::has_passed);
            match self.try_recv() {
                Err(MonitorError::Nothing) if !expired => {
                    self.queue.owner.park(deadline);
                }
                result => return result,
            }
        }
    }

    /// How many events were dropped so far because there was no room for them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

/// Waits for each event; ends behind [`MonitorEventKind::MonitorStopped`].
impl Iterator for Monitor {
    type Item = MonitorEvent;

    fn next(&mut self) -> Option<MonitorEvent> {
        self.recv().ok()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        if let Some(monitors) = self.monitors.upgrade() {
            monitors.forget(&self.queue);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn event(kind: MonitorEventKind) -> MonitorEvent {
        MonitorEvent {
            kind,
            local: None,
            remote: None,
            descriptor: None,
        }
    }

    #[test]
    fn events_without_room_are_dropped_and_counted_but_the_last_is_not() {
        let monitors = Arc::new(Monitors::default());
        let mut monitor = Monitor::new(&monitors, MonitorEvents::ALL, 3);
        for _ in 0..5 {
            monitors.tell(MonitorEvents::ACCEPTED, || {
                event(MonitorEventKind::Accepted)
            });
        }
        drop(monitors);
        assert_eq!(monitor.dropped(), 2);
        let told: Vec<_> = monitor.by_ref().map(|event| event.kind).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[3], MonitorEventKind::MonitorStopped);
        assert_eq!(monitor.recv(), Err(MonitorError::Stopped));
    }

    #[test]
    fn each_monitor_is_told_what_it_asked_for_and_nobody_else_is_made_an_event() {
        let monitors = Arc::new(Monitors::default());
        monitors.tell(MonitorEvents::ALL, || panic!("nobody listens"));
        let mut lost = Monitor::new(&monitors, MonitorEvents::DISCONNECTED, 8);
        let mut all = Monitor::new(&monitors, MonitorEvents::ALL, 8);
        monitors.tell(MonitorEvents::CONNECTED, || {
            event(MonitorEventKind::Connected)
        });
        assert_eq!(lost.try_recv(), Err(MonitorError::Nothing));
        assert_eq!(all.try_recv().unwrap().kind, MonitorEventKind::Connected);
        drop(all);
        monitors.tell(MonitorEvents::CONNECTED, || {
            panic!("who asked for it is gone")
        });
        monitors.tell(MonitorEvents::DISCONNECTED, || {
            event(MonitorEventKind::Disconnected)
        });
        assert_eq!(lost.recv().unwrap().kind, MonitorEventKind::Disconnected);
        let nothing = lost.recv_timeout(Duration::from_millis(1));
        assert_eq!(nothing, Err(MonitorError::Nothing));
    }
}
