//! Commands: the bodies of COMMAND frames, `name_bytes(1) name data` (RFC 37).

use crate::frame::HEADER_BYTES_MAX;
use crate::{Error, FrameHeader, Framing};

/// A PING's context is answered with at most this many of its bytes.
pub const PING_CONTEXT_BYTES_MAX: usize = 16;

/// A command, with its data borrowed from the frame's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// The sender is ready for traffic.
    Ready {
        /// A property list; see [`Metadata`](crate::Metadata).
        metadata: &'a [u8],
    },
    /// The sender ends the connection.
    Error {
        /// Why: at most 255 bytes.
        reason: &'a [u8],
    },
    /// The sender wants messages that start with the topic.
    Subscribe {
        /// The prefix.
        topic: &'a [u8],
    },
    /// The sender takes one SUBSCRIBE back.
    Cancel {
        /// The prefix.
        topic: &'a [u8],
    },
    /// The sender wants messages of the group.
    Join {
        /// The group.
        group: &'a [u8],
    },
    /// The sender takes a JOIN back.
    Leave {
        /// The group.
        group: &'a [u8],
    },
    /// The sender wants a PONG.
    Ping {
        /// Tenths of a second after which silence from the sender means that it is gone; 0 for never.
        ttl: u16,
        /// What the PONG is to repeat. Any length is read; see [`PING_CONTEXT_BYTES_MAX`].
        context: &'a [u8],
    },
    /// The answer to a PING.
    Pong {
        /// The PING's context.
        context: &'a [u8],
    },
    /// A command of a mechanism or version that we do not know.
    Unknown {
        /// Its name.
        name: &'a [u8],
        /// Its data.
        data: &'a [u8],
    },
}

impl<'a> Command<'a> {
    /// Reads the body of a COMMAND frame.
    ///
    /// # Errors
    /// [`Error::MalformedCommand`] if the name is empty or longer than the body, or the data of a known
    /// command is too short for it.
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let (&name_bytes, rest) = body.split_first().ok_or(Error::MalformedCommand)?;
        if name_bytes == 0 {
            return Err(Error::MalformedCommand);
        }
        let (name, data) = rest
            .split_at_checked(usize::from(name_bytes))
            .ok_or(Error::MalformedCommand)?;
        Ok(match name {
            b"READY" => Self::Ready { metadata: data },
            b"SUBSCRIBE" => Self::Subscribe { topic: data },
            b"CANCEL" => Self::Cancel { topic: data },
            b"JOIN" => Self::Join { group: data },
            b"LEAVE" => Self::Leave { group: data },
            b"PONG" => Self::Pong { context: data },
            b"PING" => {
                let (ttl, context) = data
                    .split_first_chunk::<2>()
                    .ok_or(Error::MalformedCommand)?;
                Self::Ping {
                    ttl: u16::from_be_bytes(*ttl),
                    context,
                }
            }
            b"ERROR" => {
                let (&reason_bytes, rest) = data.split_first().ok_or(Error::MalformedCommand)?;
                let reason = rest
                    .get(..usize::from(reason_bytes))
                    .ok_or(Error::MalformedCommand)?;
                Self::Error { reason }
            }
            _ => Self::Unknown { name, data },
        })
    }

    /// Appends the command as one whole frame of v2 framing. Allocates only what `into` lacks.
    ///
    /// # Panics
    /// The reason of an ERROR, or the name of an unknown command, is longer than 255 bytes.
    pub fn encode(&self, into: &mut Vec<u8>) {
        let (ttl_bytes, reason_bytes);
        let (name, lead, data): (&[u8], &[u8], &[u8]) = match *self {
            Self::Ready { metadata } => (b"READY", &[], metadata),
            Self::Subscribe { topic } => (b"SUBSCRIBE", &[], topic),
            Self::Cancel { topic } => (b"CANCEL", &[], topic),
            Self::Join { group } => (b"JOIN", &[], group),
            Self::Leave { group } => (b"LEAVE", &[], group),
            Self::Pong { context } => (b"PONG", &[], context),
            Self::Unknown { name, data } => (name, &[], data),
            Self::Ping { ttl, context } => {
                ttl_bytes = ttl.to_be_bytes();
                (b"PING", &ttl_bytes, context)
            }
            Self::Error { reason } => {
                let length = u8::try_from(reason.len());
                reason_bytes = [length.expect("a reason has at most 255 bytes")];
                (b"ERROR", &reason_bytes, reason)
            }
        };
        let name_bytes = u8::try_from(name.len()).expect("a name has at most 255 bytes");
        let body_bytes = 1 + name.len() + lead.len() + data.len();
        let mut buffer = [0; HEADER_BYTES_MAX];
        let header = FrameHeader::command(body_bytes as u64);
        let header_bytes = header.encode(Framing::V2, &mut buffer);
        into.extend_from_slice(&buffer[..header_bytes]);
        into.push(name_bytes);
        for part in [name, lead, data] {
            into.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(frame: &[u8]) -> &[u8] {
        let (header, header_bytes) = FrameHeader::decode(Framing::V2, frame)
            .expect("own frames are well-formed")
            .expect("own frames are whole");
        assert!(header.command);
        assert_eq!(header.body_bytes, (frame.len() - header_bytes) as u64);
        &frame[header_bytes..]
    }

    #[test]
    fn commands_come_back_as_they_were() {
        let long = [b't'; 1000];
        for command in [
            Command::Ready {
                metadata: b"\x01n\0\0\0\0",
            },
            Command::Error { reason: b"400" },
            Command::Subscribe { topic: b"" },
            Command::Subscribe { topic: &long },
            Command::Cancel { topic: b"t" },
            Command::Join { group: b"g" },
            Command::Leave { group: b"g" },
            Command::Ping {
                ttl: 300,
                context: b"ctx",
            },
            Command::Pong { context: b"ctx" },
            Command::Unknown {
                name: b"NEXT",
                data: b"data",
            },
        ] {
            let mut frame = Vec::new();
            command.encode(&mut frame);
            assert_eq!(Command::decode(body(&frame)), Ok(command));
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_standard() {
        let mut frame = Vec::new();
        Command::Ping {
            ttl: 10,
            context: b"ab",
        }
        .encode(&mut frame);
        assert_eq!(frame, b"\x04\x09\x04PING\x00\x0aab");
        frame.clear();
        Command::Subscribe { topic: b"a" }.encode(&mut frame);
        assert_eq!(frame, b"\x04\x0b\x09SUBSCRIBEa");
    }

    #[test]
    fn bodies_too_short_for_their_name_or_data_are_malformed() {
        for body in [
            b"".as_slice(),
            b"\0",
            b"\0x",
            b"\x05REA",
            b"\xff",
            b"\x04PING",
            b"\x04PING\x01",
            b"\x05ERROR",
            b"\x05ERROR\x04abc",
        ] {
            assert_eq!(
                Command::decode(body),
                Err(Error::MalformedCommand),
                "{body:?}"
            );
        }
    }

    #[test]
    fn names_are_compared_byte_for_byte() {
        assert_eq!(
            Command::decode(b"\x04ping\0\0"),
            Ok(Command::Unknown {
                name: b"ping",
                data: b"\0\0"
            })
        );
    }
}
