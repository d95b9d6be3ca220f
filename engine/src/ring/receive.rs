//! Receives: multishot RECV into provided buffers, one RECV into a provided buffer, one RECV into lent memory.
//!
//! ```text
//!   demand ──► armed ──► Received … ──► ended (end of stream, failure, pause)
//!                │  ▲
//!       no buffer▼  │a buffer was released
//!              hungry
//! ```

use std::collections::VecDeque;
use std::io;

use io_uring::{cqueue, opcode, squeue};
use ringmq_driver::{Completion, Demand, End, SocketId, Token};

use super::buffers::GROUP;
use super::in_flight::{Op, Receiving, kernel_bytes};
use super::sockets::{File, with_file};
use super::{Ring, StableIncoming, StableOutgoing};

/// IORING_RECVSEND_POLL_FIRST: wait for bytes before the first attempt.
const POLL_FIRST: u16 = 1 << 0;
/// IORING_RECV_MULTISHOT.
const MULTISHOT: u16 = 1 << 1;

/// Receives that wait for a buffer. Those that got nothing since they were armed go first, so that one busy
/// socket cannot take every buffer again and again.
#[derive(Debug, Default)]
pub(super) struct Hungry {
    starved: VecDeque<SocketId>,
    fed: VecDeque<SocketId>,
}

impl Hungry {
    fn next(&mut self) -> Option<SocketId> {
        self.starved.pop_front().or_else(|| self.fed.pop_front())
    }

    fn len(&self) -> usize {
        self.starved.len() + self.fed.len()
    }
}

impl<I> Receiving<I> {
    /// What a caller is told who closed the socket under the demand.
    pub(super) fn cancelled<O>(self, token: Token) -> Completion<O, I> {
        match self.demand {
            Demand::Into(incoming) => Completion::Filled {
                token,
                incoming,
                result: Err(io::Error::from_raw_os_error(libc::ECANCELED)),
            },
            Demand::Once { .. } | Demand::Stream => Completion::ReceiveEnded {
                token,
                end: End::Paused,
            },
        }
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Takes a demand on.
    ///
    /// # Panics
    /// If a demand is outstanding (rule D4) or the socket is closed.
    pub(super) fn begin_receive(&mut self, socket: SocketId, demand: Demand<I>) {
        let state = self.lent.sockets.get_mut(socket);
        assert!(!state.closing, "no receive after close");
        assert!(state.receiving.is_none(), "one receive at a time (D4)");
        state.watch.wanted = false;
        state.receiving = Some(Receiving {
            demand,
            armed: false,
            pausing: false,
            progressed: false,
        });
        if self.lent.hungry.len() > 0 {
            // Whoever was served last must not overtake those that wait for a buffer.
            self.lent.hungry.fed.push_back(socket);
        } else {
            self.arm_receive(socket);
        }
    }

    /// Arms receives that waited for a buffer, where there are buffers now.
    pub(super) fn feed_hungry(&mut self) {
        for _ in 0..self.lent.hungry.len() {
            if !self.lent.buffers.kernel_has_some() {
                return;
            }
            let Some(socket) = self.lent.hungry.next() else {
                return;
            };
            let waits = self.lent.sockets.at(socket.index) == Some(socket)
                && self
                    .lent
                    .sockets
                    .get(socket)
                    .receiving
                    .as_ref()
                    .is_some_and(|receiving| !receiving.armed);
            if waits {
                self.arm_receive(socket);
            }
        }
    }

    fn arm_receive(&mut self, socket: SocketId) {
        let file = self.lent.sockets.file(socket);
        let state = self.lent.sockets.get_mut(socket);
        let poll_first = if state.known_empty { POLL_FIRST } else { 0 };
        let receiving = state.receiving.as_mut().expect("a demand is outstanding");
        receiving.armed = true;
        receiving.progressed = false;
        let entry = receive_entry(file, &mut receiving.demand, poll_first);
        // SAFETY: provided buffers are owned by `Lent::buffers`; lent memory is owned by the demand, whose
        // `StableIncoming` keeps it in place, until `complete_receive` takes it at the final completion.
        unsafe { self.start(socket, Op::Receive, entry) };
    }

    /// A receive brought bytes, or ended.
    pub(super) fn complete_receive(
        &mut self,
        socket: SocketId,
        result: i32,
        flags: u32,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let more = cqueue::more(flags);
        if !more {
            self.ended(socket);
        }
        let state = self.lent.sockets.get_mut(socket);
        state.known_empty = result > 0 && !cqueue::sock_nonempty(flags);
        let receiving = state.receiving.as_mut().expect("an armed demand is kept");
        receiving.armed = more;
        if matches!(receiving.demand, Demand::Into(_)) {
            self.filled(socket, result, completions);
            return;
        }
        let arrived = cqueue::buffer_select(flags).map(|buffer| {
            self.lent
                .buffers
                .filled(buffer, result.max(0).unsigned_abs())
        });
        match (arrived, result) {
            (Some(data), 1..) => self.deliver(socket, data, more, completions),
            (Some(data), _) => {
                self.lent.buffers.release(&data);
                self.no_bytes(socket, result, more, completions);
            }
            (None, _) => self.no_bytes(socket, result, more, completions),
        }
    }

    /// Hands bytes to the caller, and goes on with a stream.
    fn deliver(
        &mut self,
        socket: SocketId,
        data: ringmq_driver::Received,
        more: bool,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let state = self.lent.sockets.get_mut(socket);
        let token = state.token;
        let receiving = state.receiving.as_mut().expect("an armed demand is kept");
        receiving.progressed = true;
        let (pausing, closing) = (receiving.pausing, state.closing);
        let once = matches!(receiving.demand, Demand::Once { .. });
        if closing {
            self.lent.buffers.release(&data);
        } else {
            completions.push(Completion::Received { token, data });
        }
        if more {
            return;
        }
        if closing || (pausing && !once) {
            self.end_receive(socket, End::Paused, completions);
        } else if once {
            self.lent.sockets.get_mut(socket).receiving = None;
        } else {
            // Ended without an error: the completion queue had overflowed.
            self.arm_receive(socket);
        }
    }

    /// Deals with a completion without bytes: the end of the stream, of the buffers, or of the connection.
    fn no_bytes(
        &mut self,
        socket: SocketId,
        result: i32,
        more: bool,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        if more {
            return;
        }
        let state = self.lent.sockets.get(socket);
        let receiving = state.receiving.as_ref().expect("an armed demand is kept");
        let stopping = receiving.pausing || state.closing;
        match -result {
            0 if !state.closing => self.end_receive(socket, End::Eof, completions),
            libc::ENOBUFS | libc::EINTR | libc::EAGAIN | libc::ECANCELED | 0 if stopping => {
                self.end_receive(socket, End::Paused, completions);
            }
            libc::ENOBUFS if receiving.progressed => self.lent.hungry.fed.push_back(socket),
            libc::ENOBUFS => self.lent.hungry.starved.push_back(socket),
            libc::EINTR | libc::EAGAIN => self.arm_receive(socket),
            error => {
                let error = io::Error::from_raw_os_error(error);
                self.end_receive(socket, End::Failed(error), completions);
            }
        }
    }

    fn end_receive(&mut self, socket: SocketId, end: End, completions: &mut Vec<Completion<O, I>>) {
        let state = self.lent.sockets.get_mut(socket);
        state.receiving = None;
        completions.push(Completion::ReceiveEnded {
            token: state.token,
            end,
        });
    }

    /// Gives lent memory back.
    fn filled(&mut self, socket: SocketId, result: i32, completions: &mut Vec<Completion<O, I>>) {
        let state = self.lent.sockets.get_mut(socket);
        if !state.closing && matches!(-result, libc::EINTR | libc::EAGAIN) {
            self.arm_receive(socket);
            return;
        }
        let token = state.token;
        let receiving = state.receiving.take().expect("an armed demand is kept");
        let Demand::Into(incoming) = receiving.demand else {
            unreachable!("the caller of this function looked");
        };
        completions.push(Completion::Filled {
            token,
            incoming,
            result: usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result)),
        });
    }
}

/// The submission that serves a demand.
fn receive_entry<I: StableIncoming>(
    file: File,
    demand: &mut Demand<I>,
    poll_first: u16,
) -> squeue::Entry {
    let (start, bytes, ioprio) = match demand {
        Demand::Into(incoming) => {
            let space = incoming.space();
            let bytes = kernel_bytes(space.len());
            let entry = with_file!(file, |file| {
                opcode::Recv::new(file, space.as_mut_ptr(), bytes)
                    .ioprio(poll_first)
                    .build()
            });
            return entry;
        }
        Demand::Once { bytes_max } => (
            std::ptr::null_mut(),
            kernel_bytes(*bytes_max as usize),
            poll_first,
        ),
        // KERNEL: a length with MULTISHOT is EINVAL before 6.17; zero means a whole buffer.
        Demand::Stream => (std::ptr::null_mut(), 0, poll_first | MULTISHOT),
    };
    with_file!(file, |file| {
        opcode::Recv::new(file, start, bytes)
            .buf_group(GROUP)
            .ioprio(ioprio)
            .build()
    })
    .flags(squeue::Flags::BUFFER_SELECT)
}
