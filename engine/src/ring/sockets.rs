//! The table of sockets: slots that are reused, names that are not, and the making of listeners and connections.
//!
//! A socket keeps its slot until its last operation has completed, so a completion always finds the socket it
//! belongs to. Where the kernel has a table of registered files, the slot is also the file's number there.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use io_uring::{Submitter, types};
use ringmq_driver::{Address, SocketId, SocketOptions, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use super::address::BoundPath;
use super::in_flight::{Loans, Op, Receiving, Sending};
use super::watch::Watch;

/// One socket.
#[derive(Debug)]
pub(super) struct SocketState<O, I> {
    /// The caller's name for it.
    pub(super) token: Token,
    /// Its descriptor, which is its owner.
    pub(super) fd: OwnedFd,
    /// Whether its slot in the table of registered files names it too.
    pub(super) registered: bool,
    /// The path it made, for a listener on one.
    pub(super) path: Option<BoundPath>,
    /// Whether a multishot accept is in the kernel.
    pub(super) accepting: bool,
    /// Whether the caller asked to stop it.
    pub(super) stopping: bool,
    /// The address lent to a connect; the loan ends at the completion of the connect.
    pub(super) connecting: Option<Box<SockAddr>>,
    /// The outstanding receive demand (rule D4: at most one).
    pub(super) receiving: Option<Receiving<I>>,
    /// The outstanding send (rule D2: at most one).
    pub(super) sending: Option<Sending<O>>,
    /// What is known of its failure while nobody receives.
    pub(super) watch: Watch,
    /// Whether the last receive emptied the socket, so that a first attempt would be wasted.
    pub(super) known_empty: bool,
    /// Whether the caller closed it.
    pub(super) closing: bool,
    /// Operations in the kernel, cancels included.
    pub(super) in_flight: u32,
    /// Cancels among them.
    pub(super) cancels: u32,
    /// Whether one of them did not find its target, or could not stop it.
    pub(super) cancel_missed: bool,
}

impl<O, I> SocketState<O, I> {
    fn new(token: Token, fd: OwnedFd, registered: bool) -> Self {
        Self {
            token,
            fd,
            registered,
            path: None,
            accepting: false,
            stopping: false,
            connecting: None,
            receiving: None,
            sending: None,
            watch: Watch::default(),
            known_empty: false,
            closing: false,
            in_flight: 0,
            cancels: 0,
            cancel_missed: false,
        }
    }

    /// The operations that are in the kernel, cancels excepted; at most one of each kind.
    pub(super) fn cancellable(&self) -> [Option<Op>; 5] {
        let is_receiving = self
            .receiving
            .as_ref()
            .is_some_and(|receiving| receiving.armed);
        [
            self.accepting.then_some(Op::Accept),
            self.connecting.is_some().then_some(Op::Connect),
            is_receiving.then_some(Op::Receive),
            self.sending.is_some().then_some(Op::Send),
            self.watch.is_armed().then_some(Op::Watch),
        ]
    }
}

#[derive(Debug)]
struct Slot<O, I> {
    generation: u32,
    state: Option<SocketState<O, I>>,
}

/// How an operation names a socket to the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) enum File {
    /// By its number in the table of registered files, which saves counting references.
    Registered(types::Fixed),
    /// By its descriptor.
    Descriptor(types::Fd),
}

/// Builds an entry with an operation of the `io-uring` crate, whose file may be either kind.
macro_rules! with_file {
    ($file:expr, |$bound:ident| $entry:expr) => {
        match $file {
            super::sockets::File::Registered($bound) => $entry,
            super::sockets::File::Descriptor($bound) => $entry,
        }
    };
}
pub(super) use with_file;

/// All sockets of one ring.
#[derive(Debug)]
pub(super) struct Sockets<O, I> {
    slots: Vec<Slot<O, I>>,
    /// Slots without a socket, most recently used last.
    free: Vec<u32>,
    /// Size of the kernel's table of registered files; zero where it is not used.
    registered_max: u32,
}

impl<O, I> Sockets<O, I> {
    /// No sockets.
    pub(super) const fn new(registered_max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            registered_max,
        }
    }

    /// How many sockets there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes a socket over. It works without a place in the table of registered files, only slower.
    pub(super) fn insert(
        &mut self,
        submitter: &Submitter<'_>,
        token: Token,
        fd: OwnedFd,
    ) -> SocketId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                state: None,
            });
            u32::try_from(self.slots.len() - 1).expect("descriptors are fewer than 2³²")
        });
        let registered = index < self.registered_max
            && submitter
                .register_files_update(index, &[fd.as_raw_fd()])
                .is_ok();
        let slot = &mut self.slots[index as usize];
        debug_assert!(slot.state.is_none(), "a free slot holds no socket");
        slot.state = Some(SocketState::new(token, fd, registered));
        SocketId {
            index,
            generation: slot.generation,
        }
    }

    /// Forgets a socket that has nothing in flight, and closes its descriptor.
    pub(super) fn remove(&mut self, submitter: &Submitter<'_>, socket: SocketId) -> Token {
        self.take(submitter, socket).token
    }

    /// Forgets a socket that has nothing in flight; its descriptor is the caller's.
    pub(super) fn release(&mut self, submitter: &Submitter<'_>, socket: SocketId) -> OwnedFd {
        self.take(submitter, socket).fd
    }

    fn take(&mut self, submitter: &Submitter<'_>, socket: SocketId) -> SocketState<O, I> {
        let slot = &mut self.slots[socket.index as usize];
        debug_assert_eq!(slot.generation, socket.generation, "removed once");
        let state = slot.state.take().expect("a socket is removed once");
        assert_eq!(state.in_flight, 0, "the kernel has let go of the socket");
        if state.registered {
            // The table holds a reference: without this the connection would outlive its descriptor.
            let cleared = submitter.register_files_update(socket.index, &[-1]);
            debug_assert!(cleared.is_ok(), "clearing an entry needs no resource");
        }
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(socket.index);
        state
    }

    /// A live socket.
    ///
    /// # Panics
    /// If the caller names a socket that is gone.
    pub(super) fn get(&self, socket: SocketId) -> &SocketState<O, I> {
        let slot = &self.slots[socket.index as usize];
        assert_eq!(slot.generation, socket.generation, "the socket lives");
        slot.state.as_ref().expect("the socket lives")
    }

    /// A live socket.
    ///
    /// # Panics
    /// If the caller names a socket that is gone.
    pub(super) fn get_mut(&mut self, socket: SocketId) -> &mut SocketState<O, I> {
        let slot = &mut self.slots[socket.index as usize];
        assert_eq!(slot.generation, socket.generation, "the socket lives");
        slot.state.as_mut().expect("the socket lives")
    }

    /// The full name of the socket in a slot, if there is one.
    pub(super) fn at(&self, index: u32) -> Option<SocketId> {
        let slot = self.slots.get(index as usize)?;
        slot.state.as_ref().map(|_| SocketId {
            index,
            generation: slot.generation,
        })
    }

    /// The names of all sockets.
    pub(super) fn live(&self) -> Vec<SocketId> {
        (0..u32::try_from(self.slots.len()).expect("slots are numbered by u32"))
            .filter_map(|index| self.at(index))
            .collect()
    }

    /// Closes all descriptors; returns what the sockets had lent.
    pub(super) fn close_all(self) -> Vec<Loans<O, I>> {
        let states = self.slots.into_iter().filter_map(|slot| slot.state);
        states
            .map(|state| (state.connecting, state.receiving, state.sending))
            .collect()
    }

    /// How operations name the socket to the kernel.
    pub(super) fn file(&self, socket: SocketId) -> File {
        let state = self.get(socket);
        if state.registered {
            File::Registered(types::Fixed(socket.index))
        } else {
            File::Descriptor(types::Fd(state.fd.as_raw_fd()))
        }
    }
}

/// Chooses where a socket connects from.
///
/// # Errors
/// Those of setsockopt(2) and bind(2).
pub(super) fn bind_source(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    let Some(source) = options.source else {
        return Ok(());
    };
    // A fixed port is free again for the next attempt while the last connection lingers in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(source))
}

/// Makes a stream socket for an address, with options set that must precede listen and connect.
///
/// # Errors
/// Those of socket(2) and setsockopt(2).
pub(super) fn make(address: &Address, options: &SocketOptions) -> io::Result<Socket> {
    let (domain, protocol) = match address {
        Address::Tcp(address) => (Domain::for_address(*address), Some(Protocol::TCP)),
        Address::Unix(_) => (Domain::UNIX, None),
    };
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    if matches!(address, Address::Tcp(_)) {
        // Accepted sockets inherit it from their listener.
        socket.set_tcp_nodelay(true)?;
        set_tcp_options(&socket, domain == Domain::IPV6, options)?;
    }
    if let Some(bytes) = options.send_buffer_bytes {
        socket.set_send_buffer_size(bytes as usize)?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes as usize)?;
    }
    Ok(socket)
}

/// Sets what is TCP's own.
///
/// # Errors
/// Those of setsockopt(2).
fn set_tcp_options(socket: &Socket, is_v6: bool, options: &SocketOptions) -> io::Result<()> {
    if let Some(keepalive) = &options.keepalive {
        let mut system = TcpKeepalive::new();
        if let Some(idle) = keepalive.idle {
            system = system.with_time(idle);
        }
        if let Some(interval) = keepalive.interval {
            system = system.with_interval(interval);
        }
        if let Some(probes) = keepalive.probes {
            system = system.with_retries(probes);
        }
        socket.set_tcp_keepalive(&system)?;
    }
    if options.type_of_service != 0 {
        let service = u32::from(options.type_of_service);
        if is_v6 {
            socket.set_tclass_v6(service)?;
        }
        // A socket of both families marks its IPv4 packets with this one.
        socket.set_tos_v4(service)?;
    }
    if let Some(timeout) = options.tcp_user_timeout {
        socket.set_tcp_user_timeout(Some(timeout))?;
    }
    if let Some(device) = &options.device {
        socket.bind_device(Some(device.as_bytes()))?;
    }
    Ok(())
}
