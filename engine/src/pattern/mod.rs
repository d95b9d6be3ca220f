//! ZeroMQ's routing: which pipe a message goes to, and from which one the next is taken.
//!
//! One file per pattern, over four building blocks: the load balancer, the fair queue, the distributor and the
//! subscriptions. Patterns work on pipes alone. They know neither connections nor bytes on a wire.

mod dealer;
mod distributor;
mod fair_queue;
mod load_balancer;
mod outgoing;
mod pair;
mod publisher;
mod rep;
mod req;
mod router;
mod setting;
mod slots;
mod subscriber;
mod subscriptions;
#[cfg(all(test, not(loom)))]
mod tests;
mod upstream;

pub(crate) use fair_queue::{FairQueue, to_message};
pub(crate) use load_balancer::{LoadBalancer, Lost};
pub(crate) use outgoing::{Nothing, Outgoing, Refusal, Refused};
pub(crate) use setting::Setting;
pub use setting::Subscriptions;
pub(crate) use upstream::UpstreamModes;

use crate::counters::Counters;
use crate::peer::PeerId;
use crate::pipe::{Event, EventKind, PipeFrame, Reader, Writer};
use dealer::Dealer;
use pair::Pair;
use publisher::Publisher;
use rep::Rep;
use req::Req;
use router::Router;
use subscriber::Subscriber;

/// The first byte of a message that asks for a topic.
const SUBSCRIBE: u8 = 1;
/// The first byte of a message that takes a topic back.
const UNSUBSCRIBE: u8 = 0;
/// How the command that asks for a topic begins: its name, behind the name's length (RFC 37).
const SUBSCRIBE_NAME: &[u8] = b"\x09SUBSCRIBE";
/// How the command that takes a topic back begins.
const CANCEL_NAME: &[u8] = b"\x06CANCEL";

/// Which pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pair,
    Pub,
    Sub,
    Req,
    Rep,
    Dealer,
    Router,
    Pull,
    Push,
    XPub,
    XSub,
}

/// The pattern of one socket: its ends of all pipes, and whose turn it is.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one in each socket, and each message goes through it"
)]
pub(crate) enum Pattern {
    Push(LoadBalancer),
    Pull(FairQueue),
    Dealer(Dealer),
    Pair(Pair),
    Req(Req),
    Rep(Rep),
    Router(Router),
    Publisher(Publisher),
    Subscriber(Subscriber),
}

impl Pattern {
    /// `random` is where numbers that peers see start.
    pub(crate) fn new(kind: Kind, random: u32) -> Self {
        match kind {
            Kind::Push => Self::Push(LoadBalancer::new()),
            Kind::Pull => Self::Pull(FairQueue::new()),
            Kind::Dealer => Self::Dealer(Dealer::new()),
            Kind::Pair => Self::Pair(Pair::new()),
            Kind::Req => Self::Req(Req::new(random)),
            Kind::Rep => Self::Rep(Rep::new()),
            Kind::Router => Self::Router(Router::new(random)),
            Kind::Pub => Self::Publisher(Publisher::new(false)),
            Kind::XPub => Self::Publisher(Publisher::new(true)),
            Kind::Sub => Self::Subscriber(Subscriber::new(true)),
            Kind::XSub => Self::Subscriber(Subscriber::new(false)),
        }
    }

    // --- peers -------------------------------------------------------------------------------------------

    /// Whether a peer may join. Only PAIR ever refuses one.
    pub(crate) fn admits(&mut self, peer: PeerId) -> bool {
        match self {
            Self::Pair(pair) => pair.admits(peer),
            _ => true,
        }
    }

    /// The application chose the routing id of a peer that it connects to. Returns whether that means something here
    /// and the id was free.
    pub(crate) fn expect(&mut self, peer: PeerId, routing_id: &[u8]) -> bool {
        match self {
            Self::Router(router) => router.expect(peer, routing_id),
            _ => true,
        }
    }

    /// A pipe to a peer; one that led to the same peer's last connection goes.
    pub(crate) fn add_writer(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        self.remove_old_writer(peer);
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.add(peer, make),
            Self::Rep(rep) => rep.add_writer(peer, make),
            Self::Router(router) => router.add_writer(peer, make),
            Self::Publisher(publisher) => publisher.add_writer(peer, make),
            Self::Subscriber(subscriber) => subscriber.add_writer(peer, make),
            Self::Pull(_) => unreachable!("PULL has no pipes to write to"),
        }
    }

    fn remove_old_writer(&mut self, peer: PeerId) {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.remove_peer(peer),
            Self::Rep(rep) => rep.remove_writer(peer),
            Self::Router(router) => router.remove_writer(peer),
            Self::Subscriber(subscriber) => subscriber.remove_writer(peer),
            // It does so itself: a peer keeps what it subscribed to.
            Self::Publisher(_) | Self::Pull(_) => {}
        }
    }

    /// A peer's connection of this number is ready.
    pub(crate) fn connected(&mut self, peer: PeerId, epoch: u64) {
        if let Self::Publisher(publisher) = self {
            publisher.connected(peer, epoch);
        }
    }

    /// A pipe from a peer; `routing_id` is the name it gave itself, or empty.
    pub(crate) fn add_reader(&mut self, peer: PeerId, reader: Reader, routing_id: &[u8]) {
        match self {
            Self::Router(router) => router.add_reader(peer, reader, routing_id),
            Self::Publisher(publisher) => publisher.add_reader(peer, reader),
            Self::Pull(queue)
            | Self::Dealer(Dealer { queue, .. })
            | Self::Pair(Pair { queue, .. })
            | Self::Req(Req { queue, .. })
            | Self::Rep(Rep { queue, .. })
            | Self::Subscriber(Subscriber { queue, .. }) => queue.add(peer, reader),
            Self::Push(_) => unreachable!("PUSH has no pipes to read from"),
        }
        self.forget_gone();
    }

    /// Lets go of what belongs to peers that left and whose last message was read. Those that are found while messages
    /// are received are let go of there.
    fn forget_gone(&mut self) {
        if !self.queue().is_some_and(|queue| queue.has_gone()) {
            return;
        }
        match self {
            Self::Dealer(dealer) => dealer.forget_gone(),
            Self::Pair(pair) => pair.forget_gone(),
            Self::Req(req) => req.forget_gone(),
            Self::Rep(rep) => rep.forget_gone(),
            Self::Router(router) => router.forget_gone(),
            Self::Publisher(publisher) => publisher.forget_gone(),
            Self::Subscriber(subscriber) => subscriber.forget_gone(),
            Self::Push(_) | Self::Pull(_) => {}
        }
    }

    /// The application lets go of a peer. What was sent to it still leaves; what came from it and was not read is
    /// dropped.
    pub(crate) fn remove_peer(&mut self, peer: PeerId) {
        match self {
            Self::Push(balancer) => balancer.remove_peer(peer),
            Self::Pull(queue) => queue.remove_peer(peer),
            Self::Dealer(dealer) => {
                dealer.balancer.remove_peer(peer);
                dealer.queue.remove_peer(peer);
            }
            Self::Pair(pair) => pair.remove_peer(peer),
            Self::Req(req) => req.remove_peer(peer),
            Self::Rep(rep) => rep.remove_peer(peer),
            Self::Router(router) => router.remove_peer(peer),
            Self::Publisher(publisher) => publisher.remove_peer(peer),
            Self::Subscriber(subscriber) => subscriber.remove_peer(peer),
        }
    }

    /// A pipe that had been empty has a message, or one that had been full has room.
    pub(crate) fn ready(&mut self, event: Event) {
        match event.kind {
            EventKind::Readable => match self {
                Self::Publisher(publisher) => publisher.data_arrived(event),
                _ => {
                    if let Some(queue) = self.queue() {
                        queue.data_arrived(event);
                    }
                    self.forget_gone();
                }
            },
            EventKind::Writable => match self {
                Self::Push(balancer)
                | Self::Dealer(Dealer { balancer, .. })
                | Self::Pair(Pair { balancer, .. })
                | Self::Req(Req { balancer, .. }) => balancer.credit_arrived(event),
                Self::Rep(rep) => rep.credit_arrived(event),
                Self::Router(router) => router.credit_arrived(event),
                Self::Publisher(Publisher { distributor, .. })
                | Self::Subscriber(Subscriber { distributor, .. }) => {
                    distributor.credit_arrived(event);
                }
                Self::Pull(_) => {}
            },
        }
    }

    const fn queue(&mut self) -> Option<&mut FairQueue> {
        match self {
            Self::Push(_) => None,
            Self::Pull(queue)
            | Self::Dealer(Dealer { queue, .. })
            | Self::Pair(Pair { queue, .. })
            | Self::Req(Req { queue, .. })
            | Self::Rep(Rep { queue, .. })
            | Self::Router(Router { queue, .. })
            | Self::Publisher(Publisher { queue, .. })
            | Self::Subscriber(Subscriber { queue, .. }) => Some(queue),
        }
    }

    /// Shows all pipes to peers.
    pub(crate) fn for_each_writer(&mut self, call: impl FnMut(PeerId, &mut Writer)) {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.for_each(call),
            Self::Rep(rep) => rep.for_each_writer(call),
            Self::Router(router) => router.for_each_writer(call),
            Self::Publisher(Publisher { distributor, .. })
            | Self::Subscriber(Subscriber { distributor, .. }) => distributor.for_each(call),
            Self::Pull(_) => {}
        }
    }

    /// Shows all pipes from peers.
    pub(crate) fn for_each_reader(&mut self, mut call: impl FnMut(PeerId, &mut Reader)) {
        if let Self::Router(router) = self {
            router.for_each_unheard(&mut call);
        }
        if let Some(queue) = self.queue() {
            queue.for_each(call);
        }
    }

    // --- messages ----------------------------------------------------------------------------------------

    /// Whether a frame would be taken now.
    pub(crate) fn can_send(&mut self) -> bool {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. }) => balancer.can_send(),
            Self::Req(req) => req.can_send(),
            Self::Rep(rep) => rep.can_send(),
            Self::Router(router) => router.can_send(),
            Self::Publisher(_) => true,
            Self::Subscriber(subscriber) => !subscriber.filters(),
            Self::Pull(_) => false,
        }
    }

    /// Why [`Self::can_send`] says no.
    pub(crate) fn refusal(&mut self) -> Refusal {
        match self {
            Self::Pull(_) => Refusal::Unsupported,
            Self::Subscriber(subscriber) if subscriber.filters() => Refusal::Unsupported,
            Self::Rep(_) => Refusal::OutOfTurn,
            Self::Req(req) if !req.is_its_turn() => Refusal::OutOfTurn,
            _ => Refusal::Full,
        }
    }

    /// Sends one frame; the last frame of a message makes the message visible.
    ///
    /// # Errors
    /// The frame comes back with the reason. Later frames of a message are never refused.
    #[inline]
    pub(crate) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        // The flood's type goes inline; the others have more to do than a call costs.
        match self {
            Self::Push(balancer) => {
                let sent = balancer.send(frame, more);
                sent.map_err(|frame| (Refusal::Full, frame))
            }
            _ => self.send_by_pattern(frame, more, counters),
        }
    }

    #[inline(never)]
    fn send_by_pattern<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. }) => balancer
                .send(frame, more)
                .map_err(|frame| (Refusal::Full, frame)),
            Self::Publisher(publisher) => publisher.send(frame, more, counters),
            Self::Router(router) => router.send(frame, more, counters),
            Self::Req(req) => req.send(frame, more, counters),
            Self::Rep(rep) => rep.send(frame, more, counters),
            Self::Subscriber(subscriber) => subscriber.send(frame, more, counters),
            Self::Pull(_) => Err((Refusal::Unsupported, frame)),
        }
    }

    /// Whether a frame could be taken now.
    pub(crate) fn can_receive(&mut self, counters: &Counters) -> bool {
        match self {
            Self::Push(_) => false,
            Self::Pull(queue) | Self::Pair(Pair { queue, .. }) => queue.can_receive(),
            Self::Dealer(dealer) => dealer.can_receive(),
            Self::Req(req) => req.can_receive(counters),
            Self::Rep(rep) => rep.can_receive(counters),
            Self::Router(router) => router.can_receive(),
            Self::Publisher(publisher) => publisher.can_receive(),
            Self::Subscriber(subscriber) => subscriber.can_receive(counters),
        }
    }

    /// Whether the frame received next belongs to the message of the last one.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn is_inside_message(&self) -> bool {
        match self {
            Self::Push(_) => false,
            Self::Pull(queue)
            | Self::Dealer(Dealer { queue, .. })
            | Self::Pair(Pair { queue, .. })
            | Self::Req(Req { queue, .. })
            | Self::Rep(Rep { queue, .. })
            | Self::Subscriber(Subscriber { queue, .. }) => queue.is_inside_message(),
            Self::Router(router) => router.is_inside_message(),
            Self::Publisher(publisher) => publisher.is_inside_message(),
        }
    }

    /// Takes one frame and hands it to `take`.
    ///
    /// # Errors
    /// There is none, for the reason given.
    #[inline]
    pub(crate) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
        counters: &Counters,
    ) -> Result<T, Nothing> {
        match self {
            Self::Pull(queue) => queue.receive(take).ok_or(Nothing::Empty),
            _ => self.receive_by_pattern(take, counters),
        }
    }

    #[inline(never)]
    fn receive_by_pattern<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
        counters: &Counters,
    ) -> Result<T, Nothing> {
        match self {
            Self::Pull(queue) | Self::Pair(Pair { queue, .. }) => {
                queue.receive(take).ok_or(Nothing::Empty)
            }
            Self::Dealer(dealer) => dealer.receive(take),
            Self::Subscriber(subscriber) => subscriber.receive(take, counters),
            Self::Router(router) => router.receive(take),
            Self::Req(req) => req.receive(take, counters),
            Self::Rep(rep) => rep.receive(take, counters),
            Self::Publisher(publisher) => publisher.receive(take),
            Self::Push(_) => Err(Nothing::Unsupported),
        }
    }

    // --- ends --------------------------------------------------------------------------------------------

    /// Takes what was lost with pipes to peers that are gone, since the last call.
    pub(crate) fn take_lost(&mut self) -> Lost {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.take_lost(),
            Self::Rep(rep) => rep.take_lost(),
            Self::Router(router) => router.take_lost(),
            Self::Publisher(Publisher { distributor, .. })
            | Self::Subscriber(Subscriber { distributor, .. }) => distributor.take_lost(),
            Self::Pull(_) => Lost::none(),
        }
    }

    /// What [`Self::take_lost`] would give once every pipe whose reader is gone had left.
    pub(crate) fn lost(&self) -> Lost {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.lost(),
            Self::Rep(rep) => rep.lost(),
            Self::Router(router) => router.lost(),
            Self::Publisher(Publisher { distributor, .. })
            | Self::Subscriber(Subscriber { distributor, .. }) => distributor.lost(),
            Self::Pull(_) => Lost::none(),
        }
    }

    /// How many messages were dropped unread, with the peers that the application let go of, since the last call.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        match self {
            Self::Router(router) => router.take_dropped(),
            Self::Publisher(publisher) => publisher.take_dropped(),
            _ => self.queue().map_or(0, FairQueue::take_dropped),
        }
    }

    /// Closes all pipes to peers; what they hold still leaves. What nobody will drain is lost.
    pub(crate) fn close_writers(&mut self) {
        match self {
            Self::Push(balancer)
            | Self::Dealer(Dealer { balancer, .. })
            | Self::Pair(Pair { balancer, .. })
            | Self::Req(Req { balancer, .. }) => balancer.close(),
            Self::Rep(rep) => rep.close(),
            Self::Router(router) => router.close(),
            Self::Publisher(publisher) => publisher.close(),
            Self::Subscriber(subscriber) => subscriber.close(),
            Self::Pull(_) => {}
        }
    }

    /// Drops all pipes from peers; returns how many whole messages were in them.
    pub(crate) fn close_readers(&mut self) -> u64 {
        match self {
            Self::Router(router) => router.close_readers(),
            Self::Publisher(publisher) => publisher.close_readers(),
            _ => self.queue().map_or(0, FairQueue::close),
        }
    }
}
