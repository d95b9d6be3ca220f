//! A frame on its way from an application into pipes, and why it may have to go back.

use crate::memory::Body;
use crate::pipe::Writer;

/// A frame on its way into a pipe.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing<'a> {
    /// Copied into a chunk.
    Copied(&'a [u8]),
    /// Sent by reference.
    Shared(Body),
}

impl Outgoing<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(body) => body,
        }
    }
}

/// Writes a frame; the caller has seen that the pipe takes it.
#[inline]
pub(super) fn write(writer: &mut Writer, frame: Outgoing<'_>, more: bool) {
    match frame {
        Outgoing::Copied(bytes) if writer.conflates() => writer.replace(Body::from(bytes.to_vec())),
        Outgoing::Shared(body) if writer.conflates() => writer.replace(body),
        Outgoing::Copied(bytes) => writer.write_frame(more, bytes),
        Outgoing::Shared(body) => writer.write_body(more, body),
    }
}

/// Why a pattern did not take a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No pipe can take a message now.
    Full,
    /// The type does not send.
    Unsupported,
    /// A request is to be received, or a reply to be awaited, before the next send.
    OutOfTurn,
    /// Nobody has the routing id that the message names.
    Unroutable,
}

/// A frame that comes back. Later frames of a message never do.
pub(crate) type Refused<'a> = (Refusal, Outgoing<'a>);

/// Why a pattern handed nothing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// No message is there.
    Empty,
    /// The type does not receive.
    Unsupported,
    /// A request is to be sent, or a reply, before the next receive.
    OutOfTurn,
}
