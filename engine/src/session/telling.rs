//! What a session tells its socket's monitors. Where there is none, each telling is one load.

use std::io;

use ringmq_wire as wire;

use super::link::{Link, Stage};
use super::{EngineDriver, Role, Session};
use crate::monitor::{HandshakeFailure, MonitorEvent, MonitorEventKind, MonitorEvents};
use crate::pipe::Reader;
use crate::reactor::Services;
use crate::transport::Endpoint;

/// The two ends of a connection.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    local: Option<Endpoint>,
    remote: Option<Endpoint>,
}

impl Session {
    /// Tells that this happened to the connection, or to the attempt to make one.
    pub(super) fn tell<D: EngineDriver>(&self, kind: MonitorEventKind, services: &Services<D>) {
        self.socket.monitors.tell(kind.mask(), || {
            let ends = self.ends(services);
            let link = self.link.as_ref();
            MonitorEvent {
                kind,
                local: ends.local,
                remote: ends.remote,
                descriptor: link.and_then(|link| services.driver.descriptor(link.socket)),
            }
        });
    }

    /// A connection exists. Its ends are noted: the system forgets them before we hear of its end.
    pub(super) fn tell_connection<D: EngineDriver>(
        &mut self,
        kind: MonitorEventKind,
        services: &Services<D>,
    ) {
        if self.socket.monitors.want(MonitorEvents::ALL) {
            let ends = self.ends(services);
            if let Some(link) = &mut self.link {
                link.ends = Some(Box::new(ends));
            }
            self.tell(kind, services);
        }
    }

    /// A listener's connection begins.
    pub(crate) fn tell_accepted<D: EngineDriver>(&mut self, services: &Services<D>) {
        self.tell_connection(MonitorEventKind::Accepted, services);
    }

    /// The other end, where it is known.
    pub(crate) fn remote<D: EngineDriver>(&self, services: &Services<D>) -> Option<String> {
        let remote = self.ends(services).remote;
        remote.map(|endpoint| endpoint.to_string())
    }

    /// How many messages are still to be sent to the peer.
    pub(crate) fn queued(&self) -> u64 {
        self.outbound.as_ref().map_or(0, Reader::waiting)
    }

    fn ends<D: EngineDriver>(&self, services: &Services<D>) -> Ends {
        if let Some(Link {
            ends: Some(ends), ..
        }) = &self.link
        {
            return (**ends).clone();
        }
        let connection = self
            .link
            .as_ref()
            .filter(|link| !matches!(link.stage, Stage::Connecting { .. }))
            .map(|link| link.socket);
        let local = connection.and_then(|socket| services.driver.local_address(socket));
        let remote = match &self.role {
            Role::Connect {
                addresses, next, ..
            } => addresses.get(*next).cloned(),
            Role::Accept => connection.and_then(|socket| services.driver.peer_address(socket)),
        };
        Ends {
            local: local.map(Endpoint::new),
            remote: remote.map(Endpoint::new),
        }
    }

    /// The handshake failed with what the peer sent, or did not send in time. Told once for each connection.
    pub(super) fn tell_handshake_failed<D: EngineDriver>(
        &mut self,
        error: &wire::Error,
        services: &Services<D>,
    ) {
        self.tell_failure(|| HandshakeFailure::of(error), services);
    }

    /// The connection failed; if it was in its handshake, that failed with it.
    pub(super) fn tell_if_handshaking<D: EngineDriver>(
        &mut self,
        error: &io::Error,
        services: &Services<D>,
    ) {
        self.tell_failure(|| HandshakeFailure::NoDetail(error.into()), services);
    }

    fn tell_failure<D: EngineDriver>(
        &self,
        failure: impl FnOnce() -> HandshakeFailure,
        services: &Services<D>,
    ) {
        const FAILURES: MonitorEvents = MonitorEvents::ALL;
        let handshaking = self.link.as_ref().is_some_and(Link::is_handshaking);
        if handshaking && self.socket.monitors.want(FAILURES) {
            self.tell(MonitorEventKind::HandshakeFailed(failure()), services);
        }
    }
}
