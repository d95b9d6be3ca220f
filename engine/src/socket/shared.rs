//! The part of a socket that its reactor sees.

use std::sync::{Arc, Weak};

use ringmq_driver::Address;

use super::SocketType;
use super::inproc::Letter;
use crate::context::Registration;
use crate::counters::Counters;
use crate::monitor::Monitors;
use crate::peer::{PeerId, PeerIds};
use crate::pipe::{Mailbox, Owner, Reader};
use crate::reactor::{AttachmentId, SessionAddress};
use crate::sync::{AtomicBool, AtomicU32, Ordering};

/// What a reactor tells a socket.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    /// A bind ended.
    Bound {
        attachment: AttachmentId,
        result: std::io::Result<Address>,
    },
    /// A peer's connection is ready.
    Peer(Box<Arrival>),
    /// A detach was carried out.
    Detached { attachment: AttachmentId },
    /// From another socket of the context.
    Inproc(Letter),
    /// The context was shut down: every present and future call returns.
    Terminated,
}

/// What a session brings, or wants, when its connection is ready.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: PeerId,
    pub(crate) session: SessionAddress,
    /// Gone when the session is: it may have ended before the application looks.
    pub(crate) presence: Weak<()>,
    /// The number of the peer's connection.
    pub(crate) epoch: u64,
    /// The name that the peer gave itself; empty if it gave none.
    pub(crate) routing_id: Vec<u8>,
    /// The peer's messages can be read here from now on.
    pub(crate) reader: Option<Reader>,
    /// The session waits for a pipe to read from.
    pub(crate) wants_outbound: bool,
}

/// Shared by the application's handle and the reactor: how to reach the application, and the counts.
#[derive(Debug)]
pub(crate) struct SocketShared {
    pub(crate) id: u64,
    pub(crate) socket_type: SocketType,
    pub(crate) owner: Owner,
    pub(crate) mailbox: Mailbox<SocketEvent>,
    pub(crate) counters: Counters,
    pub(crate) peers: PeerIds,
    pub(crate) monitors: Arc<Monitors>,
    /// How many messages may wait from each peer whose pipe is made from now on.
    receive_high_water_mark: AtomicU32,
    /// The handle is gone; set before engines are told.
    closed: AtomicBool,
    /// Tells the context when this goes. The last field: after it, nothing of the socket is left.
    #[expect(dead_code, reason = "its drop is what it is for")]
    registration: Registration,
}

impl SocketShared {
    pub(crate) fn new(id: u64, socket_type: SocketType, registration: Registration) -> Self {
        let owner = Owner::parker();
        Self {
            id,
            socket_type,
            registration,
            mailbox: Mailbox::new(owner.clone()),
            owner,
            counters: Counters::default(),
            peers: PeerIds::default(),
            monitors: Arc::default(),
            receive_high_water_mark: AtomicU32::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// Changes the mark of the pipes to come. Engines are told afterwards, about the pipes that there are.
    pub(super) fn set_receive_high_water_mark(&self, messages: u32) {
        // Relaxed: the mailbox by which engines are told orders it. A pipe is made before its engine is told, and then
        // it is one of those that there are, or after, and then with this mark.
        self.receive_high_water_mark
            .store(messages, Ordering::Relaxed);
    }

    pub(crate) fn receive_high_water_mark(&self) -> u32 {
        // Relaxed: see `set_receive_high_water_mark`.
        self.receive_high_water_mark.load(Ordering::Relaxed)
    }

    /// The handle is going.
    pub(super) fn set_closed(&self) {
        // Relaxed: the mailbox by which engines are told orders it.
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether the handle is gone. An engine that has been told so sees it.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: see `set_closed`.
        self.closed.load(Ordering::Relaxed)
    }

    /// Leaves an event for the application's handle. If that is gone, so is whoever would take it.
    pub(crate) fn tell(&self, event: SocketEvent) {
        if let Err(event) = self.mailbox.try_send(event) {
            self.forget(event);
        }
    }

    /// The handle goes: nobody takes events any more.
    pub(super) fn close(&self) {
        let mut events = Vec::new();
        self.mailbox.close(&mut events);
        for event in events {
            self.forget(event);
        }
    }

    /// Messages in a pipe that the application never saw are counted as dropped with the socket.
    fn forget(&self, event: SocketEvent) {
        match event {
            SocketEvent::Peer(arrival) => {
                let unread = arrival.reader.map_or(0, Reader::leave);
                self.counters.dropped_closed.add_shared(unread);
            }
            SocketEvent::Inproc(letter) => letter.return_to_sender(&self.counters),
            SocketEvent::Bound { .. } | SocketEvent::Detached { .. } | SocketEvent::Terminated => {}
        }
    }
}
