//! Load balancing (RFC 28, 30): whole messages to the writable pipes in turn.
//!
//! A pipe that is full leaves the turns until its reader gives credit; a pipe whose reader is gone, or whose peer is
//! not wanted any more, leaves for good. What it still held is counted here or by its reader, whichever is the last.

use super::outgoing::{Outgoing, write};
use super::slots::Slots;
use crate::peer::PeerId;
use crate::pipe::{Event, Writer};

/// Writers in turn.
#[derive(Debug)]
pub(crate) struct LoadBalancer {
    writers: Slots<Writer>,
    /// The pipe that holds the first parts of a message whose last part is still to come.
    unfinished: Option<Unfinished>,
    /// Whole messages that were still queued for peers that are gone, and messages cut short by that.
    lost: Lost,
}

/// Where the rest of an unfinished message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfinished {
    /// To the pipe whose turn it is, which keeps it until the message ends.
    Here,
    /// The pipe vanished: the rest is swallowed.
    Nowhere,
}

/// What was lost with pipes whose reader is gone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    /// Whole messages that nobody drained.
    pub(crate) queued: u64,
    /// Messages whose first parts were dropped with the pipe.
    pub(crate) unfinished: u64,
}

impl Lost {
    pub(super) const fn none() -> Self {
        Self {
            queued: 0,
            unfinished: 0,
        }
    }

    /// A pipe goes: if nobody will drain it, what it holds is lost.
    pub(super) fn let_go(&mut self, writer: Writer) {
        self.queued += writer.leave();
    }

    /// What it would be once every pipe whose reader is gone had left.
    pub(super) fn with_stranded<'a>(mut self, writers: impl Iterator<Item = &'a Writer>) -> Self {
        self.queued += writers.map(Writer::stranded).sum::<u64>();
        self
    }
}

impl LoadBalancer {
    pub(crate) fn new() -> Self {
        Self {
            writers: Slots::new(),
            unfinished: None,
            lost: Lost::none(),
        }
    }

    pub(crate) fn add(&mut self, peer: PeerId, make: impl FnOnce(u64) -> Writer) {
        self.writers.add(peer, make);
    }

    /// Who gets the message that has begun.
    pub(super) fn unfinished_peer(&self) -> Option<PeerId> {
        if self.unfinished == Some(Unfinished::Here) {
            self.writers.current_peer()
        } else {
            None
        }
    }

    /// Lets go of a peer: its pipe is closed, and what the pipe holds still leaves.
    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        if self.unfinished_peer() == Some(peer) {
            self.abandon_unfinished();
        } else if let Some(writer) = self.writers.remove_peer(peer) {
            self.lost.let_go(writer);
        }
    }

    pub(super) fn for_each(&mut self, mut call: impl FnMut(PeerId, &mut Writer)) {
        for (peer, writer) in self.writers.iter_mut() {
            call(peer, writer);
        }
    }

    pub(crate) fn credit_arrived(&mut self, event: Event) {
        self.writers.activate(event);
    }

    /// Takes what was lost since the last call.
    pub(crate) fn take_lost(&mut self) -> Lost {
        std::mem::take(&mut self.lost)
    }

    /// What [`Self::take_lost`] would give once every pipe whose reader is gone had left.
    pub(super) fn lost(&self) -> Lost {
        self.lost.with_stranded(self.writers.iter())
    }

    /// Whether a message would be taken now.
    pub(crate) fn can_send(&mut self) -> bool {
        self.unfinished.is_some() || self.find_writable()
    }

    /// Sends one frame; the last frame of a message makes the message visible.
    ///
    /// # Errors
    /// No pipe can take a message now; the frame comes back. Later frames of a message are never refused.
    #[inline]
    pub(crate) fn send<'a>(&mut self, frame: Outgoing<'a>, more: bool) -> Result<(), Outgoing<'a>> {
        if self.unfinished == Some(Unfinished::Nowhere) {
            return self.swallow(more);
        }
        loop {
            if let Some(writer) = self.writers.current()
                && writer.can_write()
                && !writer.is_reader_gone()
            {
                write(writer, frame, more);
                if more {
                    self.unfinished = Some(Unfinished::Here);
                } else {
                    writer.publish();
                    self.unfinished = None;
                    self.writers.next_turn();
                }
                return Ok(());
            }
            if self.unfinished.is_some() {
                self.abandon_unfinished();
                return self.swallow(more);
            }
            if !self.find_writable() {
                return Err(frame);
            }
        }
    }

    /// The message goes on, but its pipe is gone.
    #[cold]
    fn swallow(&mut self, more: bool) -> Result<(), Outgoing<'static>> {
        if !more {
            self.unfinished = None;
        }
        Ok(())
    }

    /// Gives the turn to a pipe that has credit; those that have none leave the turns.
    #[cold]
    fn find_writable(&mut self) -> bool {
        while let Some(writer) = self.writers.current() {
            if writer.is_reader_gone() {
                self.remove_current();
            } else if writer.can_write() {
                return true;
            } else if writer.wait_for_credit() {
                self.writers.deactivate_current();
            }
        }
        false
    }

    #[cold]
    fn remove_current(&mut self) {
        if let Some(writer) = self.writers.remove_current() {
            self.lost.let_go(writer);
        }
    }

    /// The peer vanished between two parts: the rest of the message goes nowhere.
    #[cold]
    fn abandon_unfinished(&mut self) {
        if let Some(writer) = self.writers.current() {
            writer.abort();
        }
        self.remove_current();
        self.lost.unfinished += 1;
        self.unfinished = Some(Unfinished::Nowhere);
    }

    /// Drops the parts of a message whose last part was not sent.
    pub(crate) fn abort(&mut self) {
        if self.unfinished.take() == Some(Unfinished::Here)
            && let Some(writer) = self.writers.current()
        {
            writer.abort();
        }
    }

    /// Closes all pipes; what they hold still leaves. Counts what nobody will drain.
    pub(crate) fn close(&mut self) {
        self.abort();
        for writer in self.writers.drain() {
            self.lost.let_go(writer);
        }
    }
}
