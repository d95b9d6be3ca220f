//! A poller's file descriptors, over epoll or kqueue, and among them the one that tells of its sockets.
//!
//! The system tells edges here. A descriptor that was told is asked about again before the next wait, which costs one
//! call each, and nothing for those that are idle: so the caller sees levels.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Poll, Token};

use super::{Interest, PollEvent};
use crate::pipe::Owner;

/// Whose token means that a socket has news.
const SOCKETS: Token = Token(usize::MAX);
/// So many are told by one wait; the others by the next.
const EVENTS_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Descriptors {
    poll: Poll,
    events: Events,
    /// What was told by the last wait, to be asked about again.
    told: HashMap<usize, (RawFd, mio::Interest)>,
    registered: HashMap<usize, (RawFd, mio::Interest)>,
}

impl Descriptors {
    /// Descriptors, and the news of `owner`.
    pub(super) fn new(owner: &Owner) -> io::Result<Self> {
        let poll = Poll::new()?;
        let news = owner.descriptor()?;
        poll.registry()
            .register(&mut SourceFd(&news), SOCKETS, mio::Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            told: HashMap::new(),
            registered: HashMap::new(),
        })
    }

    pub(super) fn add(
        &mut self,
        descriptor: RawFd,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let Some(wanted) = of_mio(interest) else {
            return Ok(());
        };
        self.poll
            .registry()
            .register(&mut SourceFd(&descriptor), Token(key), wanted)?;
        self.registered.insert(key, (descriptor, wanted));
        Ok(())
    }

    pub(super) fn modify(
        &mut self,
        descriptor: RawFd,
        key: usize,
        before: Interest,
        after: Interest,
    ) -> io::Result<()> {
        self.told.remove(&key);
        let registry = self.poll.registry();
        match (of_mio(before), of_mio(after)) {
            (None, _) => return self.add(descriptor, key, after),
            (Some(_), None) => {
                registry.deregister(&mut SourceFd(&descriptor))?;
                self.registered.remove(&key);
            }
            (Some(_), Some(wanted)) => {
                registry.reregister(&mut SourceFd(&descriptor), Token(key), wanted)?;
                self.registered.insert(key, (descriptor, wanted));
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, descriptor: RawFd, key: usize, interest: Interest) {
        self.told.remove(&key);
        self.registered.remove(&key);
        if of_mio(interest).is_some() {
            // The only refusal is that the descriptor is closed, and so gone from here already.
            let _ = self.poll.registry().deregister(&mut SourceFd(&descriptor));
        }
    }

    /// Waits for a descriptor, or for news of a socket, for at most `wait`; `None` is for ever. May end early.
    pub(super) fn wait(
        &mut self,
        wait: Option<Duration>,
        events: &mut Vec<PollEvent>,
    ) -> io::Result<()> {
        for (key, (descriptor, wanted)) in self.told.drain() {
            self.poll
                .registry()
                .reregister(&mut SourceFd(&descriptor), Token(key), wanted)?;
        }
        match self.poll.poll(&mut self.events, wait) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            let Token(key) = event.token();
            let Some(&(descriptor, wanted)) = self.registered.get(&key) else {
                continue;
            };
            self.told.insert(key, (descriptor, wanted));
            let failed = event.is_error();
            let readable = event.is_readable() || event.is_read_closed() || failed;
            let writable = event.is_writable() || event.is_write_closed() || failed;
            events.push(PollEvent {
                key,
                readable: readable && wanted.is_readable(),
                writable: writable && wanted.is_writable(),
                failed,
            });
        }
        Ok(())
    }
}

fn of_mio(interest: Interest) -> Option<mio::Interest> {
    let readable = interest.is_readable().then_some(mio::Interest::READABLE);
    let writable = interest.is_writable().then_some(mio::Interest::WRITABLE);
    match (readable, writable) {
        (Some(readable), Some(writable)) => Some(readable | writable),
        (one, other) => one.or(other),
    }
}
