//! A driver that listens in: which stamped messages the network took whole from senders, and which it brought whole to
//! receivers. What lies between is exactly what broken connections may have lost.
//!
//! It sees completions before the reactor does, and knows of ZMTP no more than where messages end. What a receive brings
//! although its socket is being closed is not brought: it was in the network when the connection ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::Arc;

use ringmq_driver::fake::Fake;
use ringmq_driver::{
    Address, Completion, Connection, Demand, Driver, DriverKind, Incoming as _, Outgoing as _,
    Received, SLICES_MAX, SocketId, SocketOptions, Time, Token, Wait, Wake,
};

use super::ledger::{STAMP_BYTES, Stamp, stamp};
use crate::pipe::{Batch, Filling};

/// A ZMTP 3 greeting.
const GREETING_BYTES: usize = 64;
/// Flags of a frame.
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What passed the network, shared by the drivers of one world.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage(Rc<RefCell<Passed>>);

#[derive(Debug, Default)]
struct Passed {
    /// How often each message was taken, and brought: once, unless it goes to many.
    taken: HashMap<Stamp, u32>,
    brought: HashMap<Stamp, u32>,
    to_many: bool,
}

impl Passed {
    fn take(&mut self, message: Stamp) {
        let times = self.taken.entry(message).or_default();
        *times += 1;
        assert!(*times == 1 || self.to_many, "{message:?} is sent twice");
    }

    fn bring(&mut self, message: Stamp) {
        let times = self.brought.entry(message).or_default();
        *times += 1;
        assert!(*times == 1 || self.to_many, "{message:?} is brought twice");
    }
}

impl Passage {
    /// One in which a message may go to several receivers.
    pub(super) fn to_many() -> Self {
        let passage = Self::default();
        passage.0.borrow_mut().to_many = true;
        passage
    }

    /// How many messages were taken whole and not brought whole.
    pub(super) fn lost(&self) -> u64 {
        let passed = self.0.borrow();
        for (message, brought) in &passed.brought {
            let taken = passed.taken.get(message).copied().unwrap_or_default();
            assert!(
                *brought <= taken,
                "{message:?} is brought {brought} times and taken {taken} times"
            );
        }
        let times =
            |messages: &HashMap<Stamp, u32>| messages.values().copied().map(u64::from).sum::<u64>();
        times(&passed.taken) - times(&passed.brought)
    }
}

/// Cuts one direction of one connection into messages.
#[derive(Debug)]
struct Cutter {
    greeting_left: usize,
    /// What is behind the last whole frame.
    rest: Vec<u8>,
    /// The message whose frames are coming.
    message: Option<Stamp>,
}

impl Cutter {
    const fn new() -> Self {
        Self {
            greeting_left: GREETING_BYTES,
            rest: Vec::new(),
            message: None,
        }
    }

    /// Takes the next bytes; tells each message that they complete.
    fn pass(&mut self, bytes: &[u8], mut tell: impl FnMut(Stamp)) {
        let skipped = self.greeting_left.min(bytes.len());
        self.greeting_left -= skipped;
        self.rest.extend_from_slice(&bytes[skipped..]);
        let mut at = 0;
        while let Some((flags, body, end)) = frame(&self.rest[at..]) {
            let body = &self.rest[at..][body..end];
            at += end;
            if flags & COMMAND != 0 {
                continue;
            }
            // What a pattern puts before the first stamp is shorter.
            if self.message.is_none() && body.len() >= STAMP_BYTES {
                self.message = Some(stamp(body));
            }
            if flags & MORE == 0
                && let Some(message) = self.message.take()
            {
                tell(message);
            }
        }
        self.rest.drain(..at);
    }
}

/// The flags of the first frame, where its body begins and where it ends; none if it is not whole.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let flags = *bytes.first()?;
    let (head, body) = if flags & LONG == 0 {
        (2, usize::from(*bytes.get(1)?))
    } else {
        let size = bytes.get(1..9)?.try_into().expect("eight bytes");
        let body = u64::from_be_bytes(size);
        (9, usize::try_from(body).expect("frames here are small"))
    };
    (bytes.len() >= head + body).then_some((flags, head, head + body))
}

/// What one connection sent and received so far.
#[derive(Debug)]
struct Ways {
    sent: Cutter,
    received: Cutter,
    is_closing: bool,
}

/// The fake driver of one process, listened in.
#[derive(Debug)]
pub(super) struct Tap {
    driver: Fake<Batch, Filling>,
    passage: Passage,
    /// By the session's token, which has one connection at a time.
    connections: HashMap<Token, Ways>,
    tokens: HashMap<SocketId, Token>,
}

impl Tap {
    pub(super) fn new(driver: Fake<Batch, Filling>, passage: &Passage) -> Self {
        Self {
            driver,
            passage: passage.clone(),
            connections: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    fn ways(&mut self, token: Token) -> &mut Ways {
        self.connections.entry(token).or_insert_with(|| Ways {
            sent: Cutter::new(),
            received: Cutter::new(),
            is_closing: false,
        })
    }

    fn bring(&mut self, token: Token, bytes: &[u8]) {
        let passed = Rc::clone(&self.passage.0);
        let mut passed = passed.borrow_mut();
        let ways = self.ways(token);
        if ways.is_closing {
            return;
        }
        ways.received.pass(bytes, |message| passed.bring(message));
    }

    fn take(&mut self, token: Token, outgoing: &Batch, accepted: usize) {
        let passed = Rc::clone(&self.passage.0);
        let mut passed = passed.borrow_mut();
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let count = outgoing.slices(&mut slices);
        let mut left = accepted;
        for slice in &slices[..count] {
            let bytes = &slice[..left.min(slice.len())];
            left -= bytes.len();
            let ways = self.ways(token);
            ways.sent.pass(bytes, |message| passed.take(message));
        }
    }

    fn listen_in(&mut self, completion: &mut Completion<Batch, Filling>) {
        match completion {
            Completion::Sent {
                token,
                outgoing,
                result: Ok(accepted),
            } => self.take(*token, outgoing, *accepted),
            Completion::Filled {
                token,
                incoming,
                result: Ok(bytes),
            } => self.bring(*token, &incoming.space()[..*bytes]),
            Completion::Received { token, data } => {
                let bytes = self.driver.received(data).to_vec();
                self.bring(*token, &bytes);
            }
            Completion::Closed { token } => {
                self.connections.remove(token);
                self.tokens.retain(|_, open| open != token);
            }
            _ => {}
        }
    }
}

impl Driver for Tap {
    type Outgoing = Batch;
    type Incoming = Filling;

    fn poll(
        &mut self,
        wait: Wait,
        completions: &mut Vec<Completion<Batch, Filling>>,
    ) -> io::Result<()> {
        let known = completions.len();
        self.driver.poll(wait, completions)?;
        for completion in &mut completions[known..] {
            self.listen_in(completion);
        }
        Ok(())
    }

    fn connect(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<SocketId> {
        let socket = self.driver.connect(token, address, options)?;
        self.tokens.insert(socket, token);
        Ok(socket)
    }

    fn set_token(&mut self, socket: SocketId, token: Token) {
        self.tokens.insert(socket, token);
        self.driver.set_token(socket, token);
    }

    fn close(&mut self, socket: SocketId) {
        if let Some(token) = self.tokens.get(&socket).copied() {
            self.ways(token).is_closing = true;
        }
        self.driver.close(socket);
    }

    fn take_over(&mut self, token: Token, connection: Connection) -> io::Result<SocketId> {
        let socket = self.driver.take_over(token, connection)?;
        self.tokens.insert(socket, token);
        Ok(socket)
    }

    // --- passed on as they are ---------------------------------------------------------------------------

    fn hand_over(&mut self, socket: SocketId) -> Connection {
        self.driver.hand_over(socket)
    }

    fn kind(&self) -> DriverKind {
        self.driver.kind()
    }

    fn now(&self) -> Time {
        self.driver.now()
    }

    fn random(&mut self) -> u64 {
        self.driver.random()
    }

    fn waker(&self) -> Arc<dyn Wake> {
        self.driver.waker()
    }

    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<(SocketId, Address)> {
        self.driver.listen(token, address, options)
    }

    fn accept(&mut self, listener: SocketId) {
        self.driver.accept(listener);
    }

    fn local_address(&self, socket: SocketId) -> Option<Address> {
        self.driver.local_address(socket)
    }

    fn peer_address(&self, socket: SocketId) -> Option<Address> {
        self.driver.peer_address(socket)
    }

    fn descriptor(&self, socket: SocketId) -> Option<i32> {
        self.driver.descriptor(socket)
    }

    fn receive(&mut self, socket: SocketId, demand: Demand<Filling>) {
        self.driver.receive(socket, demand);
    }

    fn pause(&mut self, socket: SocketId) {
        self.driver.pause(socket);
    }

    fn watch(&mut self, socket: SocketId) {
        self.driver.watch(socket);
    }

    fn received(&self, data: &Received) -> &[u8] {
        self.driver.received(data)
    }

    fn release(&mut self, data: Received) {
        self.driver.release(data);
    }

    fn send(&mut self, socket: SocketId, outgoing: Batch) {
        self.driver.send(socket, outgoing);
    }

    fn shutdown(&mut self, socket: SocketId) {
        self.driver.shutdown(socket);
    }

    fn is_ready(&self) -> bool {
        self.driver.is_ready()
    }
}
