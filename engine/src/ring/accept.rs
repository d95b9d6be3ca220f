//! Multishot accept: one submission per listener serves any number of connections.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use io_uring::{cqueue, opcode};
use ringmq_driver::{Completion, SocketId, Token};

use super::in_flight::Op;
use super::sockets::with_file;
use super::{Ring, StableIncoming, StableOutgoing};

/// What an accepted socket is called until its owner names it.
const UNNAMED: Token = Token(u64::MAX);

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Starts to accept.
    pub(super) fn arm_accept(&mut self, listener: SocketId) {
        self.lent.sockets.get_mut(listener).accepting = true;
        let entry = with_file!(self.lent.sockets.file(listener), |file| {
            opcode::AcceptMulti::new(file)
                .flags(libc::SOCK_CLOEXEC)
                .build()
        });
        // SAFETY: the entry names no memory: a multishot accept reports no addresses.
        unsafe { self.start(listener, Op::Accept, entry) };
    }

    /// A connection arrived, or accepting ended.
    pub(super) fn complete_accept(
        &mut self,
        listener: SocketId,
        result: i32,
        flags: u32,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let more = cqueue::more(flags);
        if !more {
            self.ended(listener);
        }
        let state = self.lent.sockets.get_mut(listener);
        state.accepting = more;
        let stopped = !more && std::mem::take(&mut state.stopping);
        let (token, closing) = (state.token, state.closing);
        if result >= 0 {
            // SAFETY: the kernel made this descriptor for us and tells of it once.
            let fd = unsafe { OwnedFd::from_raw_fd(result) };
            if closing {
                return;
            }
            let socket = self.adopt(UNNAMED, fd);
            completions.push(Completion::Accepted {
                token,
                result: Ok(socket),
            });
            if stopped {
                completions.push(Completion::Accepted {
                    token,
                    result: Err(io::Error::from_raw_os_error(libc::ECANCELED)),
                });
            } else if !more {
                // Ended without an error: the completion queue had overflowed.
                self.arm_accept(listener);
            }
        } else if closing || more {
            // A closed listener tells nothing; an error that is not the end is followed by one that is.
        } else if !stopped && matches!(-result, libc::EINTR | libc::EAGAIN) {
            self.arm_accept(listener);
        } else {
            completions.push(Completion::Accepted {
                token,
                result: Err(io::Error::from_raw_os_error(-result)),
            });
        }
    }

    /// Takes a connected socket over.
    pub(super) fn adopt(&mut self, token: Token, fd: OwnedFd) -> SocketId {
        let submitter = self.queues.io().submitter();
        self.lent.sockets.insert(&submitter, token, fd)
    }
}
