//! PUB and XPUB (RFC 29): each message to every peer that subscribed to what it starts with.
//!
//! Peers' subscriptions arrive as messages, `01 topic` and `00 topic`, or in the same process as commands. PUB takes them
//! in silently; XPUB also tells the application, and passes on what else its peers send.

use std::collections::HashMap;

use super::distributor::Distributor;
use super::fair_queue::to_message;
use super::outgoing::{Nothing, Outgoing, Refusal, Refused};
use super::subscriptions::{Added, Left, PeerIndex, Subscribers};
use super::upstream::{Upstream, UpstreamModes, notice};
use super::{CANCEL_NAME, FairQueue, SUBSCRIBE, SUBSCRIBE_NAME, Subscriptions, UNSUBSCRIBE};
use crate::counters::Counters;
use crate::memory::{BodyPool, SENDING_KEEPS_BYTES};
use crate::message::Message;
use crate::peer::PeerId;
use crate::pipe::{Event, FrameBody, PipeFrame, Reader, Writer};

/// The state of a PUB or XPUB socket.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(super) queue: FairQueue,
    pub(super) distributor: Distributor,
    subscribers: Subscribers,
    /// Of which connection each peer's subscriptions are.
    epochs: HashMap<PeerId, u64>,
    bodies: BodyPool,
    /// A message has begun; its receivers are chosen.
    sending: bool,
    /// A full peer refuses the message instead of missing it.
    pub(super) nodrop: bool,
    /// Messages go to whoever did not subscribe to what they start with.
    pub(super) invert_matching: bool,
    /// Of a message, only the first frame may be a subscription.
    pub(super) only_first_subscribe: bool,
    /// Written first to each new peer.
    pub(super) welcome: Option<Message>,
    upstream: Option<Upstream>,
}

impl Publisher {
    /// A PUB, or an XPUB that tells what it is asked.
    pub(super) fn new(tells: bool) -> Self {
        Self {
            queue: FairQueue::telling_gone(),
            distributor: Distributor::new(),
            subscribers: Subscribers::new(),
            epochs: HashMap::new(),
            bodies: BodyPool::new(SENDING_KEEPS_BYTES),
            sending: false,
            nodrop: false,
            invert_matching: false,
            only_first_subscribe: false,
            welcome: None,
            upstream: tells.then(Upstream::new),
        }
    }

    pub(super) const fn set_modes(&mut self, modes: UpstreamModes) -> bool {
        match &mut self.upstream {
            Some(upstream) => {
                upstream.modes = modes;
                true
            }
            None => false,
        }
    }

    pub(super) fn is_manual(&self) -> bool {
        self.modes().is_some_and(|modes| modes.manual)
    }

    pub(super) fn modes(&self) -> Option<UpstreamModes> {
        self.upstream.as_ref().map(|upstream| upstream.modes)
    }

    pub(super) fn subscriptions(&self) -> Subscriptions {
        Subscriptions {
            topics: self.subscribers.len(),
            nodes: self.subscribers.node_count(),
            bytes: self.subscribers.bytes(),
        }
    }

    /// A pipe to a peer. If it replaces the pipe of the peer's last connection the peer keeps its slot, and with it
    /// what it has asked for over the new connection, which may have come before this pipe.
    pub(super) fn add_writer(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        let welcome = &self.welcome;
        let before = self.distributor.remove_peer(peer);
        let slot = self.distributor.add(peer, |key| {
            let mut writer = make(key);
            if let Some(welcome) = welcome {
                writer.write_frame(false, welcome);
                writer.publish();
            }
            writer
        });
        assert!(
            before.is_none_or(|before| before == slot),
            "a slot that was left last is used first"
        );
    }

    pub(super) fn add_reader(&mut self, peer: PeerId, reader: Reader) {
        self.queue.add(peer, reader);
        self.take_subscriptions();
    }

    pub(super) fn data_arrived(&mut self, event: Event) {
        self.queue.data_arrived(event);
        self.take_subscriptions();
    }

    // --- subscriptions -----------------------------------------------------------------------------------

    /// Takes in what peers asked for.
    pub(super) fn take_subscriptions(&mut self) {
        loop {
            let first = !self.queue.is_inside_message();
            // A message that has begun is taken whole: no notice may come to stand in the middle of it.
            if first && !self.has_room() {
                break;
            }
            let taken = self.queue.receive_from(|peer, frame| {
                let epoch = frame.info.map_or(0, |info| info.epoch);
                (peer, epoch, frame.command, to_message(&frame))
            });
            let Some((peer, epoch, command, frame)) = taken else {
                break;
            };
            let is_present = self.note_epoch(peer, epoch);
            let is_alone = first && !frame.more();
            let subscribes = matches!(frame.first(), Some(&(SUBSCRIBE | UNSUBSCRIBE)));
            if command {
                self.take_command(peer, &frame);
            } else if is_present || !is_alone || !subscribes {
                // Else it is read late, and void already.
                self.take_frame(peer, frame, first);
            }
        }
        self.forget_gone();
    }

    fn has_room(&self) -> bool {
        let upstream = self.upstream.as_ref();
        upstream.is_none_or(|upstream| !upstream.is_read || !upstream.is_full())
    }

    /// A peer that lost its connection subscribes anew: what it had asked for over the last one is void. Returns whether
    /// the connection is its present one.
    fn note_epoch(&mut self, peer: PeerId, epoch: u64) -> bool {
        let known = self.epochs.get(&peer).copied();
        if known.is_none_or(|known| known < epoch) {
            self.epochs.insert(peer, epoch);
        }
        match known {
            Some(known) if known < epoch => self.unsubscribe_all(peer),
            Some(known) => return known == epoch,
            None => {}
        }
        true
    }

    /// The peer's connection of this number is ready, though it may not ask for anything over it.
    pub(super) fn connected(&mut self, peer: PeerId, epoch: u64) {
        // It may be gone by now.
        if self.distributor.slot_of_peer(peer).is_some() {
            self.note_epoch(peer, epoch);
        }
    }

    fn take_frame(&mut self, peer: PeerId, frame: Message, first: bool) {
        let may_subscribe = first || !self.only_first_subscribe;
        match frame.split_first() {
            Some((&SUBSCRIBE, topic)) if may_subscribe => self.asked(peer, topic, true, &frame),
            Some((&UNSUBSCRIBE, topic)) if may_subscribe => self.asked(peer, topic, false, &frame),
            _ => {
                if let Some(upstream) = &mut self.upstream {
                    upstream.push_part(peer, frame, false);
                }
            }
        }
    }

    /// What a subscriber of this process says, as it wrote it.
    fn take_command(&mut self, peer: PeerId, command: &Message) {
        if let Some(topic) = command.strip_prefix(SUBSCRIBE_NAME) {
            self.asked(peer, topic, true, command);
        } else if let Some(topic) = command.strip_prefix(CANCEL_NAME) {
            self.asked(peer, topic, false, command);
        }
    }

    /// `frame` is what asks, as it came.
    fn asked(&mut self, peer: PeerId, topic: &[u8], subscribes: bool, frame: &Message) {
        let Some(slot) = self.distributor.slot_of_peer(peer) else {
            return;
        };
        let modes = self.modes().unwrap_or_default();
        let store = match &mut self.upstream {
            Some(upstream) if modes.manual => &mut upstream.asked,
            _ => &mut self.subscribers,
        };
        // An unsubscription from what nobody knows is told, as in ZeroMQ.
        let tell = if subscribes {
            store.add(topic, PeerIndex(slot)) == Added::FirstOfTopic || modes.verbose_subscribe
        } else {
            store.remove(topic, PeerIndex(slot)) != Left::OthersStay || modes.verbose_unsubscribe
        };
        let Some(upstream) = &mut self.upstream else {
            return;
        };
        if upstream.is_inside_pushed {
            // In the middle of a message for the application, which has to stay whole.
            upstream.push_part(peer, frame.clone(), true);
        } else if tell || modes.manual {
            let byte = if subscribes { SUBSCRIBE } else { UNSUBSCRIBE };
            upstream.push_notice(peer, notice(byte, topic));
        }
    }

    /// The application of an XPUB decides: the peer whose subscription it received last gets the topic, or loses it.
    /// That peer may be gone, which is no mistake of the application's.
    pub(super) fn answer(&mut self, topic: &[u8], subscribes: bool) {
        let last = self.upstream.as_ref().and_then(|upstream| upstream.last);
        let slot = last.and_then(|peer| self.distributor.slot_of_peer(peer));
        let Some(slot) = slot else {
            return;
        };
        if subscribes {
            self.subscribers.add(topic, PeerIndex(slot));
        } else {
            self.subscribers.remove(topic, PeerIndex(slot));
        }
    }

    fn unsubscribe_all(&mut self, peer: PeerId) {
        let Some(slot) = self.distributor.slot_of_peer(peer) else {
            return;
        };
        let Self {
            subscribers,
            upstream,
            ..
        } = self;
        let manual = upstream
            .as_ref()
            .is_some_and(|upstream| upstream.modes.manual);
        let mut gone = Vec::new();
        subscribers.remove_peer(PeerIndex(slot), |topic| {
            if upstream.is_some() && !manual {
                gone.push(notice(UNSUBSCRIBE, topic));
            }
        });
        if let Some(upstream) = upstream {
            upstream.asked.remove_peer(PeerIndex(slot), |topic| {
                if manual {
                    gone.push(notice(UNSUBSCRIBE, topic));
                }
            });
            for frame in gone {
                upstream.push_notice(peer, frame);
            }
        }
    }

    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.forget(gone);
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.unsubscribe_all(peer);
        self.epochs.remove(&peer);
        self.distributor.remove_peer(peer);
        if let Some(upstream) = &mut self.upstream {
            upstream.forget(peer);
        }
    }

    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        self.forget(peer);
        self.queue.remove_peer(peer);
    }

    // --- sending -----------------------------------------------------------------------------------------

    pub(super) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        if !self.sending {
            self.choose(frame.bytes());
            let missed = self.distributor.missed();
            if missed > 0 {
                if self.nodrop {
                    return Err((Refusal::Full, frame));
                }
                counters.dropped_full.add(missed);
            }
            if let Some(upstream) = &mut self.upstream {
                upstream.only = None;
            }
        }
        self.sending = more;
        self.distributor.send(frame, more, &self.bodies);
        Ok(())
    }

    #[inline]
    fn choose(&mut self, start: &[u8]) {
        let only = self.upstream.as_ref().and_then(|upstream| upstream.only);
        let Self {
            distributor,
            subscribers,
            ..
        } = self;
        distributor.choose_nobody();
        if let Some(only) = only {
            let only = distributor.slot_of_peer(only);
            subscribers.for_each_match(start, |peer| {
                if Some(peer.0) == only {
                    distributor.choose(peer.0);
                }
            });
        } else if self.invert_matching {
            subscribers.for_each_match(start, |peer| distributor.exclude(peer.0));
            distributor.choose_others();
        } else {
            subscribers.for_each_match(start, |peer| distributor.choose(peer.0));
        }
    }

    // --- what XPUB receives ------------------------------------------------------------------------------

    pub(super) fn can_receive(&mut self) -> bool {
        self.take_subscriptions();
        let upstream = self.upstream.as_ref();
        upstream.is_some_and(|upstream| !upstream.pending.is_empty())
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn is_inside_message(&self) -> bool {
        let upstream = self.upstream.as_ref();
        upstream.is_some_and(|upstream| upstream.inside_message)
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
    ) -> Result<T, Nothing> {
        let Some(upstream) = &mut self.upstream else {
            return Err(Nothing::Unsupported);
        };
        upstream.is_read = true;
        if upstream.pending.is_empty() {
            self.take_subscriptions();
        }
        let upstream = self.upstream.as_mut().expect("it does not go");
        let next = upstream.pop().ok_or(Nothing::Empty)?;
        let more = next.frame.more();
        upstream.inside_message = more;
        if next.subscription {
            upstream.told(next.peer);
        }
        Ok(take(PipeFrame {
            more,
            command: false,
            body: FrameBody::Made(&next.frame),
            info: None,
        }))
    }

    // --- ends --------------------------------------------------------------------------------------------

    pub(super) fn close(&mut self) {
        self.distributor.close();
    }

    /// Drops all that is unread; returns how many messages that was.
    pub(super) fn close_readers(&mut self) -> u64 {
        let upstream = self.upstream.as_mut().map_or(0, Upstream::close);
        upstream + self.queue.close()
    }

    /// How many messages were dropped unread since the last call.
    pub(super) const fn take_dropped(&mut self) -> u64 {
        let dropped = match &mut self.upstream {
            Some(upstream) => std::mem::replace(&mut upstream.dropped, 0),
            None => 0,
        };
        dropped + self.queue.take_dropped()
    }

    /// Of how many peers it knows the connection, and how many notices wait.
    #[cfg(all(test, not(loom)))]
    pub(super) fn sizes(&self) -> [usize; 2] {
        let waiting = self.upstream.as_ref();
        let waiting = waiting.map_or(0, |upstream| upstream.pending.len());
        [self.epochs.len(), waiting]
    }
}
