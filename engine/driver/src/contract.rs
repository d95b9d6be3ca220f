//! The contract's types. The rules they keep stand in the crate's documentation.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Address, Time};

/// Names one socket of one driver, for as long as it lives. Slots are reused, names are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId {
    /// Slot in the driver's table.
    pub index: u32,
    /// How often the slot had been used before.
    pub generation: u32,
}

/// The caller's own name for a socket, handed back with each of its completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Which driver runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverKind {
    /// io_uring.
    Ring,
    /// Readiness: epoll or kqueue.
    Shim,
    /// The seeded fake of this crate.
    Fake,
}

impl fmt::Display for DriverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ring => "ring",
            Self::Shim => "shim",
            Self::Fake => "fake",
        })
    }
}

/// What to ask of a socket when it is made. `None` leaves the system's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// SO_SNDBUF, bytes.
    pub send_buffer_bytes: Option<u32>,
    /// SO_RCVBUF, bytes.
    pub receive_buffer_bytes: Option<u32>,
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// Where TCP connects from; port 0 lets the kernel choose. The fake's network does not care.
    pub source: Option<SocketAddr>,
    /// TCP: probes a silent connection (SO_KEEPALIVE).
    pub keepalive: Option<Keepalive>,
    /// TCP: how long sent bytes may stay unacknowledged before the connection is given up (TCP_USER_TIMEOUT). Only
    /// where [`SocketOptions::HAS_TCP_USER_TIMEOUT`].
    pub tcp_user_timeout: Option<Duration>,
    /// TCP: what packets are marked with (IP_TOS, IPV6_TCLASS); 0 leaves it to the system.
    pub type_of_service: u8,
    /// TCP: the one interface to listen on or connect through (SO_BINDTODEVICE). Only where
    /// [`SocketOptions::HAS_DEVICE`].
    pub device: Option<String>,
}

impl SocketOptions {
    /// Whether this host has `tcp_user_timeout`.
    pub const HAS_TCP_USER_TIMEOUT: bool = cfg!(any(target_os = "linux", target_os = "android"));
    /// Whether this host has `device`.
    pub const HAS_DEVICE: bool = cfg!(any(target_os = "linux", target_os = "android"));
}

/// How TCP probes a connection that is silent, to find out whether its peer is still there. `None` leaves the system's
/// default, which is hours until the first probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first probe (TCP_KEEPIDLE), whole seconds, 1 to 32 767.
    pub idle: Option<Duration>,
    /// Time between probes (TCP_KEEPINTVL), whole seconds, 1 to 32 767.
    pub interval: Option<Duration>,
    /// Unanswered probes after which the connection has failed (TCP_KEEPCNT), 1 to 127.
    pub probes: Option<u32>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
            backlog: 4096,
            source: None,
            keepalive: None,
            tcp_user_timeout: None,
            type_of_service: 0,
            device: None,
        }
    }
}

/// Bytes lent to a driver for one send.
///
/// The memory that the slices name must neither move nor change until the value comes back in
/// [`Completion::Sent`], even though the value itself is moved meanwhile.
pub trait Outgoing: fmt::Debug + 'static {
    /// Writes the ranges to send, in order, to the front of `slices` and returns how many there are.
    ///
    /// `slices` holds [`SLICES_MAX`] entries; none that is used is empty.
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize;

    /// How many bytes the ranges hold together; at least one.
    fn bytes(&self) -> usize;
}

/// The most ranges that one send may have (the kernel's UIO_MAXIOV is 1 024).
pub const SLICES_MAX: usize = 256;

/// Memory lent to a driver for one receive.
///
/// Like [`Outgoing`], the memory must not move while it is lent.
pub trait Incoming: fmt::Debug + 'static {
    /// The initialised memory to fill, from its start; at least one byte.
    fn space(&mut self) -> &mut [u8];
}

/// What the caller wants to receive next.
#[derive(Debug)]
pub enum Demand<I> {
    /// One read of at most `bytes_max` bytes into the driver's memory.
    Once {
        /// The most bytes to fetch; at least one. The driver may fetch fewer.
        bytes_max: u32,
    },
    /// Reads into the driver's memory until paused, ended or failed.
    Stream,
    /// One read into the caller's memory. The driver may fill only a part of it.
    Into(I),
}

/// Bytes in the driver's memory, named by [`Completion::Received`].
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// Which of the driver's buffers.
    pub buffer: u32,
    /// Where in the buffer the bytes start.
    pub offset: u32,
    /// How many bytes; at least one.
    pub bytes: u32,
}

/// Why a receive demand ended without (more) bytes.
#[derive(Debug)]
pub enum End {
    /// The peer closed its writing side; all its bytes were delivered.
    Eof,
    /// The caller paused or closed it.
    Paused,
    /// The connection failed.
    Failed(io::Error),
}

/// How long a poll may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Now,
    /// Until a completion, a wake, or this instant.
    Until(Time),
    /// Until a completion or a wake.
    Forever,
}

/// The result of an operation.
#[derive(Debug)]
pub enum Completion<O, I> {
    /// A listener accepted a connection, which carries no token yet ([`Driver::set_token`]), or failed and
    /// stopped.
    Accepted {
        /// The listener's token.
        token: Token,
        /// The new connection.
        result: io::Result<SocketId>,
    },
    /// A connect ended. After an error the socket still waits for [`Driver::close`].
    Connected {
        /// The socket's token.
        token: Token,
        /// Whether it is connected.
        result: io::Result<()>,
    },
    /// Bytes arrived.
    Received {
        /// The socket's token.
        token: Token,
        /// Where the bytes are.
        data: Received,
    },
    /// A `Once` or `Stream` demand ended.
    ReceiveEnded {
        /// The socket's token.
        token: Token,
        /// Why.
        end: End,
    },
    /// An `Into` demand ended.
    Filled {
        /// The socket's token.
        token: Token,
        /// The memory that had been lent.
        incoming: I,
        /// How many bytes were written to its start; zero is the end of the stream.
        result: io::Result<usize>,
    },
    /// A send ended.
    Sent {
        /// The socket's token.
        token: Token,
        /// The memory that had been lent.
        outgoing: O,
        /// How many bytes the kernel accepted.
        result: io::Result<usize>,
    },
    /// The connection failed while it was watched. What the peer had sent may be lost; only the close is left to
    /// ask for.
    HungUp {
        /// The socket's token.
        token: Token,
        /// How it failed.
        error: io::Error,
    },
    /// A closed socket is gone.
    Closed {
        /// The socket's token.
        token: Token,
    },
}

/// Makes a driver's poll return; usable from any thread.
pub trait Wake: Send + Sync {
    /// Makes the running poll return, or the next one not wait.
    fn wake(&self);
}

/// A connection between two drivers of one kind: let go of by one, not yet taken over by the other (D16). Dropping it
/// closes the connection.
pub struct Connection(Box<dyn Any + Send>);

impl Connection {
    /// Wraps what a driver knows a connection by.
    #[must_use]
    pub fn new<T: Send + 'static>(inside: T) -> Self {
        Self(Box::new(inside))
    }

    /// What is inside, for a driver of the kind that wrapped it.
    ///
    /// # Panics
    /// If a driver of another kind did.
    #[must_use]
    pub fn into_inside<T: 'static>(self) -> T {
        let inside = self.0.downcast();
        *inside.expect("connections go from one driver to another of its kind")
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Completion I/O over stream sockets. The rules are in the crate's documentation.
pub trait Driver {
    /// What sends take.
    type Outgoing: Outgoing;
    /// What receives may take.
    type Incoming: Incoming;

    /// Which driver this is.
    fn kind(&self) -> DriverKind;

    /// The present instant of the driver's clock.
    fn now(&self) -> Time;

    /// The next number of the driver's random source (jitter and identifiers, nothing secret).
    fn random(&mut self) -> u64;

    /// A handle that wakes this driver.
    fn waker(&self) -> Arc<dyn Wake>;

    /// Makes a listening socket and starts accepting; returns it and the address it really got.
    ///
    /// # Errors
    /// Those of socket(2), bind(2) and listen(2).
    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<(SocketId, Address)>;

    /// Starts accepting again after a failed [`Completion::Accepted`]; not before it has come.
    fn accept(&mut self, listener: SocketId);

    /// Makes a socket and starts to connect it; [`Completion::Connected`] tells the end.
    ///
    /// # Errors
    /// Those of socket(2) and setsockopt(2).
    fn connect(
        &mut self,
        token: Token,
        address: &Address,
        options: &SocketOptions,
    ) -> io::Result<SocketId>;

    /// Gives an accepted socket its token; called before any other operation on it.
    fn set_token(&mut self, socket: SocketId, token: Token);

    /// Lets go of an accepted socket of which nothing was asked yet, so that another driver can serve it.
    fn hand_over(&mut self, socket: SocketId) -> Connection;

    /// Serves a connection that another driver of this kind let go of.
    ///
    /// # Errors
    /// Those of epoll_ctl(2) or kevent(2); the connection is closed then.
    fn take_over(&mut self, token: Token, connection: Connection) -> io::Result<SocketId>;

    /// The address of the other end, where the system knows one.
    fn peer_address(&self, socket: SocketId) -> Option<Address>;

    /// The address that a connection has at this end, if the system still knows it.
    fn local_address(&self, socket: SocketId) -> Option<Address>;

    /// The socket's file descriptor, where it has one. It stays the driver's.
    fn descriptor(&self, socket: SocketId) -> Option<i32>;

    /// Starts a receive.
    fn receive(&mut self, socket: SocketId, demand: Demand<Self::Incoming>);

    /// Ends a receive demand, or makes a listener stop (D10).
    fn pause(&mut self, socket: SocketId);

    /// Asks to be told should the connection fail before the next receive. No receive may be outstanding.
    fn watch(&mut self, socket: SocketId);

    /// The bytes of a [`Completion::Received`].
    fn received(&self, data: &Received) -> &[u8];

    /// Gives the bytes of a [`Completion::Received`] back.
    fn release(&mut self, data: Received);

    /// Starts a send.
    fn send(&mut self, socket: SocketId, outgoing: Self::Outgoing);

    /// Ends the writing side after what was sent (shutdown(2), SHUT_WR). No send may be outstanding.
    fn shutdown(&mut self, socket: SocketId);

    /// Starts to close the socket: cancels what is outstanding, then [`Completion::Closed`]. Closing a
    /// listener that listens on a path also removes the path it made.
    fn close(&mut self, socket: SocketId);

    /// Whether user space alone shows that a poll would find something; never makes a system call. Lets the
    /// caller spin before it sleeps.
    fn is_ready(&self) -> bool;

    /// Submits what was asked for, waits as told, and appends what completed.
    ///
    /// # Errors
    /// The driver itself is broken; its sockets are lost.
    fn poll(
        &mut self,
        wait: Wait,
        completions: &mut Vec<Completion<Self::Outgoing, Self::Incoming>>,
    ) -> io::Result<()>;
}
