//! Peers' subscriptions on their way to PUB and XPUB: SUBSCRIBE and CANCEL commands become the messages that they were
//! before ZMTP 3.1, so that the pipe counts them and the pattern knows one form.

use ringmq_wire::{self as wire, Command, FrameHeader, Framing};

use crate::memory::Body;
use crate::pipe::Writer;

/// The first byte of a message that asks for a topic (RFC 23).
pub(super) const SUBSCRIBE: u8 = 1;
/// The first byte of a message that takes a topic back.
pub(super) const CANCEL: u8 = 0;
/// A longer topic goes into the pipe by reference.
const COPIED_TOPIC_BYTES_MAX: usize = 4 << 10;

/// Puts whole frames of v2 framing into the pipe one by one. The tail is empty.
pub(super) fn take_frames(inbound: &mut Writer, mut frames: &[u8]) -> Result<(), wire::Error> {
    while let Some((header, header_bytes)) = FrameHeader::decode(Framing::V2, frames)? {
        let end = header_bytes + header.body_bytes as usize;
        let body = &frames[header_bytes..end];
        if header.command {
            take_command(inbound, body)?;
        } else {
            inbound.write_frame(header.more, body);
        }
        frames = &frames[end..];
    }
    Ok(())
}

/// Puts a SUBSCRIBE or CANCEL into the pipe; other commands are the wire's.
pub(super) fn take_command(inbound: &mut Writer, body: &[u8]) -> Result<(), wire::Error> {
    let (byte, topic) = match Command::decode(body)? {
        Command::Subscribe { topic } => (SUBSCRIBE, topic),
        Command::Cancel { topic } => (CANCEL, topic),
        _ => return Ok(()),
    };
    if inbound.is_inside_message() {
        // RFC 37: between the frames of a message there is nothing that a socket must see.
        return Err(wire::Error::MalformedCommand);
    }
    let message = message(byte, topic);
    if message.len() <= COPIED_TOPIC_BYTES_MAX {
        inbound.write_frame(false, &message);
    } else {
        inbound.write_body(false, Body::from(message));
    }
    Ok(())
}

/// What a subscription is as a message.
pub(super) fn message(byte: u8, topic: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(1 + topic.len());
    message.push(byte);
    message.extend_from_slice(topic);
    message
}
