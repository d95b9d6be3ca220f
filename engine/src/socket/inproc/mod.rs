//! Peers in the same context: two pipes from application to application, with no engine between them.
//!
//! ```text
//!   connect:  pipe, writer kept ── Call (reader) ──▶ names of the context, until bound ──▶ the bound socket
//!   bound:    adds the reader; pipe, writer kept ── Answer (reader) ──▶ whoever called adds the reader
//! ```
//!
//! Each socket makes the pipe that it writes to, from its own pool. A pipe holds what its writer's send mark and its
//! reader's receive mark hold together; either side learns of the other's marks by letter. A letter that finds its socket
//! closed is answered with [`Letter::Left`].

mod letters;

pub(super) use letters::Letter;
pub(crate) use letters::{Call, Marks, Side};

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use ringmq_wire::RoutingId;

use super::{BindError, ConnectError, Socket, SocketEvent, SocketShared};
use crate::peer::PeerId;
use crate::pipe::{PipeConfig, Reader, Role, Unclaimed, pipe_to_claim};
use crate::reactor::AttachmentId;
use crate::transport::{self, Endpoint, Use};
use letters::{Answer, drop_unread};

/// A peer in the same context.
#[derive(Debug)]
struct Neighbour {
    /// Its marks; `None` until it is known who it is.
    marks: Option<Marks>,
    /// How to reach it, once it has called or answered.
    link: Option<Link>,
    /// The pattern got a pipe to read from, and will learn by it that the peer is gone.
    is_read: bool,
    /// A pipe to it will be made when it answers.
    is_awaited: bool,
}

#[derive(Debug)]
struct Link {
    shared: Arc<SocketShared>,
    /// What the neighbour names this socket.
    peer: PeerId,
}

/// The peers of a socket that are in the same context.
#[derive(Debug, Default)]
pub(super) struct Neighbours(HashMap<PeerId, Neighbour>);

impl Neighbours {
    /// How much may wait for a peer to read it.
    pub(super) fn send_mark(&self, peer: PeerId, own: Marks) -> u32 {
        match self.marks_of(peer) {
            Some(marks) => sum(own.send, marks.receive),
            None => own.send,
        }
    }

    /// How much of a peer's may wait to be read.
    pub(super) fn receive_mark(&self, peer: PeerId, own: Marks) -> u32 {
        match self.marks_of(peer) {
            Some(marks) => sum(marks.send, own.receive),
            None => own.receive,
        }
    }

    fn marks_of(&self, peer: PeerId) -> Option<Marks> {
        self.0.get(&peer)?.marks
    }
}

/// The mark of a pipe without an engine: one queue stands for two.
const fn sum(sender: u32, receiver: u32) -> u32 {
    if sender == 0 || receiver == 0 {
        0
    } else {
        sender.saturating_add(receiver)
    }
}

impl Socket {
    /// Binds to a name, and takes the peers that wait for it. The answer is there at once.
    pub(super) fn bind_name(
        &mut self,
        endpoint: &str,
        name: &str,
    ) -> Result<AttachmentId, BindError> {
        let calls = self
            .host
            .names()
            .bind(name, self.side())
            .map_err(|_| BindError::Io(io::ErrorKind::AddrInUse.into()))?;
        let attachment = self.attachments.add(Use::Listen, endpoint);
        self.attachments
            .bound(attachment, Ok(Endpoint::named(name)));
        for call in calls {
            self.called(call);
        }
        Ok(attachment)
    }

    /// Connects to a name. The peer's type is checked here if it is bound, or else when it binds.
    pub(super) fn connect_name(&mut self, endpoint: &str, name: &str) -> Result<(), ConnectError> {
        let bound = self.host.names().bound(name);
        if bound.as_ref().is_some_and(|side| !self.fits(side)) {
            return Err(ConnectError::Incompatible);
        }
        let is_named = self.options.connect_routing_id.is_some();
        let Some((_, peer)) = self.admit_connect(endpoint)? else {
            return Ok(());
        };
        if let Some(side) = &bound
            && !is_named
            && !side.routing_id.is_empty()
        {
            // A ROUTER can send to it at once. An id that is taken is dealt with when the peer is heard.
            self.pattern.expect(peer, side.routing_id.as_bytes());
        }
        let sends = self.socket_type.sends();
        let at_once = bound.is_some() || !self.options.immediate;
        self.neighbours.0.insert(
            peer,
            Neighbour {
                marks: bound.map(|side| side.marks),
                link: None,
                is_read: false,
                is_awaited: sends && !at_once,
            },
        );
        let call = Call {
            from: self.side(),
            peer,
            reader: (sends && at_once).then(|| self.make_pipe_to(peer)),
        };
        if let Some((binder, call)) = self.host.names().call(name, call) {
            binder.tell(SocketEvent::Inproc(Letter::Call(Box::new(call))));
        }
        Ok(())
    }

    pub(super) fn take_letter(&mut self, letter: Letter) {
        match letter {
            Letter::Call(call) => self.called(*call),
            Letter::Answer(answer) => self.answered(*answer),
            Letter::Pipe { peer, reader } => self.join_reader(peer, *reader, &RoutingId::default()),
            Letter::Marks { peer, marks } => self.marks_changed(peer, marks),
            Letter::Left { peer } => self.neighbour_left(peer),
        }
    }

    /// Somebody connects to a name of this socket.
    fn called(&mut self, call: Call) {
        let peer = self.shared.peers.next();
        if !self.fits(&call.from) || !self.pattern.admits(peer) {
            self.shared.counters.refused_peers.add_shared(1);
            call.refuse(&self.shared.counters);
            return;
        }
        let Call {
            from,
            peer: to,
            reader,
        } = call;
        self.neighbours.0.insert(
            peer,
            Neighbour {
                marks: Some(from.marks),
                link: Some(Link {
                    shared: Arc::clone(&from.shared),
                    peer: to,
                }),
                is_read: false,
                is_awaited: false,
            },
        );
        self.shared.counters.connections.add_shared(1);
        let outbound = self.socket_type.sends().then(|| self.make_pipe_to(peer));
        if let Some(reader) = reader {
            self.join_reader(peer, reader, &from.routing_id);
        }
        let answer = Answer {
            from: self.side(),
            peer,
            to,
            known: from.marks,
            reader: outbound,
        };
        from.shared
            .tell(SocketEvent::Inproc(Letter::Answer(Box::new(answer))));
    }

    /// The socket that a connect leads to has answered.
    fn answered(&mut self, answer: Answer) {
        let own = self.options.marks();
        let Some(neighbour) = self.neighbours.0.get_mut(&answer.to) else {
            // Disconnected meanwhile.
            answer.refuse(&self.shared.counters);
            return;
        };
        let Answer {
            from,
            peer,
            to,
            known,
            reader,
        } = answer;
        neighbour.link = Some(Link {
            shared: Arc::clone(&from.shared),
            peer,
        });
        let is_awaited = std::mem::take(&mut neighbour.is_awaited);
        self.shared.counters.connections.add_shared(1);
        self.marks_changed(to, from.marks);
        if known != own {
            let letter = Letter::Marks { peer, marks: own };
            from.shared.tell(SocketEvent::Inproc(letter));
        }
        if is_awaited {
            let reader = Box::new(self.make_pipe_to(to));
            from.shared
                .tell(SocketEvent::Inproc(Letter::Pipe { peer, reader }));
        }
        if let Some(reader) = reader {
            self.join_reader(to, reader, &from.routing_id);
        }
    }

    fn join_reader(&mut self, peer: PeerId, reader: Unclaimed, routing_id: &RoutingId) {
        let Some(neighbour) = self.neighbours.0.get_mut(&peer) else {
            drop_unread(Some(reader), &self.shared.counters);
            return;
        };
        neighbour.is_read = true;
        let mut reader: Reader = reader.claim(&self.owner);
        if self.socket_type.publishes() {
            reader.show_commands();
        }
        reader.set_high_water_mark(self.neighbours.receive_mark(peer, self.options.marks()));
        self.pattern.add_reader(peer, reader, routing_id.as_bytes());
    }

    fn marks_changed(&mut self, peer: PeerId, marks: Marks) {
        let Some(neighbour) = self.neighbours.0.get_mut(&peer) else {
            return;
        };
        if neighbour.marks.replace(marks) == Some(marks) {
            return;
        }
        let own = self.options.marks();
        let send = self.neighbours.send_mark(peer, own);
        let receive = self.neighbours.receive_mark(peer, own);
        self.pattern.for_each_writer(|other, writer| {
            if other == peer {
                writer.set_high_water_mark(send);
            }
        });
        self.pattern.for_each_reader(|other, reader| {
            if other == peer {
                reader.set_high_water_mark(receive);
            }
        });
    }

    /// This socket's marks are others now.
    pub(super) fn tell_neighbours_marks(&self) {
        let marks = self.options.marks();
        self.host.names().set_marks(self.shared.id, marks);
        for link in self.neighbours.0.values().filter_map(|n| n.link.as_ref()) {
            let letter = Letter::Marks {
                peer: link.peer,
                marks,
            };
            link.shared.tell(SocketEvent::Inproc(letter));
        }
    }

    fn neighbour_left(&mut self, peer: PeerId) {
        let Some(neighbour) = self.neighbours.0.remove(&peer) else {
            return;
        };
        if neighbour.link.is_some() {
            self.shared.counters.disconnects.add_shared(1);
        }
        self.attachments.peer_left(peer);
        if !neighbour.is_read {
            self.pattern.remove_peer(peer);
            self.count_lost();
        }
    }

    /// Ends a bind or connect at once if it is one to a name; returns whether it is. The pattern has let go of the peer.
    pub(super) fn detach_name(
        &mut self,
        attachment: AttachmentId,
        kind: Use,
        peer: Option<PeerId>,
        endpoint: &str,
    ) -> bool {
        let Ok(Some(name)) = transport::name(endpoint) else {
            return false;
        };
        if kind == Use::Listen {
            self.host.names().unbind(name, self.shared.id);
        }
        if let Some(peer) = peer {
            self.leave_neighbour(peer);
        }
        self.attachments.detached(attachment);
        true
    }

    fn leave_neighbour(&mut self, peer: PeerId) {
        let names = self.host.names();
        names.hang_up(self.shared.id, Some(peer), self.options.linger);
        let neighbour = self.neighbours.0.remove(&peer);
        if let Some(link) = neighbour.and_then(|neighbour| neighbour.link) {
            link.shared.tell_left(link.peer);
        }
    }

    /// The socket closes. The pattern has let go of all peers.
    pub(super) fn leave_neighbours(&mut self) {
        let names = self.host.names();
        names.forget(self.shared.id, self.options.linger);
        for (_, neighbour) in self.neighbours.0.drain() {
            if let Some(link) = neighbour.link {
                link.shared.tell_left(link.peer);
            }
        }
    }

    fn fits(&self, side: &Side) -> bool {
        let own = self.socket_type.on_the_wire();
        own.is_compatible_with(side.socket_type.on_the_wire())
    }

    fn side(&self) -> Side {
        Side {
            shared: Arc::clone(&self.shared),
            socket_type: self.socket_type,
            routing_id: self.options.routing_id.clone(),
            marks: self.options.marks(),
        }
    }

    /// A pipe from this socket to a neighbour: its writer joins the pattern.
    fn make_pipe_to(&mut self, peer: PeerId) -> Unclaimed {
        let config = PipeConfig {
            high_water_mark: self.neighbours.send_mark(peer, self.options.marks()),
            reader_role: Role::Application,
        };
        self.add_writer(peer, |pool, owner, key| {
            pipe_to_claim(config, pool, owner, key)
        })
    }
}
