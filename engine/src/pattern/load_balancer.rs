//! PUSH's routing (RFC 30): whole messages to the writable pipes in turn.
//!
//! A pipe that is full leaves the turns until its reader gives credit; a pipe whose reader is gone, or whose peer is
//! not wanted any more, leaves for good. What it still held is counted here or by its reader, whichever is the last.

use super::slots::Slots;
use crate::memory::Body;
use crate::pipe::{Event, Writer};

/// A frame on its way into a pipe.
#[derive(Debug)]
pub(crate) enum Outgoing<'a> {
    /// Copied into a chunk.
    Copied(&'a [u8]),
    /// Sent by reference.
    Shared(Body),
}

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

impl LoadBalancer {
    pub(crate) const fn new() -> Self {
        Self {
            writers: Slots::new(),
            unfinished: None,
            lost: Lost {
                queued: 0,
                unfinished: 0,
            },
        }
    }

    /// Adds a pipe, behind the others; returns its key, which `make` gets, too.
    pub(crate) fn add(&mut self, make: impl FnOnce(u64) -> Writer) -> u64 {
        self.writers.add(make)
    }

    /// Ends a pipe: nothing more is sent there, and what it holds can still be read. The rest of a message that is
    /// being sent there goes nowhere.
    pub(crate) fn remove(&mut self, key: u64) {
        if self.unfinished == Some(Unfinished::Here) && self.writers.is_current(key) {
            self.abandon_unfinished();
        } else if let Some(writer) = self.writers.remove(key) {
            self.lost.queued += writer.leave();
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
    pub(crate) fn lost(&self) -> Lost {
        let stranded = self.writers.iter().map(Writer::stranded).sum::<u64>();
        Lost {
            queued: self.lost.queued + stranded,
            ..self.lost
        }
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
                match frame {
                    Outgoing::Copied(bytes) => writer.write_frame(more, bytes),
                    Outgoing::Shared(body) => writer.write_body(more, body),
                }
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
            self.lost.queued += writer.leave();
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

    /// Closes all pipes; what they hold still leaves. What nobody will drain is lost.
    pub(crate) fn close(&mut self) {
        self.abort();
        for writer in self.writers.drain() {
            self.lost.queued += writer.leave();
        }
    }
}
