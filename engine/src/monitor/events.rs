//! Sets of events, as a monitor asks for them.

use std::ops::BitOr;

/// Which events a monitor is told; several are joined by `|`. The numbers are libzmq's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MonitorEvents(u32);

impl MonitorEvents {
    /// A connect succeeded.
    pub const CONNECTED: Self = Self(0x0001);
    /// A connect is under way.
    pub const CONNECT_DELAYED: Self = Self(0x0002);
    /// A connect will be tried again after a pause.
    pub const CONNECT_RETRIED: Self = Self(0x0004);
    /// A bind succeeded.
    pub const LISTENING: Self = Self(0x0008);
    /// A bind failed.
    pub const BIND_FAILED: Self = Self(0x0010);
    /// A connection was accepted.
    pub const ACCEPTED: Self = Self(0x0020);
    /// The system refused to accept a connection.
    pub const ACCEPT_FAILED: Self = Self(0x0040);
    /// A listener, or an attempt to connect, ended.
    pub const CLOSED: Self = Self(0x0080);
    /// A connection ended.
    pub const DISCONNECTED: Self = Self(0x0200);
    /// A handshake failed: the connection ended, or time ran out.
    pub const HANDSHAKE_FAILED_NO_DETAIL: Self = Self(0x0800);
    /// A handshake succeeded: messages may flow.
    pub const HANDSHAKE_SUCCEEDED: Self = Self(0x1000);
    /// A handshake failed: the peer broke the protocol.
    pub const HANDSHAKE_FAILED_PROTOCOL: Self = Self(0x2000);
    /// A handshake failed: the peer does not let us in.
    pub const HANDSHAKE_FAILED_AUTH: Self = Self(0x4000);
    /// All of them. That the monitor stopped is always told.
    pub const ALL: Self = Self(0xFFFF);

    /// The numbers of all events in the set, added.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether any of these is in the set.
    #[must_use]
    pub const fn contains(self, events: Self) -> bool {
        self.0 & events.0 != 0
    }
}

impl BitOr for MonitorEvents {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
