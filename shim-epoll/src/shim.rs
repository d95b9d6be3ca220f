//! The driver: its table of sockets, the list of those that can go on, and the turn that poll makes.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::Interest;
use mio::unix::SourceFd;
use ringmq_driver::{
    Address, Completion, Connection, Demand, Driver, DriverKind, End, Incoming, Outgoing, Received,
    SocketId, SocketOptions, Token, Wait, Wake,
};

use crate::address;
use crate::buffers::Buffers;
use crate::clock::{Clock, Random};
use crate::establish::{self, Attempt};
use crate::slots::Slots;
use crate::socket::{Readiness, Role, Socket};
use crate::wake::ShimWake;

/// Readiness events fetched by one system call.
const EVENTS_MAX: usize = 1024;
/// How often one poll visits each socket that can go on.
const ROUNDS_PER_POLL: usize = 4;
/// Connections taken from one listener per round, so 64 per poll.
const ACCEPTS_PER_ROUND: usize = 16;
/// How many polls in a row may live on what is known before the poller is asked again.
const POLLS_WITHOUT_LOOK_MAX: u32 = 3;
/// The event that [`ShimWake`] raises; slots never reach it.
const WAKE: mio::Token = mio::Token(usize::MAX);

/// Completion I/O over epoll or kqueue. See the crate's documentation.
#[derive(Debug)]
pub struct Shim<O: Outgoing, I: Incoming> {
    poller: mio::Poll,
    events: mio::Events,
    wake: Arc<ShimWake>,
    clock: Clock,
    random: Random,
    sockets: Slots<Socket<O, I>>,
    buffers: Buffers,
    /// Slots of the sockets for which a system call is worth trying, each at most once.
    runnable: VecDeque<u32>,
    /// What completed and was not handed over yet.
    queue: Vec<Completion<O, I>>,
    polls_without_look: u32,
}

impl<O: Outgoing, I: Incoming> Shim<O, I> {
    /// Makes a driver with a poller of its own.
    ///
    /// # Errors
    /// Those of epoll_create(2) or kqueue(2), and of eventfd(2).
    pub fn new() -> io::Result<Self> {
        let poller = mio::Poll::new()?;
        let wake = ShimWake::new(poller.registry(), WAKE)?;
        Ok(Self {
            poller,
            events: mio::Events::with_capacity(EVENTS_MAX),
            wake,
            clock: Clock::new(),
            random: Random::new(),
            sockets: Slots::new(),
            buffers: Buffers::new(),
            runnable: VecDeque::new(),
            queue: Vec::new(),
            polls_without_look: 0,
        })
    }

    /// Registers the descriptor for its whole life and gives it a slot.
    fn admit(&mut self, socket: Socket<O, I>) -> io::Result<SocketId> {
        // Events carry the slot alone. They are all read before any socket closes, and a close removes the
        // registration, so none outlives its socket; were one to, it would cost a call that blocks.
        let token = mio::Token(self.sockets.next_index() as usize);
        self.poller.registry().register(
            &mut SourceFd(&socket.io.as_raw_fd()),
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok(self.sockets.insert(socket))
    }

    /// The socket that an operation names.
    ///
    /// # Panics
    /// If it was closed: the caller broke the contract, and memory it lends would have no owner.
    fn live(&mut self, id: SocketId) -> &mut Socket<O, I> {
        self.sockets
            .get_mut(id)
            .expect("an operation names a socket that was not closed")
    }

    /// Puts a socket on the list if it can go on.
    fn schedule(&mut self, index: u32) {
        if let Some(socket) = self.sockets.at_mut(index)
            && !socket.is_runnable
            && socket.has_work()
        {
            socket.is_runnable = true;
            self.runnable.push_back(index);
        }
    }

    /// Visits each socket that can go on, a few times, one system call per direction and visit.
    fn run(&mut self) {
        for _ in 0..ROUNDS_PER_POLL {
            for _ in 0..self.runnable.len() {
                let index = self.runnable.pop_front().expect("counted above");
                self.step(index);
                self.schedule(index);
            }
        }
    }

    fn step(&mut self, index: u32) {
        let Some(socket) = self.sockets.at_mut(index) else {
            return;
        };
        socket.is_runnable = false;
        match socket.role {
            Role::Listener { .. } => self.step_accept(index),
            Role::Connecting => socket.step_connect(&mut self.queue),
            Role::Stream => {
                if socket.can_send() {
                    socket.step_send(&mut self.queue);
                }
                if socket.can_tell_failure() {
                    socket.step_watch(&mut self.queue);
                }
                if socket.has_work() {
                    socket.step_receive(&mut self.buffers, &mut self.queue);
                }
            }
        }
    }

    fn step_accept(&mut self, index: u32) {
        for _ in 0..ACCEPTS_PER_ROUND {
            let Some(listener) = self.sockets.at_mut(index) else {
                return;
            };
            if !listener.has_work() {
                return;
            }
            let token = listener.token;
            let accepted = establish::accept(&listener.io);
            let result = match accepted {
                Ok(io) => self.admit(Socket::new(io, Token(0), Role::Stream, Readiness::UNTRIED)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    listener.all_accepted();
                    return;
                }
                Err(error) if establish::concerns_one_connection(&error) => continue,
                Err(error) => Err(error),
            };
            if result.is_err()
                && let Some(listener) = self.sockets.at_mut(index)
                && let Role::Listener { is_accepting, .. } = &mut listener.role
            {
                *is_accepting = false;
            }
            self.queue.push(Completion::Accepted { token, result });
        }
    }

    /// Asks the poller, and notes what it says.
    fn look(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.polls_without_look = 0;
        match self.poller.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            if event.token() == WAKE {
                self.wake.seen();
                continue;
            }
            let index = u32::try_from(event.token().0).expect("tokens are slots, but for the wake");
            if let Some(socket) = self.sockets.at_mut(index) {
                socket.note(Readiness::of(event));
                if !socket.is_runnable && socket.has_work() {
                    socket.is_runnable = true;
                    self.runnable.push_back(index);
                }
            }
        }
        Ok(())
    }

    fn timeout(&self, wait: Wait) -> Option<Duration> {
        match wait {
            Wait::Now => Some(Duration::ZERO),
            Wait::Until(time) => Some(time.since(self.clock.now())),
            Wait::Forever => None,
        }
    }
}

impl<O: Outgoing, I: Incoming> Driver for Shim<O, I> {
    type Outgoing = O;
    type Incoming = I;

    fn kind(&self) -> DriverKind {
        DriverKind::Shim
    }

    fn now(&self) -> ringmq_driver::Time {
        self.clock.now()
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
        let (io, real, bound_path) = establish::listen(address, options)?;
        let role = Role::Listener {
            is_accepting: true,
            bound_path,
        };
        let id = self.admit(Socket::new(io, token, role, Readiness::default()))?;
        Ok((id, real))
    }

    fn accept(&mut self, listener: SocketId) {
        if let Role::Listener { is_accepting, .. } = &mut self.live(listener).role {
            *is_accepting = true;
        }
        self.schedule(listener.index);
    }

    fn connect(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<SocketId> {
        let (io, attempt) = establish::connect(address, options)?;
        let (role, readiness, result) = match attempt {
            Attempt::Done => (Role::Stream, Readiness::UNTRIED, Some(Ok(()))),
            Attempt::Pending => (Role::Connecting, Readiness::default(), None),
            Attempt::Failed(error) => (Role::Stream, Readiness::UNTRIED, Some(Err(error))),
        };
        let id = self.admit(Socket::new(io, token, role, readiness))?;
        if let Some(result) = result {
            self.queue.push(Completion::Connected { token, result });
        }
        Ok(id)
    }

    fn set_token(&mut self, socket: SocketId, token: Token) {
        self.live(socket).token = token;
    }

    fn hand_over(&mut self, socket: SocketId) -> Connection {
        let given = self
            .sockets
            .remove(socket)
            .expect("an operation names a socket that was not closed");
        assert!(
            given.outgoing.is_none() && given.demand.is_none(),
            "D16: nothing was asked of it"
        );
        if given.is_runnable {
            self.runnable.retain(|index| *index != socket.index);
        }
        // It fails only where the descriptor is not registered, and it was when it got its slot.
        let _ = self
            .poller
            .registry()
            .deregister(&mut SourceFd(&given.io.as_raw_fd()));
        Connection::new(given.io)
    }

    fn take_over(&mut self, token: Token, connection: Connection) -> io::Result<SocketId> {
        let io = connection.into_inside::<socket2::Socket>();
        self.admit(Socket::new(io, token, Role::Stream, Readiness::UNTRIED))
    }

    fn local_address(&self, socket: SocketId) -> Option<Address> {
        let local = self.sockets.get(socket)?.io.local_addr().ok()?;
        address::from_system(&local)
    }

    fn peer_address(&self, socket: SocketId) -> Option<Address> {
        let peer = self.sockets.get(socket)?.io.peer_addr().ok()?;
        address::from_system(&peer)
    }

    fn descriptor(&self, socket: SocketId) -> Option<i32> {
        Some(self.sockets.get(socket)?.io.as_raw_fd())
    }

    fn receive(&mut self, socket: SocketId, demand: Demand<I>) {
        self.live(socket).lend(demand);
        self.schedule(socket.index);
    }

    fn pause(&mut self, socket: SocketId) {
        let Some(live) = self.sockets.get_mut(socket) else {
            return;
        };
        if let Role::Listener { is_accepting, .. } = &mut live.role {
            if std::mem::take(is_accepting) {
                self.queue.push(Completion::Accepted {
                    token: live.token,
                    result: Err(io::ErrorKind::Interrupted.into()),
                });
            }
            return;
        }
        // What arrived stays with the kernel, in order, for the next demand.
        match live.demand.take() {
            Some(Demand::Once { .. } | Demand::Stream) => {
                self.queue.push(Completion::ReceiveEnded {
                    token: live.token,
                    end: End::Paused,
                });
            }
            other => live.demand = other,
        }
    }

    fn watch(&mut self, socket: SocketId) {
        self.live(socket).watch();
        self.schedule(socket.index);
    }

    fn received(&self, data: &Received) -> &[u8] {
        self.buffers.bytes(data)
    }

    fn release(&mut self, data: Received) {
        self.buffers.release(data);
    }

    fn send(&mut self, socket: SocketId, outgoing: O) {
        let live = self
            .sockets
            .get_mut(socket)
            .expect("a send names a socket that was not closed");
        assert!(live.outgoing.is_none(), "D2: one send at a time");
        live.outgoing = Some(outgoing);
        if live.can_send() {
            live.step_send(&mut self.queue);
        }
    }

    fn shutdown(&mut self, socket: SocketId) {
        // It fails only where the connection is gone already, which the receiving side tells.
        let _ = self.live(socket).io.shutdown(std::net::Shutdown::Write);
    }

    fn close(&mut self, socket: SocketId) {
        let Some(mut closed) = self.sockets.remove(socket) else {
            return;
        };
        if closed.is_runnable {
            self.runnable.retain(|index| *index != socket.index);
        }
        // Explicitly, and not only by closing: a forked child may keep the description open.
        let _ = self
            .poller
            .registry()
            .deregister(&mut SourceFd(&closed.io.as_raw_fd()));
        let token = closed.token;
        if let Some(outgoing) = closed.outgoing.take() {
            self.queue.push(Completion::Sent {
                token,
                outgoing,
                result: Err(io::ErrorKind::ConnectionAborted.into()),
            });
        }
        match closed.demand.take() {
            None => {}
            Some(Demand::Into(incoming)) => self.queue.push(Completion::Filled {
                token,
                incoming,
                result: Err(io::ErrorKind::ConnectionAborted.into()),
            }),
            Some(Demand::Once { .. } | Demand::Stream) => {
                self.queue.push(Completion::ReceiveEnded {
                    token,
                    end: End::Paused,
                });
            }
        }
        self.queue.push(Completion::Closed { token });
    }

    fn is_ready(&self) -> bool {
        !self.queue.is_empty() || !self.runnable.is_empty()
    }

    fn poll(&mut self, wait: Wait, completions: &mut Vec<Completion<O, I>>) -> io::Result<()> {
        self.run();
        if !self.is_ready() {
            self.look(self.timeout(wait))?;
            self.run();
        } else if self.polls_without_look >= POLLS_WITHOUT_LOOK_MAX {
            self.look(Some(Duration::ZERO))?;
            self.run();
        } else {
            self.polls_without_look += 1;
        }
        completions.append(&mut self.queue);
        Ok(())
    }
}
