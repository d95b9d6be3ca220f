//! Scripts: what is done to at most four sockets of two types, step by step.

use std::fmt;

use ringmq::SocketType;

/// One frame, which prints as text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Frame(pub(crate) Vec<u8>);

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.escape_ascii())
    }
}

/// Frames of one message.
pub(crate) type Frames = Vec<Frame>;

/// Sockets of one script: the first half are of the family's first type, the others of its second.
pub(crate) const SLOTS: usize = 4;

/// Endpoints of one script: sockets of the first type bind to the first one, those of the second to the other.
pub(crate) const PLACES: usize = 2;

/// The routing ids that sockets give themselves, by slot.
pub(crate) const NAMES: [&str; SLOTS] = ["ann", "bob", "cat", "dan"];

/// One step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Open(usize, Settings),
    Close(usize),
    Bind(usize, usize),
    Unbind(usize, usize),
    Connect(usize, usize),
    Disconnect(usize, usize),
    Send(usize, Frames),
    Receive(usize),
    Subscribe(usize, &'static str),
    Unsubscribe(usize, &'static str),
    /// What could be done without blocking.
    Look(usize),
    /// Changes the high-water marks for what binds and connects later.
    Marks(usize, u32),
    /// Receives until nothing is there.
    Drain(usize),
}

impl Step {
    /// The socket that the step is done to.
    pub(crate) const fn slot(&self) -> usize {
        match self {
            Self::Open(slot, _)
            | Self::Close(slot)
            | Self::Bind(slot, _)
            | Self::Unbind(slot, _)
            | Self::Connect(slot, _)
            | Self::Disconnect(slot, _)
            | Self::Send(slot, _)
            | Self::Receive(slot)
            | Self::Subscribe(slot, _)
            | Self::Unsubscribe(slot, _)
            | Self::Look(slot)
            | Self::Marks(slot, _)
            | Self::Drain(slot) => *slot,
        }
    }
}

/// What a socket is told when it is made.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) socket_type: SocketType,
    pub(crate) marks: u32,
    pub(crate) routing_id: Option<&'static str>,
    pub(crate) correlate: bool,
    pub(crate) relaxed: bool,
    pub(crate) mandatory: bool,
    pub(crate) handover: bool,
    pub(crate) verbose: bool,
    pub(crate) probe: bool,
    pub(crate) immediate: bool,
}

impl Settings {
    /// Those of a socket that is told nothing but its marks.
    pub(crate) const fn plain(socket_type: SocketType, marks: u32) -> Self {
        Self {
            socket_type,
            marks,
            routing_id: None,
            correlate: false,
            relaxed: false,
            mandatory: false,
            handover: false,
            verbose: false,
            probe: false,
            immediate: false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, marks {}", self.socket_type, self.marks)?;
        if let Some(id) = self.routing_id {
            write!(f, ", '{id}'")?;
        }
        for (is_set, name) in [
            (self.correlate, "correlate"),
            (self.relaxed, "relaxed"),
            (self.mandatory, "mandatory"),
            (self.handover, "handover"),
            (self.verbose, "verbose"),
            (self.probe, "probe"),
            (self.immediate, "immediate"),
        ] {
            if is_set {
                write!(f, ", {name}")?;
            }
        }
        Ok(())
    }
}

/// The two types of a script's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) first: SocketType,
    pub(crate) second: SocketType,
}

impl Family {
    pub(crate) const fn socket_type(self, slot: usize) -> SocketType {
        if slot < SLOTS / 2 {
            self.first
        } else {
            self.second
        }
    }
}
