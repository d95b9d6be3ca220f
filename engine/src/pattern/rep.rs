//! REP (RFC 28): a request from its peers in turn, then the reply to whoever asked, strictly one after the other.
//!
//! Frames up to and including the first empty one are the way back: they are kept, and written before the reply.

use super::fair_queue::to_message;
use super::outgoing::{Nothing, Outgoing, Refusal, Refused, write};
use super::slots::Slots;
use super::{FairQueue, load_balancer::Lost};
use crate::counters::Counters;
use crate::message::Message;
use crate::peer::PeerId;
use crate::pipe::{Event, PipeFrame, Writer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next call receives the first frame of a request's body.
    Idle,
    /// Frames of the body were handed out; more follow.
    Requested,
    /// The request was received.
    Answering,
    /// Frames of the reply were sent; more follow. Without a slot they go nowhere.
    Replying(Option<u32>),
}

/// The state of a REP socket.
#[derive(Debug)]
pub(crate) struct Rep {
    pub(super) queue: FairQueue,
    writers: Slots<Writer>,
    state: State,
    /// Who asked.
    asker: Option<PeerId>,
    /// The way back to whoever asked through its peer.
    envelope: Vec<Message>,
    lost: Lost,
}

impl Rep {
    pub(super) fn new() -> Self {
        Self {
            queue: FairQueue::telling_gone(),
            writers: Slots::new(),
            state: State::Idle,
            asker: None,
            envelope: Vec::new(),
            lost: Lost::none(),
        }
    }

    pub(super) fn add_writer(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        self.writers.add(peer, make);
    }

    pub(super) fn credit_arrived(&mut self, event: Event) {
        self.writers.activate(event);
    }

    pub(super) fn for_each_writer(&mut self, mut call: impl FnMut(PeerId, &mut Writer)) {
        for (peer, writer) in self.writers.iter_mut() {
            call(peer, writer);
        }
    }

    pub(super) fn can_receive(&mut self, counters: &Counters) -> bool {
        match self.state {
            State::Idle => self.find_request(counters),
            State::Requested => true,
            State::Answering | State::Replying(_) => false,
        }
    }

    pub(super) const fn can_send(&self) -> bool {
        matches!(self.state, State::Answering | State::Replying(_))
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
        counters: &Counters,
    ) -> Result<T, Nothing> {
        match self.state {
            State::Answering | State::Replying(_) => return Err(Nothing::OutOfTurn),
            State::Requested => {}
            State::Idle => {
                if !self.find_request(counters) {
                    return Err(Nothing::Empty);
                }
            }
        }
        let taken = self.queue.receive(take).ok_or(Nothing::Empty)?;
        self.state = if self.queue.is_inside_message() {
            State::Requested
        } else {
            State::Answering
        };
        Ok(taken)
    }

    /// Goes on to the body of the next request. One without an empty frame before its body has no way back: it is
    /// dropped.
    fn find_request(&mut self, counters: &Counters) -> bool {
        if self.queue.is_inside_message() {
            // The envelope was taken off by an earlier look.
            return true;
        }
        loop {
            self.envelope.clear();
            self.asker = self.queue.next_peer();
            self.forget_gone();
            if self.asker.is_none() {
                return false;
            }
            loop {
                let Some(frame) = self.queue.receive(|frame| to_message(&frame)) else {
                    return false;
                };
                let (bottom, more) = (frame.is_empty(), frame.more());
                self.envelope.push(frame);
                if !more {
                    counters.dropped_unexpected.add(1);
                    break;
                }
                if bottom {
                    return true;
                }
            }
        }
    }

    pub(super) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        let slot = match self.state {
            State::Idle | State::Requested => return Err((Refusal::OutOfTurn, frame)),
            State::Answering => self.begin_reply(counters),
            State::Replying(slot) => slot,
        };
        if let Some((writer, _)) = slot.and_then(|slot| self.writers.in_slot(slot)) {
            write(writer, frame, more);
            if !more {
                writer.publish();
            }
        }
        self.state = if more {
            State::Replying(slot)
        } else {
            State::Idle
        };
        Ok(())
    }

    /// Writes the way back. Whoever asked may be gone, or have no room: then the reply goes nowhere and is counted.
    fn begin_reply(&mut self, counters: &Counters) -> Option<u32> {
        let envelope = std::mem::take(&mut self.envelope);
        let asker = self.asker.take();
        let slot = asker.and_then(|asker| self.writers.slot_of_peer(asker));
        let Some(slot) = slot else {
            counters.dropped_unroutable.add(1);
            return None;
        };
        let (writer, _) = self.writers.in_slot(slot)?;
        if writer.is_reader_gone() {
            counters.dropped_unroutable.add(1);
            return None;
        }
        if !writer.can_write() {
            counters.dropped_full.add(1);
            return None;
        }
        for frame in envelope {
            writer.write_frame(true, &frame);
        }
        Some(slot)
    }

    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.remove_writer(gone);
        }
    }

    pub(super) fn remove_writer(&mut self, peer: PeerId) {
        if let Some(slot) = self.writers.slot_of_peer(peer) {
            let unfinished = self.state == State::Replying(Some(slot));
            if unfinished {
                self.state = State::Replying(None);
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
        self.queue.remove_peer(peer);
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
