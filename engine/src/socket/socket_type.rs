//! The socket types, and what the API must know of each.

use crate::pattern::Kind;

/// A socket type: which pattern a socket follows, and so which peers it can have.
///
/// | type | sends to | receives from | peers |
/// |---|---|---|---|
/// | PAIR | its one peer | its one peer | PAIR |
/// | PUB | every peer that subscribed | – | SUB, XSUB |
/// | SUB | – | its peers in turn | PUB, XPUB |
/// | REQ | its peers in turn | the peer it asked | REP, ROUTER |
/// | REP | the peer that asked | its peers in turn | REQ, DEALER |
/// | DEALER | its peers in turn | its peers in turn | REP, DEALER, ROUTER |
/// | ROUTER | the peer that the first frame names | its peers in turn, named by a first frame | REQ, DEALER, ROUTER |
/// | PULL | – | its peers in turn | PUSH |
/// | PUSH | its peers in turn | – | PULL |
/// | XPUB | as PUB | subscriptions | SUB, XSUB |
/// | XSUB | subscriptions, and messages to every peer | its peers in turn | PUB, XPUB |
///
/// RFCs 28 to 31 define the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketType {
    /// Talks to one peer (RFC 31).
    Pair,
    /// Publishes to the peers that subscribed (RFC 29).
    Pub,
    /// Receives what it subscribed to (RFC 29).
    Sub,
    /// Asks, then receives the answer (RFC 28).
    Req,
    /// Receives a request, then answers it (RFC 28).
    Rep,
    /// Sends to and receives from its peers in turn (RFC 28).
    Dealer,
    /// Sends to the peer that it names (RFC 28).
    Router,
    /// Receives, from PUSH peers (RFC 30).
    Pull,
    /// Sends, to PULL peers in turn (RFC 30).
    Push,
    /// PUB that receives its peers' subscriptions (RFC 29).
    XPub,
    /// SUB that sends subscriptions as messages (RFC 29).
    XSub,
}

impl SocketType {
    pub(crate) const fn on_the_wire(self) -> ringmq_wire::SocketType {
        match self {
            Self::Pair => ringmq_wire::SocketType::Pair,
            Self::Pub => ringmq_wire::SocketType::Pub,
            Self::Sub => ringmq_wire::SocketType::Sub,
            Self::Req => ringmq_wire::SocketType::Req,
            Self::Rep => ringmq_wire::SocketType::Rep,
            Self::Dealer => ringmq_wire::SocketType::Dealer,
            Self::Router => ringmq_wire::SocketType::Router,
            Self::Pull => ringmq_wire::SocketType::Pull,
            Self::Push => ringmq_wire::SocketType::Push,
            Self::XPub => ringmq_wire::SocketType::XPub,
            Self::XSub => ringmq_wire::SocketType::XSub,
        }
    }

    pub(super) const fn pattern(self) -> Kind {
        match self {
            Self::Pair => Kind::Pair,
            Self::Pub => Kind::Pub,
            Self::Sub => Kind::Sub,
            Self::Req => Kind::Req,
            Self::Rep => Kind::Rep,
            Self::Dealer => Kind::Dealer,
            Self::Router => Kind::Router,
            Self::Pull => Kind::Pull,
            Self::Push => Kind::Push,
            Self::XPub => Kind::XPub,
            Self::XSub => Kind::XSub,
        }
    }

    /// Whether the type has pipes to write to: SUB has, for its subscriptions.
    pub(super) const fn sends(self) -> bool {
        !matches!(self, Self::Pull)
    }

    /// Whether the application sends messages.
    pub(super) const fn sends_messages(self) -> bool {
        !matches!(self, Self::Pull | Self::Sub)
    }

    /// Whether the application receives messages.
    pub(super) const fn receives_messages(self) -> bool {
        !matches!(self, Self::Push | Self::Pub)
    }

    /// Whether a socket may keep only the newest message: where messages stand for themselves.
    pub(super) const fn conflates(self) -> bool {
        matches!(
            self,
            Self::Push | Self::Pull | Self::Pub | Self::Sub | Self::Dealer
        )
    }

    /// Whether a send may wait: for room, for a peer, or for both.
    pub(super) const fn waits_to_send(self) -> bool {
        !matches!(self, Self::Pull | Self::Sub | Self::XSub | Self::Rep)
    }

    /// Whether sending makes it possible to receive, and the other way round.
    pub(super) const fn takes_turns(self) -> bool {
        matches!(self, Self::Req | Self::Rep)
    }

    /// Whether the type's peers tell it what they subscribe to.
    pub(super) const fn publishes(self) -> bool {
        matches!(self, Self::Pub | Self::XPub)
    }

    /// Whether a second connect to the same endpoint is the first one: a second connection would only double what is
    /// received, or the share that the peer gets.
    pub(super) const fn connects_once(self) -> bool {
        matches!(self, Self::Pub | Self::Sub | Self::Dealer | Self::Req)
    }
}
