//! An engine thread: makes its driver and its reactor, and turns it until it is told to stop.

use std::sync::{Arc, mpsc};
use std::thread;

use ringmq_driver::{Driver, DriverKind};

use super::ContextError;
use super::claim::Claim;
use super::drivers::{self, DriverChoice};
use super::host::{Engine, OpenSockets};
use crate::memory::Reaper;
use crate::reactor::{Reactor, ReactorHandle, Spin, Turned};
use crate::session::EngineDriver;
use crate::transport::Names;

/// What an engine is to be.
pub(super) struct Plan {
    pub(super) choice: DriverChoice,
    /// Its place among the engines of its context.
    pub(super) engine: usize,
    /// The core that it is pinned to.
    pub(super) core: Option<usize>,
    pub(super) spin: Spin,
    pub(super) names: Arc<dyn Names>,
    pub(super) sockets: OpenSockets,
}

/// An engine that runs.
pub(super) struct Started {
    pub(super) reactor: ReactorHandle,
    pub(super) driver: DriverKind,
    pub(super) engine: Engine,
}

/// What an engine thread tells its maker once it runs.
type Answer = Result<(ReactorHandle, DriverKind, Reaper), ContextError>;

/// Starts a thread and waits until it runs.
pub(super) fn start(plan: Plan) -> Result<Started, ContextError> {
    let (tell, answer) = mpsc::channel();
    let name = match plan.engine {
        0 => "ringmq".to_owned(),
        engine => format!("ringmq-{engine}"),
    };
    let thread = thread::Builder::new()
        .name(name)
        .spawn(move || run(plan, &tell))
        .map_err(ContextError::Io)?;
    let answer = answer.recv();
    let (reactor, driver, reaper) = answer.expect("an engine thread answers before it ends")?;
    Ok(Started {
        reactor,
        driver,
        engine: Engine { thread, reaper },
    })
}

fn run(plan: Plan, tell: &mpsc::Sender<Answer>) {
    let refuse = |error| {
        // The maker waits for this answer; if it is gone there is nobody to tell.
        let _ = tell.send(Err(error));
    };
    // Until this thread ends.
    let _claim = match plan.core {
        None => None,
        Some(core) if pin_to(core) => Claim::of_core(core),
        Some(core) => return refuse(ContextError::Core(core)),
    };
    if plan.choice != DriverChoice::Shim {
        match drivers::ring() {
            Ok(ring) => return turn_until_stopped(ring, plan, tell),
            Err(refused) if plan.choice == DriverChoice::Ring => return refuse(refused),
            Err(refused) => drivers::tell_refused(&refused),
        }
    }
    match drivers::shim() {
        Ok(shim) => turn_until_stopped(shim, plan, tell),
        Err(error) => refuse(error),
    }
}

/// Pins this thread to a core, if there is such a core.
fn pin_to(id: usize) -> bool {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let core = cores.into_iter().find(|core| core.id == id);
    core.is_some_and(core_affinity::set_for_current)
}

fn turn_until_stopped<D: EngineDriver>(driver: D, plan: Plan, tell: &mpsc::Sender<Answer>) {
    let kind = Driver::kind(&driver);
    // Outlives the reactor, which lets go of bodies to its end.
    let (reaper, _on_engine) = Reaper::of_this_engine();
    let mut reactor = Reactor::new(driver, plan.spin, plan.names, plan.engine);
    if tell.send(Ok((reactor.handle(), kind, reaper))).is_err() {
        return;
    }
    // However this thread ends, by a broken driver or a bug of ours: nobody may wait for it for ever.
    let _release = ShutDownAtEnd(&plan.sockets);
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
