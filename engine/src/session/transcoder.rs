//! Messages to and from a peer that reads another form than the pipes': ZMTP 1.0 with its own framing, and subscriptions
//! as messages where the peer is older than 3.1.
//!
//! Outbound, whole messages are visited in the pipe and written anew; they are consumed when the kernel has
//! accepted their last byte. Inbound, frames are collected here and written to the pipe one by one.

use ringmq_wire::{self as wire, Command, FrameHeader, Framing, HEADER_BYTES_MAX};

use super::subscriptions::{CANCEL, SUBSCRIBE, message};
use crate::pipe::{Reader, Writer};

/// How many bytes of messages one send carries to a 1.0 peer.
const ENCODED_BYTES_MAX: usize = 64 << 10;

/// The state of both directions.
#[derive(Debug, Default)]
pub(super) struct Transcoder {
    /// The framing that the peer reads; `None` before the handshake is done.
    framing: Option<Framing>,
    /// Encoded messages of which a part may have been sent.
    encoded: Vec<u8>,
    /// Where each encoded message ends.
    ends: Vec<usize>,
    /// How many encoded bytes the kernel accepted.
    sent: usize,
    /// Received bytes of a frame that is not whole yet.
    pending: Vec<u8>,
}

impl Transcoder {
    /// The handshake is done. Returns whether the peer reads another form than the pipe's.
    pub(super) fn is_needed(&mut self, wire: &wire::Connection, sends_subscriptions: bool) -> bool {
        self.framing = wire.framing();
        let has_commands = wire
            .peer()
            .is_some_and(|peer| peer.version().subscribes_by_command());
        self.framing == Some(Framing::V1) || sends_subscriptions && !has_commands
    }

    pub(super) fn is_at_message_boundary(&self) -> bool {
        self.sent == 0
    }

    /// Appends to `scratch` what is to be sent next.
    pub(super) fn encode(&mut self, outbound: &mut Reader, scratch: &mut Vec<u8>) {
        if self.encoded.is_empty() {
            let framing = self.framing.expect("messages follow the handshake");
            let Self { encoded, ends, .. } = self;
            outbound.visit_messages(ENCODED_BYTES_MAX, |frame| {
                if frame.command {
                    encode_subscription(&frame.body, framing, encoded);
                } else {
                    encode_frame(frame.more, &frame.body, framing, encoded);
                }
                if !frame.more {
                    ends.push(encoded.len());
                }
            });
        }
        scratch.extend_from_slice(&self.encoded[self.sent..]);
    }

    /// The kernel accepted `bytes` more.
    pub(super) fn sent(&mut self, bytes: usize, outbound: &mut Reader) {
        self.sent += bytes;
        assert!(
            self.sent <= self.encoded.len(),
            "no more is accepted than was sent"
        );
        if self.sent == self.encoded.len() {
            outbound.skip_messages(self.ends.len());
            self.forget();
        }
    }

    /// The connection is gone: consumes what was sent whole and the message that was sent by half. Returns
    /// whether there was one of those.
    pub(super) fn connection_lost(&mut self, outbound: &mut Reader) -> bool {
        let whole = self.ends.iter().filter(|end| **end <= self.sent).count();
        let boundary = if whole == 0 { 0 } else { self.ends[whole - 1] };
        let half = self.sent > boundary;
        outbound.skip_messages(whole + usize::from(half));
        self.forget();
        half
    }

    fn forget(&mut self) {
        self.encoded.clear();
        self.ends.clear();
        self.sent = 0;
    }

    /// Takes received bytes; whole frames go to the pipe. Returns what it leaves unused, and the header of a large
    /// frame that begins there, if one does.
    pub(super) fn decode<'a>(
        &mut self,
        wire: &mut wire::Connection,
        writer: &mut Writer,
        mut bytes: &'a [u8],
    ) -> Result<(&'a [u8], Option<FrameHeader>), wire::Error> {
        loop {
            let Some((header, header_bytes)) = self.header(&mut bytes)? else {
                return Ok((bytes, None));
            };
            let body_bytes = header.body_bytes as usize;
            if body_bytes > wire::LARGE_BODY_BYTES_DEFAULT {
                wire.account_v1(header)?;
                self.pending.clear();
                return Ok((bytes, Some(header)));
            }
            let missing = header_bytes + body_bytes - self.pending.len();
            let taken = missing.min(bytes.len());
            self.pending.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if taken < missing {
                return Ok((bytes, None));
            }
            wire.account_v1(header)?;
            writer.write_frame(header.more, &self.pending[header_bytes..]);
            self.pending.clear();
        }
    }

    /// Collects a whole header, byte by byte: a frame may be as short as two bytes.
    fn header(&mut self, bytes: &mut &[u8]) -> Result<Option<(FrameHeader, usize)>, wire::Error> {
        loop {
            if let Some(found) = FrameHeader::decode(Framing::V1, &self.pending)? {
                return Ok(Some(found));
            }
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            self.pending.push(*first);
            *bytes = rest;
        }
    }
}

/// A subscription as the message it was before ZMTP 3.1.
fn encode_subscription(body: &[u8], framing: Framing, encoded: &mut Vec<u8>) {
    let (byte, topic) = match Command::decode(body) {
        Ok(Command::Subscribe { topic }) => (SUBSCRIBE, topic),
        Ok(Command::Cancel { topic }) => (CANCEL, topic),
        _ => unreachable!("sockets write no other commands into pipes"),
    };
    encode_frame(false, &message(byte, topic), framing, encoded);
}

fn encode_frame(more: bool, body: &[u8], framing: Framing, encoded: &mut Vec<u8>) {
    let header = FrameHeader::message(more, body.len() as u64);
    let mut buffer = [0; HEADER_BYTES_MAX];
    let header_bytes = header.encode(framing, &mut buffer);
    encoded.extend_from_slice(&buffer[..header_bytes]);
    encoded.extend_from_slice(body);
}
