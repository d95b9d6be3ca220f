//! Cancelling: a paused receive by name, a closed socket's operations by file, everything when the ring is
//! dropped.
//!
//! A cancel can miss an operation that is just being retried inside the kernel. So a cancel that completes
//! while its target still runs is repeated at the next turn of the poll loop.

use io_uring::{opcode, types::CancelBuilder};
use ringmq_driver::{Completion, End, SocketId};

use super::in_flight::{Op, UserData};
use super::sockets::File;
use super::{Ring, StableIncoming, StableOutgoing};

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Ends a receive demand that is not an `Into`.
    pub(super) fn pause_receive(&mut self, socket: SocketId) {
        let state = self.lent.sockets.get_mut(socket);
        if state.closing {
            return;
        }
        let token = state.token;
        let Some(receiving) = &mut state.receiving else {
            return;
        };
        if receiving.pausing || matches!(receiving.demand, ringmq_driver::Demand::Into(_)) {
            return;
        }
        if receiving.armed {
            receiving.pausing = true;
            self.cancel_receive(socket);
        } else {
            state.receiving = None;
            self.local.push_back(Completion::ReceiveEnded {
                token,
                end: End::Paused,
            });
        }
    }

    /// Starts to close a socket.
    pub(super) fn close_socket(&mut self, socket: SocketId) {
        let state = self.lent.sockets.get_mut(socket);
        if state.closing {
            return;
        }
        state.closing = true;
        state.path = None;
        let token = state.token;
        if let Some(receiving) = state.receiving.take_if(|receiving| !receiving.armed) {
            self.local.push_back(receiving.cancelled(token));
        }
        if self.lent.sockets.get(socket).in_flight > 0 {
            self.cancel_socket(socket);
        } else {
            self.finish_close(socket);
        }
    }

    /// A cancel ended, well or not; its target tells of its own end.
    pub(super) fn complete_cancel(&mut self, socket: SocketId) {
        self.ended(socket);
        let state = self.lent.sockets.get_mut(socket);
        state.cancels -= 1;
        if state.cancels == 0 {
            self.uncancelled.push(socket);
        }
    }

    /// Repeats cancels whose targets are still there.
    pub(super) fn repeat_cancels(&mut self) {
        while let Some(socket) = self.uncancelled.pop() {
            if self.lent.sockets.at(socket.index) != Some(socket) {
                continue;
            }
            let state = self.lent.sockets.get(socket);
            if state.cancels > 0 {
                continue;
            }
            if state.closing {
                self.cancel_socket(socket);
            } else if state
                .receiving
                .as_ref()
                .is_some_and(|receiving| receiving.pausing && receiving.armed)
            {
                self.cancel_receive(socket);
            }
        }
    }

    /// Queues a cancel of everything in the ring.
    pub(super) fn cancel_everything(&mut self) {
        let entry = opcode::AsyncCancel2::new(CancelBuilder::any())
            .build()
            .user_data(UserData::of_ring(Op::CancelAll).encode());
        self.lent.in_flight += 1;
        // SAFETY: a cancel names no memory.
        unsafe { self.queues.push(entry) };
    }

    /// Closes the descriptor of a socket that has nothing in flight, and says so at the next poll.
    pub(super) fn finish_close(&mut self, socket: SocketId) {
        let submitter = self.queues.io().submitter();
        let token = self.lent.sockets.remove(&submitter, socket);
        self.local.push_back(Completion::Closed { token });
    }

    fn cancel_receive(&mut self, socket: SocketId) {
        let target = UserData::of(Op::Receive, socket).encode();
        self.push_cancel(socket, CancelBuilder::user_data(target));
    }

    fn cancel_socket(&mut self, socket: SocketId) {
        let target = match self.lent.sockets.file(socket) {
            File::Registered(file) => CancelBuilder::fd(file),
            File::Descriptor(file) => CancelBuilder::fd(file),
        };
        self.push_cancel(socket, target.all());
    }

    fn push_cancel(&mut self, socket: SocketId, target: CancelBuilder) {
        self.lent.sockets.get_mut(socket).cancels += 1;
        let entry = opcode::AsyncCancel2::new(target).build();
        // SAFETY: a cancel names no memory.
        unsafe { self.start(socket, Op::Cancel, entry) };
    }
}
