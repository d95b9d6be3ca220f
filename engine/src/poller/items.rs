//! The simple way to wait for a few sockets: one call, as ZeroMQ's `zmq_poll`.

use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use super::{Interest, PollEvent, Poller, PollerError, Sockets};
use crate::socket::Socket;

/// One thing to wait for with [`poll`], and what came of it.
#[derive(Debug)]
pub struct PollItem<'a> {
    source: Polled<'a>,
    interest: Interest,
    event: Option<PollEvent>,
}

#[derive(Debug)]
enum Polled<'a> {
    Socket(&'a mut Socket),
    Descriptor(RawFd),
}

impl<'a> PollItem<'a> {
    /// Waits for a socket.
    #[must_use]
    pub const fn socket(socket: &'a mut Socket, interest: Interest) -> Self {
        Self {
            source: Polled::Socket(socket),
            interest,
            event: None,
        }
    }

    /// Waits for a descriptor.
    #[must_use]
    pub fn descriptor(descriptor: &'a impl AsRawFd, interest: Interest) -> Self {
        Self {
            source: Polled::Descriptor(descriptor.as_raw_fd()),
            interest,
            event: None,
        }
    }

    /// Whether there was something to receive.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.event.is_some_and(|event| event.readable)
    }

    /// Whether there was room to send.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.event.is_some_and(|event| event.writable)
    }

    /// Whether the descriptor was in error.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.event.is_some_and(|event| event.failed)
    }
}

/// Waits until one of the items is ready, or `timeout` has passed; `None` waits for ever. Returns how many are ready.
///
/// It looks at each item each time: for more than a handful make a [`Poller`] once, whose cost follows what is ready.
///
/// ```
/// use ringmq::{Context, Interest, PollItem, SocketType, poll};
///
/// let context = Context::new()?;
/// let mut pull = context.socket(SocketType::Pull)?;
/// let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();
/// let mut push = context.socket(SocketType::Push)?;
/// push.connect(&endpoint)?;
/// push.send("hello")?;
///
/// let input = std::io::stdin();
/// let mut items = [
///     PollItem::socket(&mut pull, Interest::READABLE),
///     PollItem::descriptor(&input, Interest::NOTHING),
/// ];
/// assert_eq!(poll(&mut items, None)?, 1);
/// assert!(items[0].is_readable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A descriptor stands there twice, or the system refuses to wait for it.
pub fn poll(items: &mut [PollItem<'_>], timeout: Option<Duration>) -> Result<usize, PollerError> {
    let mut poller = Poller::new();
    for (key, item) in items.iter_mut().enumerate() {
        item.event = None;
        match &item.source {
            Polled::Socket(socket) => poller.add(socket, key, item.interest)?,
            Polled::Descriptor(descriptor) => {
                poller.add_descriptor(descriptor, key, item.interest)?;
            }
        }
    }
    let mut events = Vec::new();
    let ready = poller.wait(items, &mut events, timeout)?;
    for event in events {
        items[event.key].event = Some(event);
    }
    Ok(ready)
}

impl Sockets for [PollItem<'_>] {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        match &mut self.get_mut(key)?.source {
            Polled::Socket(socket) => Some(socket),
            Polled::Descriptor(_) => None,
        }
    }
}
