//! What a context's sockets share: the way to the reactor, and the threads behind it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringmq_driver::DriverKind;

use super::names::InprocNames;
use crate::clock;
use crate::memory::{Reaper, may_wait};
use crate::reactor::{Command, Engines, ReactorHandle, Spin};
use crate::socket::{Options, SocketEvent, SocketShared, SocketType};

/// The shared part of a context. The last one to drop it waits for the engine thread, and then for the application's
/// own free functions.
pub(crate) struct Host {
    engines: Engines,
    driver: DriverKind,
    spin: Spin,
    sockets: OpenSockets,
    names: InprocNames,
    threads: Vec<Engine>,
    defaults: Defaults,
}

/// What a context's sockets start with, and how many there may be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) options: Options,
    /// `None` is no limit.
    pub(crate) sockets_max: Option<usize>,
}

/// An engine's thread, and the thread that releases foreign bodies for it.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) thread: JoinHandle<()>,
    pub(crate) reaper: Reaper,
}

impl Engine {
    /// Waits until it is done.
    pub(super) fn finish(self) {
        // A panic of the engine thread was printed by it; there is nobody left to tell.
        let _ = self.thread.join();
        self.reaper.finish();
    }
}

/// The sockets of a context, to tell them that it is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenSockets(Arc<Register>);

#[derive(Debug, Default)]
struct Register {
    sockets: Mutex<Sockets>,
    /// Rung when the last one goes.
    gone: Condvar,
}

/// A socket's entry in the register: it goes with the socket.
#[derive(Debug)]
pub(crate) struct Registration {
    id: u64,
    sockets: OpenSockets,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut sockets = self.sockets.lock();
        sockets.open.remove(&self.id);
        if sockets.open.is_empty() {
            self.sockets.0.gone.notify_all();
        }
    }
}

#[derive(Debug, Default)]
struct Sockets {
    next_id: u64,
    /// Sockets whose handles were not dropped.
    handles: usize,
    /// Those, and what lingers. By id: closing one of many thousands must not look at all.
    open: BTreeMap<u64, Weak<SocketShared>>,
    shut_down: bool,
}

impl OpenSockets {
    /// Registers a socket, unless there are as many already. Those that only linger do not count.
    fn register(
        &self,
        socket_type: SocketType,
        sockets_max: Option<usize>,
    ) -> Option<Arc<SocketShared>> {
        let mut sockets = self.lock();
        if sockets_max.is_some_and(|max| sockets.handles >= max) {
            return None;
        }
        let id = sockets.next_id;
        sockets.next_id += 1;
        sockets.handles += 1;
        let registration = Registration {
            id,
            sockets: self.clone(),
        };
        let shared = Arc::new(SocketShared::new(id, socket_type, registration));
        sockets.open.insert(id, Arc::downgrade(&shared));
        if sockets.shut_down {
            shared.mailbox.send(SocketEvent::Terminated);
        }
        Some(shared)
    }

    /// A handle was dropped.
    fn handle_gone(&self) {
        self.lock().handles -= 1;
    }

    /// All that are open, or linger.
    pub(super) fn list(&self) -> Vec<Arc<SocketShared>> {
        // Dropped by the caller: the last name of a socket needs the lock when it goes.
        self.lock()
            .open
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// Waits until there is none, or the deadline has passed. Returns whether there is none.
    pub(super) fn wait_until_gone(&self, deadline: Option<Instant>) -> bool {
        let mut sockets = self.lock();
        while !sockets.open.is_empty() {
            let gone = &self.0.gone;
            sockets = match deadline.map(clock::until) {
                None => gone.wait(sockets).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return false,
                Some(wait) => {
                    let result = gone.wait_timeout(sockets, wait);
                    result.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// Makes every call on every socket return.
    pub(crate) fn shut_down(&self) {
        self.lock().shut_down = true;
        // Who registers from now on sees it.
        for socket in self.list() {
            socket.tell(SocketEvent::Terminated);
            socket.monitors.stop();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sockets> {
        // The list is whole after every statement that changes it, so a panic elsewhere does not spoil it.
        self.0
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    /// Tells the engines of each other.
    pub(crate) fn new(
        reactors: Vec<ReactorHandle>,
        driver: DriverKind,
        spin: Spin,
        sockets: OpenSockets,
        threads: Vec<Engine>,
    ) -> Self {
        for reactor in &reactors {
            reactor.mailbox.send(Command::Engines(reactors.clone()));
        }
        Self {
            engines: Engines::new(reactors),
            driver,
            spin,
            sockets,
            names: InprocNames::default(),
            threads,
            defaults: Defaults::default(),
        }
    }

    /// Who is bound to which inproc name.
    pub(crate) const fn names(&self) -> &InprocNames {
        &self.names
    }

    /// Lets sockets start with other options.
    pub(crate) fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// What sockets start with.
    pub(crate) const fn options(&self) -> &Options {
        &self.defaults.options
    }

    pub(crate) const fn driver(&self) -> DriverKind {
        self.driver
    }

    /// Where numbers that peers see start: anywhere.
    pub(crate) fn random(&self) -> u32 {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(self.sockets.lock().next_id);
        // The low half is as good as any.
        hasher.finish() as u32
    }

    pub(crate) fn spin(&self) -> Spin {
        self.spin.clone()
    }

    pub(crate) const fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The engine that the next listener or peer of a socket goes to.
    pub(crate) fn place(&self, allowed: u64) -> usize {
        let engine = self.engines.choose(allowed);
        engine.expect("a context has an engine")
    }

    pub(crate) fn command(&self, engine: usize, command: Command) {
        self.engines.get(engine).mailbox.send(command);
    }

    /// Tells every engine the same.
    pub(crate) fn tell_all(&self, command: impl Fn() -> Command) {
        for engine in self.engines.iter() {
            engine.mailbox.send(command());
        }
    }

    pub(super) const fn sockets(&self) -> &OpenSockets {
        &self.sockets
    }

    /// Registers a socket, unless there are as many as there may be.
    pub(crate) fn register_socket(&self, socket_type: SocketType) -> Option<Arc<SocketShared>> {
        self.sockets
            .register(socket_type, self.defaults.sockets_max)
    }

    pub(crate) fn close_socket(&self, id: u64, linger: Option<Duration>) {
        self.sockets.handle_gone();
        self.tell_all(|| Command::Close { socket: id, linger });
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.sockets.lock().shut_down
    }

    pub(crate) fn shut_down(&self) {
        self.sockets.shut_down();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.tell_all(|| Command::Stop { at_once: false });
        // In a free function, which may own a context as anything else, waiting could be for itself. The threads then
        // finish on their own.
        if may_wait() {
            for engine in self.threads.drain(..) {
                engine.finish();
            }
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("driver", &self.driver)
            .finish_non_exhaustive()
    }
}
