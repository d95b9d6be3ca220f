//! The guide: which pattern for what, how to run it, and what to do when something fails. No code is in this module.
//!
//! - [`patterns`]: the eleven socket types and how they are put together.
//! - [`running`]: blocking, without blocking, in batches, with a poller, in a foreign loop, as futures.
//! - [`reliability`]: five ways to survive crashes, each with what it survives and what it does not.
//! - [`coming_from`]: calls, options and constants beside those of libzmq, the `zmq` crate and pyzmq.
//!
//! Defaults, and what differs from libzmq, are on the page of [`differences`](crate::differences).
//!
//! Everything that the guide describes is a program in the package's folder `examples`, which ends by itself and prints
//! what it does: `cargo run -p ringmq --example NAME`. Tests run each of them on both drivers.

#[doc = include_str!("patterns.md")]
pub mod patterns {}

#[doc = include_str!("running.md")]
pub mod running {}

#[doc = include_str!("reliability.md")]
pub mod reliability {}

#[doc = include_str!("coming_from.md")]
pub mod coming_from {}
