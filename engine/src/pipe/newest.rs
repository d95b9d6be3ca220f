//! Pipes that hold one message, the newest (CONFLATE).
//!
//! The message lies in a slot under a lock, where the writer replaces it. What the pipe itself carries is a bell: an
//! empty message for each time that the slot was filled after it had been empty. So there is never more than one bell
//! that was not heard, the slot is full whenever one is, and waiting, waking and leaving are those of any pipe.

use super::shared::Shared;
use super::{FrameBody, PipeFrame, Reader, Writer};
use crate::memory::Body;
use crate::sync::{Mutex, MutexGuard, lock};

/// The place of the newest message.
#[derive(Default)]
pub(super) struct Slot(Mutex<Held>);

#[derive(Default)]
struct Held {
    newest: Option<Body>,
    /// How many messages were replaced and not yet told of.
    replaced: u64,
}

impl Shared {
    fn held(&self) -> Option<MutexGuard<'_, Held>> {
        self.newest.as_ref().map(|slot| lock(&slot.0))
    }

    fn take_replaced(&self) -> u64 {
        let held = self.held();
        held.map_or(0, |mut held| std::mem::take(&mut held.replaced))
    }
}

impl Writer {
    /// Whether the pipe holds only the newest message.
    #[inline]
    pub(crate) const fn conflates(&self) -> bool {
        self.conflates
    }

    /// Puts a message in the place of the last one, if that was not read. Visible once it is published.
    #[cold]
    pub(crate) fn replace(&mut self, body: Body) {
        let Some(mut held) = self.shared.held() else {
            return;
        };
        let before = held.newest.replace(body);
        held.replaced += u64::from(before.is_some());
        drop(held);
        if before.is_none() {
            self.write_frame(false, &[]);
        }
    }

    /// How many messages were replaced by newer ones since the last call.
    pub(crate) fn take_replaced(&self) -> u64 {
        self.shared.take_replaced()
    }
}

impl Reader {
    /// How many messages were replaced by newer ones since the last call.
    pub(crate) fn take_replaced(&self) -> u64 {
        self.shared.take_replaced()
    }

    /// Whether the pipe holds only the newest message.
    pub(crate) const fn conflates(&self) -> bool {
        self.conflates
    }

    /// The newest message, which is lent until the next call; it stays the next one until [`Self::next_newest`] took
    /// it.
    #[cold]
    pub(crate) fn peek_newest(&mut self) -> Option<&[u8]> {
        if self.peeked.is_none() && self.walk().is_some() {
            self.peeked = self.shared.held().and_then(|mut held| held.newest.take());
        }
        self.peeked.as_deref()
    }

    /// Takes the newest message.
    #[cold]
    pub(crate) fn next_newest(&mut self) -> Option<PipeFrame<'_>> {
        self.peek_newest()?;
        self.lent = self.peeked.take();
        let body = self.lent.as_ref()?;
        Some(PipeFrame {
            more: false,
            command: false,
            body: FrameBody::Body(body),
            info: None,
        })
    }
}
