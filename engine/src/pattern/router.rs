//! ROUTER (RFC 28): the first frame of a message names the peer, in both directions.
//!
//! A peer is known by the routing id that it announced, or by one of ours: a zero byte and a number. An id that is
//! taken stays with its first holder; the newcomer waits, unheard, until that one is gone, or takes the id over if the
//! socket was told so.

use std::collections::HashMap;

use super::outgoing::{Nothing, Outgoing, Refusal, Refused, write};
use super::slots::Slots;
use super::{FairQueue, load_balancer::Lost};
use crate::counters::Counters;
use crate::peer::PeerId;
use crate::pipe::{Event, FrameBody, PipeFrame, Reader, Writer};

/// Where the rest of a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// The next frame names a peer.
    Start,
    /// To the peer in this slot.
    To(u32),
    /// To nobody: the message is dropped.
    Nowhere,
}

/// A peer whose id is taken.
#[derive(Debug)]
struct Unheard {
    peer: PeerId,
    id: Box<[u8]>,
    reader: Reader,
}

/// The state of a ROUTER socket.
#[derive(Debug)]
pub(crate) struct Router {
    pub(super) queue: FairQueue,
    writers: Slots<Writer>,
    /// Who has each routing id.
    routes: HashMap<Box<[u8]>, PeerId>,
    /// The routing id of each peer that is heard.
    ids: HashMap<PeerId, Box<[u8]>>,
    unheard: Vec<Unheard>,
    /// Messages of peers that left unheard.
    unheard_dropped: u64,
    sending: Sending,
    /// The peer whose id was handed out; its message follows.
    announced: Option<PeerId>,
    /// The number of the next id of ours.
    next_id: u32,
    lost: Lost,
    /// A message to an unknown peer, or one that has no room, is refused instead of dropped.
    pub(super) mandatory: bool,
    /// A newcomer takes an id over from its holder.
    pub(super) handover: bool,
}

impl Router {
    /// `next_id` is where the ids of ours start: anywhere, so that an id means nothing after a restart.
    pub(super) fn new(next_id: u32) -> Self {
        Self {
            queue: FairQueue::telling_gone(),
            writers: Slots::new(),
            routes: HashMap::new(),
            ids: HashMap::new(),
            unheard: Vec::new(),
            unheard_dropped: 0,
            sending: Sending::Start,
            announced: None,
            next_id,
            lost: Lost::none(),
            mandatory: false,
            handover: false,
        }
    }

    pub(super) fn add_writer(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        self.writers.add(peer, make);
    }

    /// The peer's id is known before it says it: the application chose it when it connected. Returns whether it was
    /// free.
    pub(super) fn expect(&mut self, peer: PeerId, id: &[u8]) -> bool {
        if self.routes.contains_key(id) {
            return false;
        }
        self.give_id(peer, id.into());
        true
    }

    /// A peer's messages come here from now on; `announced` is the id that it gave itself, or empty.
    pub(super) fn add_reader(&mut self, peer: PeerId, reader: Reader, announced: &[u8]) {
        if self.ids.contains_key(&peer) {
            self.queue.add(peer, reader);
            return;
        }
        let id: Box<[u8]> = if announced.is_empty() {
            self.make_id()
        } else {
            announced.into()
        };
        if let Some(holder) = self.routes.get(&id).copied() {
            if self.is_gone(holder) {
                self.forget_route(holder);
            } else if self.handover {
                self.remove_peer(holder);
            } else {
                self.forget_unheard_gone();
                self.unheard.push(Unheard { peer, id, reader });
                return;
            }
        }
        self.give_id(peer, id);
        self.queue.add(peer, reader);
    }

    fn give_id(&mut self, peer: PeerId, id: Box<[u8]>) {
        self.routes.insert(id.clone(), peer);
        self.ids.insert(peer, id);
    }

    fn make_id(&mut self) -> Box<[u8]> {
        loop {
            let mut id = [0; 5];
            id[1..].copy_from_slice(&self.next_id.to_be_bytes());
            self.next_id = self.next_id.wrapping_add(1);
            if !self.routes.contains_key(&id[..]) {
                return id.into();
            }
        }
    }

    /// Whether nobody reads any more what is written to the peer.
    fn is_gone(&mut self, peer: PeerId) -> bool {
        let slot = self.writers.slot_of_peer(peer);
        slot.and_then(|slot| self.writers.in_slot(slot))
            .is_some_and(|(writer, _)| writer.is_reader_gone())
    }

    pub(super) fn credit_arrived(&mut self, event: Event) {
        self.writers.activate(event);
    }

    pub(super) fn for_each_writer(&mut self, mut call: impl FnMut(&mut Writer)) {
        for index in 0..self.writers.slots() {
            if let Some((writer, _)) = self.writers.in_slot(index) {
                call(writer);
            }
        }
    }

    pub(super) fn for_each_unheard(&mut self, mut call: impl FnMut(&mut Reader)) {
        for waiting in &mut self.unheard {
            call(&mut waiting.reader);
        }
    }

    // --- receiving ---------------------------------------------------------------------------------------

    pub(super) fn can_receive(&mut self) -> bool {
        let can = self.announced.is_some() || self.queue.can_receive();
        self.forget_gone();
        can
    }

    pub(super) const fn is_inside_message(&self) -> bool {
        self.announced.is_some() || self.queue.is_inside_message()
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, Nothing> {
        if self.announced.take().is_some() || self.queue.is_inside_message() {
            return self.queue.receive(take).ok_or(Nothing::Empty);
        }
        let next = self.queue.next_peer();
        self.forget_gone();
        let peer = next.ok_or(Nothing::Empty)?;
        self.announced = Some(peer);
        let id = self.ids.get(&peer).map_or(&[][..], |id| id);
        Ok(take(PipeFrame {
            more: true,
            command: false,
            body: FrameBody::Made(id),
            info: None,
        }))
    }

    // --- sending -----------------------------------------------------------------------------------------

    /// Whether a message would be taken now; without [`Self::mandatory`] all are, and some of them dropped.
    pub(super) fn can_send(&mut self) -> bool {
        if !self.mandatory || self.sending != Sending::Start {
            return true;
        }
        (0..self.writers.slots()).any(|slot| {
            let writer = self.writers.in_slot(slot);
            writer.is_some_and(|(writer, _)| writer.can_write() && !writer.is_reader_gone())
        })
    }

    pub(super) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        match self.sending {
            Sending::Start => return self.begin(frame, more, counters),
            Sending::Nowhere => {}
            Sending::To(slot) => {
                if let Some((writer, _)) = self.writers.in_slot(slot) {
                    write(writer, frame, more);
                    if !more {
                        writer.publish();
                    }
                }
            }
        }
        if !more {
            self.sending = Sending::Start;
        }
        Ok(())
    }

    /// The first frame of a message: it names the peer and goes no further.
    fn begin<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        let found = self.find_writable(frame.bytes());
        match found {
            Err(refusal) if self.mandatory => return Err((refusal, frame)),
            Err(Refusal::Full) => counters.dropped_full.add(1),
            Err(_) => counters.dropped_unroutable.add(1),
            // An id alone is no message.
            Ok(_) if !more => counters.dropped_unroutable.add(1),
            Ok(_) => {}
        }
        if more {
            self.sending = found.map_or(Sending::Nowhere, Sending::To);
        }
        Ok(())
    }

    fn find_writable(&mut self, id: &[u8]) -> Result<u32, Refusal> {
        let peer = self.routes.get(id).ok_or(Refusal::Unroutable)?;
        let slot = self.writers.slot_of_peer(*peer);
        let slot = slot.ok_or(Refusal::Unroutable)?;
        let (writer, _) = self.writers.in_slot(slot).ok_or(Refusal::Unroutable)?;
        if writer.is_reader_gone() {
            return Err(Refusal::Unroutable);
        }
        if writer.can_write() {
            return Ok(slot);
        }
        if writer.wait_for_credit() {
            self.writers.deactivate(slot);
            return Err(Refusal::Full);
        }
        if writer.is_reader_gone() {
            return Err(Refusal::Unroutable);
        }
        Ok(slot)
    }

    // --- ends --------------------------------------------------------------------------------------------

    fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.remove_writer(gone);
            self.forget_route(gone);
        }
    }

    /// The id is free again; whoever waited for it is heard from now on.
    fn forget_route(&mut self, peer: PeerId) {
        let Some(id) = self.ids.remove(&peer) else {
            return;
        };
        if self.routes.get(&id) == Some(&peer) {
            self.routes.remove(&id);
        }
        if let Some(place) = self.unheard.iter().position(|waiting| waiting.id == id) {
            let Unheard { peer, id, reader } = self.unheard.remove(place);
            self.give_id(peer, id);
            self.queue.add(peer, reader);
        }
    }

    /// Of those who waited for an id, forgets who has left: they may come again and again.
    fn forget_unheard_gone(&mut self) {
        let mut place = 0;
        while place < self.unheard.len() {
            let peer = self.unheard[place].peer;
            if self.is_gone(peer) {
                let gone = self.unheard.swap_remove(place);
                self.unheard_dropped += gone.reader.leave();
                self.remove_writer(peer);
            } else {
                place += 1;
            }
        }
    }

    pub(super) fn remove_writer(&mut self, peer: PeerId) {
        if let Some(slot) = self.writers.slot_of_peer(peer) {
            let unfinished = self.sending == Sending::To(slot);
            if unfinished {
                self.sending = Sending::Nowhere;
            }
            if let Some(mut writer) = self.writers.remove_slot(slot) {
                writer.abort();
                self.lost.unfinished += u64::from(unfinished);
                self.lost.let_go(writer);
            }
        }
    }

    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        self.remove_writer(peer);
        if self.announced == Some(peer) {
            self.queue.leave_after_message();
        } else {
            self.queue.remove_peer(peer);
        }
        self.unheard.retain(|waiting| waiting.peer != peer);
        self.forget_route(peer);
    }

    /// How many messages were dropped unread since the last call.
    pub(super) const fn take_dropped(&mut self) -> u64 {
        let unheard = std::mem::replace(&mut self.unheard_dropped, 0);
        unheard + self.queue.take_dropped()
    }

    /// Drops all that is unread; returns how many messages that was.
    pub(super) fn close_readers(&mut self) -> u64 {
        let unheard = self.unheard.drain(..);
        let left: u64 = unheard.map(|waiting| waiting.reader.leave()).sum();
        left + self.take_dropped() + self.queue.close()
    }

    /// What [`Self::take_lost`] would give once every pipe whose reader is gone had left.
    pub(super) fn lost(&self) -> Lost {
        self.lost.with_stranded(self.writers.iter())
    }

    pub(super) const fn take_lost(&mut self) -> Lost {
        std::mem::replace(&mut self.lost, Lost::none())
    }

    pub(super) fn close(&mut self) {
        for mut writer in self.writers.drain() {
            writer.abort();
            self.lost.let_go(writer);
        }
    }
}
