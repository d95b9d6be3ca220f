//! PULL's routing (RFC 30): whole messages from the readable pipes in turn.

use super::slots::Slots;
use crate::memory::Body;
use crate::message::{Content, INLINE_BYTES_MAX, Message};
use crate::pipe::{Event, FrameBody, PipeFrame, Reader};

/// Readers in turn.
#[derive(Debug)]
pub(crate) struct FairQueue {
    readers: Slots<Reader>,
    /// The last frame handed out announced another one, from the same pipe.
    inside_message: bool,
}

impl FairQueue {
    pub(crate) const fn new() -> Self {
        Self {
            readers: Slots::new(),
            inside_message: false,
        }
    }

    pub(crate) fn add(&mut self, mut reader: Reader) {
        self.readers.add(|key| {
            reader.set_key(key);
            reader
        });
    }

    pub(crate) fn data_arrived(&mut self, event: Event) {
        self.readers.activate(event);
    }

    /// Whether a frame could be taken now.
    pub(crate) fn can_receive(&mut self) -> bool {
        loop {
            let Some(reader) = self.readers.current() else {
                return false;
            };
            if reader.has_message() {
                return true;
            }
            self.pass_over();
        }
    }

    /// Whether the frame taken next belongs to the message of the last one.
    pub(crate) const fn is_inside_message(&self) -> bool {
        self.inside_message
    }

    /// Takes one frame and hands it to `take`.
    #[inline]
    pub(crate) fn receive<T>(&mut self, take: impl FnOnce(PipeFrame<'_>) -> T) -> Option<T> {
        loop {
            let reader = self.readers.current()?;
            if let Some(frame) = reader.next_frame() {
                let more = frame.more;
                let taken = take(frame);
                // A body whose owner waits to hear of its release is let go now, not at the next call.
                reader.release_body();
                self.inside_message = more;
                if !more {
                    self.readers.next_turn();
                }
                return Some(taken);
            }
            self.pass_over();
        }
    }

    /// The pipe whose turn it is has nothing: it leaves the turns until it has, or for good if it is over.
    #[cold]
    fn pass_over(&mut self) {
        let Some(reader) = self.readers.current() else {
            return;
        };
        if reader.is_finished() {
            self.readers.remove_current();
        } else if reader.wait_for_message() {
            self.readers.deactivate_current();
        }
    }

    /// Drops all pipes; returns how many whole messages were in them.
    pub(crate) fn close(&mut self) -> u64 {
        self.inside_message = false;
        self.readers.drain().map(Reader::leave).sum()
    }
}

/// A frame as an application holds it: small ones in the message, larger ones where they were received.
#[inline]
pub(crate) fn to_message(frame: &PipeFrame<'_>) -> Message {
    let content = match &frame.body {
        FrameBody::Bytes(bytes) if bytes.len() <= INLINE_BYTES_MAX => Content::inline(bytes),
        FrameBody::Bytes(bytes) => Content::Slice(bytes.hold()),
        FrameBody::Body(body) => Content::Shared(Body::clone(body)),
    };
    Message::with_content(content, frame.more)
}
