//! A library under comparison, and what its calls can come to.

use std::time::Duration;

use crate::script::{Frames, Step};

/// How long anything may take that has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long after a lost connection the next attempt is made: both are told the same.
pub(crate) const RECONNECT: Duration = Duration::from_millis(2);

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Got(Frames),
    /// Messages that were there, in their order.
    Drained(Vec<Frames>, Box<Self>),
    /// Neither now nor, for all that is known, soon.
    WouldBlock,
    OutOfTurn,
    Unsupported,
    Unroutable,
    NotAttached,
    InUse,
    /// An option that the type does not have.
    NotForThisType,
    Ready {
        readable: bool,
        writable: bool,
    },
    /// Anything else: never the same in two libraries.
    Strange(String),
}

/// How many connections of a socket became ready, and how many of them were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connections {
    pub(crate) ready: u64,
    pub(crate) lost: u64,
}

/// The sockets of one script in one library.
pub(crate) trait World {
    fn name(&self) -> &'static str;

    /// Begins a script on endpoints of its own.
    fn begin(&mut self, endpoints: u64);

    /// Does a step, without ever waiting for a peer.
    fn act(&mut self, step: &Step) -> Outcome;

    /// The connections of an open socket.
    fn connections(&mut self, slot: usize) -> Connections;

    /// Lets the engine do what it has to do, and the sockets take notice of it.
    fn settle(&mut self);

    /// Closes all sockets of the script.
    fn end(&mut self);
}
