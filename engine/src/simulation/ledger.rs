//! Stamped messages, and the book that says whether what arrived was allowed to.

use std::collections::HashMap;

use crate::counters::Statistics;
use crate::message::{Message, Multipart};

/// Chance that follows from a seed (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) const fn below(&mut self, bound: u32) -> u32 {
        (self.roll() % bound as u64) as u32
    }

    pub(super) const fn chance(&mut self, of_a_thousand: u32) -> bool {
        self.below(1_000) < of_a_thousand
    }
}

/// The stamp at the start of every frame.
pub(super) const STAMP_BYTES: usize = 8;

/// A message whose frames say who sent it, which it is, and how many frames it has.
pub(super) fn stamped(
    sender: u8,
    sequence: u32,
    frame_bytes_max: usize,
    parts_max: u8,
) -> Multipart {
    let mut dice = Dice::new(u64::from(sender) << 32 | u64::from(sequence));
    let parts = 1 + dice.below(u32::from(parts_max)) as u8;
    let frame = |part: u8| {
        let mut body = vec![sender, part, parts, 0];
        body.extend(sequence.to_le_bytes());
        // Most frames are small, some are as large as they may be.
        let most = if dice.chance(700) {
            40
        } else {
            frame_bytes_max
        };
        let filler = dice.below((most - STAMP_BYTES) as u32 + 1) as usize;
        body.extend((0..filler).map(|i| (i as u8).wrapping_mul(31) ^ sequence as u8));
        Message::from(body)
    };
    (0..parts).map(frame).collect()
}

/// Which message it is: its sender, and its number there.
pub(super) type Stamp = (u8, u32);

/// Reads the stamp of a frame.
pub(super) fn stamp(frame: &[u8]) -> Stamp {
    let sequence = frame[4..8].try_into().expect("four bytes");
    (frame[0], u32::from_le_bytes(sequence))
}

/// What was sent and what arrived.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accepted: HashMap<u8, u32>,
    /// The sequence number last delivered, by sender.
    last: HashMap<u8, u32>,
    delivered: u64,
    /// Frames of the message that is being received.
    parts: Vec<Message>,
}

impl Ledger {
    pub(super) fn accept(&mut self, sender: u8) {
        *self.accepted.entry(sender).or_default() += 1;
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.values().map(|count| u64::from(*count)).sum()
    }

    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// A frame was received: checks that its message is whole, unrepeated, in order, and as it was sent.
    pub(super) fn deliver(&mut self, frame: Message, frame_bytes_max: usize, parts_max: u8) {
        let more = frame.more();
        self.parts.push(frame);
        if more {
            return;
        }
        let parts = std::mem::take(&mut self.parts);
        let (sender, sequence) = stamp(&parts[0]);
        let sent = stamped(sender, sequence, frame_bytes_max, parts_max);
        assert_eq!(
            parts.len(),
            sent.len(),
            "sender {sender} message {sequence}: part of a message"
        );
        assert_eq!(
            parts,
            &sent[..],
            "sender {sender} message {sequence}: not what was sent"
        );
        let last = self.last.insert(sender, sequence);
        assert!(
            last.is_none_or(|last| last < sequence),
            "sender {sender}: message {sequence} after {last:?}"
        );
        self.delivered += 1;
    }

    /// The receiving process died: what it had of a message is gone.
    pub(super) fn forget_parts(&mut self) {
        self.parts.clear();
    }

    /// Settles the account, to the message: what was accepted is delivered, counted as dropped, or was `in_kernel`: the
    /// network took it whole and did not bring it whole.
    pub(super) fn settle(&self, counted: &[Statistics], in_kernel: u64, breaks: bool) {
        assert!(self.parts.is_empty(), "a message was left half received");
        let drops: u64 = counted
            .iter()
            .map(|counts| {
                counts.dropped_half_sent
                    + counts.dropped_peer_gone
                    + counts.dropped_linger
                    + counts.dropped_closed
                    + counts.dropped_unfinished
            })
            .sum();
        let (delivered, accepted) = (self.delivered, self.accepted());
        assert_eq!(
            delivered + drops + in_kernel,
            accepted,
            "{delivered} delivered, {drops} dropped, {in_kernel} lost by the network: not what was accepted"
        );
        if !breaks {
            assert_eq!(in_kernel, 0, "lost without a broken connection");
            assert_eq!(drops, 0, "dropped without a broken connection");
        }
    }
}
