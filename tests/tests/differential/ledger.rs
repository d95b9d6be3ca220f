//! What each world has received, where worlds may take sources in different turns.
//!
//! A fair queue says how often each source has its turn, not who begins: that depends on when an empty pipe is found
//! empty, which differs between libraries and in libzmq between types. So a receive of the worlds may bring different
//! messages, if only, at the next drain, each world has got the same messages from each source in the same order.

use std::collections::HashMap;

use ringmq::SocketType::{self, Dealer, Pull, Router, Sub, XPub, XSub};

use crate::script::{Frames, SLOTS, Step};

/// Messages by where they came from.
type BySource = HashMap<Vec<u8>, Vec<Frames>>;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Who sent each number.
    senders: HashMap<u32, usize>,
    /// What each world has received, by slot.
    received: [Vec<BySource>; SLOTS],
}

/// Whether a type has a fair queue whose turns nothing else depends on.
pub(crate) const fn takes_turns(socket_type: SocketType) -> bool {
    matches!(socket_type, Pull | Sub | XSub | XPub | Dealer | Router)
}

/// The number of a message of a script.
fn number(frames: &Frames) -> Option<u32> {
    let digits = frames.iter().map(|frame| {
        let start = frame.0.iter().rposition(|byte| *byte == b'|');
        let digits = &frame.0[start.map_or(0, |bar| bar + 1)..];
        std::str::from_utf8(digits).ok()?.parse().ok()
    });
    digits.flatten().next()
}

/// The source of messages without a number.
const UNKNOWN: &[u8] = b"unknown";

impl Ledger {
    pub(crate) fn note_sent(&mut self, step: &Step) {
        if let Step::Send(slot, frames) = step
            && let Some(number) = number(frames)
        {
            self.senders.insert(number, *slot);
        }
        if let Step::Open(slot, _) = step {
            self.forget(*slot);
        }
    }

    /// A world has received a message; a source that cannot be told is taken for one.
    pub(crate) fn note_received(&mut self, slot: usize, world: usize, frames: &Frames) {
        let worlds = &mut self.received[slot];
        worlds.resize_with(worlds.len().max(world + 1), BySource::new);
        let sender = number(frames).and_then(|number| self.senders.get(&number));
        let source = sender.map_or(UNKNOWN.to_vec(), |sender| vec![*sender as u8]);
        worlds[world]
            .entry(source)
            .or_default()
            .push(frames.clone());
    }

    pub(crate) fn forget(&mut self, slot: usize) {
        self.received[slot].clear();
    }

    /// Whether all worlds have received the same.
    pub(crate) fn compare(&mut self, slot: usize) -> Result<(), String> {
        let worlds = &mut self.received[slot];
        for received in worlds.iter_mut() {
            // Subscriptions, and what a peer that left was subscribed to, which comes in no promised order.
            if let Some(unnumbered) = received.get_mut(UNKNOWN) {
                unnumbered.sort_by(|one, other| one[0].0.cmp(&other[0].0));
            }
        }
        for (world, received) in worlds.iter().enumerate() {
            if *received != worlds[0] {
                return Err(format!(
                    "  socket {slot}: libzmq received {:?}\n  world {world} received {received:?}",
                    worlds[0]
                ));
            }
        }
        Ok(())
    }
}
