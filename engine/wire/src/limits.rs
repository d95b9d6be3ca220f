//! What a peer may make us hold or count: the fixed limits of the handshake and the settable ones of traffic.

use crate::greeting::GREETING_BYTES;

/// The most bytes a peer may send before the connection is established.
pub const HANDSHAKE_BYTES_MAX: usize = 64 * 1024;

/// The largest command body a peer may send before the connection is established.
pub const HANDSHAKE_COMMAND_BYTES_MAX: usize = 16 * 1024;

/// The most properties a READY may carry.
pub const HANDSHAKE_PROPERTIES_MAX: usize = 64;

/// Bodies above this many bytes are left to the session unless it sets another threshold.
pub const LARGE_BODY_BYTES_DEFAULT: usize = 4096;

// NULL takes one command from the peer, so the limit of a command and the greeting's fixed size keep the
// total by themselves, without a counter. A mechanism with more steps must count.
const _: () = assert!(
    GREETING_BYTES + crate::frame::HEADER_BYTES_MAX + HANDSHAKE_COMMAND_BYTES_MAX
        <= HANDSHAKE_BYTES_MAX
);

/// Limits on established traffic, each checked from a frame's header, before its body arrives.
///
/// `None` is no limit. The defaults are those of the native API; a drop-in for libzmq sets all to `None` and
/// `frame_bytes_max` to `ZMQ_MAXMSGSIZE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of one message frame, in bytes. Default: none, `message_bytes_max` decides.
    pub frame_bytes_max: Option<u64>,
    /// The largest message, all parts together, in bytes of body. Default: 64 MiB.
    pub message_bytes_max: Option<u64>,
    /// The most parts a message may have. Default: 65 536.
    pub parts_max: Option<u32>,
    /// The largest body of a command, in bytes: in effect the longest topic. Default: 64 KiB + 16.
    pub command_bytes_max: Option<u64>,
}

impl Limits {
    /// No limit at all, except that a size above 2^63-1 is never accepted.
    pub const NONE: Self = Self {
        frame_bytes_max: None,
        message_bytes_max: None,
        parts_max: None,
        command_bytes_max: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: None,
            message_bytes_max: Some(64 << 20),
            parts_max: Some(65_536),
            command_bytes_max: Some((64 << 10) + 16),
        }
    }
}
