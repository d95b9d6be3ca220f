//! Sockets that keep only the newest message (CONFLATE), on the engine's side.
//!
//! ```text
//!   application ══ newest ══▶ session ── feed ──▶ take, send        the newest moves on once the last one has left
//!   application ◀══ newest ══ session ◀── sink ── scan, receive     what is whole takes the place of the last
//! ```
//!
//! Feed and sink are ordinary pipes with both ends here, so that sending and receiving need not know.

use super::{EngineDriver, Session};
use crate::memory::Body;
use crate::pipe::{FrameBody, PipeConfig, PipeFrame, Reader, Role, Writer, pipe};
use crate::reactor::Services;

/// What is being sent, at most one message.
#[derive(Debug)]
pub(super) struct Feed {
    writer: Writer,
    pub(super) reader: Reader,
}

impl Feed {
    fn new<D: EngineDriver>(services: &Services<D>) -> Self {
        let config = PipeConfig {
            high_water_mark: 0,
            reader_role: Role::Engine,
        };
        let (pool, owner) = (services.pool.clone(), &services.owner);
        let (writer, reader) = pipe(config, pool, owner.clone(), 0, owner.clone(), 0);
        Self { writer, reader }
    }

    /// Drops what was not sent; returns how many messages that was.
    pub(super) fn leave(self) -> u64 {
        drop(self.writer);
        self.reader.leave()
    }
}

impl Session {
    /// Moves the newest message to where sends are taken from, if the last one has left.
    pub(super) fn feed_newest<D: EngineDriver>(&mut self, services: &Services<D>) {
        let Some(outbound) = self
            .outbound
            .as_mut()
            .filter(|outbound| outbound.conflates())
        else {
            return;
        };
        let feed = self
            .feed
            .get_or_insert_with(|| Box::new(Feed::new(services)));
        if !feed.reader.has_data()
            && let Some(frame) = outbound.next_frame()
        {
            feed.writer.write_body(false, to_body(&frame));
            feed.writer.publish();
            outbound.release_body();
        }
        let replaced = outbound.take_replaced();
        self.socket.counters.dropped_conflated.add_shared(replaced);
    }

    /// Lets the newest of what came take the place of what the application has not read. Messages of several frames are
    /// dropped: there is no place for them.
    pub(super) fn conflate(&mut self) {
        let (Some(newest), Some(sink)) = (&mut self.newest, &mut self.sink) else {
            return;
        };
        let (mut last, mut dropped, mut inside) = (None, 0, false);
        while let Some(frame) = sink.next_frame() {
            if inside || frame.more {
                dropped += u64::from(!frame.more);
            } else {
                dropped += u64::from(last.replace(to_body(&frame)).is_some());
            }
            inside = frame.more;
        }
        sink.release_body();
        if let Some(last) = last {
            newest.replace(last);
            newest.publish();
        }
        dropped += newest.take_replaced();
        self.socket.counters.dropped_conflated.add_shared(dropped);
    }
}

fn to_body(frame: &PipeFrame<'_>) -> Body {
    match &frame.body {
        FrameBody::Body(body) => Body::clone(body),
        FrameBody::Bytes(bytes) => Body::from(bytes.to_vec()),
        FrameBody::Made(bytes) => Body::from(bytes.to_vec()),
    }
}
