//! The layout of a frame in a pipe: ZMTP 3 framing, always in its shortest form.
//!
//! `flags(1) size(1) body` up to 255 bytes, else `flags(1) size(8, big-endian) body`.

/// More frames of the same message follow.
pub(super) const MORE: u8 = 1;
/// The size takes eight bytes.
const LONG: u8 = 2;
/// The frame is a command: it belongs to the connection, not to a message.
pub(super) const COMMAND: u8 = 4;

/// Bytes before the body of a short frame.
pub(super) const SHORT_HEAD: usize = 2;
/// Bytes before the body of a long frame.
pub(super) const LONG_HEAD: usize = 9;

/// A frame's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The flags byte.
    pub(super) flags: u8,
    /// Bytes before the body.
    pub(super) bytes: usize,
    /// Bytes of the body.
    pub(super) body: usize,
}

impl Head {
    /// Bytes that the head of a frame with a body of `body` bytes takes.
    #[inline]
    pub(super) const fn bytes_for(body: usize) -> usize {
        if body <= 255 { SHORT_HEAD } else { LONG_HEAD }
    }

    /// Whether more frames of the same message follow.
    #[inline]
    pub(super) const fn more(self) -> bool {
        self.flags & MORE != 0
    }

    /// Whether the frame is a command.
    #[inline]
    pub(super) const fn is_command(self) -> bool {
        self.flags & COMMAND != 0
    }
}

/// Writes the head of a frame whose body does not fit a short one.
pub(super) const fn long_head(flags: u8, body: usize) -> [u8; LONG_HEAD] {
    let size = (body as u64).to_be_bytes();
    [
        flags | LONG,
        size[0],
        size[1],
        size[2],
        size[3],
        size[4],
        size[5],
        size[6],
        size[7],
    ]
}

/// Whether `flags` announce a size of eight bytes.
#[inline]
pub(super) const fn is_long(flags: u8) -> bool {
    flags & LONG != 0
}
