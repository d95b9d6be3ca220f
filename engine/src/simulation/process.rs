//! One simulated process: a reactor on a fake driver, and one socket.

use std::sync::Arc;

use ringmq_driver::fake::World;
use ringmq_driver::{DriverKind, Time};

use super::tap::{Passage, Tap};
use crate::context::{Host, OpenSockets};
use crate::counters::Statistics;
use crate::reactor::{Reactor, Spin, Turned};
use crate::socket::{Socket, SocketShared, SocketType};
use crate::transport::SystemNames;

/// A reactor and a socket that the same thread turns and uses.
pub(super) struct Process {
    reactor: Reactor<Tap>,
    pub(super) socket: Option<Socket>,
    shared: Arc<SocketShared>,
    host: Option<Arc<Host>>,
    stopped: bool,
}

impl Process {
    pub(super) fn new(world: &World, passage: &Passage, socket_type: SocketType) -> Self {
        let spin = Spin::new(0);
        let driver = Tap::new(world.driver(), passage);
        let reactor = Reactor::new(driver, spin.clone(), Arc::new(SystemNames), 0);
        let sockets = OpenSockets::default();
        let host = Arc::new(Host::new(
            vec![reactor.handle()],
            DriverKind::Fake,
            spin,
            sockets,
            Vec::new(),
        ));
        let socket = Socket::new(socket_type, Arc::clone(&host)).expect("there is no limit");
        let shared = socket.shared();
        Self {
            reactor,
            socket: Some(socket),
            shared,
            host: Some(host),
            stopped: false,
        }
    }

    /// Turns the reactor once.
    pub(super) fn turn(&mut self) {
        if !self.stopped {
            let turned = self
                .reactor
                .turn(Some(Time::ZERO))
                .expect("the fake does not break");
            self.stopped = turned == Turned::Stopped;
        }
    }

    /// Closes socket and context; the reactor goes on until everything has left.
    pub(super) fn close(&mut self) {
        self.socket = None;
        self.host = None;
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.shared.counters.snapshot()
    }
}
