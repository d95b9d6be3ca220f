//! Each type over pipes alone, in one thread and without an engine: one file per type, one test per rule of ZeroMQ's.

mod dealer;
mod pair;
mod publisher;
mod pull;
mod push;
mod rep;
mod req;
mod router;
mod subscriber;
mod xpub;
mod xsub;

use std::sync::Arc;

use super::{Kind, Nothing, Outgoing, Pattern, Refusal, Setting, to_message};
use crate::counters::{Counters, Statistics};
use crate::memory::{ConnectionInfo, Pool};
use crate::peer::PeerId;
use crate::pipe::{Owner, PipeConfig, PipeFrame, Reader, Role, Writer, pipe};

/// A message as text; frames here are ASCII unless a test says otherwise.
type Whole = Vec<String>;

fn whole(frames: &[&str]) -> Whole {
    frames.iter().map(|frame| (*frame).to_owned()).collect()
}

/// A pattern, and what a socket has besides.
struct Stage {
    kind: Kind,
    pattern: Pattern,
    counters: Counters,
    owner: Owner,
    far: Owner,
    pool: Pool,
    /// Of both directions of each peer that joins.
    mark: u32,
    next: u64,
}

/// The other end of one peer's pipes.
struct Peer {
    id: PeerId,
    /// To the socket.
    to: Option<Writer>,
    /// From the socket.
    from: Option<Reader>,
}

impl Stage {
    fn new(kind: Kind) -> Self {
        Self::with_mark(kind, 0)
    }

    fn with_mark(kind: Kind, mark: u32) -> Self {
        Self {
            kind,
            pattern: Pattern::new(kind, 7),
            counters: Counters::default(),
            owner: Owner::parker(),
            far: Owner::parker(),
            pool: Pool::new(),
            mark,
            next: 0,
        }
    }

    /// A peer joins that gives itself no name.
    fn peer(&mut self) -> Peer {
        self.peer_named("")
    }

    fn peer_named(&mut self, name: &str) -> Peer {
        let id = self.name();
        assert!(self.pattern.admits(id));
        let from = self.outbound(id);
        let to = self.inbound(id, name);
        Peer { id, to, from }
    }

    fn name(&mut self) -> PeerId {
        self.next += 1;
        PeerId(self.next)
    }

    fn config(&self) -> PipeConfig {
        PipeConfig {
            high_water_mark: self.mark,
            reader_role: Role::Application,
        }
    }

    /// A pipe to a peer, unless the type has none.
    fn outbound(&mut self, id: PeerId) -> Option<Reader> {
        if self.kind == Kind::Pull {
            return None;
        }
        let config = self.config();
        let Self {
            pattern,
            owner,
            far,
            pool,
            ..
        } = self;
        let mut outbound = None;
        pattern.add_writer(id, |key| {
            let (writer, mut reader) =
                pipe(config, pool.clone(), owner.clone(), key, far.clone(), 0);
            reader.show_commands();
            outbound = Some(reader);
            writer
        });
        outbound
    }

    /// A pipe from a peer, unless the type has none.
    fn inbound(&mut self, id: PeerId, name: &str) -> Option<Writer> {
        if self.kind == Kind::Push {
            return None;
        }
        let (mut writer, reader) = pipe(
            self.config(),
            Pool::new(),
            self.far.clone(),
            0,
            self.owner.clone(),
            0,
        );
        writer.set_info(Some(Arc::new(ConnectionInfo::default())));
        self.pattern.add_reader(id, reader, name.as_bytes());
        Some(writer)
    }

    /// Takes in what the pipes announced.
    fn look(&mut self) {
        let pattern = &mut self.pattern;
        self.owner.ready_events(|event| pattern.ready(event));
    }

    fn set(&mut self, setting: Setting<'_>) {
        assert!(self.pattern.set(setting));
    }

    fn part(&mut self, frame: &str, more: bool) -> Result<(), Refusal> {
        self.look();
        let frame = Outgoing::Copied(frame.as_bytes());
        let sent = self.pattern.send(frame, more, &self.counters);
        sent.map_err(|(refusal, _)| refusal)
    }

    fn send(&mut self, frames: &[&str]) -> Result<(), Refusal> {
        for (index, frame) in frames.iter().enumerate() {
            self.part(frame, index + 1 < frames.len())?;
        }
        Ok(())
    }

    /// Receives one frame: its bytes, and whether another one follows.
    fn frame(&mut self) -> Result<(Vec<u8>, bool), Nothing> {
        self.look();
        let mut take = |frame: PipeFrame<'_>| to_message(&frame);
        let frame = self.pattern.receive(&mut take, &self.counters)?;
        Ok((frame.to_vec(), frame.more()))
    }

    /// Receives a whole message, or what is left of one.
    fn receive(&mut self) -> Result<Whole, Nothing> {
        let mut frames = Vec::new();
        loop {
            let (frame, more) = self.frame()?;
            frames.push(String::from_utf8_lossy(&frame).into_owned());
            assert_eq!(self.pattern.is_inside_message(), more);
            if !more {
                return Ok(frames);
            }
        }
    }

    /// Receives until nothing is there.
    fn receive_all(&mut self) -> Vec<Whole> {
        std::iter::from_fn(|| self.receive().ok()).collect()
    }

    fn can_send(&mut self) -> bool {
        self.look();
        self.pattern.can_send()
    }

    fn can_receive(&mut self) -> bool {
        self.look();
        self.pattern.can_receive(&self.counters)
    }

    /// What was counted, with what a socket adds when it looks.
    fn counted(&mut self) -> Statistics {
        let lost = self.pattern.take_lost();
        self.counters.dropped_peer_gone.add_shared(lost.queued);
        self.counters.dropped_unfinished.add(lost.unfinished);
        let dropped = self.pattern.take_dropped();
        self.counters.dropped_closed.add_shared(dropped);
        self.counters.snapshot()
    }

    /// Lets many peers come, say something and go; the pattern looks, and does nothing else.
    fn crowd(&mut self, says: &[&str]) {
        for _ in 0..3 {
            let peers: Vec<Peer> = (0..1_000)
                .map(|_| {
                    let mut peer = self.peer();
                    if !says.is_empty() {
                        peer.says(says);
                    }
                    peer
                })
                .collect();
            self.look();
            drop(peers);
            self.look();
        }
    }
}

impl Peer {
    /// Sends the socket a message.
    fn says(&mut self, frames: &[&str]) {
        let to = self.to.as_mut().expect("the type receives");
        for (index, frame) in frames.iter().enumerate() {
            to.write_frame(index + 1 < frames.len(), frame.as_bytes());
        }
        to.publish();
    }

    /// The next message from the socket, or a command, which stands alone.
    fn hears(&mut self) -> Option<Whole> {
        let from = self.from.as_mut().expect("the type sends");
        let mut frames = Vec::new();
        loop {
            let frame = from.next_frame()?;
            frames.push(String::from_utf8_lossy(&frame.body).into_owned());
            if !frame.more {
                return Some(frames);
            }
        }
    }

    fn hears_all(&mut self) -> Vec<Whole> {
        std::iter::from_fn(|| self.hears()).collect()
    }

    /// Its connection was lost and made again: its inbound pipe stays.
    fn reconnects(&mut self, epoch: u64) {
        let info = ConnectionInfo {
            epoch,
            ..ConnectionInfo::default()
        };
        let to = self.to.as_mut().expect("the type receives");
        to.set_info(Some(Arc::new(info)));
    }
}
