//! One direction of a proxy.

use super::Traffic;
use crate::message::Multipart;
use crate::socket::{Socket, TrySendError};

/// So many messages pass one way before the other way, and the control, have their turn.
const BURST_MAX: usize = 1_000;

/// One direction.
#[derive(Debug)]
pub(super) struct Direction {
    pub(super) received: Traffic,
    pub(super) sent: Traffic,
    pub(super) unroutable: u64,
    /// Taken when there was room, which was gone when it was to be sent: peers leave at any time.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    message: Multipart,
    /// The capture has its copy.
    captured: bool,
}

/// Why a direction passes nothing more on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// It was its full burst.
    Nowhere,
    NothingToTake,
    NoRoom,
    NoRoomToCapture,
}

impl Traffic {
    fn count(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }
}

impl Direction {
    pub(super) const fn new() -> Self {
        const NONE: Traffic = Traffic {
            messages: 0,
            bytes: 0,
        };
        Self {
            received: NONE,
            sent: NONE,
            unroutable: 0,
            held: None,
        }
    }

    /// Passes messages on until it is stuck, or had its turn.
    pub(super) fn pass(
        &mut self,
        from: &mut Socket,
        to: &mut Socket,
        mut capture: Option<&mut Socket>,
    ) -> Stuck {
        for _ in 0..BURST_MAX {
            if !to.has_room() {
                return Stuck::NoRoom;
            }
            if let Some(capture) = &mut capture
                && !capture.has_room()
                && self.held.as_ref().is_none_or(|held| !held.captured)
            {
                return Stuck::NoRoomToCapture;
            }
            let held = match self.held.take() {
                Some(held) => held,
                None => match self.take(from) {
                    Some(message) => Held {
                        message,
                        captured: false,
                    },
                    None => return Stuck::NothingToTake,
                },
            };
            if let Some(stuck) = self.hand_on(held, to, capture.as_deref_mut()) {
                return stuck;
            }
        }
        Stuck::Nowhere
    }

    fn take(&mut self, from: &mut Socket) -> Option<Multipart> {
        let message = from.try_recv_multipart().ok()?;
        self.received.count(bytes_of(&message));
        Some(message)
    }

    fn hand_on(
        &mut self,
        mut held: Held,
        to: &mut Socket,
        capture: Option<&mut Socket>,
    ) -> Option<Stuck> {
        if let Some(capture) = capture
            && !held.captured
        {
            if let Err(TrySendError::Full(_)) = capture.try_send_multipart(held.message.clone()) {
                self.held = Some(held);
                return Some(Stuck::NoRoomToCapture);
            }
            // Any other refusal is for good: a socket that does not send, or was shut down.
            held.captured = true;
        }
        let bytes = bytes_of(&held.message);
        let refused = match to.try_send_multipart(held.message) {
            Ok(()) => {
                self.sent.count(bytes);
                return None;
            }
            Err(TrySendError::Full(message)) if to.has_room() => {
                // It has room for others: a ROUTER that must deliver, or an XPUB that must not drop. Only a call that
                // waits tells when this one can go.
                match to.send_multipart(message) {
                    Ok(()) => {
                        self.sent.count(bytes);
                        return None;
                    }
                    Err(refused) => refused.into_message(),
                }
            }
            Err(TrySendError::Unroutable(_)) => {
                self.unroutable += 1;
                return None;
            }
            Err(refused) => refused.into_message(),
        };
        self.held = Some(Held {
            message: refused,
            captured: held.captured,
        });
        Some(Stuck::NoRoom)
    }
}

fn bytes_of(message: &Multipart) -> u64 {
    message.iter().map(|frame| frame.len() as u64).sum()
}
