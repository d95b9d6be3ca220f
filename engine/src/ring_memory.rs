//! Why the engine's own memory may be lent to the ring.

use crate::pipe::{Batch, Filling};
use crate::ring::{StableIncoming, StableOutgoing};

// SAFETY: a batch's ranges point into committed bytes of chunks and into bodies, which it holds by count and
// which nobody writes while they are held; its scratch is heap memory that only a call on the batch can move, and
// the ring makes none while the kernel reads. `pipe::Batch` upholds it.
unsafe impl StableOutgoing for Batch {}

// SAFETY: the space of a filling is heap memory of its `BodyBuffer`, which stays in place until `filled`; nobody
// else refers to it. `memory::BodyBuffer` upholds it.
unsafe impl StableIncoming for Filling {}
