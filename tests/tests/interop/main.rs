//! RingMQ among its peers and under its public API's promises, on each driver.
//!
//! Peers are this library, libzmq (built from source), pyzmq, scripts that speak old protocol versions, and scripts
//! that mean harm. Tests wait for events with a deadline, never for time to pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attaching;
mod content;
mod crowds;
mod endings;
mod fairness;
mod heartbeats;
mod hostile;
mod limits;
mod matrix;
mod old_patterns;
mod old_peers;
mod ownership;
mod patterns;
mod peers;
mod python;
mod python_patterns;
mod refusals;
mod script;
mod sending;
mod stage;
