//! Heartbeats as data: when to send a PING, and when silence means that the peer is gone.
//!
//! Any byte from the peer is life, not only whole frames: a large frame that trickles in keeps its connection.
//! While the session itself has stopped reading, silence proves nothing, so the peer is not timed out; but the
//! peer cannot hear our PONGs either, so PINGs go out at the rate at which the peer itself sent them.

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
    /// When the peer's last PING came; at first, when the connection was established.
    peer_ping_at: u64,
    /// The time between the peer's PINGs; zero while it is unknown.
    peer_interval: u64,
    /// The session does not read, so silence means nothing.
    is_paused: bool,
}

impl Liveness {
    /// Starts at the end of the handshake.
    pub(crate) fn start(heartbeat: Option<Heartbeat>, now: u64) -> Self {
        let mut liveness = Self {
            arrived_at: now,
            peer_ping_at: now,
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
        self.peer_ttl = u64::from(ttl) * TTL_UNIT_NANOS;
        let interval = self.arrived_at - self.peer_ping_at;
        if interval > 0 {
            self.peer_interval = interval.max(PEER_INTERVAL_MIN_NANOS);
            self.peer_ping_at = self.arrived_at;
        }
    }

    /// The session stops reading (`paused`) or reads again.
    pub(crate) fn set_paused(&mut self, paused: bool, now: u64) {
        if self.is_paused == paused {
            return;
        }
        self.is_paused = paused;
        self.bytes_arrived(now);
        self.schedule_ping(now);
    }

    fn schedule_ping(&mut self, now: u64) {
        let theirs = if self.is_paused {
            self.peer_interval
        } else {
            0
        };
        let interval = [self.interval, theirs]
            .into_iter()
            .filter(|&span| span > 0)
            .min();
        self.ping_at = interval.map(|span| now.saturating_add(span));
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
