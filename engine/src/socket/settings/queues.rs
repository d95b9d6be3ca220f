//! Options of what waits: high-water marks, timeouts, linger.
//!
//! All but [`Socket::set_immediate`] apply at once.

use std::time::Duration;

use super::super::{OptionError, Socket};
use crate::reactor::Command;

/// Queues and waiting.
impl Socket {
    /// How many whole messages may wait for each peer before `send` blocks; 0 is no limit. Default 1 000. Applies at
    /// once, to present peers, too.
    ///
    /// # Errors
    /// The type sends no messages.
    pub fn set_send_high_water_mark(&mut self, messages: u32) -> Result<(), OptionError> {
        self.only_if(self.socket_type.sends_messages())?;
        self.options.send_high_water_mark = messages;
        let (neighbours, marks) = (&self.neighbours, self.options.marks());
        self.pattern.for_each_writer(|peer, writer| {
            writer.set_high_water_mark(neighbours.send_mark(peer, marks));
        });
        self.tell_marks();
        Ok(())
    }

    /// How many whole messages may wait from each peer before the engine stops reading from it (what it read in
    /// one go still comes); 0 is no limit. Default 1 000. Applies at once, to present peers, too.
    ///
    /// # Errors
    /// The type receives no messages.
    pub fn set_receive_high_water_mark(&mut self, messages: u32) -> Result<(), OptionError> {
        self.only_if(self.socket_type.receives_messages())?;
        self.options.receive_high_water_mark = messages;
        self.shared.set_receive_high_water_mark(messages);
        let (neighbours, marks) = (&self.neighbours, self.options.marks());
        self.pattern.for_each_reader(|peer, reader| {
            reader.set_high_water_mark(neighbours.receive_mark(peer, marks));
        });
        self.tell_marks();
        Ok(())
    }

    fn tell_marks(&self) {
        if self.attachments.were_none() {
            return;
        }
        self.tell_neighbours_marks();
        self.host.tell_all(|| Command::Marks {
            socket: self.shared.id,
            send: self.options.send_high_water_mark,
            receive: self.options.receive_high_water_mark,
        });
    }

    /// How long `send` waits for a peer; `None` is for ever, which is the default.
    ///
    /// # Errors
    /// The type never waits to send: PULL, SUB, XSUB, REP.
    pub fn set_send_timeout(&mut self, timeout: Option<Duration>) -> Result<(), OptionError> {
        self.only_if(self.socket_type.waits_to_send())?;
        self.options.send_timeout = timeout;
        Ok(())
    }

    /// How long `recv` waits for a message; `None` is for ever, which is the default.
    ///
    /// # Errors
    /// The type receives no messages.
    pub fn set_receive_timeout(&mut self, timeout: Option<Duration>) -> Result<(), OptionError> {
        self.only_if(self.socket_type.receives_messages())?;
        self.options.receive_timeout = timeout;
        Ok(())
    }

    /// How long a closed socket keeps trying to send what it had accepted; `None` is for ever, which is the
    /// default as in ZeroMQ.
    ///
    /// # Errors
    /// The type sends nothing: PULL.
    pub fn set_linger(&mut self, linger: Option<Duration>) -> Result<(), OptionError> {
        self.only_if(self.socket_type.sends())?;
        self.options.linger = linger;
        Ok(())
    }

    /// Queues messages only for peers whose connection is ready, instead of for every connect; what is queued for a
    /// connection that is lost is dropped. Default false. Applies to the connects that follow.
    ///
    /// # Errors
    /// The type sends no messages.
    pub fn set_immediate(&mut self, immediate: bool) -> Result<(), OptionError> {
        self.only_if(self.socket_type.sends_messages())?;
        self.options.immediate = immediate;
        Ok(())
    }

    /// PUSH, PULL, PUB, SUB, DEALER: keeps only the newest message for each peer, and from each: a new one takes the place
    /// of one that was not yet sent, or not yet received, and the high-water marks mean nothing. What was replaced is
    /// counted ([`Statistics::dropped_conflated`](crate::Statistics::dropped_conflated)). Default false.
    ///
    /// Messages have one frame then: others are refused
    /// ([`SendError::OneFrameOnly`](crate::SendError::OneFrameOnly)), and dropped where peers send them. inproc does not
    /// conflate, and its endpoints are refused.
    ///
    /// # Errors
    /// The type does not conflate; or the socket is bound or connected already.
    pub fn set_conflate(&mut self, conflate: bool) -> Result<(), OptionError> {
        self.only_if(self.socket_type.conflates())?;
        if !self.attachments.is_empty() {
            return Err(OptionError::TooLate);
        }
        self.options.conflate = conflate;
        Ok(())
    }

    /// What [`Self::set_send_high_water_mark`] set last.
    #[must_use]
    pub const fn send_high_water_mark(&self) -> u32 {
        self.options.send_high_water_mark
    }

    /// What [`Self::set_receive_high_water_mark`] set last.
    #[must_use]
    pub const fn receive_high_water_mark(&self) -> u32 {
        self.options.receive_high_water_mark
    }

    /// What [`Self::set_linger`] set last.
    #[must_use]
    pub const fn linger(&self) -> Option<Duration> {
        self.options.linger
    }
}
