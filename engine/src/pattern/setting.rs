//! What an application can tell one pattern and not another.

use super::Pattern;
use super::upstream::UpstreamModes;
use crate::message::Message;

/// How much a socket's subscriptions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscriptions {
    /// Different topics.
    pub topics: usize,
    /// Nodes of the tree that holds them; 0 without topics.
    pub nodes: usize,
    /// Bytes of memory that they take.
    pub bytes: usize,
}

/// A change of a pattern's behaviour.
#[derive(Debug)]
pub(crate) enum Setting<'a> {
    /// SUB, or XPUB in manual mode: a topic is wanted, or granted.
    Subscribe(&'a [u8]),
    /// The reverse.
    Unsubscribe(&'a [u8]),
    /// ROUTER: messages that cannot be routed are refused.
    RouterMandatory(bool),
    /// ROUTER: a newcomer takes a routing id over.
    RouterHandover(bool),
    /// ROUTER: messages tell of peers that come, and of those that go.
    RouterNotify { connect: bool, disconnect: bool },
    /// REQ: requests carry a number.
    RequestCorrelate(bool),
    /// REQ: a request may follow another one.
    RequestRelaxed(bool),
    /// PUB, XPUB: full peers refuse a message instead of missing it.
    NoDrop(bool),
    /// PUB, XPUB, SUB: what does not match is sent, or received.
    InvertMatching(bool),
    /// XPUB, XSUB: only the first frame of a message may be a subscription.
    OnlyFirstSubscribe(bool),
    /// XPUB: the first message to each new peer.
    Welcome(Option<Message>),
    /// XPUB: how much is told.
    Upstream(UpstreamModes),
}

impl Pattern {
    /// Applies a setting. Returns whether it means something to this pattern.
    pub(crate) fn set(&mut self, setting: Setting<'_>) -> bool {
        match self {
            Self::Router(router) => match setting {
                Setting::RouterMandatory(on) => router.mandatory = on,
                Setting::RouterHandover(on) => router.handover = on,
                Setting::RouterNotify {
                    connect,
                    disconnect,
                } => {
                    router.notifies_connect = connect;
                    router.notifies_disconnect = disconnect;
                }
                _ => return false,
            },
            Self::Req(req) => match setting {
                Setting::RequestCorrelate(on) => req.correlates = on,
                Setting::RequestRelaxed(on) => req.relaxed = on,
                _ => return false,
            },
            Self::Publisher(publisher) => match setting {
                Setting::NoDrop(on) => publisher.nodrop = on,
                Setting::InvertMatching(on) => publisher.invert_matching = on,
                Setting::OnlyFirstSubscribe(on) if publisher.modes().is_some() => {
                    publisher.only_first_subscribe = on;
                }
                Setting::Welcome(message) if publisher.modes().is_some() => {
                    publisher.welcome = message;
                }
                Setting::Upstream(modes) => return publisher.set_modes(modes),
                Setting::Subscribe(topic) if publisher.is_manual() => {
                    publisher.answer(topic, true);
                }
                Setting::Unsubscribe(topic) if publisher.is_manual() => {
                    publisher.answer(topic, false);
                }
                _ => return false,
            },
            Self::Subscriber(subscriber) => match setting {
                Setting::Subscribe(topic) if subscriber.filters() => subscriber.subscribe(topic),
                Setting::Unsubscribe(topic) if subscriber.filters() => {
                    // An unknown topic is no mistake: ZeroMQ has it so.
                    subscriber.unsubscribe(topic);
                }
                Setting::InvertMatching(on) if subscriber.filters() => {
                    subscriber.invert_matching = on;
                }
                Setting::OnlyFirstSubscribe(on) if !subscriber.filters() => {
                    subscriber.only_first_subscribe = on;
                }
                _ => return false,
            },
            Self::Push(_) | Self::Pull(_) | Self::Dealer(_) | Self::Pair(_) | Self::Rep(_) => {
                return false;
            }
        }
        true
    }

    /// What XPUB was told to tell.
    pub(crate) fn upstream_modes(&self) -> Option<UpstreamModes> {
        match self {
            Self::Publisher(publisher) => publisher.modes(),
            _ => None,
        }
    }

    /// What a SUB or XSUB, or the peers of a PUB or XPUB, are subscribed to.
    pub(crate) fn subscriptions(&self) -> Option<Subscriptions> {
        match self {
            Self::Publisher(publisher) => Some(publisher.subscriptions()),
            Self::Subscriber(subscriber) => Some(subscriber.subscriptions()),
            _ => None,
        }
    }
}
