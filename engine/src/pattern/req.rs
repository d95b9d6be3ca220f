//! REQ (RFC 28): a request to one peer in turn, then its reply, strictly one after the other.
//!
//! ```text
//!           last frame sent                      last frame received
//!   Idle ───────────────────▶ Awaiting ──────────────────────────────▶ Idle
//!     ▲ relaxed: a new request     │ peer gone: any peer's reply will do
//!     └────────────────────────────┘
//! ```
//!
//! A request is `[request id] "" body…`; a reply repeats what stands before the body.

use super::outgoing::{Nothing, Outgoing, Refusal, Refused};
use super::{FairQueue, LoadBalancer};
use crate::counters::Counters;
use crate::peer::PeerId;
use crate::pipe::PipeFrame;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next call sends the first frame of a request.
    Idle,
    /// Frames of a request were sent; more follow.
    Requesting,
    /// The request was sent.
    Awaiting,
    /// Frames of the reply were handed out; more follow.
    Replying,
}

/// The state of a REQ socket.
#[derive(Debug)]
pub(crate) struct Req {
    pub(super) balancer: LoadBalancer,
    pub(super) queue: FairQueue,
    state: State,
    /// Who was asked; `None` once that peer is gone, when anybody's answer will do.
    asked: Option<PeerId>,
    /// The number of the last request.
    request: u32,
    /// Requests carry their number, and only a reply with it is taken.
    pub(super) correlates: bool,
    /// A new request may be sent before the reply to the last one came.
    pub(super) relaxed: bool,
}

impl Req {
    /// `request` is where the numbers start: anywhere, so that two sockets rarely agree.
    pub(super) fn new(request: u32) -> Self {
        Self {
            balancer: LoadBalancer::new(),
            queue: FairQueue::telling_gone(),
            state: State::Idle,
            asked: None,
            request,
            correlates: false,
            relaxed: false,
        }
    }

    pub(super) fn can_send(&mut self) -> bool {
        match self.state {
            State::Requesting => true,
            State::Idle => self.balancer.can_send(),
            State::Awaiting | State::Replying => self.relaxed && self.balancer.can_send(),
        }
    }

    /// Whether a request may be sent, if only a peer takes it.
    pub(super) const fn is_its_turn(&self) -> bool {
        self.relaxed || matches!(self.state, State::Idle | State::Requesting)
    }

    pub(super) fn send<'a>(
        &mut self,
        frame: Outgoing<'a>,
        more: bool,
        counters: &Counters,
    ) -> Result<(), Refused<'a>> {
        if self.state != State::Requesting {
            if self.state != State::Idle && !self.relaxed {
                return Err((Refusal::OutOfTurn, frame));
            }
            if !self.begin_request(counters) {
                return Err((Refusal::Full, frame));
            }
        }
        self.balancer
            .send(frame, more)
            .map_err(|frame| (Refusal::Full, frame))?;
        self.state = if more {
            State::Requesting
        } else {
            State::Awaiting
        };
        Ok(())
    }

    /// Chooses a peer and writes what stands before the body. Returns whether a peer can take it.
    fn begin_request(&mut self, counters: &Counters) -> bool {
        if !self.balancer.can_send() {
            return false;
        }
        self.drop_stale_input(counters);
        self.request = self.request.wrapping_add(1);
        let id = self.request.to_ne_bytes();
        if self.correlates && self.balancer.send(Outgoing::Copied(&id), true).is_err() {
            return false;
        }
        if self.balancer.send(Outgoing::Copied(&[]), true).is_err() {
            return false;
        }
        self.asked = self.balancer.unfinished_peer();
        true
    }

    /// What came so far answers nothing that is still to be asked.
    fn drop_stale_input(&mut self, counters: &Counters) {
        if self.queue.is_inside_message() {
            self.queue.skip_rest();
            counters.dropped_unexpected.add(1);
        }
        while self.queue.can_receive() {
            self.queue.skip_message();
            counters.dropped_unexpected.add(1);
        }
        self.forget_gone();
    }

    pub(super) fn can_receive(&mut self, counters: &Counters) -> bool {
        match self.state {
            State::Replying => true,
            State::Idle | State::Requesting => false,
            State::Awaiting => self.find_reply(counters),
        }
    }

    pub(super) fn receive<T>(
        &mut self,
        take: &mut impl FnMut(PipeFrame<'_>) -> T,
        counters: &Counters,
    ) -> Result<T, Nothing> {
        match self.state {
            State::Idle | State::Requesting => return Err(Nothing::OutOfTurn),
            State::Replying => {}
            State::Awaiting => {
                if !self.find_reply(counters) {
                    return Err(Nothing::Empty);
                }
            }
        }
        let taken = self.queue.receive(take).ok_or(Nothing::Empty)?;
        self.state = if self.queue.is_inside_message() {
            State::Replying
        } else {
            State::Idle
        };
        Ok(taken)
    }

    /// Goes on to the body of the reply, if it came; drops what is not the reply.
    fn find_reply(&mut self, counters: &Counters) -> bool {
        if self.queue.is_inside_message() {
            // The envelope was taken off by an earlier look.
            return true;
        }
        while let Some(peer) = self.queue.next_peer() {
            self.forget_gone();
            if self.asked.is_none_or(|asked| asked == peer) {
                if self.take_envelope() {
                    return true;
                }
            } else {
                self.queue.skip_message();
            }
            counters.dropped_unexpected.add(1);
        }
        self.forget_gone();
        false
    }

    pub(super) fn forget_gone(&mut self) {
        while let Some(gone) = self.queue.next_gone() {
            self.forget(gone);
        }
    }

    /// Takes what stands before the body; returns whether it is that of the last request, with a body behind it. If it
    /// is not, the whole message is passed.
    fn take_envelope(&mut self) -> bool {
        let id = self.request.to_ne_bytes();
        let fits = !self.correlates || self.take_if(|bytes| bytes == id);
        if fits && self.take_if(<[u8]>::is_empty) {
            return true;
        }
        self.queue.skip_rest();
        false
    }

    /// Takes a frame; returns whether it fits and another one follows.
    fn take_if(&mut self, fits: impl FnOnce(&[u8]) -> bool) -> bool {
        let taken = self.queue.receive(|frame| fits(&frame.body) && frame.more);
        taken == Some(true)
    }

    fn forget(&mut self, gone: PeerId) {
        if self.asked == Some(gone) {
            self.asked = None;
        }
        self.balancer.remove_peer(gone);
    }

    pub(super) fn remove_peer(&mut self, peer: PeerId) {
        self.forget(peer);
        self.queue.remove_peer(peer);
    }
}
