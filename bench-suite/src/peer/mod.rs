//! A peer's process: pins itself, opens the sockets it is told to, moves messages, says what it took.
//!
//! Each kind of socket is one file with the same three traits, so that the loops around them are the same
//! code for all. Knows neither tables nor other peers.

mod engine;
mod flow;
mod libzmq;
mod raw;
mod round_trip;

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead};
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use core_affinity::CoreId;

use crate::exchange::{Backend, Exchange, Exercise, Opening, Order, Reply, Role};

pub(crate) use libzmq::shared_version;

/// How long a peer may go on after its parent has let it go.
const ORPHANED_MAX: Duration = Duration::from_secs(2);

/// One implementation of sockets, opened once in this process.
pub(crate) trait Sockets {
    /// What sends.
    type Outlet: Outlet;
    /// What receives.
    type Inlet: Inlet;

    /// Which driver or library really runs.
    fn ran(&self) -> String;

    /// Binds a PULL socket; returns it and the endpoint that a PUSH socket connects to.
    fn bind(&mut self, endpoint: &str) -> Result<(Self::Inlet, String), PeerError>;

    /// Connects a PUSH socket.
    fn connect(&mut self, endpoint: &str) -> Result<Self::Outlet, PeerError>;
}

/// The sending end of one flow.
pub(crate) trait Outlet {
    /// Sends a copy of `message`, waiting while the high-water mark is reached.
    fn send(&mut self, message: &[u8]) -> Result<(), PeerError>;
}

/// The receiving end of one flow.
pub(crate) trait Inlet {
    /// Waits for a message, copies it into `message`, and returns how long it was.
    fn receive(&mut self, message: &mut [u8]) -> Result<usize, PeerError>;
}

/// Why a peer's measurement is void.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum PeerError {
    /// The parent went away, or said something that is no order.
    Exchange(io::Error),
    /// The parent said something out of turn.
    OutOfTurn(Box<str>),
    /// The process could not be pinned to its core.
    CannotPin(usize),
    /// An endpoint that bare sockets do not know.
    UnknownEndpoint,
    /// A bare socket failed.
    Raw(io::Error),
    /// A call into libzmq failed.
    Libzmq {
        /// Which.
        call: &'static str,
        /// What zmq_errno said.
        errno: i32,
    },
    /// A shared libzmq could not be opened, or lacks a function.
    Open(libloading::Error),
    /// A call into the engine failed.
    Engine {
        /// Which.
        call: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A message came with another number than the next one.
    WrongNumber {
        /// The next one.
        expected: u64,
        /// The one that came.
        received: u64,
    },
    /// A message came with another length than was sent.
    WrongLength {
        /// The length that was sent.
        expected: usize,
        /// The length that came.
        received: usize,
    },
}

impl PeerError {
    fn out_of_turn(order: &Order) -> Self {
        Self::OutOfTurn(format!("{order:?}").into())
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(error) => write!(f, "cannot talk to the parent: {error}"),
            Self::OutOfTurn(order) => write!(f, "an order out of turn: {order}"),
            Self::CannotPin(core) => write!(f, "cannot be pinned to core {core}"),
            Self::UnknownEndpoint => f.write_str("the endpoint is neither tcp:// nor ipc://"),
            Self::Raw(error) => write!(f, "socket: {error}"),
            Self::Libzmq { call, errno } => {
                write!(f, "{call}: {}", io::Error::from_raw_os_error(*errno))
            }
            Self::Open(error) => match error.source() {
                Some(source) => write!(f, "cannot open libzmq: {source}"),
                None => write!(f, "cannot open libzmq: {error}"),
            },
            Self::Engine { call, source } => write!(f, "{call}: {source}"),
            Self::WrongNumber { expected, received } => {
                write!(f, "message {expected} was due, message {received} came")
            }
            Self::WrongLength { expected, received } => {
                write!(
                    f,
                    "a message of {expected} bytes was due, one of {received} came"
                )
            }
        }
    }
}

/// Runs a peer's process on its standard input and output.
pub(crate) fn run(role: Role) -> ExitCode {
    let mut exchange = Exchange::new(orders().into_iter(), io::stdout().lock());
    let Err(error) = serve(role, &mut exchange).and_then(|()| exchange.end()) else {
        return ExitCode::SUCCESS;
    };
    // Where even this cannot be said, the parent sees the process end and reports that.
    let _ = exchange.reply(&Reply::Failed {
        reason: error.to_string(),
    });
    ExitCode::FAILURE
}

/// The lines of standard input, read by a thread of their own: a peer that waits for a message would not see
/// that its parent has died, and wait for ever.
fn orders() -> Receiver<io::Result<String>> {
    let (sink, orders) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sink.send(line).is_err() {
                return;
            }
        }
        drop(sink);
        // The end of input lets this process go, as soon as it looks. Where it never looks, it is made to.
        thread::sleep(ORPHANED_MAX);
        process::exit(1);
    });
    orders
}

/// Takes orders until the measurement is made.
fn serve(role: Role, exchange: &mut Exchange<'_>) -> Result<(), PeerError> {
    let opening = match exchange.order()? {
        Order::Open(opening) => opening,
        other => return Err(PeerError::out_of_turn(&other)),
    };
    // Threads inherit the affinity of the one that starts them, and no socket has started any yet.
    if !core_affinity::set_for_current(CoreId { id: opening.core }) {
        return Err(PeerError::CannotPin(opening.core));
    }
    let mark = opening.high_water_mark;
    match &opening.backend {
        Backend::Raw => measure(role, raw::Raw::blocking(), &opening, exchange),
        Backend::RawSpinning => measure(role, raw::Raw::spinning(), &opening, exchange),
        Backend::Libzmq => measure(role, libzmq::Libzmq::built_in(mark)?, &opening, exchange),
        Backend::LibzmqShared(name) => measure(
            role,
            libzmq::Libzmq::shared(name, mark)?,
            &opening,
            exchange,
        ),
        Backend::Ring => measure(role, engine::Engine::ring(mark)?, &opening, exchange),
        Backend::Shim => measure(role, engine::Engine::shim(mark)?, &opening, exchange),
    }
}

/// Makes one measurement with `sockets`.
fn measure<S: Sockets>(
    role: Role,
    sockets: S,
    opening: &Opening,
    exchange: &mut Exchange<'_>,
) -> Result<(), PeerError> {
    match (opening.exercise, role) {
        (Exercise::Throughput, Role::Sender) => flow::send(sockets, opening, exchange),
        (Exercise::Throughput, Role::Receiver) => flow::receive(sockets, opening, exchange),
        (Exercise::Latency, _) => round_trip::run(role, sockets, opening, exchange),
    }
}
