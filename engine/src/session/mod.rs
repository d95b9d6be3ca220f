//! One peer: joins a socket's pipes to a wire connection over a driver's socket.
//!
//! ```text
//!            start                connected             handshake done
//!   Waiting ───────▶ Connecting ───────────▶ Handshaking ───────────▶ Ready
//!      ▲                 │                       │                     │  socket closed, all sent
//!      │ back-off        │ refused               │ deadline, protocol  ▼
//!      │                 ▼                       ▼                  Draining (FIN sent, input discarded)
//!      └───────────── Closing ◀──────────────────┴─────────────────────┘
//!        connecting      │  the driver gave everything back
//!        side only       ▼
//!                     removed
//! ```
//!
//! A session knows the wire, its two pipes and the driver's contract; it has no loop, no clock and no thread.
//! Application handles are beyond the pipes.

mod closing;
mod config;
mod connecting;
mod frames;
mod inbound;
mod link;
mod newest;
mod outbound;
mod refusal;
mod retry;
mod subscriptions;
mod telling;
mod transcoder;

pub(crate) use config::SessionConfig;
pub(crate) use inbound::Surroundings;
pub(crate) use link::Link;

use std::sync::Arc;

use ringmq_driver::{Address, Driver, Time};

use crate::peer::PeerId;
use crate::pipe::{Batch, Filling, Reader, Writer};
use crate::reactor::{AttachmentId, Key, Services};
use crate::socket::SocketShared;
use crate::transport::{HostName, Peer};

use newest::Feed;
use retry::Retry;

/// A driver that takes this engine's memory.
pub(crate) trait EngineDriver: Driver<Outgoing = Batch, Incoming = Filling> {}
impl<D: Driver<Outgoing = Batch, Incoming = Filling>> EngineDriver for D {}

/// Which end made the connection.
#[derive(Debug)]
pub(crate) enum Role {
    /// We connect, and connect again after a loss.
    Connect {
        /// Where the peer is to be looked up, if it has a name.
        host: Option<HostName>,
        /// What was found; all are tried, in order, before the next pause.
        addresses: Vec<Address>,
        next: usize,
        retry: Retry,
    },
    /// A listener of ours accepted; the session ends with its connection.
    Accept,
}

/// The socket was closed or detached: what is queued may still leave until the deadline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    deadline: Option<Time>,
    /// The deadline has passed: what is queued is dropped as soon as the connection is closed.
    given_up: bool,
}

/// What became of a session after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    /// It lives.
    Lives,
    /// It is over and may be removed.
    Over,
}

/// One peer.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) key: Key,
    pub(crate) socket: Arc<SocketShared>,
    /// What the socket calls this peer.
    peer: PeerId,
    pub(crate) attachment: AttachmentId,
    config: Arc<SessionConfig>,
    role: Role,
    /// Dropped with the session, so that nobody makes a pipe for a peer that has come and gone.
    presence: Arc<()>,
    link: Option<Link>,
    outbound: Option<Reader>,
    // What few sessions have is boxed: an idle peer's memory is mostly this structure.
    /// Where `outbound` holds only the newest message: what is being sent.
    feed: Option<Box<Feed>>,
    inbound: Option<Writer>,
    /// Where only the newest message waits for the application: the pipe to it.
    newest: Option<Box<Writer>>,
    /// The other end of `inbound` where the socket type never receives, or only the newest message waits.
    sink: Option<Box<Reader>>,
    ending: Option<Ending>,
    /// The deadline for which an entry stands in the timers.
    timer: Option<Time>,
    /// Since when the peer of an accepted connection has not said who it is.
    stranger_since: Option<Time>,
    /// Whole messages that may wait from this peer; 0 is no limit.
    receive_high_water_mark: u32,
    /// Connections so far; tells the facts of one from those of the next.
    epoch: u64,
}

impl Session {
    /// A session around a connection that a listener accepted: see [`Self::accepted`] and [`Self::connecting`].
    pub(crate) fn new(
        key: Key,
        socket: Arc<SocketShared>,
        peer: PeerId,
        attachment: AttachmentId,
        config: Arc<SessionConfig>,
    ) -> Self {
        Self {
            receive_high_water_mark: socket.receive_high_water_mark(),
            key,
            socket,
            peer,
            attachment,
            config,
            role: Role::Accept,
            presence: Arc::new(()),
            link: None,
            outbound: None,
            feed: None,
            newest: None,
            inbound: None,
            sink: None,
            ending: None,
            timer: None,
            stranger_since: None,
            epoch: 0,
        }
    }

    /// Makes it a session that will connect.
    pub(crate) fn connecting(mut self, to: Peer, outbound: Option<Reader>) -> Self {
        let (host, addresses) = match to {
            Peer::At(address) => (None, vec![address]),
            Peer::Named(host) => (Some(host), Vec::new()),
        };
        self.role = Role::Connect {
            host,
            addresses,
            next: 0,
            retry: Retry::new(&self.config),
        };
        self.outbound = outbound;
        if let Some(outbound) = &mut self.outbound {
            outbound.set_key(self.key.to_bits());
        }
        self
    }

    /// Makes it the session of a connection that a listener accepted.
    pub(crate) fn accepted(mut self, link: Link, now: Time) -> Self {
        self.link = Some(link);
        self.stranger_since = Some(now);
        self
    }

    /// Tells once that the peer of an accepted connection is no stranger any more, and since when it was one: it is
    /// ready, or its connection is being closed. One that is being told why it is refused still is a stranger.
    #[inline]
    pub(crate) fn became_known(&mut self) -> Option<Time> {
        self.stranger_since?;
        if self.link.as_ref().is_some_and(Link::is_stranger) {
            return None;
        }
        self.stranger_since.take()
    }

    /// The application gave the pipe that [`crate::socket::Arrival::wants_outbound`] asked for.
    pub(crate) fn give_outbound<D: EngineDriver>(
        &mut self,
        mut outbound: Reader,
        services: &mut Services<D>,
    ) -> Fate {
        outbound.set_key(self.key.to_bits());
        self.outbound = Some(outbound);
        self.pump(services);
        self.end_if_drained(services)
    }

    /// A pipe that had been empty has data, or its writer is gone.
    pub(crate) fn outbound_ready<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        self.pump(services);
        self.end_if_drained(services)
    }

    /// The socket's high-water marks changed.
    pub(crate) fn set_marks<D: EngineDriver>(
        &mut self,
        send: u32,
        receive: u32,
        services: &mut Services<D>,
    ) -> Fate {
        self.receive_high_water_mark = receive;
        if let Some(outbound) = &mut self.outbound {
            outbound.set_high_water_mark(send);
        }
        if let Some(inbound) = &mut self.inbound {
            inbound.set_high_water_mark(receive);
        }
        self.inbound_ready(services)
    }

    /// The application made room behind its high-water mark, or dropped its end.
    pub(crate) fn inbound_ready<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        if let Some(link) = &mut self.link {
            link.open_gate(services.driver.now());
        }
        self.receive_more(services);
        self.set_timer(services);
        Fate::Lives
    }

    /// Notes the earliest of this session's deadlines in the timers.
    fn set_timer<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        if let Some(at) = self.deadline()
            && self.timer.is_none_or(|noted| at < noted)
        {
            self.timer = Some(at);
            services.timers.add(at, services.session_token(self.key));
        }
    }

    /// The earliest of this session's deadlines.
    fn deadline(&self) -> Option<Time> {
        let deadlines = [
            self.link.as_ref().and_then(Link::deadline),
            self.retry_at(),
            self.ending.and_then(|ending| ending.deadline),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Whether the deadline noted for `at` is still one. If it moved, the later one is noted instead.
    pub(crate) fn holds_timer<D: EngineDriver>(
        &mut self,
        at: Time,
        services: &mut Services<D>,
    ) -> bool {
        if self.timer != Some(at) {
            return false;
        }
        if self.deadline().is_some_and(|deadline| deadline <= at) {
            return true;
        }
        self.timer = None;
        self.set_timer(services);
        false
    }

    const fn retry_at(&self) -> Option<Time> {
        match &self.role {
            Role::Connect { retry, .. } if self.link.is_none() => retry.at(),
            Role::Connect { .. } | Role::Accept => None,
        }
    }

    /// A deadline noted earlier has come; it may have moved since.
    pub(crate) fn timer_due<D: EngineDriver>(
        &mut self,
        at: Time,
        services: &mut Services<D>,
    ) -> Fate {
        if self.timer != Some(at) {
            return Fate::Lives;
        }
        self.timer = None;
        let now = services.now();
        let mut fate = Fate::Lives;
        if self
            .ending
            .and_then(|ending| ending.deadline)
            .is_some_and(|end| end <= now)
        {
            fate = self.give_up(services);
        }
        if fate == Fate::Lives && self.retry_at().is_some_and(|retry| retry <= now) {
            fate = self.connect_now(services);
        }
        if self
            .link
            .as_ref()
            .and_then(Link::deadline)
            .is_some_and(|deadline| deadline <= now)
        {
            self.link_deadline(now, services);
        }
        if fate == Fate::Lives {
            self.set_timer(services);
        }
        fate
    }
}
