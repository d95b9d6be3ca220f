//! One socket: what it is doing, what is known of its readiness, and the system calls that move its bytes.
//!
//! ```text
//!             edge                     would block, or less than asked
//!   unknown ───────► maybe readable ──────────────────────────────────► not readable ──► (edge)
//! ```
//!
//! On a stream socket a read that brings less than there was room for has drained the queue, and the next
//! arrival makes an edge. Not so after the peer's end: its edge is behind us, so the flag stays set
//! (`hung_up`). Urgent data can cut a read short as well; that delays only the peer who sent it.

use std::io::{self, IoSlice, Read};

use libc::c_int;
use ringmq_driver::{Completion, Demand, End, Incoming, Outgoing, SLICES_MAX, Token};

use crate::buffers::Buffers;
use crate::path::BoundPath;

/// A C host keeps the default action of SIGPIPE, so no send may raise it.
#[cfg(not(target_vendor = "apple"))]
const SEND_FLAGS: c_int = libc::MSG_NOSIGNAL;
/// SO_NOSIGPIPE does the same there, and socket2 sets it on each socket.
#[cfg(target_vendor = "apple")]
const SEND_FLAGS: c_int = 0;

#[derive(Debug)]
pub(crate) struct Socket<O, I> {
    pub(crate) io: socket2::Socket,
    pub(crate) token: Token,
    pub(crate) role: Role,
    readiness: Readiness,
    /// In the driver's list of sockets that can go on without waiting.
    pub(crate) is_runnable: bool,
    pub(crate) demand: Option<Demand<I>>,
    pub(crate) outgoing: Option<O>,
    /// The caller wants to hear of a failure while there is no demand.
    is_watched: bool,
}

#[derive(Debug)]
pub(crate) enum Role {
    /// Takes connections, unless an accept has failed. Removes its file, if it made one, at its end.
    Listener {
        is_accepting: bool,
        #[expect(dead_code, reason = "held for its drop")]
        bound_path: Option<BoundPath>,
    },
    Connecting,
    /// Connected, or failed to: then each call tells the caller so.
    Stream,
}

/// What edges and short transfers have taught. A set flag may be wrong, a cleared one is not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer's end or an error was seen: no further edge will come, so reading tells by itself.
    pub(crate) hung_up: bool,
    /// An error was seen, and the peer's end was not seen before it.
    failed: bool,
}

/// What one read told the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It would block, or the caller holds all buffers.
    Nothing,
    Bytes,
    End,
}

impl Readiness {
    /// Nothing is known, so trying is worth a call.
    pub(crate) const UNTRIED: Self = Self {
        readable: true,
        writable: true,
        hung_up: false,
        failed: false,
    };

    pub(crate) fn of(event: &mio::event::Event) -> Self {
        let failed = event.is_error();
        let hung_up = event.is_read_closed() || failed;
        Self {
            readable: event.is_readable() || hung_up,
            writable: event.is_writable() || event.is_write_closed() || failed,
            hung_up,
            failed,
        }
    }
}

impl<O: Outgoing, I: Incoming> Socket<O, I> {
    pub(crate) fn new(io: socket2::Socket, token: Token, role: Role, readiness: Readiness) -> Self {
        Self {
            io,
            token,
            role,
            readiness,
            is_runnable: false,
            demand: None,
            outgoing: None,
            is_watched: false,
        }
    }

    /// Takes a demand on, which tells of a failure by itself.
    pub(crate) fn lend(&mut self, demand: Demand<I>) {
        assert!(self.demand.is_none(), "D4: one demand at a time");
        self.is_watched = false;
        self.demand = Some(demand);
    }

    /// Looks out for a failure until the next demand.
    pub(crate) fn watch(&mut self) {
        assert!(self.demand.is_none(), "D15: a receive tells by itself");
        self.is_watched = true;
    }

    pub(crate) fn note(&mut self, seen: Readiness) {
        self.readiness.readable |= seen.readable;
        self.readiness.writable |= seen.writable;
        self.readiness.failed |= seen.failed && !self.readiness.hung_up;
        self.readiness.hung_up |= seen.hung_up;
    }

    /// Whether a system call is worth trying now.
    pub(crate) const fn has_work(&self) -> bool {
        match self.role {
            Role::Listener { is_accepting, .. } => is_accepting && self.readiness.readable,
            Role::Connecting => self.readiness.writable,
            Role::Stream => {
                (self.demand.is_some() && self.readiness.readable)
                    || self.can_send()
                    || self.can_tell_failure()
            }
        }
    }

    /// Whether somebody waits for a failure that was seen.
    pub(crate) const fn can_tell_failure(&self) -> bool {
        self.is_watched && self.readiness.failed && matches!(self.role, Role::Stream)
    }

    /// Tells a failure to whoever watches.
    pub(crate) fn step_watch(&mut self, completions: &mut Vec<Completion<O, I>>) {
        self.is_watched = false;
        self.readiness.failed = false;
        // Nothing is left where a send or receive was given the error, and has told it. EPIPE is Linux's for a reset
        // behind the peer's end, so all that it sent is here and can be received.
        if let Ok(Some(error)) = self.io.take_error()
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            completions.push(Completion::HungUp {
                token: self.token,
                error,
            });
        }
    }

    pub(crate) const fn can_send(&self) -> bool {
        self.outgoing.is_some() && self.readiness.writable && matches!(self.role, Role::Stream)
    }

    /// The backlog is empty.
    pub(crate) const fn all_accepted(&mut self) {
        self.readiness.readable = false;
    }

    /// Goes on with a pending connect.
    pub(crate) fn step_connect(&mut self, completions: &mut Vec<Completion<O, I>>) {
        let result = match crate::establish::connected(&self.io) {
            Some(result) => result,
            None if self.readiness.hung_up => Err(io::ErrorKind::ConnectionRefused.into()),
            None => {
                self.readiness.writable = false;
                return;
            }
        };
        self.role = Role::Stream;
        self.note(Readiness::UNTRIED);
        completions.push(Completion::Connected {
            token: self.token,
            result,
        });
    }

    /// Tries the send that is outstanding.
    pub(crate) fn step_send(&mut self, completions: &mut Vec<Completion<O, I>>) {
        let Some(outgoing) = self.outgoing.take() else {
            return;
        };
        let result = match retry(|| send(&self.io, &outgoing)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readiness.writable = false;
                self.outgoing = Some(outgoing);
                return;
            }
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            result => result,
        };
        if result.as_ref().is_ok_and(|sent| *sent < outgoing.bytes()) {
            // The kernel's buffer is full, and room in it makes an edge.
            self.readiness.writable = false;
        }
        completions.push(Completion::Sent {
            token: self.token,
            outgoing,
            result,
        });
    }

    /// Tries one read for the demand that is outstanding.
    pub(crate) fn step_receive(
        &mut self,
        buffers: &mut Buffers,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let token = self.token;
        match self.demand.take() {
            None => {}
            Some(Demand::Into(mut incoming)) => match self.read(incoming.space()) {
                None => self.demand = Some(Demand::Into(incoming)),
                Some(result) => completions.push(Completion::Filled {
                    token,
                    incoming,
                    result,
                }),
            },
            Some(Demand::Once { bytes_max }) => {
                let told = self.read_buffer(bytes_max as usize, buffers, completions);
                self.demand = (told == Told::Nothing).then_some(Demand::Once { bytes_max });
            }
            Some(Demand::Stream) => {
                let told = self.read_buffer(usize::MAX, buffers, completions);
                self.demand = (told != Told::End).then_some(Demand::Stream);
            }
        }
    }

    /// One read into the driver's memory.
    fn read_buffer(
        &mut self,
        bytes_max: usize,
        buffers: &mut Buffers,
        completions: &mut Vec<Completion<O, I>>,
    ) -> Told {
        let Some(space) = buffers.space() else {
            // The caller holds all buffers; it gives them back before the next poll.
            return Told::Nothing;
        };
        let room = space.len().min(bytes_max);
        let Some(result) = self.read(&mut space[..room]) else {
            return Told::Nothing;
        };
        let token = self.token;
        let end = match result {
            Ok(0) => End::Eof,
            Err(error) => End::Failed(error),
            Ok(bytes) => {
                let data = buffers.fill(bytes);
                completions.push(Completion::Received { token, data });
                return Told::Bytes;
            }
        };
        completions.push(Completion::ReceiveEnded { token, end });
        Told::End
    }

    /// One read; `None` if it would block.
    fn read(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        let result = retry(|| (&self.io).read(space));
        match &result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readiness.readable = false;
                return None;
            }
            Ok(bytes) if *bytes < space.len() && !self.readiness.hung_up => {
                self.readiness.readable = false;
            }
            _ => {}
        }
        Some(result)
    }
}

fn send(io: &socket2::Socket, outgoing: &impl Outgoing) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = outgoing.slices(&mut slices);
    match &slices[..count] {
        [only] => io.send_with_flags(only, SEND_FLAGS),
        many => io.send_vectored_with_flags(many, SEND_FLAGS),
    }
}

/// A signal may cut into any call; it says nothing about the socket.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
