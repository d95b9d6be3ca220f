//! From the outbound pipe to the wire: one send in flight, and whatever is written meanwhile leaves with the
//! next. That is all the batching there is: a lone message leaves at once, a flood in large sends.

use std::io;

use super::link::Stage;
use super::newest::Feed;
use super::{EngineDriver, Fate, Session};
use crate::pipe::{Batch, Reader, TakeLimits};
use crate::reactor::Services;

impl Session {
    /// Starts a send if there is something to send and none is in flight.
    pub(super) fn pump<D: EngineDriver>(&mut self, services: &mut Services<D>) {
        let Some(link) = &mut self.link else {
            return;
        };
        if link.sending || link.sends_nothing || !link.may_send() {
            return;
        }
        let mut batch = link.spare.take().unwrap_or_default();
        loop {
            self.feed_newest(services);
            self.gather(&mut batch);
            let link = self
                .link
                .as_mut()
                .expect("checked above; gathering ends no link");
            if batch.bytes() > 0 {
                link.sending = true;
                services.driver.send(link.socket, batch);
                return;
            }
            let outbound = self
                .outbound
                .as_mut()
                .filter(|_| link.stage == Stage::Ready);
            // Ask to be told of the next message; if one came just now, gather again.
            if outbound.is_none_or(|outbound| outbound.wait_for_data() || outbound.is_finished()) {
                link.spare = Some(batch);
                return;
            }
        }
    }

    /// Collects what may leave now: the wire's own bytes at a message boundary, then messages.
    fn gather(&mut self, batch: &mut Batch) {
        let link = self.link.as_mut().expect("the caller has one");
        let ready = link.stage == Stage::Ready;
        let mut outbound = source(&mut self.feed, &mut self.outbound).filter(|_| ready);
        let transcodes = ready && link.transcodes;
        let at_boundary = if transcodes {
            link.transcoder.is_at_message_boundary()
        } else {
            outbound
                .as_ref()
                .is_none_or(|outbound| outbound.is_at_message_boundary())
        };
        link.output_bytes = 0;
        if at_boundary || !ready {
            let output = link.wire.output();
            batch.scratch_mut().extend_from_slice(output);
            link.output_bytes = output.len();
        }
        if let Some(outbound) = &mut outbound {
            if transcodes {
                link.transcoder.encode(outbound, batch.scratch_mut());
            } else {
                outbound.take(TakeLimits::default(), batch);
            }
        }
    }

    /// A send ended: the kernel has taken the first bytes of the batch, or the connection failed.
    pub(crate) fn sent<D: EngineDriver>(
        &mut self,
        mut batch: Batch,
        result: io::Result<usize>,
        services: &mut Services<D>,
    ) -> Fate {
        batch.clear();
        let Some(link) = &mut self.link else {
            return Fate::Lives;
        };
        link.sending = false;
        link.spare = Some(batch);
        match result {
            Ok(accepted) => {
                self.account_sent(accepted);
                self.pump(services);
                self.refusal_sent(services);
                self.end_if_drained(services)
            }
            // The peer has ended its stream, or the error would be another. What it sent before is still to be read.
            Err(error)
                if error.kind() == io::ErrorKind::BrokenPipe && link.stage == Stage::Ready =>
            {
                link.sends_nothing = true;
                Fate::Lives
            }
            Err(error) => {
                self.tell_if_handshaking(&error, services);
                self.close_link(services);
                Fate::Lives
            }
        }
    }

    /// Moves the cursors behind the bytes that the kernel accepted.
    fn account_sent(&mut self, accepted: usize) {
        let link = self.link.as_mut().expect("the caller has one");
        let output = accepted.min(link.output_bytes);
        link.wire.output_sent(output);
        link.output_bytes -= output;
        let messages = accepted - output;
        if messages == 0 {
            return;
        }
        let outbound =
            source(&mut self.feed, &mut self.outbound).expect("message bytes come from a pipe");
        if link.transcodes {
            link.transcoder.sent(messages, outbound);
        } else {
            outbound.sent(messages);
        }
    }
}

/// Where sends are taken from.
pub(super) fn source<'a>(
    feed: &'a mut Option<Box<Feed>>,
    outbound: &'a mut Option<Reader>,
) -> Option<&'a mut Reader> {
    match feed {
        Some(feed) => Some(&mut feed.reader),
        None => outbound.as_mut(),
    }
}
