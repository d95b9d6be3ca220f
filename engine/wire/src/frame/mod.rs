//! Frame headers of both framings: decoding and encoding, no bodies and no limits but the protocol's own.

use crate::{Error, Framing};

/// The most bytes a frame header takes: v1's long form. v2's takes nine.
pub const HEADER_BYTES_MAX: usize = 10;

/// The largest body a frame can have: 2^63-1 bytes.
pub const BODY_BYTES_MAX: u64 = i64::MAX as u64;

pub(crate) const MORE: u8 = 0x01;
pub(crate) const LONG: u8 = 0x02;
pub(crate) const COMMAND: u8 = 0x04;

/// In v1 this first byte says that eight bytes of size follow.
const V1_LONG: u8 = 0xff;

/// What a frame's header says.
///
/// Reserved flag bits are not looked at, as libzmq does not: a walker over raw frames must mask them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// More parts of the same message follow.
    pub more: bool,
    /// The frame is a command; never in v1.
    pub command: bool,
    /// The size of the body, without header and flags.
    pub body_bytes: u64,
}

impl FrameHeader {
    /// The header of a message frame.
    #[must_use]
    pub const fn message(more: bool, body_bytes: u64) -> Self {
        Self {
            more,
            command: false,
            body_bytes,
        }
    }

    /// The header of a command.
    #[must_use]
    pub const fn command(body_bytes: u64) -> Self {
        Self {
            more: false,
            command: true,
            body_bytes,
        }
    }

    /// Reads the header at the start of `input` and says how many bytes it took; `None` if it is not all there.
    ///
    /// # Errors
    /// [`Error::BadFrameSize`] for a size that no frame can have, [`Error::MalformedCommand`] for a command
    /// that says that more parts follow.
    #[inline]
    pub fn decode(framing: Framing, input: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        match framing {
            Framing::V1 => Self::decode_v1(input),
            Framing::V2 => Self::decode_v2(input),
        }
    }

    #[inline]
    fn decode_v2(input: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        let Some(&[flags, short]) = input.first_chunk::<2>() else {
            return Ok(None);
        };
        let (body_bytes, header_bytes) = if flags & LONG == 0 {
            (u64::from(short), 2)
        } else {
            let Some(long) = input.get(1..).and_then(|size| size.first_chunk::<8>()) else {
                return Ok(None);
            };
            (u64::from_be_bytes(*long), 9)
        };
        if body_bytes > BODY_BYTES_MAX {
            return Err(Error::BadFrameSize { bytes: body_bytes });
        }
        let header = Self {
            more: flags & MORE != 0,
            command: flags & COMMAND != 0,
            body_bytes,
        };
        if header.more && header.command {
            return Err(Error::MalformedCommand);
        }
        Ok(Some((header, header_bytes)))
    }

    fn decode_v1(input: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        let Some(&first) = input.first() else {
            return Ok(None);
        };
        let (size, size_bytes) = if first == V1_LONG {
            let Some(long) = input.get(1..).and_then(|size| size.first_chunk::<8>()) else {
                return Ok(None);
            };
            (u64::from_be_bytes(*long), 9)
        } else {
            (u64::from(first), 1)
        };
        // The size counts the flags byte, so zero cannot be, and 2^63 still is a body of 2^63-1.
        let body_bytes = size.wrapping_sub(1);
        if body_bytes > BODY_BYTES_MAX {
            return Err(Error::BadFrameSize { bytes: size });
        }
        let Some(flags) = input.get(size_bytes) else {
            return Ok(None);
        };
        let header = Self::message(flags & MORE != 0, body_bytes);
        Ok(Some((header, size_bytes + 1)))
    }

    /// Writes the header to the front of `buffer`, in its shortest form, and returns how many bytes it took.
    ///
    /// # Panics
    /// The body is larger than [`BODY_BYTES_MAX`], a command has `more` set, or a command is to go to a peer
    /// of v1 framing, which has none.
    #[inline]
    pub fn encode(self, framing: Framing, buffer: &mut [u8; HEADER_BYTES_MAX]) -> usize {
        assert!(
            self.body_bytes <= BODY_BYTES_MAX,
            "no memory holds such a body"
        );
        assert!(!(self.more && self.command), "a command is one frame");
        match framing {
            Framing::V1 => self.encode_v1(buffer),
            Framing::V2 => self.encode_v2(buffer),
        }
    }

    #[inline]
    fn encode_v2(self, buffer: &mut [u8; HEADER_BYTES_MAX]) -> usize {
        let flags = (u8::from(self.more) * MORE) | (u8::from(self.command) * COMMAND);
        if let Ok(short) = u8::try_from(self.body_bytes) {
            buffer[..2].copy_from_slice(&[flags, short]);
            return 2;
        }
        buffer[0] = flags | LONG;
        buffer[1..9].copy_from_slice(&self.body_bytes.to_be_bytes());
        9
    }

    fn encode_v1(self, buffer: &mut [u8; HEADER_BYTES_MAX]) -> usize {
        assert!(!self.command, "v1 framing has no commands");
        let size = self.body_bytes + 1;
        let flags = u8::from(self.more) * MORE;
        match u8::try_from(size) {
            Ok(short) if short != V1_LONG => {
                buffer[..2].copy_from_slice(&[short, flags]);
                2
            }
            _ => {
                buffer[0] = V1_LONG;
                buffer[1..9].copy_from_slice(&size.to_be_bytes());
                buffer[9] = flags;
                10
            }
        }
    }
}

#[cfg(test)]
mod tests;
