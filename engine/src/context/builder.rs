//! Making a context: choosing the driver, and how many engines run where.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use super::Context;
use super::drivers::{self, DriverChoice};
use super::engine::{Plan, start};
use super::host::{Defaults, Host, OpenSockets};
use crate::reactor::{Command, Spin};
use crate::socket::Options;
use crate::transport::{Names, SystemNames};

/// How long a thread spins at most before it sleeps: some tens of microseconds, what a wake-up costs.
const SPIN_PAUSES: u32 = 2_000;

/// How many engines a context may have.
const ENGINES_MAX: usize = 1_024;

/// How many sockets a context of libzmq may have.
const LIBZMQ_SOCKETS_MAX: usize = 1_023;

/// Chooses how a context runs. Made by [`Context::builder`].
///
/// ```
/// use ringmq::{Context, DriverChoice, DriverKind};
///
/// let context = Context::builder().driver(DriverChoice::Shim).build()?;
/// assert_eq!(context.driver(), DriverKind::Shim);
/// # Ok::<(), ringmq::ContextError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ContextBuilder {
    driver: DriverChoice,
    /// The core of each engine; `None` leaves one to the scheduler.
    cores: Vec<Option<usize>>,
    spin_pauses: u32,
    names: Arc<dyn Names>,
    defaults: Defaults,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            driver: DriverChoice::Auto,
            cores: vec![None],
            spin_pauses: SPIN_PAUSES,
            names: Arc::new(SystemNames),
            defaults: Defaults::default(),
        }
    }
}

/// Why there is no context, or no socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum ContextError {
    /// The environment variable `RINGMQ_DRIVER` names no driver: use `ring`, `shim` or `auto`.
    UnknownDriver,
    /// The ring was demanded on a host that has no io_uring.
    NoRing,
    /// The ring was demanded and the system refused it; the source says at which step and why.
    RingRefused(Box<dyn std::error::Error + Send + Sync>),
    /// An engine thread cannot run on the core that was asked for.
    Core(usize),
    /// A context has 1 to 1 024 engines.
    Engines(usize),
    /// The context has as many sockets as [`ContextBuilder::sockets_max`] allows.
    TooManySockets,
    /// The system has no thread or descriptor left.
    Io(io::Error),
    /// The context was shut down.
    Terminated,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDriver => write!(
                f,
                "the environment variable {} names no driver: use ring, shim or auto",
                drivers::DRIVER_VARIABLE
            ),
            Self::NoRing => f.write_str("io_uring was asked for, and this host has none"),
            Self::RingRefused(refused) => write!(f, "io_uring is not usable: {refused}"),
            Self::Core(core) => write!(f, "cannot pin an engine to core {core}"),
            Self::Engines(engines) => {
                write!(f, "a context has 1 to {ENGINES_MAX} engines, not {engines}")
            }
            Self::TooManySockets => f.write_str("the context has as many sockets as it may have"),
            Self::Io(error) => write!(f, "cannot start the engine: {error}"),
            Self::Terminated => f.write_str("the context was shut down"),
        }
    }
}

impl std::error::Error for ContextError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::RingRefused(refused) => Some(refused.as_ref()),
            Self::Io(error) => Some(error),
            Self::UnknownDriver
            | Self::NoRing
            | Self::Core(_)
            | Self::Engines(_)
            | Self::TooManySockets
            | Self::Terminated => None,
        }
    }
}

impl ContextBuilder {
    /// Which driver to run on. Default: the ring if the host allows it, else the shim.
    #[must_use]
    pub const fn driver(mut self, driver: DriverChoice) -> Self {
        self.driver = driver;
        self
    }

    /// Runs one engine pinned to each of these cores, which share the peers of all sockets; see
    /// [`Socket::set_affinity`](crate::Socket::set_affinity). None, the default, is one engine that the scheduler
    /// places. A line on stderr says so where another engine, of this or another process, is pinned to a core
    /// already.
    #[must_use]
    pub fn cores(mut self, cores: impl IntoIterator<Item = usize>) -> Self {
        self.cores = cores.into_iter().map(Some).collect();
        if self.cores.is_empty() {
            self.cores.push(None);
        }
        self
    }

    /// Runs so many engines, which the scheduler places. Default 1.
    #[must_use]
    pub fn engines(mut self, engines: usize) -> Self {
        self.cores = vec![None; engines];
        self
    }

    /// How many pauses (10 to 50 ns each) a thread may spin before it sleeps. The real number adapts: it falls to
    /// zero where spinning does not pay, as where threads outnumber cores. 0 never spins. Default 2 000.
    #[must_use]
    pub const fn spin_pauses(mut self, pauses: u32) -> Self {
        self.spin_pauses = pauses;
        self
    }

    /// Lets sockets start with libzmq's defaults where ours are others, and allows as many of them as libzmq: for a
    /// program that was written for it. What differs is listed in [`differences`](crate::differences).
    ///
    /// What is set by the calls of this builder that follow holds.
    #[must_use]
    pub fn libzmq_defaults(mut self) -> Self {
        self.defaults = Defaults {
            options: Options::of_libzmq(),
            sockets_max: Some(LIBZMQ_SOCKETS_MAX),
        };
        self
    }

    /// How many sockets may be open at a time; `None`, the default, is no limit. More are refused with
    /// [`ContextError::TooManySockets`] (libzmq: `ZMQ_MAX_SOCKETS`).
    #[must_use]
    pub const fn sockets_max(mut self, sockets: Option<usize>) -> Self {
        self.defaults.sockets_max = sockets;
        self
    }

    /// What sockets start with instead of true as [`Socket::set_ipv6`](crate::Socket::set_ipv6) (libzmq: `ZMQ_IPV6`).
    #[must_use]
    pub const fn ipv6(mut self, ipv6: bool) -> Self {
        self.defaults.options.ipv6 = ipv6;
        self
    }

    /// What sockets start with instead of 256 MiB as
    /// [`Socket::set_message_bytes_max`](crate::Socket::set_message_bytes_max) (libzmq: `ZMQ_MAX_MSGSZ`).
    #[must_use]
    pub const fn message_bytes_max(mut self, bytes: Option<u64>) -> Self {
        self.defaults.options.message_bytes_max = bytes;
        self
    }

    /// What sockets start with instead of `None` as [`Socket::set_linger`](crate::Socket::set_linger). With zero, dropping
    /// a context never waits for messages to leave (libzmq: `ZMQ_BLOCKY`, 0). SUB and XSUB start with zero anyway.
    #[must_use]
    pub const fn linger(mut self, linger: Option<Duration>) -> Self {
        self.defaults.options.linger = linger;
        self
    }

    /// Who knows the addresses of host names.
    #[cfg(test)]
    pub(crate) fn names(mut self, names: Arc<dyn Names>) -> Self {
        self.names = names;
        self
    }

    /// Starts the engines.
    ///
    /// # Errors
    /// The driver that was demanded is refused, a core is not there, or the system has no thread or descriptor left.
    pub fn build(self) -> Result<Context, ContextError> {
        let choice = self.driver.settled()?;
        if !(1..=ENGINES_MAX).contains(&self.cores.len()) {
            return Err(ContextError::Engines(self.cores.len()));
        }
        let spin = Spin::new(self.spin_pauses);
        let sockets = OpenSockets::default();
        let (mut reactors, mut threads, mut driver) = (Vec::new(), Vec::new(), None);
        for (engine, core) in self.cores.iter().enumerate() {
            let plan = Plan {
                // One refused ring is enough: all engines of a context run on one kind of driver.
                choice: driver.map_or(choice, DriverChoice::of),
                engine,
                core: *core,
                spin: spin.clone(),
                names: Arc::clone(&self.names),
                sockets: sockets.clone(),
            };
            match start(plan) {
                Ok(started) => {
                    driver = Some(started.driver);
                    reactors.push(started.reactor);
                    threads.push(started.engine);
                }
                Err(error) => {
                    for reactor in reactors {
                        reactor.mailbox.send(Command::Stop { at_once: true });
                    }
                    threads.into_iter().for_each(super::host::Engine::finish);
                    return Err(error);
                }
            }
        }
        let driver = driver.expect("a context has an engine");
        let host = Host::new(reactors, driver, spin, sockets, threads);
        let host = host.with_defaults(self.defaults);
        Ok(Context {
            host: Arc::new(host),
        })
    }
}
