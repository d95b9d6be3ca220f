//! What two sockets of one context tell each other, and what becomes of it when the addressee is closed.

use std::sync::Arc;

use ringmq_wire::RoutingId;

use super::super::{SocketEvent, SocketShared, SocketType};
use crate::counters::Counters;
use crate::peer::PeerId;
use crate::pipe::Unclaimed;

/// High-water marks of one socket; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) send: u32,
    pub(crate) receive: u32,
}

/// What a socket tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) shared: Arc<SocketShared>,
    pub(crate) socket_type: SocketType,
    pub(crate) routing_id: RoutingId,
    pub(crate) marks: Marks,
}

/// A connect, on its way to the socket that is bound to the name.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) from: Side,
    /// What the caller names the other side.
    pub(super) peer: PeerId,
    /// What the caller sends can be read here.
    pub(super) reader: Option<Unclaimed>,
}

/// The bound socket's answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) from: Side,
    /// What the bound socket names the caller.
    pub(super) peer: PeerId,
    /// What the caller names the bound socket.
    pub(super) to: PeerId,
    /// The caller's marks, as they were when its call was taken.
    pub(super) known: Marks,
    /// What the bound socket sends can be read here.
    pub(super) reader: Option<Unclaimed>,
}

/// What sockets of one context tell each other. Peers are named as the addressee names them.
#[derive(Debug)]
pub(crate) enum Letter {
    Call(Box<Call>),
    Answer(Box<Answer>),
    /// What the peer sends can be read here from now on: it had waited for an answer.
    Pipe {
        peer: PeerId,
        reader: Box<Unclaimed>,
    },
    /// The peer's marks are others now.
    Marks {
        peer: PeerId,
        marks: Marks,
    },
    /// The peer has closed, disconnected or refused. What it had sent can still be read.
    Left {
        peer: PeerId,
    },
}

impl Call {
    /// Whether it is a call of this socket, to this peer if one is named.
    pub(crate) fn is_from(&self, socket: u64, peer: Option<PeerId>) -> bool {
        self.from.shared.id == socket && peer.is_none_or(|peer| peer == self.peer)
    }

    pub(crate) fn has_message(&mut self) -> bool {
        self.reader.as_mut().is_some_and(Unclaimed::has_message)
    }

    /// Nobody has answered within the linger time of whoever called.
    pub(crate) fn expire(self) {
        let dropped = self.reader.map_or(0, Unclaimed::leave);
        self.from.shared.counters.dropped_linger.add_shared(dropped);
    }

    /// Drops what is to be read and tells the caller that it has no peer here.
    pub(super) fn refuse(self, counters: &Counters) {
        drop_unread(self.reader, counters);
        self.from.shared.tell_left(self.peer);
    }
}

impl Answer {
    /// Drops what is to be read and tells the other side that it has no peer here.
    pub(super) fn refuse(self, counters: &Counters) {
        drop_unread(self.reader, counters);
        self.from.shared.tell_left(self.peer);
    }
}

pub(super) fn drop_unread(reader: Option<Unclaimed>, counters: &Counters) {
    let unread = reader.map_or(0, Unclaimed::leave);
    counters.dropped_closed.add_shared(unread);
}

impl Letter {
    /// The socket that it was for is closed.
    pub(in super::super) fn return_to_sender(self, counters: &Counters) {
        match self {
            Self::Call(call) => call.refuse(counters),
            Self::Answer(answer) => answer.refuse(counters),
            Self::Pipe { reader, .. } => drop_unread(Some(*reader), counters),
            Self::Marks { .. } | Self::Left { .. } => {}
        }
    }
}

impl SocketShared {
    pub(super) fn tell_left(&self, peer: PeerId) {
        self.tell(SocketEvent::Inproc(Letter::Left { peer }));
    }
}
