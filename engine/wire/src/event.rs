//! What a scan tells besides counts: subscriptions and groups that the peer asked for.

use std::ops::Range;

/// The most events one scan tells before it stops and waits for the next call. Few, because each connection
/// of a publisher keeps room for what its busiest scan told.
pub const EVENTS_MAX: usize = 32;

/// The peer asked for something, somewhere in the bytes of the last scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it asked for.
    pub kind: EventKind,
    /// In which form.
    pub form: Form,
    /// Where in the input of that scan the topic or group lies.
    pub topic: Range<usize>,
}

/// What a peer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Messages that start with the topic.
    Subscribe,
    /// One SUBSCRIBE less.
    Cancel,
    /// Messages of the group.
    Join,
    /// One JOIN less.
    Leave,
}

/// How a peer asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With a command, as 3.1 peers do.
    Command,
    /// With a message frame whose body starts with 1 or 0, as all others do and 3.1 peers may.
    Message {
        /// Whether the frame starts its message. Later parts count as subscriptions unless the socket's
        /// ONLY_FIRST_SUBSCRIBE says otherwise.
        first_part: bool,
    },
}
