//! What the connection itself has to say: the handshake, then PING and PONG, bounded whatever the peer asks.

use crate::{Command, PING_CONTEXT_BYTES_MAX};

/// PONGs wait as bytes while fewer than this many bytes are unsent; of later ones only the newest is kept.
const UNSENT_BYTES_MAX: usize = 100;

/// The longest PONG: header, name, context.
const PONG_BYTES_MAX: usize = 2 + 5 + PING_CONTEXT_BYTES_MAX;

/// Bytes to send, in order, and the one PONG that waits for room among them.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many of `bytes` are sent.
    sent: usize,
    /// A PING is among the unsent bytes, so another would say nothing new.
    ping_waits: bool,
    /// The newest PING's context that found no room. Older ones are answered by it: a peer that pings faster
    /// than it reads learns from any PONG that we live.
    pong: Option<Context>,
}

/// A PING's context, cut to what a PONG repeats.
#[derive(Clone, Copy, Debug)]
struct Context {
    bytes: [u8; PING_CONTEXT_BYTES_MAX],
    len: usize,
}

impl Output {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Where the handshake writes; it is bounded by itself.
    pub(super) fn handshake_bytes(&mut self) -> &mut Vec<u8> {
        self.discard_sent();
        &mut self.bytes
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        assert!(
            bytes <= self.bytes().len(),
            "no more can be sent than there was"
        );
        self.sent += bytes;
        if self.bytes().is_empty() {
            self.ping_waits = false;
            // An idle connection keeps no buffer the size of its READY, but one for PING and PONG: in a flood they
            // allocate nothing.
            if self.bytes.capacity() > 2 * UNSENT_BYTES_MAX {
                self.bytes = Vec::with_capacity(UNSENT_BYTES_MAX);
                self.sent = 0;
            }
        }
        // As soon as there is room, so that a PONG waits only while there is none, and none overtakes it.
        if self.has_room()
            && let Some(context) = self.pong.take()
        {
            self.discard_sent();
            let context = &context.bytes[..context.len];
            Command::Pong { context }.encode(&mut self.bytes);
        }
    }

    pub(super) fn ping(&mut self, ttl: u16) {
        if !self.ping_waits {
            self.ping_waits = true;
            self.discard_sent();
            Command::Ping { ttl, context: &[] }.encode(&mut self.bytes);
        }
    }

    pub(super) fn pong(&mut self, context: &[u8]) {
        let context = context.get(..PING_CONTEXT_BYTES_MAX).unwrap_or(context);
        if self.has_room() {
            self.discard_sent();
            Command::Pong { context }.encode(&mut self.bytes);
        } else {
            let mut kept = Context {
                bytes: [0; PING_CONTEXT_BYTES_MAX],
                len: context.len(),
            };
            kept.bytes[..context.len()].copy_from_slice(context);
            self.pong = Some(kept);
        }
    }

    fn has_room(&self) -> bool {
        self.bytes().len() + PONG_BYTES_MAX <= UNSENT_BYTES_MAX
    }

    fn discard_sent(&mut self) {
        self.bytes.drain(..self.sent);
        self.sent = 0;
    }
}
