//! The socket types, their numbers and names, and which of them may talk to each other.

use std::fmt;

/// A socket type. The discriminants are the `ZMQ_*` numbers, which ZMTP 2.0 puts on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SocketType {
    /// Exactly one peer, both ways.
    Pair = 0,
    /// Publishes to subscribers.
    Pub = 1,
    /// Subscribes to publishers.
    Sub = 2,
    /// Asks, then waits for the answer.
    Req = 3,
    /// Answers whoever asked.
    Rep = 4,
    /// Asks round-robin without waiting.
    Dealer = 5,
    /// Addresses its peers by routing id.
    Router = 6,
    /// Collects from PUSH.
    Pull = 7,
    /// Distributes to PULL round-robin.
    Push = 8,
    /// PUB that sees subscriptions.
    XPub = 9,
    /// SUB that subscribes by sending messages.
    XSub = 10,
    /// Raw TCP; never on ZMTP.
    Stream = 11,
    /// Addresses CLIENT peers by number.
    Server = 12,
    /// Talks to SERVER.
    Client = 13,
    /// Publishes to groups.
    Radio = 14,
    /// Joins groups of RADIO.
    Dish = 15,
    /// Collects from SCATTER.
    Gather = 16,
    /// Distributes to GATHER.
    Scatter = 17,
    /// UDP datagrams; never on ZMTP.
    Dgram = 18,
    /// Addresses other PEER sockets by number.
    Peer = 19,
    /// Exactly one peer, single-part messages.
    Channel = 20,
}

impl SocketType {
    /// Every socket type, in the order of the numbers.
    pub const ALL: [Self; 21] = [
        Self::Pair,
        Self::Pub,
        Self::Sub,
        Self::Req,
        Self::Rep,
        Self::Dealer,
        Self::Router,
        Self::Pull,
        Self::Push,
        Self::XPub,
        Self::XSub,
        Self::Stream,
        Self::Server,
        Self::Client,
        Self::Radio,
        Self::Dish,
        Self::Gather,
        Self::Scatter,
        Self::Dgram,
        Self::Peer,
        Self::Channel,
    ];

    /// The `ZMQ_*` number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type with that `ZMQ_*` number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name that READY carries in its `Socket-Type` property.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::XPub => "XPUB",
            Self::XSub => "XSUB",
            Self::Stream => "STREAM",
            Self::Server => "SERVER",
            Self::Client => "CLIENT",
            Self::Radio => "RADIO",
            Self::Dish => "DISH",
            Self::Gather => "GATHER",
            Self::Scatter => "SCATTER",
            Self::Dgram => "DGRAM",
            Self::Peer => "PEER",
            Self::Channel => "CHANNEL",
        }
    }

    /// The type of that name, which is compared byte for byte.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }

    /// Whether a socket of this type and one of type `peer` may talk over ZMTP. The relation is symmetric.
    #[must_use]
    pub const fn is_compatible_with(self, peer: Self) -> bool {
        match self {
            Self::Pair => matches!(peer, Self::Pair),
            Self::Pub | Self::XPub => matches!(peer, Self::Sub | Self::XSub),
            Self::Sub | Self::XSub => matches!(peer, Self::Pub | Self::XPub),
            Self::Req => matches!(peer, Self::Rep | Self::Router),
            Self::Rep => matches!(peer, Self::Req | Self::Dealer),
            Self::Dealer => matches!(peer, Self::Rep | Self::Dealer | Self::Router),
            Self::Router => matches!(peer, Self::Req | Self::Dealer | Self::Router),
            Self::Pull => matches!(peer, Self::Push),
            Self::Push => matches!(peer, Self::Pull),
            Self::Server => matches!(peer, Self::Client),
            Self::Client => matches!(peer, Self::Server),
            Self::Radio => matches!(peer, Self::Dish),
            Self::Dish => matches!(peer, Self::Radio),
            Self::Gather => matches!(peer, Self::Scatter),
            Self::Scatter => matches!(peer, Self::Gather),
            Self::Peer => matches!(peer, Self::Peer),
            Self::Channel => matches!(peer, Self::Channel),
            Self::Stream | Self::Dgram => false,
        }
    }

    /// Whether READY of such a socket carries its routing id, as RFC 37 has it for these three types.
    #[must_use]
    pub const fn announces_routing_id(self) -> bool {
        matches!(self, Self::Req | Self::Dealer | Self::Router)
    }

    /// Whether such a socket keeps its peers' subscriptions, and so must see SUBSCRIBE and CANCEL.
    #[must_use]
    pub const fn keeps_subscriptions(self) -> bool {
        matches!(self, Self::Pub | Self::XPub)
    }

    /// Whether such a socket keeps its peers' groups, and so must see JOIN and LEAVE.
    #[must_use]
    pub const fn keeps_groups(self) -> bool {
        matches!(self, Self::Radio)
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back_to_the_type() {
        for (number, kind) in SocketType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.number()), number);
            assert_eq!(SocketType::from_number(kind.number()), Some(kind));
            assert_eq!(SocketType::from_name(kind.name().as_bytes()), Some(kind));
        }
        assert_eq!(SocketType::from_number(21), None);
        assert_eq!(SocketType::from_name(b"pub"), None);
        assert_eq!(SocketType::from_name(b"PUB "), None);
        assert_eq!(SocketType::from_name(b""), None);
    }

    #[test]
    fn compatibility_is_symmetric_and_exactly_the_table() {
        let table = [
            ("PAIR", "PAIR"),
            ("PUB", "SUB XSUB"),
            ("SUB", "PUB XPUB"),
            ("REQ", "REP ROUTER"),
            ("REP", "REQ DEALER"),
            ("DEALER", "REP DEALER ROUTER"),
            ("ROUTER", "REQ DEALER ROUTER"),
            ("PULL", "PUSH"),
            ("PUSH", "PULL"),
            ("XPUB", "SUB XSUB"),
            ("XSUB", "PUB XPUB"),
            ("STREAM", ""),
            ("SERVER", "CLIENT"),
            ("CLIENT", "SERVER"),
            ("RADIO", "DISH"),
            ("DISH", "RADIO"),
            ("GATHER", "SCATTER"),
            ("SCATTER", "GATHER"),
            ("DGRAM", ""),
            ("PEER", "PEER"),
            ("CHANNEL", "CHANNEL"),
        ];
        for (own, (name, peers)) in SocketType::ALL.into_iter().zip(table) {
            assert_eq!(own.name(), name);
            for peer in SocketType::ALL {
                let expected = peers.split(' ').any(|accepted| accepted == peer.name());
                assert_eq!(own.is_compatible_with(peer), expected, "{own} with {peer}");
                assert_eq!(own.is_compatible_with(peer), peer.is_compatible_with(own));
            }
        }
    }
}
