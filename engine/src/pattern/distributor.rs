//! Fan-out: one message to each of several pipes at once.
//!
//! A pipe that is full when a message begins misses the whole message, and stays out until its reader gives credit.
//! A pipe that joins while a message is being sent gets nothing of it.

use super::load_balancer::Lost;
use super::outgoing::{Outgoing, write};
use super::slots::Slots;
use crate::memory::{Body, BodyPool};
use crate::peer::PeerId;
use crate::pipe::{Event, Writer, fence_commits};

/// From how many receivers on a body is shared instead of copied into each pipe.
const SHARE_WITH_MIN: usize = 4;
/// A body that is shared has more bytes than this: below, a copy costs less than a counted reference.
const SHARE_BYTES_MIN: usize = 257;

/// Writers of many peers.
#[derive(Debug)]
pub(super) struct Distributor {
    writers: Slots<Writer>,
    /// The slots that get the message which is being sent.
    chosen: Vec<u32>,
    /// The message in which each slot was named last.
    named_in: Vec<u64>,
    /// The number of the message, from 1.
    message: u64,
    /// How many pipes were named that cannot take the message.
    missed: u64,
    lost: Lost,
}

impl Distributor {
    pub(super) fn new() -> Self {
        Self {
            writers: Slots::new(),
            chosen: Vec::new(),
            named_in: Vec::new(),
            message: 0,
            missed: 0,
            lost: Lost::none(),
        }
    }

    /// Adds a peer's pipe. Returns its slot, which is the peer's until the pipe is removed.
    pub(super) fn add(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) -> u32 {
        self.writers.add(peer, make)
    }

    pub(super) fn credit_arrived(&mut self, event: Event) {
        self.writers.activate(event);
    }

    /// The slot of a peer's pipe.
    pub(super) fn slot_of_peer(&self, peer: PeerId) -> Option<u32> {
        self.writers.slot_of_peer(peer)
    }

    pub(super) fn for_each(&mut self, mut call: impl FnMut(PeerId, &mut Writer)) {
        for (peer, writer) in self.writers.iter_mut() {
            call(peer, writer);
        }
    }

    /// Begins a message: forgets who got the last one.
    pub(super) fn choose_nobody(&mut self) {
        self.chosen.clear();
        self.missed = 0;
        self.message += 1;
        self.named_in.resize(self.writers.slots() as usize, 0);
    }

    /// The message goes to this slot too, unless its pipe is full or its reader gone. A slot may be named repeatedly.
    #[inline]
    pub(super) fn choose(&mut self, slot: u32) {
        let named = &mut self.named_in[slot as usize];
        if std::mem::replace(named, self.message) == self.message {
            return;
        }
        if self.takes(slot) {
            self.chosen.push(slot);
        } else if let Some((writer, _)) = self.writers.in_slot(slot) {
            self.missed += u64::from(!writer.is_reader_gone());
        }
    }

    /// The message does not go to this slot.
    pub(super) fn exclude(&mut self, slot: u32) {
        self.named_in[slot as usize] = self.message;
    }

    /// The message goes to every pipe that can take it and was not named yet.
    pub(super) fn choose_others(&mut self) {
        for slot in 0..self.writers.slots() {
            self.choose(slot);
        }
    }

    /// The message goes to every pipe that can take it.
    pub(super) fn choose_all(&mut self) {
        self.choose_nobody();
        self.choose_others();
    }

    /// Whether some pipe that was named could not take the message.
    pub(super) const fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether the pipe in a slot takes a message now. One that does not waits for credit; one whose reader is gone is
    /// left to whoever learns that the peer is gone.
    #[inline]
    fn takes(&mut self, slot: u32) -> bool {
        let Some((writer, active)) = self.writers.in_slot(slot) else {
            return false;
        };
        if !active || writer.is_reader_gone() {
            return false;
        }
        if writer.can_write() {
            return true;
        }
        self.wait_for_credit(slot)
    }

    /// Returns whether there is credit after all.
    #[cold]
    fn wait_for_credit(&mut self, slot: u32) -> bool {
        let Some((writer, _)) = self.writers.in_slot(slot) else {
            return false;
        };
        if writer.wait_for_credit() {
            self.writers.deactivate(slot);
            return false;
        }
        !writer.is_reader_gone()
    }

    /// Sends one frame to the chosen pipes; the last frame of a message makes it visible in all of them.
    pub(super) fn send(&mut self, frame: Outgoing<'_>, more: bool, bodies: &BodyPool) {
        let frame = match frame {
            Outgoing::Copied(bytes)
                if bytes.len() >= SHARE_BYTES_MIN && self.chosen.len() >= SHARE_WITH_MIN =>
            {
                Outgoing::Shared(Body::copied(bytes, bodies))
            }
            frame => frame,
        };
        for slot in &self.chosen {
            if let Some((writer, _)) = self.writers.in_slot(*slot) {
                write(writer, frame.clone(), more);
            }
        }
        if !more {
            self.publish();
        }
    }

    /// Commits to every chosen pipe, then fences once for all, then wakes who sleeps.
    fn publish(&mut self) {
        for slot in &self.chosen {
            if let Some((writer, _)) = self.writers.in_slot(*slot) {
                writer.commit();
            }
        }
        fence_commits();
        for slot in &self.chosen {
            if let Some((writer, _)) = self.writers.in_slot(*slot) {
                writer.wake_parked_reader();
            }
        }
    }

    /// Removes a peer's pipe; what it holds still leaves. Returns its slot.
    pub(super) fn remove_peer(&mut self, peer: PeerId) -> Option<u32> {
        let slot = self.writers.slot_of_peer(peer)?;
        self.remove_slot(slot);
        Some(slot)
    }

    /// Removes the pipe in a slot; what it holds still leaves.
    pub(super) fn remove_slot(&mut self, slot: u32) {
        if let Some(mut writer) = self.writers.remove_slot(slot) {
            if self.chosen.contains(&slot) {
                self.lost.unfinished += u64::from(writer.abort());
            }
            self.chosen.retain(|chosen| *chosen != slot);
            self.lost.let_go(writer);
        }
    }

    /// What [`Self::take_lost`] would give once every pipe whose reader is gone had left.
    pub(super) fn lost(&self) -> Lost {
        self.lost.with_stranded(self.writers.iter())
    }

    /// Takes what was lost since the last call.
    pub(super) const fn take_lost(&mut self) -> Lost {
        std::mem::replace(&mut self.lost, Lost::none())
    }

    /// Drops the parts of a message whose last part was not sent; closes all pipes.
    pub(super) fn close(&mut self) {
        for mut writer in self.writers.drain() {
            writer.abort();
            self.lost.let_go(writer);
        }
        self.chosen.clear();
    }
}
