//! ROUTER (RFC 28): the first frame of a message names the peer, in both directions.
//!
//! A peer is known by the routing id that it announced, or by one of ours: a zero byte and a number. An id that is
//! taken stays with its first holder; the newcomer waits, unheard, until that one is gone, or takes the id over if the
//! socket was told so.

use std::collections::{HashMap, VecDeque};

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
    reader: Reader,
}

/// So many messages about peers may wait for an application that does not read; the oldest is dropped then.
const NOTICES_MAX: usize = 1 << 16;

/// The state of a ROUTER socket.
#[derive(Debug)]
pub(crate) struct Router {
    pub(super) queue: FairQueue,
    writers: Slots<Writer>,
    /// Who has each routing id.
    routes: HashMap<Box<[u8]>, PeerId>,
    /// The routing id of each peer that is heard; one that left and was not read to its end may share it with the peer
    /// that has it now.
    ids: HashMap<PeerId, Box<[u8]>>,
    /// Who waits for each id, first come first. No list is empty.
    unheard: HashMap<Box<[u8]>, Vec<Unheard>>,
    /// Messages of peers that left unheard.
    unheard_dropped: u64,
    sending: Sending,
    /// The peer whose id was handed out; its message follows.
    announced: Option<PeerId>,
    /// Ids of peers that came or went, to be told by an empty message from each.
    notices: VecDeque<Box<[u8]>>,
    /// The id of such a message was handed out; its empty frame follows.
    inside_notice: bool,
    /// The number of the next id of ours.
    next_id: u32,
    lost: Lost,
    /// A message to an unknown peer, or one that has no room, is refused instead of dropped.
    pub(super) mandatory: bool,
    /// A newcomer takes an id over from its holder.
    pub(super) handover: bool,
    /// An empty message says that a peer came.
    pub(super) notifies_connect: bool,
    /// An empty message says that a peer is gone, behind all that came from it.
    pub(super) notifies_disconnect: bool,
}

impl Router {
    /// `next_id` is where the ids of ours start: anywhere, so that an id means nothing after a restart.
    pub(super) fn new(next_id: u32) -> Self {
        Self {
            queue: FairQueue::telling_gone(),
            writers: Slots::new(),
            routes: HashMap::new(),
            ids: HashMap::new(),
            unheard: HashMap::new(),
            unheard_dropped: 0,
            sending: Sending::Start,
            announced: None,
            notices: VecDeque::new(),
            inside_notice: false,
            next_id,
            lost: Lost::none(),
            mandatory: false,
            handover: false,
            notifies_connect: false,
            notifies_disconnect: false,
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
        if !self.ids.contains_key(&peer) {
            let id: Box<[u8]> = if announced.is_empty() {
                self.make_id()
            } else {
                announced.into()
            };
            if self.is_kept(&id) {
                let waiting = self.unheard.entry(id).or_default();
                waiting.push(Unheard { peer, reader });
                return;
            }
            self.give_id(peer, id);
        }
        self.hear(peer, reader);
    }

    /// A peer that has an id is heard from now on.
    fn hear(&mut self, peer: PeerId, reader: Reader) {
        if self.notifies_connect {
            self.notify(peer);
        }
        self.queue.add(peer, reader);
    }

    fn notify(&mut self, peer: PeerId) {
        let Some(id) = self.ids.get(&peer) else {
            return;
        };
        if self.notices.len() == NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(id.clone());
    }

    /// Whether somebody has the id and keeps it.
    fn is_kept(&mut self, id: &[u8]) -> bool {
        let Some(holder) = self.routes.get(id).copied() else {
            return false;
        };
        if self.is_gone(holder) {
            // What it said and nobody read keeps its name, with handover, too.
            self.pass_on(id);
        } else if !self.handover {
            // They may come again and again.
            self.forget_unheard_gone(id);
        }
        if self.handover
            && let Some(holder) = self.routes.remove(id)
        {
            // Its id is gone before it goes: it is not for those who wait.
            self.remove_peer(holder);
        }
        self.routes.contains_key(id)
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

    /// Whether nobody reads any more what is written to the peer, or it had left before it could be written to.
    fn is_gone(&mut self, peer: PeerId) -> bool {
        let slot = self.writers.slot_of_peer(peer);
        match slot.and_then(|slot| self.writers.in_slot(slot)) {
            Some((writer, _)) => writer.is_reader_gone(),
            // One that is expected was never there.
            None => !self.ids.contains_key(&peer) || self.queue.has(peer),
        }
    }

    pub(super) fn credit_arrived(&mut self, event: Event) {
        self.writers.activate(event);
    }

    pub(super) fn for_each_writer(&mut self, mut call: impl FnMut(PeerId, &mut Writer)) {
        for (peer, writer) in self.writers.iter_mut() {
            call(peer, writer);
        }
    }

    pub(super) fn for_each_unheard(&mut self, mut call: impl FnMut(PeerId, &mut Reader)) {
        for waiting in self.unheard.values_mut().flatten() {
            call(waiting.peer, &mut waiting.reader);
        }
    }

    // --- receiving ---------------------------------------------------------------------------------------

    pub(super) fn can_receive(&mut self) -> bool {
        let can = self.announced.is_some() || self.queue.can_receive();
        self.forget_gone();
        can || self.inside_notice || !self.notices.is_empty()
    }

    #[cfg(all(test, not(loom)))]
    pub(super) const fn is_inside_message(&self) -> bool {
        self.announced.is_some() || self.inside_notice || self.queue.is_inside_message()
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, Nothing> {
        if self.announced.take().is_some() || self.queue.is_inside_message() {
            return self.queue.receive(take).ok_or(Nothing::Empty);
        }
        if let Some(taken) = self.receive_notice(take) {
            return Ok(taken);
        }
        let next = self.queue.next_peer();
        if self.queue.has_gone() {
            self.forget_gone();
            if next.is_none()
                && let Some(taken) = self.receive_notice(take)
            {
                return Ok(taken);
            }
        }
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

    /// Hands out the next frame of the messages about peers.
    #[inline]
    fn receive_notice<T>(&mut self, take: &mut impl FnMut(PipeFrame<'_>) -> T) -> Option<T> {
        let (id, more) = if self.inside_notice {
            (Box::default(), false)
        } else {
            (self.notices.pop_front()?, true)
        };
        self.inside_notice = more;
        Some(take(PipeFrame {
            more,
            command: false,
            body: FrameBody::Made(&id),
            info: None,
        }))
    }

    // --- sending -----------------------------------------------------------------------------------------

    /// Whether a message would be taken now; without [`Self::mandatory`] all are, and some of them dropped.
    pub(super) fn can_send(&mut self) -> bool {
        if !self.mandatory || self.sending != Sending::Start {
            return true;
        }
        let mut passed = 0;
        // Who has no room leaves the turns, and comes back when it has.
        while let Some(peer) = self.writers.current_peer() {
            if !self.ids.contains_key(&peer) {
                // No message can name it: its connection is not ready, or its routing id is another's.
                if passed == self.writers.slots() {
                    break;
                }
                passed += 1;
                self.writers.next_turn();
                continue;
            }
            let Some(writer) = self.writers.current() else {
                break;
            };
            if writer.is_reader_gone() {
                self.writers.deactivate_current();
            } else if writer.can_write() {
                return true;
            } else if writer.wait_for_credit() {
                self.writers.deactivate_current();
            }
        }
        false
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

    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.remove_writer(gone);
            if self.notifies_disconnect {
                self.notify(gone);
            }
            self.forget_id(gone);
        }
    }

    /// The peer is not heard any more.
    fn forget_id(&mut self, peer: PeerId) {
        if let Some(id) = self.ids.remove(&peer)
            && self.routes.get(&id) == Some(&peer)
        {
            self.pass_on(&id);
        }
    }

    /// The id is free again; whoever waited for it first is heard from now on.
    fn pass_on(&mut self, id: &[u8]) {
        self.routes.remove(id);
        self.forget_unheard_gone(id);
        let Some((id, mut waiting)) = self.unheard.remove_entry(id) else {
            return;
        };
        let Unheard { peer, reader } = waiting.remove(0);
        self.give_id(peer, id.clone());
        self.hear(peer, reader);
        if !waiting.is_empty() {
            self.unheard.insert(id, waiting);
        }
    }

    /// Of those who wait for an id, forgets who has left.
    fn forget_unheard_gone(&mut self, id: &[u8]) {
        self.forget_unheard(id, Self::is_gone);
    }

    fn forget_unheard(
        &mut self,
        id: &[u8],
        mut is_unwanted: impl FnMut(&mut Self, PeerId) -> bool,
    ) {
        let Some((id, waiting)) = self.unheard.remove_entry(id) else {
            return;
        };
        let mut stay = Vec::new();
        for unheard in waiting {
            if is_unwanted(self, unheard.peer) {
                self.remove_writer(unheard.peer);
                self.unheard_dropped += unheard.reader.leave();
            } else {
                stay.push(unheard);
            }
        }
        if !stay.is_empty() {
            self.unheard.insert(id, stay);
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
        let mut unheard = self.unheard.iter();
        let waits = unheard.find(|(_, waiting)| waiting.iter().any(|unheard| unheard.peer == peer));
        if let Some((id, _)) = waits {
            self.forget_unheard(&id.clone(), |_, waiting| waiting == peer);
        }
        self.forget_id(peer);
    }

    /// How many messages were dropped unread since the last call.
    pub(super) const fn take_dropped(&mut self) -> u64 {
        let unheard = std::mem::replace(&mut self.unheard_dropped, 0);
        unheard + self.queue.take_dropped()
    }

    /// Drops all that is unread; returns how many messages that was.
    pub(super) fn close_readers(&mut self) -> u64 {
        let unheard = self.unheard.drain().flat_map(|(_, waiting)| waiting);
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

    /// How many names, peers with a name, names that somebody waits for, and pipes to peers there are.
    #[cfg(all(test, not(loom)))]
    pub(super) fn sizes(&self) -> [usize; 4] {
        let pipes = self.writers.iter().count();
        [self.routes.len(), self.ids.len(), self.unheard.len(), pipes]
    }
}
