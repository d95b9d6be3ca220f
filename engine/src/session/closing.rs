//! How connections and sessions end, and what is counted then.
//!
//! Before anything is said about undelivered messages, the driver has given back all memory it was lent, so
//! the outbound cursor stands exactly behind the last byte the kernel accepted.

use std::time::Duration;

use ringmq_driver::Time;

use super::link::Stage;
use super::outbound::source;
use super::{Ending, EngineDriver, Fate, Role, Session};
use crate::monitor::MonitorEventKind;
use crate::pipe::Writer;
use crate::reactor::Services;

/// How long to wait for the peer to close after our last byte. Closing with unread input would make the
/// kernel send a reset, which can destroy what the peer has not read yet.
pub(super) const DRAIN_TIME: Duration = Duration::from_secs(1);

impl Session {
    /// Starts to close the connection, if there is one.
    pub(super) fn close_link<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        let ended = match self.link.as_ref().map(|link| link.stage) {
            None | Some(Stage::Closing) => return,
            Some(Stage::Connecting { .. }) => MonitorEventKind::Closed,
            Some(_) => MonitorEventKind::Disconnected,
        };
        self.tell(ended, services);
        let Some(link) = &mut self.link else {
            return;
        };
        match link.stage {
            Stage::Closing => return,
            Stage::Ready => self.socket.counters.disconnects.add_shared(1),
            Stage::Connecting { .. } | Stage::Handshaking | Stage::Draining { .. } => {}
        }
        link.stage = Stage::Closing;
        services.driver.close(link.socket);
    }

    /// The driver has let go of the connection.
    pub(crate) fn closed<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        let Some(link) = self.link.take() else {
            return Fate::Lives;
        };
        if let Some(inbound) = &mut self.inbound {
            inbound.abort();
        }
        if let Some(outbound) = source(&mut self.feed, &mut self.outbound) {
            let mut transcoder = link.transcoder;
            let half_sent = if link.transcodes {
                transcoder.connection_lost(outbound)
            } else {
                outbound.connection_lost()
            };
            self.socket
                .counters
                .dropped_half_sent
                .add_shared(u64::from(half_sent));
        }
        self.drop_outbound_of_connection();
        let given_up = self.ending.is_some_and(|ending| ending.given_up);
        if matches!(self.role, Role::Accept) || given_up || self.is_flushed() {
            return Fate::Over;
        }
        let fate = self.plan_retry(services);
        self.set_timer(services);
        fate
    }

    /// Where each connection gets a pipe of its own, the last one's goes: what it still holds is for nobody.
    fn drop_outbound_of_connection(&mut self) {
        if self.config.outbound_per_connection
            && self.ending.is_none()
            && let Some(outbound) = self.outbound.take()
        {
            let fed = self.feed.take().map_or(0, |feed| feed.leave());
            let dropped = fed + outbound.leave();
            self.socket.counters.dropped_peer_gone.add_shared(dropped);
        }
    }

    /// The socket does not want this peer: the connection goes, and is not made again.
    pub(crate) fn turn_away<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        self.socket.counters.refused_peers.add_shared(1);
        self.end(Some(Duration::ZERO), services)
    }

    /// The socket was closed or detached. What is queued may leave for as long as `linger` says; where it was detached
    /// and then closed, until the first of both deadlines.
    pub(crate) fn end<D: EngineDriver>(
        &mut self,
        linger: Option<Duration>,
        services: &mut Services<D>,
    ) -> Fate {
        if self.ending.is_some_and(|ending| ending.given_up) {
            return Fate::Lives;
        }
        let now = services.driver.now();
        let deadlines = [
            self.ending.and_then(|ending| ending.deadline),
            linger.map(|linger| now.after(linger)),
        ];
        self.ending = Some(Ending {
            deadline: deadlines.into_iter().flatten().min(),
            given_up: false,
        });
        if linger == Some(Duration::ZERO) {
            return self.give_up(services);
        }
        let fate = self.end_if_drained(services);
        if fate == Fate::Lives {
            self.set_timer(services);
        }
        fate
    }

    /// Too many strangers: this one goes.
    pub(crate) fn drop_peer<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        self.close_link(services);
        Fate::Lives
    }

    /// If the socket is closed, or wants this peer no more, and everything has left: ends the connection in an orderly way.
    pub(super) fn end_if_drained<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        if !self.is_flushed() {
            return Fate::Lives;
        }
        let Some(link) = &mut self.link else {
            return Fate::Over;
        };
        match link.stage {
            Stage::Ready if self.config.sends && !link.sending => {
                let until: Time = services.driver.now().after(DRAIN_TIME);
                link.stage = Stage::Draining { until };
                self.socket.counters.disconnects.add_shared(1);
                services.driver.shutdown(link.socket);
                self.receive_more(services);
                self.set_timer(services);
            }
            Stage::Ready if self.config.sends => {}
            Stage::Draining { .. } | Stage::Closing => {}
            Stage::Connecting { .. } | Stage::Handshaking | Stage::Ready => {
                self.close_link(services);
            }
        }
        Fate::Lives
    }

    /// The linger time has passed: what is still queued is dropped and counted.
    pub(super) fn give_up<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        if let Some(ending) = &mut self.ending {
            *ending = Ending {
                deadline: None,
                given_up: true,
            };
        }
        self.close_link(services);
        if self.link.is_some() {
            Fate::Lives
        } else {
            Fate::Over
        }
    }

    /// A deadline of the connection has come.
    pub(super) fn link_deadline<D: EngineDriver>(&mut self, now: Time, services: &mut Services<D>) {
        let Some(link) = &mut self.link else {
            return;
        };
        let lives = match link.stage {
            Stage::Connecting { .. } | Stage::Draining { .. } => false,
            Stage::Handshaking | Stage::Ready => {
                let result = link.wire.handle_deadline(now.as_nanos());
                if let Err(error) = &result {
                    self.tell_handshake_failed(error, services);
                }
                result.is_ok()
            }
            Stage::Closing => true,
        };
        if lives {
            self.pump(services);
        } else {
            self.close_link(services);
        }
    }

    /// Nothing is left to send and nothing will come: the socket was closed, or let go of this peer as a ROUTER does whose
    /// routing id another one takes over.
    fn is_flushed(&mut self) -> bool {
        match &mut self.outbound {
            Some(outbound) => {
                let feed = self.feed.as_mut();
                outbound.is_finished() && feed.is_none_or(|feed| !feed.reader.has_data())
            }
            None => self.ending.is_some(),
        }
    }

    /// The session is over: lets go of its pipes and counts what is left in them and nobody else will count.
    pub(crate) fn settle(self) {
        self.tell_if_given_up();
        let counters = &self.socket.counters;
        if let Some(outbound) = self.outbound {
            let fed = self.feed.map_or(0, |feed| feed.leave());
            let dropped = fed + outbound.leave();
            if self.ending.is_some() {
                counters.dropped_linger.add_shared(dropped);
            } else {
                counters.dropped_peer_gone.add_shared(dropped);
            }
        }
        // The application drops its end only when its socket is closed.
        let to_application = self.newest.map(|newest| *newest).or(self.inbound);
        let unread = to_application.map_or(0, Writer::leave);
        counters.dropped_closed.add_shared(unread);
        if let Some(sink) = self.sink {
            counters.dropped_not_read.add_shared(sink.leave());
        }
    }
}
