//! The contract between RingMQ's reactor and the operating system: completion I/O over stream sockets.
//!
//! A [`Driver`] owns sockets, a clock and a source of randomness. The reactor asks for operations and learns
//! of their results only from [`Driver::poll`]. Three drivers keep the contract: the io_uring ring, the
//! epoll/kqueue shim, and the seeded fake in this crate. This crate knows no operating-system interface and
//! nothing of ZeroMQ.
//!
//! # The rules
//!
//! | rule | what every driver promises, and what every caller keeps |
//! |---|---|
//! | D1 | No operation completes inside the call that starts it; [`Driver::poll`] alone delivers completions. |
//! | D2 | At most one send is outstanding per socket. Its memory comes back in exactly one [`Completion::Sent`]. |
//! | D3 | A send of `n` bytes means that exactly the first `n` bytes, in order, were accepted by the kernel. `n` may be short; zero is an error ([`std::io::ErrorKind::WriteZero`]). |
//! | D4 | At most one receive demand is outstanding per socket. `Once` ends with one `Received` or one `ReceiveEnded`; `Stream` gives any number of `Received`, then one `ReceiveEnded`; `Into` ends with one `Filled`. |
//! | D5 | Received bytes come in stream order, without gaps or repeats, whatever mixture of demands fetched them. |
//! | D6 | [`Received`] data is readable until [`Driver::release`], which the caller calls before the next poll. |
//! | D7 | The end of the peer's stream is told once, as [`End::Eof`], after all bytes before it. |
//! | D8 | After [`Driver::close`] the socket delivers no `Received`, and a listener no connection: those that its accept still takes are closed. Lent memory comes back first (`Sent`, `Filled`), then `Closed` comes once, then nothing: a late completion never reaches a newer socket. |
//! | D9 | [`Driver::pause`] ends a `Stream` or an unfinished `Once` with [`End::Paused`]; bytes that arrived meanwhile are delivered before it. Pausing a socket without a demand, or with an `Into`, does nothing. |
//! | D10 | A listener accepts until it fails. `Accepted` with an error stops it; [`Driver::accept`] starts it again. [`Driver::pause`] makes that error come, after what was accepted meanwhile; further connections wait in the kernel. |
//! | D11 | [`Wait::Now`] never blocks; [`Wait::Until`] returns at its time or sooner; [`Wait::Forever`] waits for a completion or a wake. No driver adds a time-out of its own. |
//! | D12 | [`Wake::wake`], from any thread, makes the running poll return or the next one not wait. Wakes may be merged, never lost. |
//! | D13 | Dropping a driver cancels what is outstanding and returns only when the kernel has let go of all lent memory. |
//! | D14 | Failures of a peer, of the network or of a limit are results of an operation; none of them panics. Breaking D2 or D4 is the caller's bug and may panic. |
//! | D15 | [`Driver::watch`] asks to hear of a failure of the connection while no receive is outstanding: one [`Completion::HungUp`], which may be of the past. The peer's end is no failure, and neither is a reset that comes after it: what the peer sent before is still to be received, and then [`End::Eof`]. The next receive, or the close, ends the watch silently; a `HungUp` of the same poll may come after. A watch costs no system call of its own, however often it is asked for. |
//! | D16 | An accepted socket of which nothing was asked may be handed over to another driver of the same kind, on any thread: [`Driver::hand_over`], [`Driver::take_over`]. Its name ends with that, without a completion; bytes that had arrived are there. |

#![forbid(unsafe_code)]

mod address;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod contract;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod time;

pub use address::{Address, UnixName};
pub use contract::{
    Completion, Connection, Demand, Driver, DriverKind, End, Incoming, Keepalive, Outgoing,
    Received, SLICES_MAX, SocketId, SocketOptions, Token, Wait, Wake,
};
pub use time::Time;
