//! Drives one driver for a scenario, keeps what it told about each socket, and checks the rules that hold always.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use super::{Ledger, Subject, TestIn, TestOut};
use crate::{Address, Completion, Demand, Driver, End, SocketId, SocketOptions, Token, Wait};

/// How long a scenario may take on the driver's clock.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many polls a scenario may take, for a clock that stands still.
const TURNS_MAX: u64 = 20_000_000;

/// Polls without a completion after which a send counts as stuck.
const JAMMED_POLLS: u32 = 50;

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) socket: SocketId,
    pub(super) token: Token,
}

/// What the driver told about one socket.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) connected: Option<io::Result<()>>,
    /// All bytes, whatever demand fetched them.
    pub(super) received: Vec<u8>,
    /// How often bytes came.
    pub(super) receives: usize,
    pub(super) ends: Vec<End>,
    pub(super) sent: VecDeque<io::Result<usize>>,
    pub(super) demand: Asked,
    pub(super) hang_ups: usize,
    /// The mark of the outstanding send, and its bytes.
    pub(super) sending: Option<(u64, usize)>,
    pub(super) is_watched: bool,
    pub(super) is_closing: bool,
    pub(super) is_closed: bool,
}

/// The outstanding receive demand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    #[default]
    Nothing,
    Once(u32),
    Stream,
    /// The mark of the lent memory, and its bytes.
    Into(u64, usize),
}

pub(super) struct Rig<'a, S: Subject> {
    subject: &'a S,
    pub(super) driver: S::Driver,
    pub(super) ledger: Ledger,
    records: HashMap<Token, Record>,
    pub(super) accepted: VecDeque<(Token, io::Result<SocketId>)>,
    batch: Vec<Completion<TestOut, TestIn>>,
    tokens: u64,
    turns: u64,
}

impl<'a, S: Subject> Rig<'a, S> {
    pub(super) fn new(subject: &'a S) -> Self {
        let driver = subject.driver();
        Self {
            subject,
            driver,
            ledger: Ledger::default(),
            records: HashMap::new(),
            accepted: VecDeque::new(),
            batch: Vec::new(),
            tokens: 0,
            turns: 0,
        }
    }

    pub(super) fn token(&mut self) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.records.insert(token, Record::default());
        token
    }

    pub(super) fn record(&mut self, peer: Peer) -> &mut Record {
        self.records
            .get_mut(&peer.token)
            .expect("each peer has a record")
    }

    /// Polls until `is_met`, and fails the test if that takes too long.
    pub(super) fn until(&mut self, what: &str, mut is_met: impl FnMut(&mut Self) -> bool) {
        // Each wait has its own patience: where nothing more is to come, virtual time jumps to its end.
        let deadline = self.driver.now().after(PATIENCE);
        while !is_met(self) {
            assert!(
                self.driver.now() < deadline && self.turns < TURNS_MAX,
                "waited in vain: {what}; records: {:?}",
                self.summary(),
            );
            self.turn(Wait::Until(deadline));
        }
    }

    /// One poll, and one step of virtual time.
    pub(super) fn turn(&mut self, wait: Wait) {
        self.turns += 1;
        let mut batch = std::mem::take(&mut self.batch);
        self.driver
            .poll(wait, &mut batch)
            .expect("a working driver polls");
        for completion in batch.drain(..) {
            self.note(completion);
        }
        self.batch = batch;
        self.subject.step();
    }

    fn summary(&self) -> Vec<(u64, usize, &Asked, bool, bool)> {
        self.records
            .iter()
            .map(|(token, record)| {
                let is_sending = record.sending.is_some();
                (
                    token.0,
                    record.received.len(),
                    &record.demand,
                    is_sending,
                    record.is_closed,
                )
            })
            .collect()
    }

    pub(super) fn listen(&mut self, address: &Address) -> (Peer, Address) {
        let token = self.token();
        let (socket, real) = self
            .driver
            .listen(token, address, &SocketOptions::default())
            .expect("a free address can be listened on");
        (Peer { socket, token }, real)
    }

    pub(super) fn connect(&mut self, address: &Address) -> Peer {
        let token = self.token();
        let socket = self
            .driver
            .connect(token, address, &SocketOptions::default())
            .expect("a socket can be made");
        Peer { socket, token }
    }

    /// The next connection of any listener, under a token of its own.
    pub(super) fn accept(&mut self) -> Peer {
        self.until("an accept", |rig| !rig.accepted.is_empty());
        let (_, result) = self.accepted.pop_front().expect("just seen");
        let socket = result.expect("an accept succeeds");
        let token = self.token();
        self.driver.set_token(socket, token);
        Peer { socket, token }
    }

    /// A connection: the end that connected, and the one that was accepted.
    pub(super) fn pair(&mut self, address: &Address) -> (Peer, Peer) {
        let (listener, real) = self.listen(address);
        let pair = self.pair_at(&real);
        self.close(listener);
        self.until("the listener is gone", |rig| rig.record(listener).is_closed);
        pair
    }

    /// A connection to a listener that is there.
    pub(super) fn pair_at(&mut self, real: &Address) -> (Peer, Peer) {
        let client = self.connect(real);
        let server = self.accept();
        self.until("a connect", |rig| rig.record(client).connected.is_some());
        assert!(matches!(self.record(client).connected, Some(Ok(()))));
        (client, server)
    }

    pub(super) fn receive_stream(&mut self, peer: Peer) {
        self.demand(peer, Asked::Stream, Demand::Stream);
    }

    pub(super) fn receive_once(&mut self, peer: Peer, bytes_max: u32) {
        self.demand(peer, Asked::Once(bytes_max), Demand::Once { bytes_max });
    }

    pub(super) fn receive_into(&mut self, peer: Peer, bytes: usize) {
        let incoming = TestIn::new(bytes, &self.ledger);
        let asked = Asked::Into(incoming.mark(), bytes);
        self.demand(peer, asked, Demand::Into(incoming));
    }

    fn demand(&mut self, peer: Peer, asked: Asked, demand: Demand<TestIn>) {
        assert_eq!(
            self.record(peer).demand,
            Asked::Nothing,
            "D4: the suite's own bug"
        );
        let record = self.record(peer);
        record.demand = asked;
        record.is_watched = false;
        self.driver.receive(peer.socket, demand);
    }

    pub(super) fn watch(&mut self, peer: Peer) {
        self.record(peer).is_watched = true;
        self.driver.watch(peer.socket);
    }

    pub(super) fn send(&mut self, peer: Peer, bytes: &[u8], pieces_max: usize) {
        let outgoing = TestOut::new(bytes, pieces_max, &self.ledger);
        let sending = (outgoing.mark(), bytes.len());
        let before = self.record(peer).sending.replace(sending);
        assert_eq!(before, None, "D2: the suite's own bug");
        self.driver.send(peer.socket, outgoing);
    }

    /// Sends it all, however short the sends are, while `serve` keeps the other sockets going.
    pub(super) fn send_all(
        &mut self,
        peer: Peer,
        bytes: &[u8],
        pieces_max: usize,
        mut serve: impl FnMut(&mut Self),
    ) {
        const SEND_BYTES_MAX: usize = 256 << 10;
        let mut sent = 0;
        while sent < bytes.len() {
            let end = bytes.len().min(sent + SEND_BYTES_MAX);
            self.send(peer, &bytes[sent..end], pieces_max);
            self.until("a send", |rig| {
                serve(rig);
                !rig.record(peer).sent.is_empty()
            });
            let result = self.record(peer).sent.pop_front().expect("just seen");
            sent += result.expect("a send on a healthy connection succeeds");
        }
    }

    /// Sends `bytes` again and again until a send stays outstanding, because nobody reads.
    pub(super) fn jam(&mut self, peer: Peer, bytes: &[u8]) {
        let mut quiet_polls = 0;
        while quiet_polls < JAMMED_POLLS {
            quiet_polls += 1;
            if self.record(peer).sending.is_none() {
                self.send(peer, bytes, 4);
                quiet_polls = 0;
            }
            self.turn(Wait::Now);
        }
    }

    pub(super) fn close(&mut self, peer: Peer) {
        self.record(peer).is_closing = true;
        self.driver.close(peer.socket);
    }

    pub(super) fn close_all(&mut self, peers: &[Peer]) {
        for peer in peers {
            self.close(*peer);
        }
        self.until("all are closed", |rig| {
            peers.iter().all(|peer| rig.record(*peer).is_closed)
        });
    }

    /// Files one completion, after checking what must hold for each.
    fn note(&mut self, completion: Completion<TestOut, TestIn>) {
        match completion {
            Completion::Accepted { token, result } => {
                let record = self.alive(token);
                let is_late = record.is_closing && result.is_ok();
                assert!(!is_late, "D8: a closed listener brings no connection");
                self.accepted.push_back((token, result));
            }
            Completion::Connected { token, result } => {
                let record = self.alive(token);
                assert!(record.connected.is_none(), "a connect ends once");
                record.connected = Some(result);
            }
            Completion::Received { token, data } => {
                let bytes = self.driver.received(&data).to_vec();
                assert_eq!(bytes.len(), data.bytes as usize);
                self.driver.release(data);
                self.alive(token).note_received(&bytes);
            }
            Completion::ReceiveEnded { token, end } => self.alive(token).note_end(end),
            Completion::Filled {
                token,
                incoming,
                result,
            } => self.alive(token).note_filled(&incoming, result),
            Completion::Sent {
                token,
                outgoing,
                result,
            } => self.alive(token).note_sent(&outgoing, result),
            Completion::HungUp { token, .. } => {
                let record = self.alive(token);
                assert!(record.is_watched, "D15: told once, to who watches");
                assert!(!record.is_closing, "D15: the close ends the watch");
                record.is_watched = false;
                record.hang_ups += 1;
            }
            Completion::Closed { token } => {
                let record = self.alive(token);
                assert!(record.is_closing, "D8: closed only by the caller");
                assert_eq!(record.demand, Asked::Nothing, "D8: demands end first");
                assert_eq!(record.sending, None, "D8: lent memory comes first");
                record.is_closed = true;
            }
        }
    }

    fn alive(&mut self, token: Token) -> &mut Record {
        let record = self
            .records
            .get_mut(&token)
            .expect("completions carry the tokens that were given");
        assert!(!record.is_closed, "D8: nothing follows Closed");
        record
    }
}

impl Record {
    fn note_received(&mut self, bytes: &[u8]) {
        assert!(!self.is_closing, "D8: no Received after close");
        assert!(!bytes.is_empty(), "D4: Received has bytes");
        match self.demand {
            Asked::Once(bytes_max) => {
                assert!(bytes.len() <= bytes_max as usize, "D4: no more than asked");
                self.demand = Asked::Nothing;
            }
            Asked::Stream => {}
            Asked::Nothing | Asked::Into(..) => panic!("D4: Received without its demand"),
        }
        self.receives += 1;
        self.received.extend_from_slice(bytes);
    }

    fn note_end(&mut self, end: End) {
        let asked = std::mem::take(&mut self.demand);
        assert!(
            matches!(asked, Asked::Once(_) | Asked::Stream),
            "D4: ReceiveEnded without its demand"
        );
        self.ends.push(end);
    }

    fn note_filled(&mut self, incoming: &TestIn, result: io::Result<usize>) {
        let asked = std::mem::take(&mut self.demand);
        let Asked::Into(mark, room) = asked else {
            panic!("D4: Filled without its demand");
        };
        assert_eq!(mark, incoming.mark(), "the memory is the one that was lent");
        match result {
            Ok(0) => self.ends.push(End::Eof),
            Ok(bytes) => {
                assert!(bytes <= room, "D4: no more than there was room for");
                self.receives += 1;
                self.received.extend_from_slice(&incoming.bytes()[..bytes]);
            }
            Err(error) => self.ends.push(End::Failed(error)),
        }
    }

    fn note_sent(&mut self, outgoing: &TestOut, result: io::Result<usize>) {
        let (mark, bytes) = self.sending.take().expect("D2: one Sent per send");
        assert_eq!(mark, outgoing.mark(), "the memory is the one that was lent");
        if let Ok(sent) = result {
            assert!(
                (1..=bytes).contains(&sent),
                "D3: a prefix, and not an empty one"
            );
        }
        self.sent.push_back(result);
    }
}

/// Bytes in which each position can be told from its neighbours, so that a gap or a repeat shows.
pub(super) fn pattern(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// Two peers' bytes, compared without printing megabytes.
pub(super) fn assert_same(found: &[u8], expected: &[u8]) {
    let differ = found.iter().zip(expected).position(|(a, b)| a != b);
    assert_eq!(differ, None, "D5: the bytes differ from here on");
    assert_eq!(
        found.len(),
        expected.len(),
        "D5: bytes are missing, or came twice"
    );
}
