//! One fake socket: its outstanding operations, each with the instant from which it may complete.

use std::io::{self, IoSlice};

use super::network::{Network, Side};
use crate::{Completion, Demand, End, Incoming, Outgoing, Received, SLICES_MAX, Time, Token};

/// What fills memory that is lent and not yet written.
const POISON: u8 = 0xa5;
/// The most that one receive brings into the driver's memory.
const RECEIVE_BYTES_MAX: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Socket<O, I> {
    pub(super) token: Token,
    pub(super) role: Role,
    pub(super) sending: Option<Pending<O>>,
    pub(super) demand: Option<Pending<Demand<I>>>,
    /// When a pause takes effect. Until then the demand goes on.
    pub(super) pause: Option<Time>,
    /// From when on a failure is told, where the caller watches for one.
    pub(super) watch: Option<Time>,
}

/// An operation that completes at its time, or as soon after as it can.
#[derive(Debug)]
pub(super) struct Pending<T> {
    pub(super) due: Time,
    pub(super) value: T,
}

#[derive(Debug)]
pub(super) enum Role {
    Listener {
        address: std::net::SocketAddr,
        is_accepting: bool,
    },
    Connecting {
        remote: std::net::SocketAddr,
        due: Time,
    },
    Connected(Side),
    /// A connect failed.
    Failed,
}

/// The driver's memory for received bytes.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    buffers: Vec<Option<Vec<u8>>>,
}

impl Buffers {
    pub(super) fn held(&self) -> usize {
        self.buffers.iter().flatten().count()
    }

    fn fill(&mut self, bytes: Vec<u8>) -> Received {
        let narrow = |value: usize| u32::try_from(value).expect("few buffers of 64 KiB");
        let count = narrow(bytes.len());
        let index = match self.buffers.iter().position(Option::is_none) {
            Some(index) => index,
            None => {
                self.buffers.push(None);
                self.buffers.len() - 1
            }
        };
        self.buffers[index] = Some(bytes);
        Received {
            buffer: narrow(index),
            offset: 0,
            bytes: count,
        }
    }

    pub(super) fn bytes(&self, data: &Received) -> &[u8] {
        self.buffers[data.buffer as usize]
            .as_deref()
            .expect("D6: readable until it is released")
    }

    pub(super) fn release(&mut self, data: &Received) {
        let released = self.buffers[data.buffer as usize].take();
        assert!(released.is_some(), "D6: each Received is released once");
    }
}

impl<O: Outgoing, I: Incoming> Socket<O, I> {
    pub(super) const fn new(token: Token, role: Role) -> Self {
        Self {
            token,
            role,
            sending: None,
            demand: None,
            pause: None,
            watch: None,
        }
    }

    /// Whether a poll at `now` would try something for it.
    pub(super) fn is_due(&self, network: &Network) -> bool {
        let now = network.now;
        match &self.role {
            Role::Listener {
                address,
                is_accepting,
            } => {
                let waiting = network.listeners[address].backlog.front();
                *is_accepting && waiting.is_some_and(|(due, _)| *due <= now)
            }
            Role::Connecting { due, .. } => *due <= now,
            Role::Connected(side) => {
                let pauses = self.pause.is_some_and(|due| due <= now);
                let tells = self.watch.is_some_and(|due| due <= now) && network.has_failed(*side);
                pauses
                    || tells
                    || (is_due(self.sending.as_ref(), now) && network.can_send(*side))
                    || (is_due(self.demand.as_ref(), now) && network.can_receive(*side))
            }
            Role::Failed => is_due(self.sending.as_ref(), now) || is_due(self.demand.as_ref(), now),
        }
    }

    pub(super) fn lend(&mut self, mut demand: Demand<I>, due: Time) {
        assert!(self.demand.is_none(), "D4: one demand at a time");
        if let Demand::Into(incoming) = &mut demand {
            incoming.space().fill(POISON);
        }
        self.watch = None;
        self.demand = Some(Pending { due, value: demand });
    }

    /// Tells a failure to whoever watches for one.
    pub(super) fn step_watch(
        &mut self,
        network: &Network,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let is_due = self.watch.is_some_and(|due| due <= network.now);
        let Role::Connected(side) = self.role else {
            return;
        };
        if is_due && network.has_failed(side) {
            self.watch = None;
            completions.push(Completion::HungUp {
                token: self.token,
                error: io::ErrorKind::ConnectionReset.into(),
            });
        }
    }

    /// Goes on with a connect whose time has come.
    pub(super) fn step_connect(
        &mut self,
        network: &mut Network,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let Role::Connecting { remote, due } = self.role else {
            return;
        };
        if due > network.now {
            return;
        }
        let result = match network.connect(remote) {
            Ok(Some(side)) => {
                self.role = Role::Connected(side);
                Ok(())
            }
            Ok(None) => {
                let due = network.completion_time();
                self.role = Role::Connecting { remote, due };
                return;
            }
            Err(error) => {
                self.role = Role::Failed;
                Err(error)
            }
        };
        completions.push(Completion::Connected {
            token: self.token,
            result,
        });
    }

    /// Tries the outstanding send, whose memory is read here and not before.
    pub(super) fn step_send(
        &mut self,
        network: &mut Network,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let Some(pending) = self.sending.take_if(|pending| pending.due <= network.now) else {
            return;
        };
        let Some(result) = send(&self.role, network, &pending.value) else {
            self.sending = Some(pending);
            return;
        };
        completions.push(Completion::Sent {
            token: self.token,
            outgoing: pending.value,
            result,
        });
    }

    /// Tries one receive for the outstanding demand; then lets a pause take effect.
    pub(super) fn step_receive(
        &mut self,
        network: &mut Network,
        buffers: &mut Buffers,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        let token = self.token;
        let pauses = self.pause.take_if(|due| *due <= network.now).is_some();
        let is_due = |pending: &mut Pending<_>| pauses || pending.due <= network.now;
        let Some(mut pending) = self.demand.take_if(is_due) else {
            return;
        };
        if let Demand::Into(incoming) = &mut pending.value {
            match receive(&self.role, network, incoming.space()) {
                None => self.demand = Some(pending),
                Some(result) => {
                    let Demand::Into(incoming) = pending.value else {
                        unreachable!("matched above");
                    };
                    completions.push(Completion::Filled {
                        token,
                        incoming,
                        result,
                    });
                }
            }
            return;
        }
        let (bytes_max, is_stream) = match pending.value {
            Demand::Once { bytes_max } => (bytes_max as usize, false),
            _ => (usize::MAX, true),
        };
        let mut bytes = vec![POISON; bytes_max.min(RECEIVE_BYTES_MAX)];
        let end = match receive(&self.role, network, &mut bytes) {
            Some(Ok(0)) => Some(End::Eof),
            Some(Err(error)) => Some(End::Failed(error)),
            Some(Ok(count)) => {
                bytes.truncate(count);
                let data = buffers.fill(bytes);
                completions.push(Completion::Received { token, data });
                if !is_stream {
                    self.pause = None;
                    return;
                }
                // Only what brought something takes its time before the next: an idle stream must not keep the
                // clock from moving on.
                pending.due = network.completion_time();
                pauses.then_some(End::Paused)
            }
            None => pauses.then_some(End::Paused),
        };
        if let Some(end) = end {
            self.pause = None;
            completions.push(Completion::ReceiveEnded { token, end });
            return;
        }
        self.demand = Some(pending);
    }

    /// What a closing socket gives back, in order. Chance decides who wins: the operation or its cancelling.
    pub(super) fn give_back(mut self, network: &mut Network) -> Vec<Completion<O, I>> {
        let token = self.token;
        let mut returned = Vec::new();
        if let Some(Pending {
            value: outgoing, ..
        }) = self.sending.take()
        {
            let wins = network.random.roll(500);
            let sent = wins.then(|| send(&self.role, network, &outgoing)).flatten();
            let result = sent.unwrap_or_else(|| Err(cancelled()));
            returned.push(Completion::Sent {
                token,
                outgoing,
                result,
            });
        }
        match self.demand.take().map(|pending| pending.value) {
            None => {}
            Some(Demand::Into(mut incoming)) => {
                let wins = network.random.roll(500);
                let filled = wins
                    .then(|| receive(&self.role, network, incoming.space()))
                    .flatten();
                let result = filled.unwrap_or_else(|| Err(cancelled()));
                returned.push(Completion::Filled {
                    token,
                    incoming,
                    result,
                });
            }
            Some(Demand::Once { .. } | Demand::Stream) => {
                let end = End::Paused;
                returned.push(Completion::ReceiveEnded { token, end });
            }
        }
        returned.push(Completion::Closed { token });
        returned
    }
}

fn is_due<T>(pending: Option<&Pending<T>>, now: Time) -> bool {
    pending.is_some_and(|pending| pending.due <= now)
}

fn cancelled() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn send(role: &Role, network: &mut Network, outgoing: &impl Outgoing) -> Option<io::Result<usize>> {
    let Role::Connected(side) = role else {
        return Some(Err(io::ErrorKind::NotConnected.into()));
    };
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = outgoing.slices(&mut slices);
    let ranges = slices[..count].iter().map(|slice| &**slice);
    network.send(*side, outgoing.bytes(), ranges)
}

fn receive(role: &Role, network: &mut Network, space: &mut [u8]) -> Option<io::Result<usize>> {
    let Role::Connected(side) = role else {
        return Some(Err(io::ErrorKind::NotConnected.into()));
    };
    network.receive(*side, space)
}
