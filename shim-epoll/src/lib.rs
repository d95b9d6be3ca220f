//! RingMQ's driver contract over readiness: edge-triggered epoll or kqueue.
//!
//! This is the driver of every host that has no io_uring, or forbids it. It owns sockets, their readiness
//! and the buffers that received bytes land in; it knows nothing of ZeroMQ, of threads other than the one
//! that polls it (but for [`Wake`](ringmq_driver::Wake)), or of the ring.
//!
//! # How readiness becomes completions
//!
//! ```text
//!  send() ──► sendmsg at once ──┐ would block: wait for the edge
//!  receive() ─► armed ──┐       ▼
//!                       │   ┌───────┐
//!  epoll edge ─► flags ─┴─► │ queue │ ──► poll() hands the completions over
//!                 read ───► └───────┘
//! ```
//!
//! * Each descriptor is registered once, edge-triggered, for both directions; an edge sets a flag, and the
//!   system call that would block clears it. No registration changes while a socket lives.
//! * A send is tried inside [`send`](ringmq_driver::Driver::send) and its completion queued, so that a lone
//!   message costs one system call and no extra turn. Reads happen in poll only: nothing that was received
//!   waits in a queue when its socket is closed.
//! * One read per socket and round, a few rounds per poll: a flood on one socket does not starve another.
//! * epoll counts milliseconds, and a time-out is rounded **up**: `Wait::Until` may return up to a
//!   millisecond late rather than spin through its last millisecond.
//! * A signal ends a wait too; a caller accepts a poll that brings nothing.

#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("the shim polls descriptors: epoll or kqueue");

mod address;
mod buffers;
mod clock;
mod establish;
mod path;
mod shim;
mod slots;
mod socket;
mod wake;

pub use shim::Shim;
