//! Heartbeats as data: when to send a PING, and when silence means that the peer is gone.
//!
//! Any byte from the peer is life, not only whole frames: a large frame that trickles in keeps its connection.
//! While the session itself has stopped reading, silence proves nothing, so the peer is not timed out. But its
//! PINGs wait unread and get no PONG, and libzmq gives a peer up from which no whole frame comes for its timeout.
//! So PINGs of ours go out instead: at the rate at which the peer itself sent its own or, while that is unknown, at
//! a rate that suits any timeout worth having.

use std::time::Duration;

use crate::Error;

/// How a socket watches its peers (ZMTP 3.x only).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often to send a PING. Zero is never.
    pub interval: Duration,
    /// How long after a PING to wait for any byte. Zero is for ever.
    pub timeout: Duration,
    /// After how much silence the peer is to give us up: tenths of a second, at most 6 553.5 s, rounded down.
    /// Zero leaves it to the peer.
    pub ttl: Duration,
}

/// One unit of a PING's time-to-live.
const TTL_UNIT_NANOS: u64 = 100_000_000;

/// However fast a peer pings, we do not ping faster than this while we are not reading.
const PEER_INTERVAL_MIN_NANOS: u64 = 1_000_000;

/// The same while the peer's rate is unknown: its queue may have filled ours before its first PING came. Timeouts
/// are seconds as a rule and hundreds of milliseconds at the least.
const BLIND_INTERVAL_NANOS: u64 = 250_000_000;

/// The state of one connection's heartbeat. Instants and spans are nanoseconds of the caller's clock.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    /// Our interval; zero is no heartbeat of ours.
    interval: u64,
    /// Our patience after a PING; zero is endless.
    timeout: u64,
    /// What our PINGs ask of the peer, in tenths of a second.
    ttl: u16,
    /// When the next PING is due.
    ping_at: Option<u64>,
    /// Until when something must have come after our oldest unanswered PING.
    answer_by: Option<u64>,
    /// When bytes came last.
    arrived_at: u64,
    /// The silence after which the peer wants to be given up; zero is none.
    peer_ttl: u64,
    /// When the peer's last PING came; at first, when the connection was established. Nothing after a pause, which
    /// delays PINGs.
    peer_ping_at: Option<u64>,
    /// The time between the peer's PINGs; zero while it is unknown.
    peer_interval: u64,
    /// The peer knows PING, by its version or because it sent one: it may be sent one unasked.
    peer_has_ping: bool,
    /// When we sent a PING last.
    pinged_at: Option<u64>,
    /// The session does not read, so silence means nothing.
    is_paused: bool,
}

impl Liveness {
    /// Starts at the end of the handshake.
    pub(crate) fn start(heartbeat: Option<Heartbeat>, peer_has_ping: bool, now: u64) -> Self {
        let mut liveness = Self {
            arrived_at: now,
            peer_ping_at: Some(now),
            peer_has_ping,
            ..Self::default()
        };
        if let Some(heartbeat) = heartbeat {
            liveness.interval = nanos(heartbeat.interval);
            liveness.timeout = nanos(heartbeat.timeout);
            let units = nanos(heartbeat.ttl) / TTL_UNIT_NANOS;
            liveness.ttl = u16::try_from(units).unwrap_or(u16::MAX);
        }
        liveness.schedule_ping(now);
        liveness
    }

    /// When `expire` wants to be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        [self.ping_at, self.silence_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is due at `now`: the ttl to put in a PING, or the end.
    pub(crate) fn expire(&mut self, now: u64) -> Result<Option<u16>, Error> {
        if self
            .silence_deadline()
            .is_some_and(|deadline| now >= deadline)
        {
            return Err(Error::HeartbeatTimeout);
        }
        if self.ping_at.is_none_or(|at| now < at) {
            return Ok(None);
        }
        self.pinged_at = Some(now);
        self.schedule_ping(now);
        if self.timeout > 0 && self.interval > 0 {
            self.answer_by
                .get_or_insert(now.saturating_add(self.timeout));
        }
        Ok(Some(self.ttl))
    }

    pub(crate) fn bytes_arrived(&mut self, now: u64) {
        self.arrived_at = self.arrived_at.max(now);
        self.answer_by = None;
    }

    /// The peer sent a PING among the bytes that arrived last.
    pub(crate) fn peer_pinged(&mut self, ttl: u16) {
        self.peer_has_ping = true;
        self.peer_ttl = u64::from(ttl) * TTL_UNIT_NANOS;
        let interval = self.peer_ping_at.map(|before| self.arrived_at - before);
        if let Some(interval @ 1..) = interval {
            self.peer_interval = interval.max(PEER_INTERVAL_MIN_NANOS);
        }
        self.peer_ping_at = Some(self.arrived_at);
    }

    /// The session stops reading (`paused`) or reads again.
    pub(crate) fn set_paused(&mut self, paused: bool, now: u64) {
        if self.is_paused == paused {
            return;
        }
        self.is_paused = paused;
        if paused {
            self.peer_ping_at = None;
        }
        self.bytes_arrived(now);
        self.schedule_ping(now);
    }

    fn schedule_ping(&mut self, now: u64) {
        let own = (self.interval > 0).then(|| now.saturating_add(self.interval));
        let unread = self.is_paused.then(|| self.unread_ping_at(now)).flatten();
        self.ping_at = [own, unread].into_iter().flatten().min();
    }

    /// When the next PING is due that stands for the PONGs we owe. Counted from our last PING, for pauses may be
    /// short and many; the first is due at once, for the peer may have been waiting for long.
    fn unread_ping_at(&self, now: u64) -> Option<u64> {
        let interval = match self.peer_interval {
            0 if self.peer_has_ping => BLIND_INTERVAL_NANOS,
            0 => return None,
            theirs => theirs,
        };
        let next = self
            .pinged_at
            .map_or(now, |last| last.saturating_add(interval));
        Some(next.max(now))
    }

    fn silence_deadline(&self) -> Option<u64> {
        if self.is_paused {
            return None;
        }
        let ttl = (self.peer_ttl > 0).then(|| self.arrived_at.saturating_add(self.peer_ttl));
        [self.answer_by, ttl].into_iter().flatten().min()
    }
}

/// A span in nanoseconds; the longest there is where it does not fit.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
