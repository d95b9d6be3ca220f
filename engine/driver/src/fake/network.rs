//! The virtual network that a world's drivers share: its clock, listeners, connections, and what it counts.
//!
//! It knows no operations and no lent memory: those are the driver's. Whatever will happen later puts its
//! instant on the agenda, so that time can jump from one to the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::Faults;
use super::random::Random;
use super::way::Way;
use crate::Time;

/// Names a connection for good.
pub(super) type ConnectionId = u64;

/// Ports that the network chooses, as IANA's dynamic range.
const FIRST_DYNAMIC_PORT: u16 = 49_152;

/// One end of a connection. Side 0 connected, side 1 was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) connection: ConnectionId,
    pub(super) side: usize,
}

#[derive(Debug)]
pub(super) struct Network {
    pub(super) now: Time,
    pub(super) random: Random,
    pub(super) faults: Faults,
    /// Instants at which something happens.
    agenda: BTreeSet<Time>,
    /// Until when each driver's last poll wanted to wait.
    pub(super) deadlines: Vec<Option<Time>>,
    pub(super) listeners: BTreeMap<SocketAddr, Listener>,
    connections: BTreeMap<ConnectionId, Connection>,
    connections_made: u64,
    next_port: u16,
    pub(super) bytes_accepted: u64,
    pub(super) bytes_delivered: u64,
    pub(super) bytes_lost: u64,
    /// A running hash of all that the drivers were told.
    pub(super) trace: u64,
}

#[derive(Debug)]
pub(super) struct Listener {
    /// Connections to accept, and from when on.
    pub(super) backlog: VecDeque<(Time, Side)>,
    pub(super) backlog_max: usize,
}

#[derive(Debug)]
struct Connection {
    addresses: [SocketAddr; 2],
    /// `ways[side]` carries what `side` sends.
    ways: [Way; 2],
    is_closed: [bool; 2],
    /// From when on each side knows that the connection failed.
    resets: [Option<Time>; 2],
    /// Whether it failed for a side that had the other's end already, and so all that the other had sent.
    ended_first: [bool; 2],
}

impl Connection {
    /// Whether a side knows by `now` that the connection failed.
    fn is_reset(&self, side: usize, now: Time) -> bool {
        self.resets[side].is_some_and(|due| due <= now)
    }
}

impl Network {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            now: Time::ZERO,
            random: Random::new(seed),
            faults,
            agenda: BTreeSet::new(),
            deadlines: Vec::new(),
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            connections_made: 0,
            next_port: FIRST_DYNAMIC_PORT,
            bytes_accepted: 0,
            bytes_delivered: 0,
            bytes_lost: 0,
            trace: 0,
        }
    }

    /// Puts an instant of the near future on the agenda.
    pub(super) fn soon(&mut self, longest: Duration) -> Time {
        let due = self.now.after(self.random.delay(longest));
        self.agenda.insert(due);
        due
    }

    pub(super) fn completion_time(&mut self) -> Time {
        self.soon(self.faults.completion_delay_max)
    }

    fn arrival_time(&mut self) -> Time {
        self.soon(self.faults.network_delay_max)
    }

    /// The next instant at which something happens or a driver's wait ends.
    pub(super) fn next_instant(&self) -> Option<Time> {
        let later = |due: &Time| *due > self.now;
        let waits = self.deadlines.iter().copied().flatten().filter(later).min();
        let events = self.agenda.iter().copied().find(later);
        [waits, events].into_iter().flatten().min()
    }

    pub(super) fn set_time(&mut self, now: Time) {
        debug_assert!(now >= self.now, "time goes forwards");
        self.now = now;
        self.agenda = self.agenda.split_off(&now);
    }

    pub(super) fn free_port(&mut self) -> u16 {
        loop {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FIRST_DYNAMIC_PORT);
            if self.listeners.keys().all(|address| address.port() != port) {
                return port;
            }
        }
    }

    /// The listener that a connect to `remote` reaches: at that address, or at all of that port.
    fn listener_at(&self, remote: SocketAddr) -> Option<SocketAddr> {
        let matches = |address: &&SocketAddr| {
            address.port() == remote.port()
                && address.is_ipv4() == remote.is_ipv4()
                && (address.ip() == remote.ip() || address.ip().is_unspecified())
        };
        self.listeners.keys().find(matches).copied()
    }

    /// Finishes a connect; `Ok(None)` while the backlog is full.
    pub(super) fn connect(&mut self, remote: SocketAddr) -> io::Result<Option<Side>> {
        const FAILURES: [io::ErrorKind; 3] = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::TimedOut,
            io::ErrorKind::NetworkUnreachable,
        ];
        if self.random.roll(self.faults.refused_connect) {
            let failure = self.random.between(0, FAILURES.len() as u64 - 1);
            return Err(FAILURES[usize::try_from(failure).expect("an index")].into());
        }
        let Some(address) = self.listener_at(remote) else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let listener = &self.listeners[&address];
        if listener.backlog.len() >= listener.backlog_max {
            return Ok(None);
        }
        let local = SocketAddr::new(remote.ip(), self.free_port());
        let side = self.establish(local, remote);
        let due = self.arrival_time();
        let accepted = Side { side: 1, ..side };
        let listener = self.listeners.get_mut(&address).expect("found above");
        listener.backlog.push_back((due, accepted));
        Ok(Some(side))
    }

    fn establish(&mut self, local: SocketAddr, remote: SocketAddr) -> Side {
        let least = u64::from(self.faults.buffer_bytes_min.max(1));
        let most = u64::from(self.faults.buffer_bytes_max).max(least);
        let ways = [(); 2].map(|()| {
            // Small buffers find more than middling ones, so their size and not their number is even.
            let limit = self.random.between(least, most);
            let capacity = self.random.between(least, limit);
            Way::new(usize::try_from(capacity).expect("at most 32 bits"))
        });
        let connection = self.connections_made;
        self.connections_made += 1;
        self.connections.insert(
            connection,
            Connection {
                addresses: [local, remote],
                ways,
                is_closed: [false; 2],
                resets: [None; 2],
                ended_first: [false; 2],
            },
        );
        Side {
            connection,
            side: 0,
        }
    }

    fn connection(&mut self, side: Side) -> &mut Connection {
        self.connections
            .get_mut(&side.connection)
            .expect("a connection stays until both ends have closed")
    }

    pub(super) fn peer_address(&self, side: Side) -> Option<SocketAddr> {
        let connection = self.connections.get(&side.connection)?;
        Some(connection.addresses[1 - side.side])
    }

    pub(super) fn local_address(&self, side: Side) -> Option<SocketAddr> {
        let connection = self.connections.get(&side.connection)?;
        Some(connection.addresses[side.side])
    }

    /// Whether a send would take or tell something.
    pub(super) fn can_send(&self, side: Side) -> bool {
        let connection = &self.connections[&side.connection];
        let way = &connection.ways[side.side];
        way.room() > 0 || way.is_ended() || connection.is_reset(side.side, self.now)
    }

    /// Whether a receive would bring or tell something.
    pub(super) fn can_receive(&self, side: Side) -> bool {
        let connection = &self.connections[&side.connection];
        let way = &connection.ways[1 - side.side];
        way.has_arrived(self.now)
            || way.at_end(self.now)
            || connection.is_reset(side.side, self.now)
    }

    /// Whether a side knows that the connection failed before the peer's end had come.
    pub(super) fn has_failed(&self, side: Side) -> bool {
        let connection = &self.connections[&side.connection];
        connection.is_reset(side.side, self.now) && !connection.ended_first[side.side]
    }

    /// Takes a prefix of `bytes` from a sender; `None` while there is no room.
    pub(super) fn send<'a>(
        &mut self,
        side: Side,
        bytes: usize,
        slices: impl Iterator<Item = &'a [u8]>,
    ) -> Option<io::Result<usize>> {
        let now = self.now;
        let connection = self.connection(side);
        if connection.is_reset(side.side, now) {
            // As Linux says it: a reset behind the peer's end is a broken pipe.
            let kind = if connection.ended_first[side.side] {
                io::ErrorKind::BrokenPipe
            } else {
                io::ErrorKind::ConnectionReset
            };
            return Some(Err(kind.into()));
        }
        if connection.ways[side.side].is_ended() {
            return Some(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let peer_closed = connection.is_closed[1 - side.side];
        let fails_soon = connection.resets[side.side].is_some();
        let room = connection.ways[side.side].room();
        if room == 0 {
            return None;
        }
        let taken = self.random.shorten(room.min(bytes), self.faults.short_send);
        self.bytes_accepted += taken as u64;
        if peer_closed || fails_soon {
            // Accepted, and nobody will ever get it. The answer is a reset.
            self.bytes_lost += taken as u64;
            self.reset(side);
            return Some(Ok(taken));
        }
        let mut due = self.arrival_time();
        if self.random.roll(self.faults.stall) {
            due = due.after(self.faults.stall_time);
        }
        let data = slices.flatten().copied().take(taken);
        let due = self.connection(side).ways[side.side].push(data, due);
        self.agenda.insert(due);
        if self.random.roll(self.faults.cut) {
            self.cut(side.connection);
        }
        Some(Ok(taken))
    }

    /// Receives into `space`; `None` while nothing is there. No bytes are the end.
    pub(super) fn receive(&mut self, side: Side, space: &mut [u8]) -> Option<io::Result<usize>> {
        let now = self.now;
        let connection = self.connection(side);
        let reset = connection.resets[side.side];
        let ended_first = connection.ended_first[side.side];
        let way = &mut connection.ways[1 - side.side];
        let available = way.available(now).min(space.len());
        if available == 0 {
            if reset.is_some_and(|due| due <= now) && !ended_first {
                return Some(Err(io::ErrorKind::ConnectionReset.into()));
            }
            return way.at_end(now).then_some(Ok(0));
        }
        let taken = self.random.shorten(available, self.faults.short_receive);
        self.connection(side).ways[1 - side.side].take(&mut space[..taken]);
        self.bytes_delivered += taken as u64;
        // The sender hears of the room.
        self.arrival_time();
        Some(Ok(taken))
    }

    pub(super) fn shutdown(&mut self, side: Side) {
        let due = self.arrival_time();
        let due = self.connection(side).ways[side.side].finish(due);
        self.agenda.insert(due);
    }

    /// One end lets go. With unread bytes that is a reset for the other, as in TCP.
    pub(super) fn close(&mut self, side: Side) {
        let now = self.now;
        let connection = self.connection(side);
        connection.is_closed[side.side] = true;
        let other = Side {
            side: 1 - side.side,
            ..side
        };
        let has_unread = !connection.ways[other.side].is_empty();
        let was_reset = connection.resets[side.side].is_some();
        let lost = connection.ways[other.side].lose(now, false);
        let both_closed = connection.is_closed[other.side];
        self.bytes_lost += lost;
        if both_closed {
            let outgoing = &self.connection(side).ways[side.side];
            assert!(outgoing.is_empty(), "the other end lost it when it closed");
            self.connections.remove(&side.connection);
        } else if has_unread && !was_reset {
            self.reset(other);
        } else {
            self.shutdown(side);
        }
    }

    /// `side` learns soon that its connection failed; what it had not been brought by now may be lost.
    fn reset(&mut self, side: Side) {
        let due = self.arrival_time();
        // A reset may overtake what waits to be read, but need not.
        let keep_arrived = self.random.roll(500);
        let now = self.now;
        let connection = self.connection(side);
        if connection.resets[side.side].is_some() {
            return;
        }
        connection.resets[side.side] = Some(due);
        // Once the end is here, so is all before it, and nothing takes it back.
        let ended_first = connection.ways[1 - side.side].has_end_come(now);
        connection.ended_first[side.side] = ended_first;
        let keep_arrived = keep_arrived || ended_first;
        let lost = connection.ways[1 - side.side].lose(now, keep_arrived)
            + connection.ways[side.side].lose(now, true);
        self.bytes_lost += lost;
    }

    /// Fails both ends of a connection, each at its own time.
    pub(super) fn cut(&mut self, connection: ConnectionId) {
        for side in 0..2 {
            if !self.connections[&connection].is_closed[side] {
                self.reset(Side { connection, side });
            }
        }
    }

    pub(super) fn cut_all(&mut self) {
        let all: Vec<_> = self.connections.keys().copied().collect();
        for connection in all {
            self.cut(connection);
        }
    }

    /// Removes a listener; whoever waited in its backlog is reset.
    pub(super) fn unlisten(&mut self, address: SocketAddr) {
        let listener = self.listeners.remove(&address);
        for (_, side) in listener.into_iter().flat_map(|listener| listener.backlog) {
            self.cut(side.connection);
            self.close(side);
        }
    }

    /// Mixes a number into the trace.
    pub(super) const fn note(&mut self, number: u64) {
        self.trace = (self.trace.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}
