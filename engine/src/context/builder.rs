//! Making a context: choosing the driver and starting the engine thread.

use std::sync::{Arc, mpsc};
use std::{fmt, io, thread};

use ringmq_driver::{Driver, DriverKind};

use super::Context;
use super::drivers::{self, DriverChoice};
use super::host::{Engine, Host, OpenSockets};
use crate::memory::Reaper;
use crate::reactor::{Reactor, ReactorHandle, Spin, Turned};
use crate::session::EngineDriver;
use crate::transport::{Names, SystemNames};

/// How long a thread spins at most before it sleeps: some tens of microseconds, what a wake-up costs.
const SPIN_PAUSES: u32 = 2_000;

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
    core: Option<usize>,
    spin_pauses: u32,
    names: Arc<dyn Names>,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            driver: DriverChoice::Auto,
            core: None,
            spin_pauses: SPIN_PAUSES,
            names: Arc::new(SystemNames),
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
    /// The engine thread cannot run on the core that was asked for.
    Core(usize),
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
            Self::Core(core) => write!(f, "cannot pin the engine to core {core}"),
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
            Self::UnknownDriver | Self::NoRing | Self::Core(_) | Self::Terminated => None,
        }
    }
}

/// What the engine thread tells its maker once it runs.
type Started = Result<(ReactorHandle, DriverKind, Reaper), ContextError>;

impl ContextBuilder {
    /// Which driver to run on. Default: the ring if the host allows it, else the shim.
    #[must_use]
    pub const fn driver(mut self, driver: DriverChoice) -> Self {
        self.driver = driver;
        self
    }

    /// Pins the engine thread to a core; `None`, the default, leaves it to the scheduler.
    #[must_use]
    pub const fn core(mut self, core: Option<usize>) -> Self {
        self.core = core;
        self
    }

    /// How many pauses (10 to 50 ns each) a thread may spin before it sleeps. The real number adapts: it falls to
    /// zero where spinning does not pay, as where threads outnumber cores. 0 never spins. Default 2 000.
    #[must_use]
    pub const fn spin_pauses(mut self, pauses: u32) -> Self {
        self.spin_pauses = pauses;
        self
    }

    /// Who knows the addresses of host names.
    #[cfg(test)]
    pub(crate) fn names(mut self, names: Arc<dyn Names>) -> Self {
        self.names = names;
        self
    }

    /// Starts the engine.
    ///
    /// # Errors
    /// The driver that was demanded is refused, the core is not there, or the system has no thread or descriptor
    /// left.
    pub fn build(self) -> Result<Context, ContextError> {
        let choice = self.driver.settled()?;
        let spin = Spin::new(self.spin_pauses);
        let sockets = OpenSockets::default();
        let (started, answer) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("ringmq".to_owned())
            .spawn({
                let (spin, sockets) = (spin.clone(), sockets.clone());
                move || run(choice, self.core, spin, self.names, &sockets, &started)
            })
            .map_err(ContextError::Io)?;
        let (reactor, driver, reaper) = answer
            .recv()
            .expect("the engine thread answers before it ends")?;
        let engine = Engine { thread, reaper };
        let host = Host::new(reactor, driver, spin, sockets, Some(engine));
        Ok(Context {
            host: Arc::new(host),
        })
    }
}

/// The engine thread.
fn run(
    choice: DriverChoice,
    core: Option<usize>,
    spin: Spin,
    names: Arc<dyn Names>,
    sockets: &OpenSockets,
    started: &mpsc::Sender<Started>,
) {
    let refuse = |error| {
        // The maker waits for this answer; if it is gone there is nobody to tell.
        let _ = started.send(Err(error));
    };
    if let Some(id) = core
        && !pin_to(id)
    {
        return refuse(ContextError::Core(id));
    }
    if choice != DriverChoice::Shim {
        match drivers::ring() {
            Ok(ring) => return turn_until_stopped(ring, spin, names, sockets, started),
            Err(refused) if choice == DriverChoice::Ring => return refuse(refused),
            Err(refused) => drivers::tell_refused(&refused),
        }
    }
    match drivers::shim() {
        Ok(shim) => turn_until_stopped(shim, spin, names, sockets, started),
        Err(error) => refuse(error),
    }
}

/// Pins this thread to a core, if there is such a core.
fn pin_to(id: usize) -> bool {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let core = cores.into_iter().find(|core| core.id == id);
    core.is_some_and(core_affinity::set_for_current)
}

fn turn_until_stopped<D: EngineDriver>(
    driver: D,
    spin: Spin,
    names: Arc<dyn Names>,
    sockets: &OpenSockets,
    started: &mpsc::Sender<Started>,
) {
    let kind = Driver::kind(&driver);
    // Outlives the reactor, which lets go of bodies to its end.
    let (reaper, _on_engine) = Reaper::of_this_engine();
    let mut reactor = Reactor::new(driver, spin, names);
    if started.send(Ok((reactor.handle(), kind, reaper))).is_err() {
        return;
    }
    // However this thread ends, by a broken driver or a bug of ours: nobody may wait for it for ever.
    let _release = ShutDownAtEnd(sockets);
    loop {
        match reactor.turn(None) {
            Ok(Turned::Again) => {}
            Ok(Turned::Stopped) => return,
            Err(error) => {
                eprintln!("ringmq: the {kind} failed: {error}; its sockets are shut down");
                return;
            }
        }
    }
}

struct ShutDownAtEnd<'a>(&'a OpenSockets);

impl Drop for ShutDownAtEnd<'_> {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}
