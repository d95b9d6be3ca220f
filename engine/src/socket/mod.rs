//! The application's handle of a socket.
//!
//! A handle is used by one thread at a time and may move between threads. It owns its ends of the pipes and its
//! pattern; everything else happens in a reactor, to which commands go and from which events come by mailbox.

mod asynchronous;
mod attach;
mod attachments;
mod errors;
mod inproc;
mod options;
mod receive;
mod send;
mod settings;
mod shared;
mod socket_type;
#[cfg(all(test, not(loom)))]
mod tests;

pub use asynchronous::{AsyncSocket, future};
pub use errors::{
    BindError, ConnectError, DetachError, OptionError, RecvError, SendError, TryRecvError,
    TrySendError,
};
pub(crate) use inproc::{Call, Marks, Side};
pub(crate) use options::Options;
pub(crate) use shared::{Arrival, SocketEvent, SocketShared};
pub use socket_type::SocketType;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::clock;
use crate::context::Host;
use crate::counters::Statistics;
use crate::memory::{BodyPool, Pool, SENDING_KEEPS_BYTES};
use crate::monitor::{EVENTS_WAITING_MAX, Monitor, MonitorEvents};
use crate::pattern::Pattern;
use crate::pipe::Owner;
use crate::reactor::Spin;
use crate::transport::Endpoint;
use attachments::Attachments;
use inproc::Neighbours;

/// What a socket could do now without blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// A message can be received.
    pub readable: bool,
    /// A message can be sent.
    pub writable: bool,
}

/// A ZeroMQ socket, made by [`Context::socket`](crate::Context::socket).
///
/// The handle is `Send`: a thread may hand it to another. Dropping it closes the socket; what it accepted for
/// sending still leaves, for as long as [`set_linger`](Socket::set_linger) says.
///
/// ```
/// use ringmq::{Context, SocketType};
///
/// let context = Context::new()?;
/// let mut pull = context.socket(SocketType::Pull)?;
/// let endpoint = pull.bind("tcp://127.0.0.1:*")?;
///
/// let mut push = context.socket(SocketType::Push)?;
/// push.connect(&endpoint.to_string())?;
/// push.send("hello")?;
/// assert_eq!(&pull.recv()?[..], b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Socket {
    socket_type: SocketType,
    shared: Arc<SocketShared>,
    /// That of `shared`, one step nearer.
    owner: Owner,
    options: Options,
    pool: Pool,
    /// Memory of large bodies that `send_bytes` copies.
    bodies: BodyPool,
    pattern: Pattern,
    attachments: Attachments,
    neighbours: Neighbours,
    /// Reused for its capacity.
    inbox: Vec<SocketEvent>,
    spin: Spin,
    terminated: bool,
    host: Arc<Host>,
}

impl Socket {
    /// `None` if the context has as many sockets as it may have.
    pub(crate) fn new(socket_type: SocketType, host: Arc<Host>) -> Option<Self> {
        let shared = host.register_socket(socket_type)?;
        let options = Options::of(socket_type, host.options());
        shared.set_receive_high_water_mark(options.receive_high_water_mark);
        Some(Self {
            socket_type,
            owner: shared.owner.clone(),
            shared,
            options,
            pool: Pool::new(),
            bodies: BodyPool::new(SENDING_KEEPS_BYTES),
            pattern: Pattern::new(socket_type.pattern(), host.random()),
            attachments: Attachments::default(),
            neighbours: Neighbours::default(),
            inbox: Vec::new(),
            spin: host.spin(),
            terminated: false,
            host,
        })
    }

    /// What the reactor and pollers share with this handle.
    pub(crate) const fn shared_part(&self) -> &Arc<SocketShared> {
        &self.shared
    }

    /// The same, for whoever outlives the handle.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> Arc<SocketShared> {
        Arc::clone(&self.shared)
    }

    /// The socket's type.
    #[must_use]
    pub const fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// What the socket could do now without blocking. After the context was shut down that is everything: each call
    /// says so at once.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// let alone = context.socket(SocketType::Push)?.readiness();
    /// assert!(!alone.readable && !alone.writable);
    /// // A connect has a queue at once; its peer need not be there yet.
    /// assert!(push.readiness().writable);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn readiness(&mut self) -> Readiness {
        self.look();
        let readiness = Readiness {
            readable: self.terminated || self.pattern.can_receive(&self.shared.counters),
            writable: self.terminated || self.pattern.can_send(),
        };
        self.count_lost();
        readiness
    }

    /// Whether a message could be sent now, as far as can be known before it is seen.
    pub(crate) fn has_room(&mut self) -> bool {
        self.look_if_called();
        self.terminated || self.pattern.can_send()
    }

    /// Whether the context was shut down.
    pub(crate) fn is_terminated(&mut self) -> bool {
        self.look_if_called();
        self.terminated
    }

    /// A descriptor for foreign event loops: it becomes readable when the socket may have become ready.
    ///
    /// It is edge-like, as ZeroMQ's `ZMQ_FD`: after it became readable, and after each send and receive, call
    /// [`Self::readiness`] and use the socket until that says no; then wait for the descriptor again. Never read
    /// from it. It belongs to the socket and is made by the first call.
    ///
    /// # Errors
    /// The system refused to make a descriptor.
    pub fn descriptor(&mut self) -> io::Result<std::os::fd::RawFd> {
        self.shared.owner.descriptor()
    }

    /// Tells the events of this kind that happen to the socket from now on; make it before the first bind or connect to
    /// miss none. Up to 1 024 events wait to be read. There may be several monitors.
    #[must_use]
    pub fn monitor(&self, events: MonitorEvents) -> Monitor {
        self.monitor_with(events, EVENTS_WAITING_MAX)
    }

    /// A [`Self::monitor`] for which at most so many events wait to be read; what does not fit is dropped and counted.
    #[must_use]
    pub fn monitor_with(&self, events: MonitorEvents, waiting_max: usize) -> Monitor {
        Monitor::new(&self.shared.monitors, events, waiting_max)
    }

    /// What became of the socket's messages so far.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// # let mut pull = context.socket(SocketType::Pull)?;
    /// # let mut push = context.socket(SocketType::Push)?;
    /// # push.connect(&pull.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// push.send_multipart(vec!["one", "message"])?;
    /// pull.recv_multipart()?;
    /// assert_eq!(push.statistics().messages_sent, 1);
    /// assert_eq!(pull.statistics().messages_received, 1);
    /// assert_eq!(pull.statistics().connections, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.shared.counters.snapshot();
        // What this handle has not come to count.
        let lost = self.pattern.lost();
        statistics.dropped_peer_gone += lost.queued;
        statistics.dropped_unfinished += lost.unfinished;
        statistics
    }

    /// Takes events in: pipes that became usable, new peers, answers.
    #[inline]
    fn look_if_called(&mut self) {
        if self.owner.has_news() {
            self.look();
        }
    }

    #[cold]
    fn look(&mut self) {
        self.shared.owner.clear_descriptor();
        // Before the mailbox: who left makes room for who comes.
        self.take_ready();
        let mut inbox = std::mem::take(&mut self.inbox);
        self.shared.mailbox.drain(&mut inbox);
        for event in inbox.drain(..) {
            self.take_event(event);
        }
        self.inbox = inbox;
        // And after it: a peer's new marks may have given credit.
        self.take_ready();
    }

    fn take_ready(&mut self) {
        let pattern = &mut self.pattern;
        self.owner.ready_events(|event| pattern.ready(event));
    }

    fn take_event(&mut self, event: SocketEvent) {
        match event {
            SocketEvent::Bound { attachment, result } => {
                self.attachments
                    .bound(attachment, result.map(Endpoint::new));
            }
            SocketEvent::Detached { attachment } => self.attachments.detached(attachment),
            SocketEvent::Peer(arrival) => self.peer_arrived(*arrival),
            SocketEvent::Inproc(letter) => self.take_letter(letter),
            SocketEvent::Terminated => self.terminated = true,
        }
    }

    /// Waits until something may have happened or the deadline passed; returns whether the deadline passed.
    #[cold]
    fn wait(&mut self, deadline: Option<Instant>) -> bool {
        let owner = &self.owner;
        if !self.spin.until(|| owner.has_news()) {
            owner.park(deadline);
        }
        self.look();
        // Only the clock says that the time is up: a sleep may end without a reason, and news that are not what the
        // caller waits for may come without end.
        deadline.is_some_and(clock::has_passed)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.look();
        self.pattern.close_writers();
        self.count_lost();
        let unread = self.pattern.close_readers();
        self.shared.counters.dropped_closed.add_shared(unread);
        self.leave_neighbours();
        self.shared.set_closed();
        self.host.close_socket(self.shared.id, self.options.linger);
        self.shared.close();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("type", &self.socket_type)
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}
