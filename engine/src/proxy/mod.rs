//! Proxies: whole messages from one socket to another, both ways, until the context is shut down or somebody says so.
//!
//! ```text
//!               ┌─▶ capture
//!   frontend ◀──┴──▶ backend        control: PAUSE, RESUME, TERMINATE, STATISTICS
//!      pass: room beyond? take a whole message, copy it to the capture, send it: up to a burst, each way in turn
//!      both ways stuck: wait for just what each lacks
//! ```
//!
//! A message is taken only when there is room for it, so a proxy keeps the high-water marks of its sockets: the one
//! that is full holds the other one up, and nothing is lost in between. This module knows sockets as any application
//! does, and the poller.

mod control;
mod flow;

use std::fmt;
use std::time::Duration;

use crate::poller::{Interest, PollEvent, Poller, PollerError, Sockets};
use crate::socket::Socket;
use control::Mode;
use flow::{Direction, Stuck};

/// What has passed one socket of a proxy in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Whole messages.
    pub messages: u64,
    /// The bytes of their frames.
    pub bytes: u64,
}

/// What has passed a proxy so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyStatistics {
    /// Received from the frontend.
    pub frontend_received: Traffic,
    /// Sent to the frontend.
    pub frontend_sent: Traffic,
    /// Received from the backend.
    pub backend_received: Traffic,
    /// Sent to the backend.
    pub backend_sent: Traffic,
    /// Messages that a ROUTER with [`set_router_mandatory`](Socket::set_router_mandatory) refused, and which were
    /// dropped.
    pub unroutable: u64,
}

/// Why a proxy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyEnd {
    /// The context of one of its sockets was shut down.
    Shutdown,
    /// It was told to, by its control socket.
    Terminated,
}

/// Why a proxy failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// It cannot wait for its sockets.
    Poller(PollerError),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poller(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Poller(error) => Some(error),
        }
    }
}

impl From<PollerError> for ProxyError {
    fn from(error: PollerError) -> Self {
        Self::Poller(error)
    }
}

/// Passes whole messages between two sockets, both ways, until a context is shut down: ROUTER and DEALER for requests,
/// XSUB and XPUB for subscriptions and what they match, PULL and PUSH for work.
///
/// ```
/// use ringmq::{Context, SocketType, proxy};
/// use std::thread;
///
/// let context = Context::new()?;
/// let mut clients = context.socket(SocketType::Router)?;
/// let front = clients.bind("tcp://127.0.0.1:*")?.to_string();
/// let mut workers = context.socket(SocketType::Dealer)?;
/// let back = workers.bind("tcp://127.0.0.1:*")?.to_string();
/// let broker = thread::spawn(move || proxy(&mut clients, &mut workers));
///
/// let mut worker = context.socket(SocketType::Rep)?;
/// worker.connect(&back)?;
/// let mut client = context.socket(SocketType::Req)?;
/// client.connect(&front)?;
/// client.send("question")?;
/// assert_eq!(&worker.recv()?[..], b"question");
/// worker.send("answer")?;
/// assert_eq!(&client.recv()?[..], b"answer");
///
/// context.shutdown();
/// broker.join().expect("it does not panic")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The sockets cannot be waited for.
pub fn proxy(frontend: &mut Socket, backend: &mut Socket) -> Result<ProxyEnd, ProxyError> {
    Proxy::new(frontend, backend).run()
}

/// A [`proxy`] with more to it: a capture, a control socket, statistics.
///
/// ```no_run
/// # use ringmq::{Context, Proxy, SocketType};
/// # let context = Context::new()?;
/// # let mut frontend = context.socket(SocketType::XSub)?;
/// # let mut backend = context.socket(SocketType::XPub)?;
/// # let mut capture = context.socket(SocketType::Pub)?;
/// # let mut control = context.socket(SocketType::Rep)?;
/// let mut proxy = Proxy::new(&mut frontend, &mut backend)
///     .capture(&mut capture)
///     .control(&mut control);
/// let end = proxy.run()?;
/// println!("{end:?} after {:?}", proxy.statistics());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Proxy<'a> {
    ends: Ends<'a>,
    forward: Direction,
    backward: Direction,
    mode: Mode,
}

/// The proxy's sockets, by their keys in its poller.
#[derive(Debug)]
struct Ends<'a> {
    frontend: &'a mut Socket,
    backend: &'a mut Socket,
    capture: Option<&'a mut Socket>,
    control: Option<&'a mut Socket>,
}

const FRONTEND: usize = 0;
const BACKEND: usize = 1;
const CAPTURE: usize = 2;
const CONTROL: usize = 3;

impl Sockets for Ends<'_> {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        match key {
            FRONTEND => Some(self.frontend),
            BACKEND => Some(self.backend),
            CAPTURE => self.capture.as_deref_mut(),
            CONTROL => self.control.as_deref_mut(),
            _ => None,
        }
    }
}

impl<'a> Proxy<'a> {
    /// A proxy between two sockets, which may be of two contexts.
    #[must_use]
    pub const fn new(frontend: &'a mut Socket, backend: &'a mut Socket) -> Self {
        Self {
            ends: Ends {
                frontend,
                backend,
                capture: None,
                control: None,
            },
            forward: Direction::new(),
            backward: Direction::new(),
            mode: Mode::Active,
        }
    }

    /// Sends a copy of each message to this socket, too. It misses none: while it has no room, nothing passes. A PUB has
    /// always room.
    #[must_use]
    pub fn capture(mut self, socket: &'a mut Socket) -> Self {
        self.ends.capture = Some(socket);
        self
    }

    /// Obeys what this socket receives, as libzmq's steerable proxy: `PAUSE`, `RESUME`, `TERMINATE`; and `STATISTICS`,
    /// which is answered by eight frames, each a number of eight bytes in the host's order: messages and bytes received
    /// from the frontend, sent to it, received from the backend, sent to it. A REP answers the others by an empty message.
    #[must_use]
    pub fn control(mut self, socket: &'a mut Socket) -> Self {
        self.ends.control = Some(socket);
        self
    }

    /// What has passed so far.
    #[must_use]
    pub const fn statistics(&self) -> ProxyStatistics {
        ProxyStatistics {
            frontend_received: self.forward.received,
            frontend_sent: self.backward.sent,
            backend_received: self.backward.received,
            backend_sent: self.forward.sent,
            unroutable: self.forward.unroutable + self.backward.unroutable,
        }
    }

    /// Passes messages on until a context is shut down, or the control socket says to end. What was received then and not
    /// yet sent stays in the proxy: it leaves when it is run again.
    ///
    /// # Errors
    /// The sockets cannot be waited for.
    pub fn run(&mut self) -> Result<ProxyEnd, ProxyError> {
        let mut poller = Poller::new();
        for key in [FRONTEND, BACKEND, CAPTURE, CONTROL] {
            if let Some(socket) = self.ends.socket(key) {
                poller.add(socket, key, Interest::NOTHING)?;
            }
        }
        let mut asked = [Interest::NOTHING; 4];
        let mut events: Vec<PollEvent> = Vec::new();
        loop {
            self.obey();
            if self.is_shut_down() {
                return Ok(ProxyEnd::Shutdown);
            }
            let mut wanted = [Interest::NOTHING; 4];
            wanted[CONTROL] = Interest::READABLE;
            match self.mode {
                Mode::Terminated => {
                    self.mode = Mode::Active;
                    return Ok(ProxyEnd::Terminated);
                }
                Mode::Paused => {}
                Mode::Active => {
                    if self.pass(&mut wanted) {
                        continue;
                    }
                }
            }
            for key in [FRONTEND, BACKEND, CAPTURE, CONTROL] {
                if asked[key] != wanted[key] && self.ends.socket(key).is_some() {
                    poller.modify(key, wanted[key])?;
                    asked[key] = wanted[key];
                }
            }
            poller.wait(&mut self.ends, &mut events, None::<Duration>)?;
        }
    }

    fn is_shut_down(&mut self) -> bool {
        let keys = [FRONTEND, BACKEND, CAPTURE, CONTROL];
        keys.into_iter().any(|key| {
            let socket = self.ends.socket(key);
            socket.is_some_and(|socket| socket.is_terminated())
        })
    }

    /// Passes a burst on in both directions. Returns whether there is more to pass at once; if not, adds what each
    /// direction waits for to `wanted`.
    fn pass(&mut self, wanted: &mut [Interest; 4]) -> bool {
        let Ends {
            frontend,
            backend,
            capture,
            ..
        } = &mut self.ends;
        let forward = self.forward.pass(frontend, backend, capture.as_deref_mut());
        let backward = self
            .backward
            .pass(backend, frontend, capture.as_deref_mut());
        for (stuck, from, to) in [(forward, FRONTEND, BACKEND), (backward, BACKEND, FRONTEND)] {
            match stuck {
                Stuck::Nowhere => return true,
                Stuck::NothingToTake => wanted[from] = wanted[from] | Interest::READABLE,
                Stuck::NoRoom => wanted[to] = wanted[to] | Interest::WRITABLE,
                Stuck::NoRoomToCapture => wanted[CAPTURE] = Interest::WRITABLE,
            }
        }
        false
    }
}
