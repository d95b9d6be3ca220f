//! From the wire to the inbound pipe: headers are scanned where the bytes arrived, runs of whole frames are
//! copied into the open chunk and published with one store; large bodies grow in memory of their own.
//!
//! The high-water mark gates the next receive, not the publication of what has arrived.

use std::io;
use std::sync::Arc;

use ringmq_driver::{Demand, End, Received};
use ringmq_wire::{self as wire, Framing, Peer};

use super::frames::{IN_PLACE_BYTES_MIN, complete_frame, finish_large, receive_large, take_run};
use super::link::{LargeFrame, Link, Receiving, Stage};
use super::subscriptions::SUBSCRIBE;
use super::{EngineDriver, Fate, Role, Session};
use crate::memory::{ConnectionInfo, Pool};
use crate::monitor::MonitorEventKind;
use crate::pipe::{
    Filling, Owner, PipeConfig, Reader, Role as PipeRole, Writer, newest_pipe, pipe,
};
use crate::reactor::{Services, SessionAddress};
use crate::socket::{Arrival, SocketEvent};

/// One read fetches at most this much: what the drivers' own buffers hold.
const READ_BYTES_MAX: u32 = 64 << 10;
/// Below this mark, reads are kept as small as libzmq's, so that work spreads over several receivers. Where large
/// bodies follow each other, a small read fetches little more than the next header.
const SMALL_MARK: u32 = 64;
const SMALL_READ_BYTES: u32 = 8 << 10;
/// A read of so much is a flood's: more is likely to be there already.
const FLOOD_BYTES: usize = 24 << 10;
/// After so many reads of less than [`SMALL_READ_BYTES`], a connection streams again.
const SMALL_READS_TO_STREAM: u32 = 32;

/// What a session needs of its reactor to take bytes in; the driver is lent out at that moment.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    /// Which engine of its context this is.
    pub(crate) engine: usize,
    pub(crate) pool: &'a Pool,
    pub(crate) owner: &'a Owner,
    pub(crate) now: u64,
    pub(crate) descriptor: Option<i32>,
    pub(crate) peer_address: Option<String>,
}

impl Session {
    /// Bytes arrived in the driver's memory.
    pub(crate) fn received<D: EngineDriver>(
        &mut self,
        data: Received,
        services: &mut Services<D>,
    ) -> Fate {
        let Some(link) = &mut self.link else {
            services.driver.release(data);
            return Fate::Lives;
        };
        if link.receiving == Receiving::Once {
            link.receiving = Receiving::Idle;
        }
        link.note_read(data.bytes);
        let handshaking = link.is_handshaking();
        let surroundings = services.surroundings(handshaking.then_some(link.socket));
        let bytes = data.bytes as usize;
        let taken = self.take_bytes(services.driver.received(&data), &surroundings);
        services.driver.release(data);
        self.publish(bytes, services);
        if handshaking && self.link.as_ref().is_some_and(Link::is_ready) {
            self.tell(MonitorEventKind::HandshakeSucceeded, services);
        }
        if let Err(error) = taken {
            self.tell_handshake_failed(&error, services);
            self.socket.counters.protocol_errors.add_shared(1);
            self.refuse(services);
            return Fate::Lives;
        }
        if handshaking
            || self
                .link
                .as_ref()
                .is_some_and(|link| !link.wire.output().is_empty())
        {
            self.pump(services);
            self.set_timer(services);
        }
        self.receive_more(services);
        Fate::Lives
    }

    /// A demand ended without bytes.
    pub(crate) fn receive_ended<D: EngineDriver>(
        &mut self,
        end: &End,
        services: &mut Services<D>,
    ) -> Fate {
        if let Some(link) = &mut self.link {
            link.receiving = Receiving::Idle;
            match end {
                End::Paused => self.receive_more(services),
                End::Eof => {
                    self.tell_if_handshaking(&io::ErrorKind::UnexpectedEof.into(), services);
                    self.close_link(services);
                }
                End::Failed(error) => {
                    self.tell_if_handshaking(error, services);
                    self.close_link(services);
                }
            }
        }
        Fate::Lives
    }

    /// The connection failed while the application was behind. What was published stays readable.
    pub(crate) fn hung_up<D: EngineDriver>(&mut self, services: &mut Services<D>) -> Fate {
        // It may be of the past: whoever receives again is told by that.
        if self.link.as_ref().is_some_and(Link::is_gated) {
            self.close_link(services);
        }
        Fate::Lives
    }

    /// The driver wrote into a large body.
    pub(crate) fn filled<D: EngineDriver>(
        &mut self,
        incoming: Filling,
        result: io::Result<usize>,
        services: &mut Services<D>,
    ) -> Fate {
        let Some(link) = &mut self.link else {
            return Fate::Lives;
        };
        link.receiving = Receiving::Idle;
        let (Ok(bytes @ 1..), Some(large)) = (result, &mut link.large) else {
            self.close_link(services);
            return Fate::Lives;
        };
        link.wire.bytes_arrived(services.driver.now().as_nanos());
        large.buffer = Some(incoming.filled(bytes));
        if let (Stage::Ready, Some(inbound)) = (link.stage, &mut self.inbound) {
            let finished = finish_large(link, inbound);
            self.publish(bytes, services);
            if finished.is_err() {
                self.socket.counters.protocol_errors.add_shared(1);
                self.close_link(services);
                return Fate::Lives;
            }
        }
        self.receive_more(services);
        Fate::Lives
    }

    /// Asks the driver for more, unless it is asked already or the application is behind.
    pub(super) fn receive_more<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        let Some(link) = &mut self.link else {
            return;
        };
        let gated = self
            .inbound
            .as_ref()
            .filter(|_| self.config.receives && self.newest.is_none())
            .is_some_and(|inbound| {
                let mark = u64::from(self.receive_high_water_mark);
                mark > 0 && inbound.outstanding() >= mark
            });
        match link.receiving {
            Receiving::Stream if gated || link.wants_in_place() || link.follows_large => {
                link.receiving = Receiving::Pausing;
                link.prefers_once = true;
                services.driver.pause(link.socket);
                return;
            }
            Receiving::Idle => {}
            Receiving::Once | Receiving::Stream | Receiving::Pausing | Receiving::Into => return,
            Receiving::Gated => return,
        }
        if matches!(link.stage, Stage::Connecting { .. } | Stage::Closing) {
            return;
        }
        if gated && link.stage == Stage::Ready {
            let inbound = self.inbound.as_mut().expect("the mark is that of a pipe");
            if inbound.wait_for_credit() {
                link.gate(services.driver.now());
                // The end of the peer is found by reading, behind all its messages; a failure need not wait.
                services.driver.watch(link.socket);
                self.set_timer(services);
                return;
            }
        }
        let mark = if self.config.receives {
            self.receive_high_water_mark
        } else {
            0
        };
        let demand = link.demand(mark);
        services.driver.receive(link.socket, demand);
    }

    /// Takes bytes in order: greeting and handshake first, then frames.
    fn take_bytes(
        &mut self,
        mut bytes: &[u8],
        surroundings: &Surroundings<'_>,
    ) -> Result<(), wire::Error> {
        let link = self.link.as_mut().expect("the caller has one");
        if !link.is_live() {
            return Ok(());
        }
        link.wire.bytes_arrived(surroundings.now);
        if link.stage == Stage::Handshaking {
            let used = link.wire.handshake(bytes, surroundings.now)?;
            bytes = &bytes[used..];
            if !link.wire.is_established() {
                return Ok(());
            }
            self.became_ready(surroundings);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.take_frames(bytes, surroundings)
    }

    /// The handshake is done: the pipes are joined to this connection.
    fn became_ready(&mut self, surroundings: &Surroundings<'_>) {
        let link = self.link.as_mut().expect("the caller has one");
        link.stage = Stage::Ready;
        link.transcodes = link
            .transcoder
            .is_needed(&link.wire, self.config.sends_subscriptions);
        self.epoch += 1;
        if let Role::Connect { retry, .. } = &mut self.role {
            retry.succeeded();
        }
        if self.ending.is_none() {
            self.tell_arrival(surroundings);
        }
        // Last: whoever sees the connection counted finds what it brought.
        self.socket.counters.connections.add_shared(1);
    }

    /// Tells the socket what this connection brings it: a pipe to read from, if it has none of this peer, and the wish
    /// for one to be written to.
    fn tell_arrival(&mut self, surroundings: &Surroundings<'_>) {
        let info = self.connection_info(surroundings);
        let routing_id = info.routing_id.clone();
        let reader = if self.config.receives {
            self.join_inbound(info, surroundings)
        } else {
            None
        };
        let wants_outbound = self.config.sends && self.outbound.is_none();
        // What the peer had subscribed to is void, though it may not subscribe anew.
        let renews = self.config.keeps_subscriptions && self.epoch > 1;
        if reader.is_some() || wants_outbound || renews {
            let arrival = Arrival {
                peer: self.peer,
                session: SessionAddress {
                    engine: surroundings.engine,
                    key: self.key,
                },
                presence: Arc::downgrade(&self.presence),
                epoch: self.epoch,
                routing_id,
                reader,
                wants_outbound,
            };
            let told = SocketEvent::Peer(Box::new(arrival));
            self.socket.tell(told);
        }
    }

    fn connection_info(&self, surroundings: &Surroundings<'_>) -> ConnectionInfo {
        let link = self.link.as_ref().expect("the caller has one");
        let peer = link.wire.peer();
        ConnectionInfo {
            peer_address: surroundings.peer_address.clone(),
            descriptor: surroundings.descriptor,
            routing_id: peer
                .map(|peer| peer.routing_id().as_bytes().to_vec())
                .unwrap_or_default(),
            properties: peer
                .map(|peer| properties(peer.properties()))
                .unwrap_or_default(),
            epoch: self.epoch,
        }
    }

    /// Makes the inbound pipe where there is none yet, and tells it whose bytes come now. Returns the other end of a
    /// pipe that was made.
    fn join_inbound(
        &mut self,
        info: ConnectionInfo,
        surroundings: &Surroundings<'_>,
    ) -> Option<Reader> {
        let mut made = None;
        if self.config.conflates_inbound {
            made = self.join_newest(surroundings);
        } else if self.inbound.is_none() {
            let (writer, reader) = pipe(
                PipeConfig {
                    high_water_mark: self.receive_high_water_mark,
                    reader_role: PipeRole::Application,
                },
                surroundings.pool.clone(),
                surroundings.owner.clone(),
                self.key.to_bits(),
                self.socket.owner.clone(),
                0,
            );
            self.inbound = Some(writer);
            made = Some(reader);
        }
        let link = self.link.as_ref().expect("the caller has one");
        if let Some(inbound) = &mut self.inbound {
            inbound.set_info(Some(Arc::new(info)));
            if self.config.keeps_subscriptions && link.wire.peer().is_some_and(Peer::is_unversioned)
            {
                // Such a peer cannot subscribe: it gets everything, and filters.
                inbound.write_frame(false, &[SUBSCRIBE]);
            }
        }
        made
    }

    /// The same where only the newest message waits.
    fn join_newest(&mut self, surroundings: &Surroundings<'_>) -> Option<Reader> {
        if self.newest.is_some() {
            return None;
        }
        let (writer, reader) = newest_pipe(
            surroundings.pool.clone(),
            surroundings.owner.clone(),
            self.key.to_bits(),
            self.socket.owner.clone(),
            0,
        );
        self.newest = Some(Box::new(writer));
        let (inbound, sink) = unread_pipe(surroundings);
        self.inbound = Some(inbound);
        self.sink = Some(Box::new(sink));
        Some(reader)
    }

    fn take_frames(
        &mut self,
        mut bytes: &[u8],
        surroundings: &Surroundings<'_>,
    ) -> Result<(), wire::Error> {
        let link = self.link.as_mut().expect("the caller has one");
        let sink = &mut self.sink;
        let inbound = self.inbound.get_or_insert_with(|| {
            let (writer, reader) = unread_pipe(surroundings);
            *sink = Some(Box::new(reader));
            writer
        });
        while !bytes.is_empty() {
            if let Some(LargeFrame {
                buffer: Some(buffer),
                ..
            }) = &mut link.large
            {
                let taken = buffer.append(bytes);
                bytes = &bytes[taken..];
                finish_large(link, inbound)?;
            } else if link.wire.framing() == Some(Framing::V1) {
                let (rest, large) = link.transcoder.decode(&mut link.wire, inbound, bytes)?;
                bytes = rest;
                if let Some(header) = large {
                    receive_large(link, header);
                }
            } else if inbound.tail().is_empty() {
                bytes = take_run(link, inbound, bytes)?;
            } else {
                bytes = complete_frame(link, inbound, bytes)?;
            }
        }
        Ok(())
    }

    /// Makes what is whole visible to the application, or counts it where the type never receives. `bytes`
    /// arrived for it: after many at once more are likely to be there, and a sleeping application is woken a
    /// little later, for all of them.
    fn publish<D: EngineDriver>(&mut self, bytes: usize, services: &mut Services<D>) {
        let Some(inbound) = &mut self.inbound else {
            return;
        };
        if self.newest.is_some() {
            inbound.publish();
            return self.conflate();
        }
        if bytes < FLOOD_BYTES {
            inbound.publish();
        } else if inbound.commit() {
            services.wake_later(self.key, bytes);
        }
        if let Some(sink) = &mut self.sink {
            self.socket
                .counters
                .dropped_not_read
                .add_shared(sink.discard());
        }
    }

    /// Wakes the application, if it sleeps, for what was made visible earlier. The caller has fenced.
    pub(crate) fn wake_application(&self) {
        if let Some(inbound) = &self.inbound {
            inbound.wake_parked_reader();
        }
    }
}

/// The peer's READY properties as plain pairs. Names are ASCII by the rules of the wire.
fn properties(metadata: &wire::Metadata) -> Vec<(String, Vec<u8>)> {
    let owned = |(name, value): (&[u8], &[u8])| {
        (String::from_utf8_lossy(name).into_owned(), value.to_vec())
    };
    metadata.iter().map(owned).collect()
}

/// The pipe of a socket type that never receives: what a peer sends there is framed, checked and counted like
/// any other message, and dropped at once.
fn unread_pipe(surroundings: &Surroundings<'_>) -> (Writer, Reader) {
    pipe(
        PipeConfig {
            high_water_mark: 0,
            reader_role: PipeRole::Engine,
        },
        surroundings.pool.clone(),
        surroundings.owner.clone(),
        0,
        surroundings.owner.clone(),
        0,
    )
}

impl Link {
    fn note_read(&mut self, bytes: u32) {
        if bytes >= SMALL_READ_BYTES {
            self.small_reads = 0;
        } else {
            self.small_reads = self.small_reads.saturating_add(1);
            if self.small_reads >= SMALL_READS_TO_STREAM {
                self.prefers_once = false;
            }
        }
    }

    fn wants_in_place(&self) -> bool {
        let missing = self.large.as_ref().and_then(|large| large.buffer.as_ref());
        missing.is_some_and(|buffer| buffer.missing() >= IN_PLACE_BYTES_MIN)
    }

    /// Chooses the next demand and notes it.
    fn demand(&mut self, mark: u32) -> Demand<Filling> {
        if self.wants_in_place()
            && let Some(buffer) = self.large.as_mut().and_then(|large| large.buffer.take())
        {
            self.receiving = Receiving::Into;
            return Demand::Into(Filling::new(buffer));
        }
        if self.follows_large || (mark > 0 && mark < SMALL_MARK) {
            self.receiving = Receiving::Once;
            return Demand::Once {
                bytes_max: SMALL_READ_BYTES,
            };
        }
        if self.prefers_once {
            self.receiving = Receiving::Once;
            return Demand::Once {
                bytes_max: READ_BYTES_MAX,
            };
        }
        self.receiving = Receiving::Stream;
        Demand::Stream
    }
}
