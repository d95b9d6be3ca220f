//! SUB and XSUB (RFC 29): messages from its peers in turn, and what it wants of them.
//!
//! Each outbound pipe begins with all subscriptions; what changes later follows in it, as commands, exempt from the
//! high-water mark. SUB filters what it receives once more; XSUB does not, and sends messages to all peers.

use super::distributor::Distributor;
use super::outgoing::{Nothing, Outgoing, Refusal, Refused};
use super::subscriptions::{Removed, Topics};
use super::{CANCEL_NAME, FairQueue, SUBSCRIBE, SUBSCRIBE_NAME, Subscriptions, UNSUBSCRIBE};
use crate::counters::Counters;
use crate::memory::{Body, BodyPool, SENDING_KEEPS_BYTES};
use crate::message::COPY_BYTES_MAX;
use crate::peer::PeerId;
use crate::pipe::{PipeFrame, Writer};

/// The state of a SUB or XSUB socket.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(super) queue: FairQueue,
    pub(super) distributor: Distributor,
    topics: Topics,
    bodies: BodyPool,
    /// SUB: only what it subscribed to is handed out, and it sends nothing.
    filters: bool,
    /// A message of the application's has begun.
    sending: bool,
    /// What starts with a topic is not handed out, and everything else is.
    pub(super) invert_matching: bool,
    /// Of a message, only the first frame may be a subscription.
    pub(super) only_first_subscribe: bool,
}

impl Subscriber {
    /// A SUB, which filters, or an XSUB.
    pub(super) fn new(filters: bool) -> Self {
        Self {
            queue: FairQueue::telling_gone(),
            distributor: Distributor::new(),
            topics: Topics::new(),
            bodies: BodyPool::new(SENDING_KEEPS_BYTES),
            filters,
            sending: false,
            invert_matching: false,
            only_first_subscribe: false,
        }
    }

    pub(super) const fn filters(&self) -> bool {
        self.filters
    }

    pub(super) fn subscriptions(&self) -> Subscriptions {
        Subscriptions {
            topics: self.topics.len(),
            nodes: self.topics.node_count(),
            bytes: self.topics.bytes(),
        }
    }

    /// The pipe of a peer begins with all subscriptions.
    pub(super) fn add_writer(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        let topics = &self.topics;
        self.distributor.add(peer, |key| {
            let mut writer = make(key);
            let mut topics = topics.iter();
            while let Some(topic) = topics.next() {
                write_command(&mut writer, SUBSCRIBE_NAME, topic);
            }
            writer.publish();
            writer
        });
    }

    pub(super) fn subscribe(&mut self, topic: &[u8]) {
        self.topics.insert(topic);
        self.tell_all(SUBSCRIBE_NAME, topic);
    }

    /// Returns whether it was subscribed to the topic.
    pub(super) fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        match self.topics.remove(topic) {
            Removed::Last => self.tell_all(CANCEL_NAME, topic),
            Removed::StillReferenced => {}
            Removed::Unknown => return false,
        }
        true
    }

    fn tell_all(&mut self, name: &[u8], topic: &[u8]) {
        self.distributor.for_each(|_, writer| {
            write_command(writer, name, topic);
            writer.publish();
        });
    }

    // --- sending -----------------------------------------------------------------------------------------

    pub(super) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        if self.filters {
            return Err((Refusal::Unsupported, frame));
        }
        let may_subscribe = !self.sending || !self.only_first_subscribe;
        match frame.bytes().split_first() {
            Some((&SUBSCRIBE, topic)) if may_subscribe && self.sending => {
                self.topics.insert(topic);
            }
            Some((&SUBSCRIBE, topic)) if may_subscribe => {
                self.subscribe(topic);
                return Ok(());
            }
            Some((&UNSUBSCRIBE, topic)) if may_subscribe && self.sending => {
                self.topics.remove(topic);
            }
            Some((&UNSUBSCRIBE, topic)) if may_subscribe => {
                self.unsubscribe(topic);
                return Ok(());
            }
            _ => {}
        }
        if !self.sending {
            self.distributor.choose_all();
            counters.dropped_full.add(self.distributor.missed());
        }
        self.sending = more;
        self.distributor.send(frame, more, &self.bodies);
        Ok(())
    }

    // --- receiving ---------------------------------------------------------------------------------------

    pub(super) fn can_receive(&mut self, counters: &Counters) -> bool {
        let can = self.queue.is_inside_message() || self.find_wanted(counters);
        self.forget_gone();
        can
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
        counters: &Counters,
    ) -> Result<T, Nothing> {
        let found = self.queue.is_inside_message() || self.find_wanted(counters);
        if self.queue.has_gone() {
            self.forget_gone();
        }
        if !found {
            return Err(Nothing::Empty);
        }
        self.queue.receive(take).ok_or(Nothing::Empty)
    }

    /// Passes over messages that were sent before the peer knew what is not wanted any more.
    #[inline]
    fn find_wanted(&mut self, counters: &Counters) -> bool {
        if !self.filters {
            return self.queue.can_receive();
        }
        while let Some(start) = self.queue.next_start() {
            if self.topics.matches(start) != self.invert_matching {
                return true;
            }
            self.queue.skip_message();
            counters.dropped_unexpected.add(1);
        }
        false
    }

    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.distributor.remove_peer(gone);
        }
    }

    pub(super) fn remove_writer(&mut self, peer: PeerId) {
        self.distributor.remove_peer(peer);
    }

    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        self.distributor.remove_peer(peer);
        self.queue.remove_peer(peer);
    }

    pub(super) fn close(&mut self) {
        self.distributor.close();
    }
}

/// Writes a command about a topic; a long one goes by reference.
fn write_command(writer: &mut Writer, name: &[u8], topic: &[u8]) {
    let body = [name, topic].concat();
    if body.len() <= COPY_BYTES_MAX {
        writer.write_command(&body);
    } else {
        writer.write_command_body(Body::from(body));
    }
}
