//! Memory that messages live in: chunks and their pool, shared large bodies, slices, connection facts.
//!
//! Everything here is counted and may be freed on any thread, long after the socket or reactor that made it is
//! gone. This module must not know pipes, sockets or sessions.
//!
//! ```text
//!   Pool ──take──▶ Chunk ──(pipe retires it, last Slice or Batch lets go)──▶ back to the Pool, or freed
//!                    ├─ page: frames ▶          ◀ slots ── Body (a large body, by reference)
//!                    └─ ConnectionInfo: the facts of the connection its bytes came from
//! ```

mod aligned;
mod body;
mod body_buffer;
mod body_pool;
mod chunk;
mod commit;
mod info;
mod pool;
mod reaper;
mod shadow;
mod slice;
mod slot;
#[cfg(all(test, not(loom)))]
mod tests;
mod unit;

pub(crate) use body::Body;
pub use body::FreeFn;
pub(crate) use body_buffer::BodyBuffer;
pub(crate) use body_pool::{BodyPool, RECEIVING_KEEPS_BYTES, SENDING_KEEPS_BYTES};
pub(crate) use chunk::{ChunkRef, NO_MESSAGE};
pub(crate) use commit::Commit;
pub(crate) use info::ConnectionInfo;
pub(crate) use pool::{Pool, SizeClass};
pub(crate) use reaper::{Reaper, may_wait};
pub(crate) use slice::Slice;
pub(crate) use slot::{SLOT_BYTES, Slot};
pub(crate) use unit::Unit;
