//! The messages that cross between peers: their sizes are those at which something changes.

/// The frames of one message.
pub(crate) type Frames = Vec<Vec<u8>>;

/// What one cell sends, by name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// One frame of so many bytes.
    Bytes(usize),
    /// So many frames of 0, 1, 2, ... bytes.
    Parts(usize),
}

/// Short and long frame headers meet at 255 and 256, a read of libzmq's ends at 8 192, and 1 MiB is no copy.
pub(crate) const CONTENTS: &[Content] = &[
    Content::Bytes(0),
    Content::Bytes(1),
    Content::Bytes(255),
    Content::Bytes(256),
    Content::Bytes(8_191),
    Content::Bytes(8_192),
    Content::Bytes(8_193),
    Content::Bytes(1 << 20),
    Content::Parts(100),
];

impl Content {
    pub(crate) fn frames(self) -> Frames {
        match self {
            Self::Bytes(bytes) => vec![body(bytes, 0)],
            Self::Parts(parts) => (0..parts).map(|part| body(part, part)).collect(),
        }
    }
}

/// Bytes that a shift, a swap or a repetition of a part would change.
pub(crate) fn body(bytes: usize, seed: usize) -> Vec<u8> {
    (0..bytes)
        .map(|place| (place.wrapping_mul(31) ^ (place >> 8) ^ seed) as u8)
        .collect()
}

/// A small message that says which one it is.
pub(crate) fn numbered(number: u32) -> Frames {
    vec![number.to_be_bytes().to_vec()]
}
