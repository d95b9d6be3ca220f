//! The inproc names of a context: who is bound to each, and who waits for somebody to be.
//!
//! A lock keeps both, because whoever connects either finds the bound socket or is found by it. It is held for
//! look-ups alone: letters are sent, and pipes dropped, outside of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::peer::PeerId;
use crate::socket::{Call, Marks, Side, SocketShared};

/// The names of one context.
#[derive(Debug, Default)]
pub(crate) struct InprocNames(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    bound: HashMap<Box<str>, Side>,
    /// Connects to names that nobody is bound to, in their order.
    waiting: HashMap<Box<str>, Vec<Waiting>>,
    /// How many of those are over but for what is queued.
    lingering: usize,
}

#[derive(Debug)]
struct Waiting {
    call: Call,
    /// The socket is closed, or disconnected: only what is queued waits, until this deadline if there is one.
    lingers: Option<Option<Instant>>,
}

/// Somebody is bound to the name.
#[derive(Debug)]
pub(crate) struct NameInUse;

impl InprocNames {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Every statement that changes them leaves them whole, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is bound to the name.
    pub(crate) fn bound(&self, name: &str) -> Option<Side> {
        self.lock().bound.get(name).cloned()
    }

    /// Binds a socket to the name. Returns the calls that wait for it.
    pub(crate) fn bind(&self, name: &str, side: Side) -> Result<Vec<Call>, NameInUse> {
        let mut entries = self.lock();
        if entries.bound.contains_key(name) {
            return Err(NameInUse);
        }
        let expired = entries.take_expired();
        entries.bound.insert(name.into(), side);
        let waiting = entries.waiting.remove(name).unwrap_or_default();
        let lingering = waiting.iter().filter(|waiting| waiting.lingers.is_some());
        entries.lingering -= lingering.count();
        drop(entries);
        expired.into_iter().for_each(Call::expire);
        Ok(waiting.into_iter().map(|waiting| waiting.call).collect())
    }

    /// The socket is bound to the name no more.
    pub(crate) fn unbind(&self, name: &str, socket: u64) {
        let mut entries = self.lock();
        if entries
            .bound
            .get(name)
            .is_some_and(|side| side.shared.id == socket)
        {
            entries.bound.remove(name);
        }
    }

    /// Leaves a call for whoever will be bound to the name. If somebody is, returns that socket and the call.
    pub(crate) fn call(&self, name: &str, call: Call) -> Option<(Arc<SocketShared>, Call)> {
        let mut entries = self.lock();
        if let Some(side) = entries.bound.get(name) {
            return Some((Arc::clone(&side.shared), call));
        }
        let expired = entries.take_expired();
        entries
            .waiting
            .entry(name.into())
            .or_default()
            .push(Waiting {
                call,
                lingers: None,
            });
        drop(entries);
        expired.into_iter().for_each(Call::expire);
        None
    }

    /// A socket gives up its calls that wait, to one peer or to all. Messages that are queued go on waiting for the
    /// linger time.
    pub(crate) fn hang_up(&self, socket: u64, peer: Option<PeerId>, linger: Option<Duration>) {
        let mut dropped = Vec::new();
        let mut entries = self.lock();
        let Entries {
            waiting, lingering, ..
        } = &mut *entries;
        waiting.retain(|_, calls| {
            let gone = calls.extract_if(.., |waiting| {
                let mine = waiting.call.is_from(socket, peer) && waiting.lingers.is_none();
                if mine && linger != Some(Duration::ZERO) && waiting.call.has_message() {
                    waiting.lingers = Some(clock::deadline(linger));
                    *lingering += 1;
                    return false;
                }
                mine
            });
            dropped.extend(gone.map(|waiting| waiting.call));
            !calls.is_empty()
        });
        drop(entries);
        dropped.into_iter().for_each(Call::expire);
    }

    /// A socket is closed.
    pub(crate) fn forget(&self, socket: u64, linger: Option<Duration>) {
        self.lock().bound.retain(|_, side| side.shared.id != socket);
        self.hang_up(socket, None, linger);
    }

    /// A socket's high-water marks are others now.
    pub(crate) fn set_marks(&self, socket: u64, marks: Marks) {
        let mut entries = self.lock();
        let Entries { bound, waiting, .. } = &mut *entries;
        let waiting = waiting.values_mut().flatten();
        let calling = waiting.map(|waiting| &mut waiting.call.from);
        for side in bound.values_mut().chain(calling) {
            if side.shared.id == socket {
                side.marks = marks;
            }
        }
    }
}

impl Drop for InprocNames {
    /// The context is over, and with it whoever might have been bound yet.
    fn drop(&mut self) {
        let entries = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let waiting = entries.waiting.drain().flat_map(|(_, calls)| calls);
        waiting.for_each(|waiting| waiting.call.expire());
    }
}

impl Entries {
    /// Takes what waited out its linger time.
    fn take_expired(&mut self) -> Vec<Call> {
        let mut expired = Vec::new();
        if self.lingering > 0 {
            self.waiting.retain(|_, calls| {
                let over = calls.extract_if(.., |waiting| {
                    waiting.lingers.flatten().is_some_and(clock::has_passed)
                });
                expired.extend(over.map(|waiting| waiting.call));
                !calls.is_empty()
            });
            self.lingering -= expired.len();
        }
        expired
    }
}
