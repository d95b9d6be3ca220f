//! Why a connection ends: which rule was broken, and whether it is worth connecting again.

use std::fmt;

use crate::{MetadataFault, SocketType};

/// Why a connection ended. All but the timeouts are the peer's breach of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are neither a greeting nor the identity frame of a ZMTP 1.0 peer.
    BadGreeting,
    /// The peer wants a mechanism that we do not.
    MechanismMismatch {
        /// The mechanism it named.
        peer: MechanismName,
    },
    /// The peer names a socket type that nobody knows.
    UnknownSocketType,
    /// The peer's socket type may not talk to ours.
    IncompatibleSocket {
        /// The type it announced.
        peer: SocketType,
    },
    /// The frame in which a 1.0 or 2.0 peer sends its routing id is a command, has more parts, or is too long.
    BadIdentity,
    /// READY's metadata breaks its own rules.
    MalformedReady(MetadataFault),
    /// READY carries more properties than [`HANDSHAKE_PROPERTIES_MAX`](crate::HANDSHAKE_PROPERTIES_MAX).
    TooManyProperties,
    /// A handshake command is larger than [`HANDSHAKE_COMMAND_BYTES_MAX`](crate::HANDSHAKE_COMMAND_BYTES_MAX).
    HandshakeTooLarge,
    /// The handshake did not end in time.
    HandshakeTimeout,
    /// A frame claims a size that no frame can have: above 2^63-1, or, in v1, too small for its flags.
    BadFrameSize {
        /// The size as it stands on the wire.
        bytes: u64,
    },
    /// A frame is larger than [`Limits::frame_bytes_max`](crate::Limits::frame_bytes_max).
    FrameTooLarge {
        /// The size of its body.
        bytes: u64,
    },
    /// A message is larger than [`Limits::message_bytes_max`](crate::Limits::message_bytes_max).
    MessageTooLarge {
        /// The size of its parts, up to and with the one that went too far.
        bytes: u64,
    },
    /// A message has more parts than [`Limits::parts_max`](crate::Limits::parts_max).
    TooManyParts,
    /// A command is larger than [`Limits::command_bytes_max`](crate::Limits::command_bytes_max).
    CommandTooLarge {
        /// The size of its body.
        bytes: u64,
    },
    /// A command's name or data does not fit its size, or its frame says that more parts follow.
    MalformedCommand,
    /// A message frame or a command other than READY during the handshake, or READY after it.
    UnexpectedCommand,
    /// The peer ended the connection with an ERROR command.
    PeerError(Reason),
    /// Nothing came from the peer for as long as our heartbeat, or its own time-to-live, allows.
    HeartbeatTimeout,
}

impl Error {
    /// Whether a new connection may fare better. A peer that broke the protocol will break it again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::HandshakeTimeout | Self::HeartbeatTimeout)
    }

    /// What an ERROR command tells the peer about its handshake; nothing where it could not read one.
    pub(crate) const fn reason_for_peer(&self) -> Option<&'static [u8]> {
        match self {
            Self::UnknownSocketType => Some(b"unknown socket type"),
            Self::IncompatibleSocket { .. } => Some(b"incompatible socket type"),
            Self::MalformedReady(_) => Some(b"malformed metadata"),
            Self::TooManyProperties => Some(b"too many properties"),
            Self::HandshakeTooLarge => Some(b"handshake too large"),
            Self::MalformedCommand => Some(b"malformed command"),
            Self::UnexpectedCommand => Some(b"unexpected command"),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadGreeting => f.write_str("peer does not speak ZMTP"),
            Self::MechanismMismatch { peer } => write!(f, "peer wants mechanism {peer}"),
            Self::UnknownSocketType => f.write_str("peer names an unknown socket type"),
            Self::IncompatibleSocket { peer } => write!(f, "peer is an incompatible {peer} socket"),
            Self::BadIdentity => f.write_str("peer sent a bad identity frame"),
            Self::MalformedReady(fault) => write!(f, "peer sent malformed metadata: {fault}"),
            Self::TooManyProperties => f.write_str("peer sent too many properties"),
            Self::HandshakeTooLarge => f.write_str("peer sent a handshake command too large"),
            Self::HandshakeTimeout => f.write_str("handshake timed out"),
            Self::BadFrameSize { bytes } => write!(f, "peer sent an impossible frame size {bytes}"),
            Self::FrameTooLarge { bytes } => write!(f, "peer sent a frame of {bytes} bytes"),
            Self::MessageTooLarge { bytes } => write!(f, "peer sent a message of {bytes} bytes"),
            Self::TooManyParts => f.write_str("peer sent a message of too many parts"),
            Self::CommandTooLarge { bytes } => write!(f, "peer sent a command of {bytes} bytes"),
            Self::MalformedCommand => f.write_str("peer sent a malformed command"),
            Self::UnexpectedCommand => f.write_str("peer sent a command out of place"),
            Self::PeerError(reason) => write!(f, "peer refused the connection: {reason}"),
            Self::HeartbeatTimeout => f.write_str("peer fell silent"),
        }
    }
}

impl std::error::Error for Error {}

/// The reason in a peer's ERROR command: at most 255 bytes, of any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(Box<[u8]>);

impl Reason {
    /// A reason made of the first 255 of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..usize::from(u8::MAX)).unwrap_or(bytes);
        Self(bytes.into())
    }

    /// The bytes as sent. ZAP refusals are the three digits of the status.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The mechanism field of a greeting: a name of at most 20 bytes, padded with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MechanismName(pub(crate) [u8; 20]);

impl MechanismName {
    /// The whole field.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for MechanismName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self
            .0
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        write!(f, "{}", self.0[..end].escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_timeouts_are_worth_another_connection() {
        assert!(Error::HandshakeTimeout.is_retryable());
        assert!(Error::HeartbeatTimeout.is_retryable());
        assert!(!Error::BadGreeting.is_retryable());
        assert!(!Error::PeerError(Reason::new(b"400")).is_retryable());
    }

    #[test]
    fn what_a_peer_says_is_escaped_and_cut_when_shown() {
        let reason = Reason::new(&[0x1b; 300]);
        assert_eq!(reason.as_bytes().len(), 255);
        assert!(reason.to_string().starts_with(r"\x1b\x1b"));
        let mut field = [0; 20];
        field[..5].copy_from_slice(b"CURVE");
        assert_eq!(MechanismName(field).to_string(), "CURVE");
    }

    #[test]
    fn an_error_is_small_enough_for_the_hot_path() {
        assert!(size_of::<Error>() <= 32);
    }
}
