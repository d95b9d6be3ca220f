//! The fake driver of one simulated process: its table of sockets, and the poll that brings what is due.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::network::{Listener, Network, Side};
use super::random::Random;
use super::socket::{Buffers, Pending, Role, Socket};
use crate::{
    Address, Completion, Connection, Demand, Driver, DriverKind, End, Incoming, Outgoing, Received,
    SocketId, SocketOptions, Time, Token, Wait, Wake,
};

/// How long a spurious poll puts off what was due.
const SPURIOUS_DELAY: Duration = Duration::from_micros(1);

/// Completion I/O in a [`World`](super::World). See the module's documentation.
#[derive(Debug)]
pub struct Fake<O: Outgoing, I: Incoming> {
    network: Rc<RefCell<Network>>,
    /// Which of the world's drivers.
    number: usize,
    random: Random,
    wake: Arc<FakeWake>,
    slots: Vec<Slot<O, I>>,
    buffers: Buffers,
    /// What closing sockets give back, and from when on; each socket's in its order.
    returned: VecDeque<(Time, Completion<O, I>)>,
}

#[derive(Debug)]
struct Slot<O, I> {
    generation: u32,
    socket: Option<Socket<O, I>>,
}

#[derive(Debug, Default)]
struct FakeWake {
    is_pending: AtomicBool,
}

impl Wake for FakeWake {
    fn wake(&self) {
        // ORDERING: pairs with the swap in `poll`: what was written before the wake is visible after it.
        self.is_pending.store(true, Ordering::Release);
    }
}

impl<O: Outgoing, I: Incoming> Fake<O, I> {
    pub(super) fn new(network: Rc<RefCell<Network>>) -> Self {
        let mut shared = network.borrow_mut();
        let number = shared.deadlines.len();
        shared.deadlines.push(None);
        // A stream of its own, so that a caller's draws do not shift the network's.
        let random = Random::new(shared.random.next());
        drop(shared);
        Self {
            network,
            number,
            random,
            wake: Arc::default(),
            slots: Vec::new(),
            buffers: Buffers::default(),
            returned: VecDeque::new(),
        }
    }

    /// Uses the lowest free slot, so that slots are reused as soon as they can be.
    fn insert(&mut self, socket: Socket<O, I>) -> SocketId {
        let free = self.slots.iter().position(|slot| slot.socket.is_none());
        let index = free.unwrap_or(self.slots.len());
        if free.is_none() {
            self.slots.push(Slot {
                generation: 0,
                socket: None,
            });
        }
        self.slots[index].socket = Some(socket);
        SocketId {
            index: u32::try_from(index).expect("a simulation has few sockets"),
            generation: self.slots[index].generation,
        }
    }

    fn get(&self, id: SocketId) -> Option<&Socket<O, I>> {
        let slot = self.slots.get(id.index as usize)?;
        slot.socket
            .as_ref()
            .filter(|_| slot.generation == id.generation)
    }

    fn live(&mut self, id: SocketId) -> &mut Socket<O, I> {
        let slot = self.slots.get_mut(id.index as usize);
        slot.filter(|slot| slot.generation == id.generation)
            .and_then(|slot| slot.socket.as_mut())
            .expect("an operation names a socket that was not closed")
    }

    /// Tries everything that is outstanding, starting at a socket that chance picks.
    fn step(&mut self, completions: &mut Vec<Completion<O, I>>) {
        let count = self.slots.len();
        if count == 0 {
            return;
        }
        let start = self.network.borrow_mut().random.next() as usize % count;
        for index in (start..count).chain(0..start) {
            self.step_accept(index, completions);
            let Some(socket) = &mut self.slots[index].socket else {
                continue;
            };
            let network = &mut *self.network.borrow_mut();
            socket.step_connect(network, completions);
            socket.step_send(network, completions);
            socket.step_watch(network, completions);
            socket.step_receive(network, &mut self.buffers, completions);
        }
    }

    fn step_accept(&mut self, index: usize, completions: &mut Vec<Completion<O, I>>) {
        let network = Rc::clone(&self.network);
        let mut network = network.borrow_mut();
        let now = network.now;
        loop {
            let Some(socket) = &mut self.slots[index].socket else {
                return;
            };
            let Role::Listener {
                address,
                is_accepting,
            } = &mut socket.role
            else {
                return;
            };
            let token = socket.token;
            let listener = network.listeners.get(address).expect("it lives");
            let is_due = listener.backlog.front().is_some_and(|(due, _)| *due <= now);
            if !*is_accepting || !is_due {
                return;
            }
            let failures = network.faults.failed_accept;
            if network.random.roll(failures) {
                *is_accepting = false;
                let result = Err(io::ErrorKind::QuotaExceeded.into());
                completions.push(Completion::Accepted { token, result });
                return;
            }
            let listener = network.listeners.get_mut(address).expect("it lives");
            let (_, side) = listener.backlog.pop_front().expect("just seen");
            let result = Ok(self.insert(Socket::new(Token(0), Role::Connected(side))));
            completions.push(Completion::Accepted { token, result });
        }
    }

    /// Hands over what closed sockets give back, as far as it is due.
    fn step_returned(&mut self, completions: &mut Vec<Completion<O, I>>) {
        let now = self.network.borrow().now;
        let mut later = VecDeque::new();
        for (due, completion) in self.returned.drain(..) {
            if due <= now {
                completions.push(completion);
            } else {
                later.push_back((due, completion));
            }
        }
        self.returned = later;
    }
}

impl<O: Outgoing, I: Incoming> Driver for Fake<O, I> {
    type Outgoing = O;
    type Incoming = I;

    fn kind(&self) -> DriverKind {
        DriverKind::Fake
    }

    fn now(&self) -> Time {
        self.network.borrow().now
    }

    fn random(&mut self) -> u64 {
        self.random.next()
    }

    fn waker(&self) -> Arc<dyn Wake> {
        self.wake.clone()
    }

    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<(SocketId, Address)> {
        let Address::Tcp(mut address) = *address else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut network = self.network.borrow_mut();
        if address.port() == 0 {
            address.set_port(network.free_port());
        }
        if network.listeners.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let listener = Listener {
            backlog: VecDeque::new(),
            backlog_max: options.backlog as usize,
        };
        network.listeners.insert(address, listener);
        drop(network);
        let role = Role::Listener {
            address,
            is_accepting: true,
        };
        let id = self.insert(Socket::new(token, role));
        Ok((id, Address::Tcp(address)))
    }

    fn accept(&mut self, listener: SocketId) {
        if let Role::Listener { is_accepting, .. } = &mut self.live(listener).role {
            *is_accepting = true;
        }
        self.network.borrow_mut().completion_time();
    }

    fn connect(
        &mut self,
        token: Token,
        address: &Address,
        _options: &SocketOptions,
    ) -> io::Result<SocketId> {
        let Address::Tcp(remote) = *address else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let due = self.network.borrow_mut().completion_time();
        Ok(self.insert(Socket::new(token, Role::Connecting { remote, due })))
    }

    fn set_token(&mut self, socket: SocketId, token: Token) {
        self.live(socket).token = token;
    }

    fn hand_over(&mut self, socket: SocketId) -> Connection {
        let slot = &mut self.slots[socket.index as usize];
        assert_eq!(slot.generation, socket.generation, "the socket lives");
        let given = slot.socket.take().expect("the socket lives");
        slot.generation = slot.generation.wrapping_add(1);
        assert!(
            given.sending.is_none() && given.demand.is_none() && given.watch.is_none(),
            "D16: nothing was asked of it"
        );
        let Role::Connected(side) = given.role else {
            panic!("D16: only connections are handed over");
        };
        Connection::new(side)
    }

    fn take_over(&mut self, token: Token, connection: Connection) -> io::Result<SocketId> {
        let side = connection.into_inside::<Side>();
        Ok(self.insert(Socket::new(token, Role::Connected(side))))
    }

    fn local_address(&self, socket: SocketId) -> Option<Address> {
        let Role::Connected(side) = self.slots[socket.index as usize].socket.as_ref()?.role else {
            return None;
        };
        self.network.borrow().local_address(side).map(Address::Tcp)
    }

    fn peer_address(&self, socket: SocketId) -> Option<Address> {
        let Role::Connected(side) = self.get(socket)?.role else {
            return None;
        };
        self.network.borrow().peer_address(side).map(Address::Tcp)
    }

    fn descriptor(&self, _socket: SocketId) -> Option<i32> {
        None
    }

    fn receive(&mut self, socket: SocketId, demand: Demand<I>) {
        let due = self.network.borrow_mut().completion_time();
        self.live(socket).lend(demand, due);
    }

    fn pause(&mut self, socket: SocketId) {
        let due = self.network.borrow_mut().completion_time();
        let live = self.live(socket);
        let token = live.token;
        if let Role::Listener { is_accepting, .. } = &mut live.role {
            if std::mem::take(is_accepting) {
                let result = Err(io::ErrorKind::Interrupted.into());
                let stopped = Completion::Accepted { token, result };
                self.returned.push_back((due, stopped));
            }
            return;
        }
        let demand = live.demand.as_ref().map(|pending| &pending.value);
        if matches!(demand, Some(Demand::Once { .. } | Demand::Stream)) && live.pause.is_none() {
            live.pause = Some(due);
        }
    }

    fn watch(&mut self, socket: SocketId) {
        let due = self.network.borrow_mut().completion_time();
        let live = self.live(socket);
        assert!(live.demand.is_none(), "D15: a receive tells by itself");
        live.watch = Some(due);
    }

    fn received(&self, data: &Received) -> &[u8] {
        self.buffers.bytes(data)
    }

    fn release(&mut self, data: Received) {
        self.buffers.release(&data);
    }

    fn send(&mut self, socket: SocketId, outgoing: O) {
        let due = self.network.borrow_mut().completion_time();
        let live = self.live(socket);
        assert!(live.sending.is_none(), "D2: one send at a time");
        live.sending = Some(Pending {
            due,
            value: outgoing,
        });
    }

    fn shutdown(&mut self, socket: SocketId) {
        let live = self.live(socket);
        assert!(live.sending.is_none(), "no send may be outstanding");
        if let Role::Connected(side) = live.role {
            self.network.borrow_mut().shutdown(side);
        }
    }

    fn close(&mut self, socket: SocketId) {
        let Some(slot) = self.slots.get_mut(socket.index as usize) else {
            return;
        };
        if slot.generation != socket.generation {
            return;
        }
        let Some(closed) = slot.socket.take() else {
            return;
        };
        slot.generation = slot.generation.wrapping_add(1);
        let network = &mut *self.network.borrow_mut();
        let side = match closed.role {
            Role::Connected(side) => Some(side),
            Role::Listener { address, .. } => {
                network.unlisten(address);
                None
            }
            Role::Connecting { .. } | Role::Failed => None,
        };
        let returned = closed.give_back(network);
        if let Some(side) = side {
            network.close(side);
        }
        let due = network.completion_time();
        self.returned
            .extend(returned.into_iter().map(|completion| (due, completion)));
    }

    fn is_ready(&self) -> bool {
        let network = self.network.borrow();
        let now = network.now;
        // ORDERING: Relaxed suffices, poll takes the flag and what stands behind it.
        self.wake.is_pending.load(Ordering::Relaxed)
            || self.returned.iter().any(|(due, _)| *due <= now)
            || self
                .slots
                .iter()
                .filter_map(|slot| slot.socket.as_ref())
                .any(|socket| socket.is_due(&network))
    }

    fn poll(&mut self, wait: Wait, completions: &mut Vec<Completion<O, I>>) -> io::Result<()> {
        assert_eq!(self.buffers.held(), 0, "D6: released before the next poll");
        // ORDERING: pairs with the store in `wake`.
        self.wake.is_pending.swap(false, Ordering::Acquire);
        {
            let network = &mut *self.network.borrow_mut();
            network.deadlines[self.number] = match wait {
                Wait::Until(time) => Some(time),
                Wait::Now | Wait::Forever => None,
            };
            if network.random.roll(network.faults.spurious_poll) {
                network.soon(SPURIOUS_DELAY);
                return Ok(());
            }
        }
        let told = completions.len();
        self.step_returned(completions);
        self.step(completions);
        let network = &mut *self.network.borrow_mut();
        for completion in &completions[told..] {
            network.note(network.now.as_nanos());
            network.note(self.number as u64);
            note(network, completion);
        }
        Ok(())
    }
}

/// Mixes a completion into the world's trace.
fn note<O, I>(network: &mut Network, completion: &Completion<O, I>) {
    let of = |result: &io::Result<usize>| result.as_ref().map_or(u64::MAX, |bytes| *bytes as u64);
    let (kind, token, detail) = match completion {
        Completion::Accepted { token, result } => (1, token, u64::from(result.is_ok())),
        Completion::Connected { token, result } => (2, token, u64::from(result.is_ok())),
        Completion::Received { token, data } => (3, token, u64::from(data.bytes)),
        Completion::ReceiveEnded { token, end } => {
            let end = match end {
                End::Eof => 0,
                End::Paused => 1,
                End::Failed(_) => 2,
            };
            (4, token, end)
        }
        Completion::Filled { token, result, .. } => (5, token, of(result)),
        Completion::Sent { token, result, .. } => (6, token, of(result)),
        Completion::Closed { token } => (7, token, 0),
        Completion::HungUp { token, .. } => (8, token, 0),
    };
    for number in [kind, token.0, detail] {
        network.note(number);
    }
}

impl<O: Outgoing, I: Incoming> Drop for Fake<O, I> {
    fn drop(&mut self) {
        // The process died: its connections end as those of closed sockets do.
        let network = &mut *self.network.borrow_mut();
        network.deadlines[self.number] = None;
        for socket in self.slots.drain(..).filter_map(|slot| slot.socket) {
            match socket.role {
                Role::Connected(side) => network.close(side),
                Role::Listener { address, .. } => network.unlisten(address),
                Role::Connecting { .. } | Role::Failed => {}
            }
        }
    }
}
