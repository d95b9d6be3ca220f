//! The io_uring driver: [`ringmq_driver::Driver`] on one ring, used by the one thread that made it.
//!
//! It owns the ring, the sockets, the provided buffers and all memory lent to the kernel. It must not know
//! ZeroMQ, sessions, pipes or messages: bytes and sockets are all it sees.
//!
//! ```text
//!  Driver call ──► typed SQE (accept, connect, receive, send, cancel) ──► submission queue ─┐
//!                                                                                          │ io_uring_enter:
//!  eventfd ◄── Wake (any thread)      in flight: user_data = op 8 | generation 24 | slot 32 │ submit + wait,
//!     │                                                                                    │ one per poll
//!     └─ READ armed before sleeping                                                        ▼
//!  Completion ◄── per-op completion ◄── batch of CQEs ◄── completion queue ◄── deferred task work
//!                        │
//!                        └─ Received names a provided buffer; release() puts it back by a memory write
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `setup`, `probe`, `self_test` | making a ring, or saying why there is none |
//! | `enter` | the queues and the only call of `io_uring_enter` |
//! | `buffers` | the group of provided buffers |
//! | `in_flight` | who owns what while the kernel holds it; `user_data` |
//! | `accept`, `connect`, `receive`, `send`, `cancel`, `wake`, `watch` | one family of operations each |
//! | `sockets` | the table of sockets; making, naming and closing them |
//! | `address` | socket addresses, and unix paths that are made and removed |
//! | `driver` | the contract's calls and the poll loop |
//!
//! Sockets are left blocking on purpose: io_uring answers `EAGAIN` at once for a non-blocking file, where it
//! arms its own poll for a blocking one. Whoever uses [`ringmq_driver::Driver::descriptor`] for a call of
//! their own passes `MSG_DONTWAIT`.

mod accept;
mod address;
mod buffers;
mod cancel;
mod connect;
mod driver;
mod enter;
mod in_flight;
mod probe;
mod receive;
mod self_test;
mod send;
mod setup;
mod sockets;
#[cfg(test)]
mod tests;
mod wake;
mod watch;

use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::time::Instant;

use ringmq_driver::{Completion, Incoming, Outgoing};

use self::enter::Queues;
use self::in_flight::Lent;
pub(crate) use self::setup::RingConfig;
use self::wake::Bell;

/// Outgoing bytes whose memory the kernel may read while the value itself is moved about.
///
/// # Safety
/// From the call of [`Outgoing::slices`] until the value is dropped, the memory that the slices named stays
/// allocated, at its address, and unwritten, whatever safe code does with the value: the value holds it
/// through a pointer that a move does not invalidate, never inline.
pub(crate) unsafe trait StableOutgoing: Outgoing {}

/// Incoming memory that the kernel may write while the value itself is moved about.
///
/// # Safety
/// From the call of [`Incoming::space`] until the value is next touched (beyond being moved), the memory it
/// named stays allocated, at its address, and neither read nor written by anyone else: the value holds it
/// through a pointer that a move does not invalidate, never inline.
pub(crate) unsafe trait StableIncoming: Incoming {}

/// Completion I/O on one io_uring instance.
///
/// It belongs to the thread that made it (`SINGLE_ISSUER`); raw pointers inside keep it there.
pub(crate) struct Ring<O: StableOutgoing, I: StableIncoming> {
    /// The submission and completion queues. Gone before [`Self::lent`] is.
    queues: ManuallyDrop<Queues>,
    /// Everything the kernel may touch. Kept for ever, not freed, should the kernel refuse to let go.
    lent: ManuallyDrop<Lent<O, I>>,
    /// What wakes the ring, shared with other threads.
    bell: Bell,
    /// Completions that need no kernel, kept for the next poll (rule D1).
    local: VecDeque<Completion<O, I>>,
    /// Sockets whose cancel missed what it was to cancel.
    uncancelled: Vec<ringmq_driver::SocketId>,
    /// Origin of the driver's clock.
    origin: Instant,
    /// State of the splitmix64 generator.
    random: u64,
    /// The process that may use the ring: after a fork the child must not touch it.
    process: u32,
}

impl<O: StableOutgoing, I: StableIncoming> std::fmt::Debug for Ring<O, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("queues", &*self.queues)
            .field("in_flight", &self.lent.in_flight)
            .field("sockets", &self.lent.sockets.len())
            .finish_non_exhaustive()
    }
}
