//! What a reactor holds, told to whoever wants to know why a context does not end.

use ringmq_driver::Address;

use super::Reactor;
use crate::session::EngineDriver;

/// A listener, or a session, and what waits in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The socket's number.
    pub(crate) socket: u64,
    /// Where it listens, or who its peer is.
    pub(crate) endpoint: Option<String>,
    /// Messages that are still to be sent.
    pub(crate) queued: u64,
}

impl<D: EngineDriver> Reactor<D> {
    pub(super) fn report(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        for key in self.listeners.keys().collect::<Vec<_>>() {
            if let Some(listener) = self.listeners.get_mut(key) {
                reports.push(Report {
                    socket: listener.socket.id,
                    endpoint: listener.address.as_ref().map(Address::to_string),
                    queued: 0,
                });
            }
        }
        for key in self.sessions.keys().collect::<Vec<_>>() {
            if let Some(session) = self.sessions.get_mut(key) {
                reports.push(Report {
                    socket: session.socket.id,
                    endpoint: session.remote(&self.services),
                    queued: session.queued(),
                });
            }
        }
        reports
    }
}
