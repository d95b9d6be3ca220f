//! Fair queueing (RFC 28, 30): whole messages from the readable pipes in turn.

use super::slots::Slots;
use crate::memory::Body;
use crate::message::{Content, INLINE_BYTES_MAX, Message};
use crate::peer::PeerId;
use crate::pipe::{Event, FrameBody, PipeFrame, Reader};

/// Readers in turn.
#[derive(Debug)]
pub(crate) struct FairQueue {
    readers: Slots<Reader>,
    /// The last frame handed out announced another one, from the same pipe.
    inside_message: bool,
    /// The peer whose message is being handed out was let go of: its pipe goes when the message ends.
    leaving: bool,
    /// Whether `gone` is kept.
    tells_gone: bool,
    /// Peers whose pipes are over.
    gone: Vec<PeerId>,
    /// Whole messages of peers that were let go of.
    dropped: u64,
}

impl FairQueue {
    pub(crate) fn new() -> Self {
        Self {
            readers: Slots::new(),
            inside_message: false,
            leaving: false,
            tells_gone: false,
            gone: Vec::new(),
            dropped: 0,
        }
    }

    /// A queue for patterns that must know when a peer's pipe is over: see [`Self::next_gone`].
    pub(super) fn telling_gone() -> Self {
        let mut queue = Self::new();
        queue.tells_gone = true;
        queue
    }

    pub(crate) fn add(&mut self, peer: PeerId, mut reader: Reader) {
        let slot = self.readers.add(peer, |key| {
            reader.set_key(key);
            reader
        });
        // It may be over before anybody reads: who never looks must hear of that, too.
        if let Some((reader, _)) = self.readers.in_slot(slot)
            && !reader.has_message()
            && reader.wait_for_message()
        {
            self.readers.deactivate(slot);
        }
        self.remove_if_finished(slot);
    }

    pub(crate) fn data_arrived(&mut self, event: Event) {
        if let Some(slot) = self.readers.activate(event) {
            self.remove_if_finished(slot);
        }
    }

    /// A pipe that is over goes at once, though it is not its turn: who only sends would never come to it.
    fn remove_if_finished(&mut self, slot: u32) {
        let Some((reader, _)) = self.readers.in_slot(slot) else {
            return;
        };
        if reader.is_finished() {
            if self.tells_gone {
                self.gone.extend(self.readers.peer_in_slot(slot));
            }
            self.readers.remove_slot(slot);
        }
    }

    /// Whether [`Self::next_gone`] has somebody to tell of.
    #[inline]
    pub(super) const fn has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Whether the queue has a pipe of this peer.
    pub(super) fn has(&self, peer: PeerId) -> bool {
        self.readers.slot_of_peer(peer).is_some()
    }

    /// A peer whose pipe came to its end since the last call: closed by the other side and read to the last message.
    pub(super) fn next_gone(&mut self) -> Option<PeerId> {
        self.gone.pop()
    }

    pub(super) fn for_each(&mut self, mut call: impl FnMut(PeerId, &mut Reader)) {
        for (peer, reader) in self.readers.iter_mut() {
            call(peer, reader);
        }
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
                    self.end_message();
                }
                return Some(taken);
            }
            self.pass_over();
        }
    }

    /// [`Self::receive`] for patterns that must know whose frame it is.
    #[inline]
    pub(super) fn receive_from<T>(
        &mut self,
        take: impl FnOnce(PeerId, PipeFrame<'_>) -> T,
    ) -> Option<T> {
        if !self.can_receive() {
            return None;
        }
        let peer = self.readers.current_peer()?;
        self.receive(|frame| take(peer, frame))
    }

    /// Whose message is next, or goes on.
    pub(super) fn next_peer(&mut self) -> Option<PeerId> {
        if self.can_receive() {
            self.readers.current_peer()
        } else {
            None
        }
    }

    /// The first bytes of the message that comes next, all of its first frame.
    pub(super) fn next_start(&mut self) -> Option<&[u8]> {
        if self.can_receive() {
            self.readers.current()?.next_body()
        } else {
            None
        }
    }

    /// Drops the message that comes next.
    pub(super) fn skip_message(&mut self) {
        self.receive(|_| ());
        self.skip_rest();
    }

    /// Drops the rest of a message that has begun.
    pub(super) fn skip_rest(&mut self) {
        while self.inside_message {
            self.receive(|_| ())
                .expect("a message that has begun is there whole");
        }
    }

    #[inline]
    fn end_message(&mut self) {
        if self.leaving {
            self.leaving = false;
            let left = self.readers.remove_current();
            self.dropped += left.map_or(0, Reader::leave);
        } else {
            self.readers.next_turn();
        }
    }

    /// The pipe whose turn it is has nothing: it leaves the turns until it has, or for good if it is over.
    #[cold]
    fn pass_over(&mut self) {
        let Some(reader) = self.readers.current() else {
            return;
        };
        if reader.is_finished() {
            if self.tells_gone {
                self.gone.extend(self.readers.current_peer());
            }
            self.readers.remove_current();
        } else if reader.wait_for_message() {
            self.readers.deactivate_current();
        }
    }

    /// Lets go of a peer: what it sent and was not read is dropped, except for the rest of a message that has begun.
    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        if self.inside_message && self.readers.current_peer() == Some(peer) {
            self.leave_after_message();
        } else if let Some(reader) = self.readers.remove_peer(peer) {
            self.dropped += reader.leave();
        }
    }

    /// Lets go of the peer whose turn it is, after its message.
    pub(super) const fn leave_after_message(&mut self) {
        self.leaving = true;
    }

    /// How many messages were dropped with their peers since the last call.
    pub(super) const fn take_dropped(&mut self) -> u64 {
        std::mem::replace(&mut self.dropped, 0)
    }

    /// Drops all pipes; returns how many whole messages were in them.
    pub(crate) fn close(&mut self) -> u64 {
        self.inside_message = false;
        let left: u64 = self.readers.drain().map(Reader::leave).sum();
        left + self.take_dropped()
    }
}

/// A frame as an application holds it: small ones in the message, larger ones where they were received.
#[inline]
pub(crate) fn to_message(frame: &PipeFrame<'_>) -> Message {
    let content = match &frame.body {
        FrameBody::Bytes(bytes) if bytes.len() <= INLINE_BYTES_MAX => Content::inline(bytes),
        FrameBody::Bytes(bytes) => Content::Slice(bytes.hold()),
        FrameBody::Body(body) => Content::Shared(Body::clone(body)),
        FrameBody::Made(bytes) => Content::copied(bytes),
    };
    Message::with_content(content, frame.more)
}
