//! Pipes: the only memory that two threads of the engine share.
//!
//! A pipe goes one way and has one writer and one reader. What crosses it is a list of chunks of framed bytes,
//! not messages: canonical ZMTP 3 frames, independent of any peer. This module must not know sessions, sockets
//! or drivers, except that a driver can be woken.
//!
//! ```text
//!   Writer                                Shared                              Reader
//!   open chunk, unpublished messages      acked, retired    (reader's line)   walk cursor, or take cursor
//!   written, cached acked                 parked, wake_at,  (flags, rare)     consumed, credit step
//!                                         closing, gone
//!
//!     chunk ──next──▶ chunk ──next──▶ chunk          sealed chunks are the reader's to retire,
//!     sealed          sealed          open           the open one is the writer's
//!     ▲ reader                        ▲ writer
//!
//!   publish:  commit words: last chunk first ── fence ── parked? ──▶ ready list of the reader's owner ──▶ bell
//!   credit:   acked ── fence ── wake_at reached? ──────────────────▶ ready list of the writer's owner ──▶ bell
//! ```
//!
//! Sleeping has two levels with the same shape, a sequentially consistent fence between a store and a load on
//! each side: a half that finds nothing parks its pipe and looks again; an owner that has nothing to do marks
//! itself asleep and looks at its ready list again. So a waker need not know who waits for what, and a sleeper
//! need not look at every pipe.

mod abort;
mod await_news;
mod batch;
mod command;
mod credit;
mod descriptor;
mod filling;
mod frame;
mod leaving;
#[cfg(all(test, loom))]
mod loom_tests;
mod lost;
mod mailbox;
mod newest;
mod owner;
mod parker;
mod reader;
mod ready_list;
mod received;
mod shared;
mod take;
#[cfg(all(test, not(loom)))]
mod tests;
mod unclaimed;
mod visit;
mod walker;
mod watch;
mod writer;

pub(crate) use await_news::wake;
pub(crate) use batch::Batch;
pub(crate) use filling::Filling;
pub(crate) use mailbox::Mailbox;
pub(crate) use owner::Owner;
pub(crate) use reader::Reader;
pub(crate) use ready_list::{Event, EventKind};
pub(crate) use shared::{PipeConfig, Role, fence_commits, newest_pipe, pipe};
pub(crate) use take::TakeLimits;
pub(crate) use unclaimed::{Unclaimed, pipe_to_claim};
pub(crate) use walker::{FrameBody, PipeFrame};
pub(crate) use watch::Watch;
pub(crate) use writer::Writer;
