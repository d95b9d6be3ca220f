//! The contract's calls, and the poll loop: submit, wait, take completions, dispatch.

use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use io_uring::cqueue;
use ringmq_driver::{
    Address, Completion, Connection, Demand, Driver, DriverKind, Received, SocketId, SocketOptions,
    Time, Token, Wait, Wake,
};
use socket2::SockRef;

use super::address::{bind, from_system, to_system};
use super::enter::{BATCH, Batch, Patience};
use super::in_flight::{Op, UserData};
use super::sockets::{bind_source, make};
use super::{Ring, StableIncoming, StableOutgoing};

/// How often one poll flushes completions that overflowed; more are left to the next poll.
const FLUSHES_MAX: usize = 64;

/// How long dropping the ring waits before it cancels again what is still in flight.
const DRAIN_STEP: Duration = Duration::from_millis(50);

impl<O: StableOutgoing, I: StableIncoming> Driver for Ring<O, I> {
    type Outgoing = O;
    type Incoming = I;

    fn kind(&self) -> DriverKind {
        DriverKind::Ring
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the driver that everyone else takes the time from"
    )]
    fn now(&self) -> Time {
        Time::ZERO.after(Instant::now().duration_since(self.origin))
    }

    fn random(&mut self) -> u64 {
        // splitmix64: every state gives a different number, and any seed will do.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn waker(&self) -> Arc<dyn Wake> {
        self.bell.doorbell.clone()
    }

    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<(SocketId, Address)> {
        let system = to_system(address)?;
        let socket = make(address, options)?;
        if matches!(address, Address::Tcp(_)) {
            socket.set_reuse_address(true)?;
        }
        if let Address::Tcp(SocketAddr::V6(local)) = address {
            // All addresses are those of both families, whatever the system's default is.
            socket.set_only_v6(!local.ip().is_unspecified())?;
        }
        let path = bind(&socket, address, &system)?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        let local = from_system(&socket.local_addr()?).unwrap_or_else(|| address.clone());
        let listener = self.adopt(token, OwnedFd::from(socket));
        self.lent.sockets.get_mut(listener).path = path;
        self.arm_accept(listener);
        Ok((listener, local))
    }

    fn accept(&mut self, listener: SocketId) {
        if !self.lent.sockets.get(listener).closing {
            self.arm_accept(listener);
        }
    }

    fn connect(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<SocketId> {
        let system = to_system(address)?;
        let made = make(address, options)?;
        bind_source(&made, options)?;
        let socket = self.adopt(token, OwnedFd::from(made));
        self.arm_connect(socket, system);
        Ok(socket)
    }

    fn set_token(&mut self, socket: SocketId, token: Token) {
        self.lent.sockets.get_mut(socket).token = token;
    }

    fn hand_over(&mut self, socket: SocketId) -> Connection {
        let submitter = self.queues.io().submitter();
        Connection::new(self.lent.sockets.release(&submitter, socket))
    }

    fn take_over(&mut self, token: Token, connection: Connection) -> io::Result<SocketId> {
        Ok(self.adopt(token, connection.into_inside::<OwnedFd>()))
    }

    fn local_address(&self, socket: SocketId) -> Option<Address> {
        let local = SockRef::from(&self.lent.sockets.get(socket).fd).local_addr();
        from_system(&local.ok()?)
    }

    fn peer_address(&self, socket: SocketId) -> Option<Address> {
        let peer = SockRef::from(&self.lent.sockets.get(socket).fd).peer_addr();
        from_system(&peer.ok()?)
    }

    fn descriptor(&self, socket: SocketId) -> Option<i32> {
        Some(self.lent.sockets.get(socket).fd.as_raw_fd())
    }

    fn receive(&mut self, socket: SocketId, demand: Demand<I>) {
        self.begin_receive(socket, demand);
    }

    fn pause(&mut self, socket: SocketId) {
        self.pause_receive(socket);
    }

    fn watch(&mut self, socket: SocketId) {
        self.watch_socket(socket);
    }

    fn received(&self, data: &Received) -> &[u8] {
        self.lent.buffers.bytes(data)
    }

    fn release(&mut self, data: Received) {
        self.lent.buffers.release(&data);
    }

    fn send(&mut self, socket: SocketId, outgoing: O) {
        self.arm_send(socket, outgoing);
    }

    fn shutdown(&mut self, socket: SocketId) {
        let state = self.lent.sockets.get(socket);
        // A peer that is gone already has nothing left to be told.
        let _ = SockRef::from(&state.fd).shutdown(std::net::Shutdown::Write);
    }

    fn close(&mut self, socket: SocketId) {
        self.close_socket(socket);
    }

    fn is_ready(&self) -> bool {
        !self.local.is_empty()
            || self.queues.has_completions()
            || self.queues.needs_enter()
            || self.bell.doorbell.is_rung()
    }

    fn poll(&mut self, wait: Wait, completions: &mut Vec<Completion<O, I>>) -> io::Result<()> {
        let before = completions.len();
        self.feed_hungry();
        loop {
            self.repeat_cancels();
            completions.extend(self.local.drain(..));
            let rung = self.bell.doorbell.answer();
            let found = rung || completions.len() > before || self.queues.has_completions();
            let patience = if found {
                Patience::None
            } else {
                self.patience(wait)
            };
            self.turn(patience)?;
            self.complete_all(completions)?;
            completions.extend(self.local.drain(..));
            if completions.len() > before
                || rung
                || self.bell.doorbell.answer()
                || self.patience(wait) == Patience::None
            {
                return Ok(());
            }
        }
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// How often the kernel was entered.
    #[cfg(test)]
    pub(super) fn enters(&self) -> u64 {
        self.queues.enters()
    }

    /// How long the kernel may wait to keep the caller's word.
    fn patience(&self, wait: Wait) -> Patience {
        match wait {
            Wait::Now => Patience::None,
            Wait::Forever => Patience::Endless,
            Wait::Until(until) => {
                let left = until.since(self.now());
                if left.is_zero() {
                    Patience::None
                } else {
                    Patience::For(left)
                }
            }
        }
    }

    /// Enters the kernel once, or not at all where there is nothing to do there.
    pub(super) fn turn(&mut self, patience: Patience) -> io::Result<()> {
        if patience == Patience::None {
            if self.queues.has_submissions() || self.queues.needs_enter() {
                return self.queues.enter(Patience::None);
            }
            return Ok(());
        }
        self.arm_bell();
        let patience = if self.bell.doorbell.fall_asleep() {
            patience
        } else {
            Patience::None
        };
        let outcome = self.queues.enter(patience);
        self.bell.doorbell.wake_up();
        outcome
    }

    /// Takes and dispatches all completions that are there, those that overflowed included.
    pub(super) fn complete_all(
        &mut self,
        completions: &mut Vec<Completion<O, I>>,
    ) -> io::Result<()> {
        let mut batch: Batch = [const { MaybeUninit::uninit() }; BATCH];
        for _ in 0..FLUSHES_MAX {
            loop {
                let taken = self.queues.take(&mut batch);
                if taken.is_empty() {
                    break;
                }
                for completion in taken {
                    self.complete(completion, completions);
                }
            }
            if !self.queues.has_overflowed() {
                break;
            }
            self.queues.enter(Patience::None)?;
        }
        Ok(())
    }

    fn complete(&mut self, entry: &cqueue::Entry, completions: &mut Vec<Completion<O, I>>) {
        let name =
            UserData::decode(entry.user_data()).expect("the kernel returns what it was given");
        match name.op {
            Op::Wake => return self.complete_wake(),
            Op::CancelAll => {
                self.lent.in_flight -= 1;
                return;
            }
            Op::Accept | Op::Connect | Op::Receive | Op::Send | Op::Cancel | Op::Watch => {}
        }
        let socket = self
            .lent
            .sockets
            .at(name.slot)
            .filter(|socket| name.is_of(*socket))
            .expect("a socket keeps its slot while it has operations in flight");
        let (result, flags) = (entry.result(), entry.flags());
        match name.op {
            Op::Accept => self.complete_accept(socket, result, flags, completions),
            Op::Connect => self.complete_connect(socket, result, completions),
            Op::Receive => self.complete_receive(socket, result, flags, completions),
            Op::Send => self.complete_send(socket, result, completions),
            Op::Cancel => self.complete_cancel(socket, result),
            Op::Watch => self.complete_watch(socket, result, completions),
            Op::Wake | Op::CancelAll => {}
        }
        let state = self.lent.sockets.get(socket);
        if state.closing && state.in_flight == 0 {
            self.finish_close(socket);
        }
    }

    /// Cancels everything and waits until the kernel has let go of all lent memory.
    fn drain(&mut self) -> io::Result<()> {
        let mut discarded = Vec::new();
        while self.lent.in_flight > 0 {
            self.cancel_everything();
            self.queues.enter(Patience::For(DRAIN_STEP))?;
            self.complete_all(&mut discarded)?;
            for completion in discarded.drain(..) {
                if let Completion::Received { data, .. } = completion {
                    self.lent.buffers.release(&data);
                }
            }
        }
        Ok(())
    }
}

impl<O: StableOutgoing, I: StableIncoming> Drop for Ring<O, I> {
    fn drop(&mut self) {
        // After a fork the child has neither the ring's memory nor the right to use it: it leaks its copy.
        if self.process != std::process::id() {
            return;
        }
        for socket in self.lent.sockets.live() {
            self.lent.sockets.get_mut(socket).closing = true;
        }
        // A kernel that never let us in (a sandbox) has nothing to let go of.
        let is_free = self.drain().is_ok() || !self.queues.has_submitted();
        // SAFETY: dropped here once, and used no more.
        unsafe { ManuallyDrop::drop(&mut self.queues) };
        // SAFETY: taken here once, and used no more.
        let lent = unsafe { ManuallyDrop::take(&mut self.lent) };
        if is_free {
            // Nothing is in flight: every loan has ended with its final completion, or never began.
            drop(lent);
        } else {
            lent.abandon();
        }
    }
}
