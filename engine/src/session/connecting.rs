//! Making the connection of a connecting session, and making it again.
//!
//! ```text
//!   pause ──▶ look the name up ──▶ try its addresses, one after the other ──▶ ready ──lost──▶ pause
//!     ▲       (if it has one)                      │ all failed
//!     └────────────────────────────────────────────┘
//! ```

use std::io;
use std::time::Duration;

use ringmq_driver::{Address, Time};

use super::link::{Link, Stage};
use super::{EngineDriver, Fate, Role, Session};
use crate::monitor::MonitorEventKind;
use crate::reactor::Services;
use crate::socket::SocketEvent;

impl Session {
    /// Starts the next attempt, or asks where the peer is now.
    pub(crate) fn connect_now<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        let Role::Connect {
            host, next, retry, ..
        } = &mut self.role
        else {
            return Fate::Lives;
        };
        debug_assert!(self.link.is_none(), "one connection at a time");
        retry.started();
        if *next == 0
            && let Some(host) = host
        {
            services.look_up(self.key, host.clone());
            self.set_timer(services);
            Fate::Lives
        } else {
            self.attempt(services)
        }
    }

    /// The resolver answered. If it knows nothing now, what it last knew may still hold.
    pub(crate) fn resolved<D: EngineDriver>(
        &mut self,
        result: io::Result<Vec<Address>>,
        services: &mut Services<D>,
    ) -> Fate {
        let Role::Connect { addresses, .. } = &mut self.role else {
            return Fate::Lives;
        };
        let found = result.map(|mut found| {
            found.retain(|address| self.config.ipv6 || !is_ipv6(address));
            found
        });
        match found {
            Ok(found) if !found.is_empty() => *addresses = found,
            Ok(_) | Err(_) => self.socket.counters.lookup_failures.add_shared(1),
        }
        if addresses.is_empty() {
            let fate = self.plan_retry(services);
            self.set_timer(services);
            fate
        } else {
            self.attempt(services)
        }
    }

    /// Tries the next address.
    fn attempt<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        let Role::Connect {
            addresses, next, ..
        } = &mut self.role
        else {
            return Fate::Lives;
        };
        let mut fate = Fate::Lives;
        let now = services.driver.now();
        let token = services.session_token(self.key);
        let address = &addresses[*next];
        match services.driver.connect(token, address, &self.config.system) {
            Ok(socket) => {
                let until = self
                    .config
                    .connect_timeout
                    .map(|timeout| now.after(timeout));
                self.link = Some(Link::connecting(
                    socket,
                    &self.config.wire,
                    &services.bodies,
                    now,
                    until,
                ));
                // As in libzmq: over ipc there is no delay.
                if matches!(address, Address::Tcp(_)) {
                    self.tell(MonitorEventKind::ConnectDelayed, services);
                }
            }
            // Out of descriptors, for example: it may work later, as any other failure may.
            Err(_) => fate = self.plan_retry(services),
        }
        self.set_timer(services);
        fate
    }

    /// The attempt ended.
    pub(crate) fn connected<D: EngineDriver>(
        &mut self,
        result: io::Result<()>,
        services: &mut Services<D>,
    ) -> Fate {
        let Some(link) = &mut self.link else {
            return Fate::Lives;
        };
        if !matches!(link.stage, Stage::Connecting { .. }) {
            return Fate::Lives;
        }
        match result {
            Ok(()) => {
                let now = services.driver.now();
                *link = Link::connected(link.socket, &self.config.wire, &services.bodies, now);
                self.tell_connection(MonitorEventKind::Connected, services);
                self.begin(services);
            }
            Err(_) => self.close_link(services),
        }
        Fate::Lives
    }

    /// A connection exists: both directions start.
    pub(crate) fn begin<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        self.pump(services);
        self.receive_more(services);
        self.set_timer(services);
    }

    /// Chooses when to try again, and where: the next address at once, or after a pause from the start, unless this is
    /// a session that does not.
    pub(super) fn plan_retry<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        let now: Time = services.driver.now();
        let random = services.driver.random();
        if let Role::Connect {
            addresses,
            next,
            retry,
            ..
        } = &mut self.role
        {
            *next += 1;
            if *next < addresses.len() && !retry.has_succeeded() {
                retry.at_once(now);
            } else if retry.is_never() {
                return Fate::Over;
            } else {
                *next = 0;
                retry.plan(now, random);
            }
            let pause = retry.at().map_or(Duration::ZERO, |at| at.since(now));
            self.tell(MonitorEventKind::ConnectRetried(pause), services);
        }
        Fate::Lives
    }

    /// A connect that is not made again is over: the socket need not keep it.
    pub(super) fn tell_if_given_up(&self) {
        if let Role::Connect { retry, .. } = &self.role
            && retry.is_never()
            && self.ending.is_none()
        {
            let attachment = self.attachment;
            self.socket
                .mailbox
                .send(SocketEvent::Detached { attachment });
        }
    }
}

const fn is_ipv6(address: &Address) -> bool {
    matches!(address, Address::Tcp(address) if address.is_ipv6())
}
