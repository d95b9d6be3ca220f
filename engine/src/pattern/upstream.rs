//! What an XPUB tells its application: who subscribed to what, and what else its peers sent.

use std::collections::VecDeque;

use super::subscriptions::Subscribers;
use crate::message::Message;
use crate::peer::PeerId;

/// So many frames may wait for the application of an XPUB, of so many bytes; its peers' pipes hold the rest.
const UPSTREAM_FRAMES_MAX: usize = 1 << 16;
const UPSTREAM_BYTES_MAX: usize = 16 << 20;

/// What an XPUB tells its application.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) pending: VecDeque<FromBelow>,
    /// Bytes of the frames in `pending`.
    bytes: usize,
    /// Whole messages in `pending`, notices counted.
    whole: usize,
    /// The application has received once. One that never does must not keep its peers from subscribing: the oldest
    /// that waits for it is dropped then.
    pub(super) is_read: bool,
    /// Peers' messages that were dropped for that.
    pub(super) dropped: u64,
    /// The frame pushed last announced another one.
    pub(super) is_inside_pushed: bool,
    /// The last frame handed out announced another one.
    pub(super) inside_message: bool,
    /// Whose subscription was handed out last: [`Publisher::answer`] is about that peer.
    pub(super) last: Option<PeerId>,
    /// The next message is for this peer alone.
    pub(super) only: Option<PeerId>,
    pub(super) modes: UpstreamModes,
    /// What peers asked for, where the application decides what they get.
    pub(super) asked: Subscribers,
}

/// A frame for the application, and the peer that it came from.
#[derive(Debug)]
pub(super) struct FromBelow {
    pub(super) peer: PeerId,
    pub(super) frame: Message,
    /// It asks for a topic or takes one back.
    pub(super) subscription: bool,
    /// It is no part of a message that a peer sent for the application.
    notice: bool,
}

/// How much of what it is asked an XPUB tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpstreamModes {
    /// Each subscription, not only the first for a topic.
    pub(crate) verbose_subscribe: bool,
    /// Each unsubscription, not only the last for a topic.
    pub(crate) verbose_unsubscribe: bool,
    /// The application decides about each subscription.
    pub(crate) manual: bool,
    /// And what it sends next after a subscription was handed out goes to that peer alone.
    pub(crate) last_value: bool,
}

impl Upstream {
    pub(super) fn new() -> Self {
        Self {
            pending: VecDeque::new(),
            bytes: 0,
            whole: 0,
            is_read: false,
            dropped: 0,
            is_inside_pushed: false,
            inside_message: false,
            last: None,
            only: None,
            modes: UpstreamModes::default(),
            asked: Subscribers::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= UPSTREAM_FRAMES_MAX || self.bytes >= UPSTREAM_BYTES_MAX
    }

    /// A frame of a message that a peer sent for the application.
    pub(super) fn push_part(&mut self, peer: PeerId, frame: Message, subscription: bool) {
        self.is_inside_pushed = frame.more();
        self.push(FromBelow {
            peer,
            frame,
            subscription,
            notice: false,
        });
    }

    /// A topic was asked for or taken back.
    pub(super) fn push_notice(&mut self, peer: PeerId, frame: Message) {
        self.push(FromBelow {
            peer,
            frame,
            subscription: true,
            notice: true,
        });
    }

    fn push(&mut self, from: FromBelow) {
        self.bytes += from.frame.len();
        self.whole += usize::from(!from.frame.more());
        self.pending.push_back(from);
        while !self.is_read && self.is_full() && self.whole > 1 {
            self.drop_oldest();
        }
    }

    /// The application was told what this peer asked for.
    pub(super) const fn told(&mut self, peer: PeerId) {
        self.last = Some(peer);
        if self.modes.manual && self.modes.last_value {
            self.only = Some(peer);
        }
    }

    /// The peer is gone.
    pub(super) fn forget(&mut self, peer: PeerId) {
        if self.last == Some(peer) {
            self.last = None;
        }
        if self.only == Some(peer) {
            self.only = None;
        }
    }

    pub(super) fn pop(&mut self) -> Option<FromBelow> {
        let from = self.pending.pop_front()?;
        self.bytes -= from.frame.len();
        self.whole -= usize::from(!from.frame.more());
        Some(from)
    }

    /// Drops the oldest message, which is whole.
    #[cold]
    fn drop_oldest(&mut self) {
        while let Some(from) = self.pop() {
            if !from.frame.more() {
                self.dropped += u64::from(!from.notice);
                return;
            }
        }
    }

    /// Drops all; returns how many messages of peers that was.
    pub(super) fn close(&mut self) -> u64 {
        let mut dropped = std::mem::replace(&mut self.dropped, 0);
        while let Some(from) = self.pop() {
            dropped += u64::from(!from.frame.more() && !from.notice);
        }
        dropped
    }
}

/// What an application reads when a topic was asked for or taken back.
pub(super) fn notice(byte: u8, topic: &[u8]) -> Message {
    let mut bytes = Vec::with_capacity(1 + topic.len());
    bytes.push(byte);
    bytes.extend_from_slice(topic);
    Message::from(bytes)
}
