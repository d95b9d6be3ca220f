//! Waiting for many sockets and file descriptors at once, at a cost that follows what is ready.
//!
//! ```text
//!   engine ── news of a socket ──▶ its watch: the key, once ──▶ the poller's list ──▶ bell
//!   wait:    keys on the list, and keys that were ready last time
//!              for each: arm the watch ── look at the socket ──▶ an event, if it is ready
//!            nothing? ── sleep until the bell, a descriptor, or the deadline
//! ```
//!
//! A poller cannot hold its sockets, for whoever handles an event uses them; and what a socket can do is only known by
//! looking at it, which takes the handle itself. So the caller passes its collection to [`Poller::wait`], and the
//! poller fetches from it the few sockets that it has to look at. That makes events exact and level-like without
//! touching the idle. The alternatives are worse: a poller that owns the sockets makes every use of them a look-up,
//! and one that only hints, as edge-triggered interfaces do, hangs the program that stops reading too early.
//!
//! This module must not know what an engine does; it sees of a socket its handle and its owner.

mod descriptors;
mod errors;
mod interest;
mod items;
mod sockets;

pub use errors::PollerError;
pub use interest::{Interest, PollEvent};
pub use items::{PollItem, poll};
pub use sockets::Sockets;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::clock;
use crate::pipe::{Owner, Watch};
use crate::socket::{Socket, SocketShared};
use descriptors::Descriptors;

/// Waits for many sockets and file descriptors at once.
///
/// The sockets stay the caller's: [`Self::wait`] borrows the collection they live in (anything that implements
/// [`Sockets`], as `Vec<Socket>`, `[&mut Socket; N]` and `HashMap<usize, Socket>` do) and fetches from it, by key, only
/// those that may have become ready. However many others are idle costs nothing.
///
/// Events are level-like: what is ready and not used up is told again by the next wait.
///
/// ```
/// use ringmq::{Context, Interest, Poller, SocketType};
///
/// let context = Context::new()?;
/// let mut sockets = Vec::new();
/// let mut poller = Poller::new();
/// for key in 0..3 {
///     let mut pull = context.socket(SocketType::Pull)?;
///     pull.bind("tcp://127.0.0.1:*")?;
///     poller.add(&pull, key, Interest::READABLE)?;
///     sockets.push(pull);
/// }
/// let endpoint = sockets[1].bind("tcp://127.0.0.1:*")?;
/// let mut push = context.socket(SocketType::Push)?;
/// push.connect(&endpoint.to_string())?;
/// push.send("for the second")?;
///
/// let mut events = Vec::new();
/// poller.wait(&mut sockets, &mut events, None)?;
/// for event in &events {
///     assert_eq!(event.key, 1);
///     assert_eq!(&sockets[event.key].try_recv()?[..], b"for the second");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Poller {
    /// Sleeps for the poller; the watch rings it.
    owner: Owner,
    watch: Watch,
    entries: HashMap<usize, Entry>,
    /// Where the shared parts of the watched sockets are: a socket has one key.
    watched: HashSet<usize>,
    /// Keys to look at: of what was ready last time, and of what is new.
    candidates: Vec<usize>,
    /// Made with the first descriptor.
    descriptors: Option<Descriptors>,
    looks: u64,
    /// Reused for its capacity.
    hints: Vec<u64>,
}

#[derive(Debug)]
struct Entry {
    interest: Interest,
    /// It is among the candidates.
    listed: bool,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Socket(Weak<SocketShared>),
    Descriptor(RawFd),
}

impl Default for Poller {
    fn default() -> Self {
        Self::new()
    }
}

impl Poller {
    /// A poller of nothing yet. It costs no descriptor until one is added.
    #[must_use]
    pub fn new() -> Self {
        let owner = Owner::parker();
        Self {
            watch: Watch::new(&owner),
            owner,
            entries: HashMap::new(),
            watched: HashSet::new(),
            candidates: Vec::new(),
            descriptors: None,
            looks: 0,
            hints: Vec::new(),
        }
    }

    /// Waits for this socket, too. `key` names it in events and towards the collection given to [`Self::wait`].
    ///
    /// The socket may be of any context. A socket that was dropped needs no [`Self::remove`].
    ///
    /// # Errors
    /// The key or the socket is there already.
    pub fn add(
        &mut self,
        socket: &Socket,
        key: usize,
        interest: Interest,
    ) -> Result<(), PollerError> {
        self.free(key)?;
        let shared = Arc::downgrade(socket.shared_part());
        if !self.watched.insert(place(&shared)) {
            return Err(PollerError::AlreadyAdded);
        }
        self.enter(key, interest, Source::Socket(shared));
        Ok(())
    }

    /// Waits for this descriptor, too: a socket, a pipe, anything but a file on a disk. Whoever closes it has to
    /// [remove](Self::remove) it first.
    ///
    /// # Errors
    /// The key or the descriptor is there already, or the system cannot wait for such a descriptor.
    pub fn add_descriptor(
        &mut self,
        descriptor: &impl AsRawFd,
        key: usize,
        interest: Interest,
    ) -> Result<(), PollerError> {
        self.free(key)?;
        let descriptors = match &mut self.descriptors {
            Some(descriptors) => descriptors,
            none => none.insert(Descriptors::new(&self.owner)?),
        };
        let descriptor = descriptor.as_raw_fd();
        descriptors.add(descriptor, key, interest)?;
        self.enter(key, interest, Source::Descriptor(descriptor));
        Ok(())
    }

    fn free(&self, key: usize) -> Result<(), PollerError> {
        // The largest is the poller's own name among the descriptors.
        if key == usize::MAX || self.entries.contains_key(&key) {
            return Err(PollerError::KeyInUse);
        }
        Ok(())
    }

    fn enter(&mut self, key: usize, interest: Interest, source: Source) {
        // A descriptor that is ready says so by itself.
        let listed = matches!(source, Source::Socket(_));
        if listed {
            self.candidates.push(key);
        }
        let entry = Entry {
            interest,
            listed,
            source,
        };
        self.entries.insert(key, entry);
    }

    /// Changes what is waited for. [`Interest::NOTHING`] keeps the place.
    ///
    /// # Errors
    /// There is no such key, or the system refuses the change for a descriptor.
    pub fn modify(&mut self, key: usize, interest: Interest) -> Result<(), PollerError> {
        let entry = self.entries.get_mut(&key).ok_or(PollerError::UnknownKey)?;
        if let (&Source::Descriptor(descriptor), Some(descriptors)) =
            (&entry.source, &mut self.descriptors)
        {
            descriptors.modify(descriptor, key, entry.interest, interest)?;
        } else if !entry.listed {
            entry.listed = true;
            self.candidates.push(key);
        }
        entry.interest = interest;
        Ok(())
    }

    /// Waits for this one no longer.
    ///
    /// # Errors
    /// There is no such key.
    pub fn remove(&mut self, key: usize) -> Result<(), PollerError> {
        let entry = self.entries.remove(&key).ok_or(PollerError::UnknownKey)?;
        if entry.listed {
            self.candidates.retain(|candidate| *candidate != key);
        }
        self.let_go(&entry, key);
        Ok(())
    }

    fn let_go(&mut self, entry: &Entry, key: usize) {
        match &entry.source {
            Source::Socket(shared) => {
                self.watched.remove(&place(shared));
                if let Some(shared) = shared.upgrade() {
                    shared.owner.unwatch(&self.watch);
                }
            }
            Source::Descriptor(descriptor) => {
                if let Some(descriptors) = &mut self.descriptors {
                    descriptors.remove(*descriptor, key, entry.interest);
                }
            }
        }
    }

    /// How many sockets and descriptors are waited for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How often a socket was looked at so far: what waiting costs.
    #[must_use]
    pub const fn looks(&self) -> u64 {
        self.looks
    }

    /// Waits until something is ready, or `timeout` has passed; `None` waits for ever, zero only looks. Puts what is
    /// ready into `events`, whose old content goes, and returns how much that is: nothing only after the time-out.
    ///
    /// After its context was shut down, a socket is ready for everything, whatever was waited for, so that its calls can
    /// say so.
    ///
    /// A key that the collection does not know any more is forgotten.
    ///
    /// # Errors
    /// The collection has another socket under a key than was added, or the system fails.
    pub fn wait(
        &mut self,
        sockets: &mut (impl Sockets + ?Sized),
        events: &mut Vec<PollEvent>,
        timeout: Option<Duration>,
    ) -> Result<usize, PollerError> {
        events.clear();
        let deadline = clock::deadline(timeout);
        loop {
            // Before the look: whatever comes in time is told, even if nothing wakes us for it in time.
            let expired = deadline.is_some_and(clock::has_passed);
            self.owner.clear_descriptor();
            self.look(sockets, events)?;
            let done = expired || !events.is_empty();
            if let Some(descriptors) = &mut self.descriptors {
                let wait = if done {
                    Some(Duration::ZERO)
                } else {
                    deadline.map(clock::until)
                };
                descriptors.wait(wait, events)?;
            } else if !done {
                self.owner.park(deadline);
            }
            if expired || !events.is_empty() {
                return Ok(events.len());
            }
        }
    }

    /// Looks at all candidates; those that are ready stay candidates.
    fn look(
        &mut self,
        sockets: &mut (impl Sockets + ?Sized),
        events: &mut Vec<PollEvent>,
    ) -> Result<(), PollerError> {
        let mut hints = std::mem::take(&mut self.hints);
        self.watch.drain(&mut hints);
        for hint in hints.drain(..) {
            let key = hint as usize;
            if let Some(entry) = self.entries.get_mut(&key)
                && !entry.listed
            {
                entry.listed = true;
                self.candidates.push(key);
            }
        }
        self.hints = hints;
        let mut result = Ok(());
        let mut kept = 0;
        for place in 0..self.candidates.len() {
            let key = self.candidates[place];
            let keep = match self.look_at(key, sockets.socket(key), events) {
                Ok(ready) => ready,
                Err(error) => {
                    result = Err(error);
                    true
                }
            };
            if keep {
                self.candidates[kept] = key;
                kept += 1;
            }
        }
        self.candidates.truncate(kept);
        result
    }

    /// Looks at one candidate. Returns whether it stays one.
    fn look_at(
        &mut self,
        key: usize,
        socket: Option<&mut Socket>,
        events: &mut Vec<PollEvent>,
    ) -> Result<bool, PollerError> {
        let entry = self.entries.get_mut(&key).expect("candidates have entries");
        let Source::Socket(shared) = &entry.source else {
            unreachable!("descriptors are no candidates");
        };
        let Some(socket) = socket else {
            let entry = self.entries.remove(&key).expect("it was there just now");
            self.let_go(&entry, key);
            return Ok(false);
        };
        if !std::ptr::eq(shared.as_ptr(), Arc::as_ptr(socket.shared_part())) {
            return Err(PollerError::WrongSocket { key });
        }
        // In this order: what comes after the look is told by the watch.
        socket.shared_part().owner.watch(&self.watch, key as u64);
        self.looks += 1;
        let readiness = socket.readiness();
        let shut_down = socket.is_terminated();
        let event = PollEvent {
            key,
            readable: shut_down || readiness.readable && entry.interest.is_readable(),
            writable: shut_down || readiness.writable && entry.interest.is_writable(),
            failed: false,
        };
        entry.listed = event.readable || event.writable;
        if entry.listed {
            events.push(event);
        }
        Ok(entry.listed)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        for entry in self.entries.values() {
            if let Source::Socket(shared) = &entry.source
                && let Some(shared) = shared.upgrade()
            {
                shared.owner.unwatch(&self.watch);
            }
        }
    }
}

/// Tells sockets of all contexts apart; not given to another one while the weak reference lives.
fn place(shared: &Weak<SocketShared>) -> usize {
    shared.as_ptr().addr()
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
