//! Refusing a peer in its handshake: an ERROR command says why, where the peer can read one, before the connection is
//! closed (RFC 37, error handling).
//!
//! A socket that is closed with unread input resets the connection, which can destroy the ERROR on its way. So the
//! connection is drained behind it like any that ends in order: shut down, input discarded, for a second at most.
//! Until it is gone the peer counts as a stranger.

use super::closing::DRAIN_TIME;
use super::link::Stage;
use super::{EngineDriver, Session};
use crate::reactor::Services;

/// How far a refusal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The ERROR is being sent.
    Telling,
    /// It was sent, and the writing side is shut.
    Told,
}

impl Session {
    /// The peer broke a rule: ends the connection. One that is still in its handshake is told why.
    pub(super) fn refuse<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        let Some(link) = self.link.as_mut().filter(|link| link.wire.is_refusing()) else {
            return self.close_link(services);
        };
        let until = services.driver.now().after(DRAIN_TIME);
        link.stage = Stage::Draining { until };
        link.refusal = Some(Refusal::Telling);
        self.pump(services);
        self.refusal_sent(services);
        self.receive_more(services);
        self.set_timer(services);
    }

    /// Shuts the writing side once the ERROR has left.
    pub(super) fn refusal_sent<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        if let Some(link) = &mut self.link
            && link.refusal == Some(Refusal::Telling)
            && matches!(link.stage, Stage::Draining { .. })
            && !link.sending
            && link.wire.output().is_empty()
        {
            link.refusal = Some(Refusal::Told);
            services.driver.shutdown(link.socket);
        }
    }
}
