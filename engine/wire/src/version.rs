//! The versions of ZMTP that a connection can end up with, and the two framings they use.

/// A version of ZMTP, settled by the peer's greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// ZMTP 1.0 (RFC 13): v1 framing, an identity frame, no socket type. Peers without a greeting too.
    V1_0,
    /// ZMTP 2.0 (RFC 15): v2 framing, an identity frame, the socket type as a number in the greeting.
    V2_0,
    /// ZMTP 3.0 (RFC 23): mechanisms and metadata; subscriptions travel as messages `01`/`00` + topic.
    V3_0,
    /// ZMTP 3.1 (RFC 37): subscriptions travel as commands.
    V3_1,
}

impl Version {
    /// How frames are laid out in this version.
    #[must_use]
    pub const fn framing(self) -> Framing {
        match self {
            Self::V1_0 => Framing::V1,
            Self::V2_0 | Self::V3_0 | Self::V3_1 => Framing::V2,
        }
    }

    /// Whether peers of this version know commands, and so ERROR.
    #[must_use]
    pub const fn has_commands(self) -> bool {
        matches!(self, Self::V3_0 | Self::V3_1)
    }

    /// Whether PING belongs to this version. Later implementations of 3.0 send it, too, but not all know it.
    #[must_use]
    pub const fn has_heartbeats(self) -> bool {
        matches!(self, Self::V3_1)
    }

    /// Whether subscriptions are sent to such a peer as SUBSCRIBE and CANCEL commands. All others get messages.
    #[must_use]
    pub const fn subscribes_by_command(self) -> bool {
        matches!(self, Self::V3_1)
    }
}

/// How a frame's flags and size are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Size first, counting the flags byte: `L flags body`, or `FF` and eight bytes of size.
    V1,
    /// Flags first: `flags size body`, with one or eight bytes of size.
    V2,
}
