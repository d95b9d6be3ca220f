//! One reactor per core: owns a driver, its listeners and its sessions, and does all their work in
//! [`Reactor::turn`].
//!
//! ```text
//!   commands ─▶┐                                          ┌─▶ sessions ─▶ pipes ─▶ applications
//!   ready list ─▶  turn:  look · spin · sleep in the driver · dispatch completions
//!   timers  ──▶┘                                          └─▶ listeners
//! ```
//!
//! A reactor shares no state with another. Time and randomness come from the driver alone, so a driver that
//! fakes both makes a reactor's behaviour repeatable.

mod command;
mod dispatch;
mod engines;
mod listener;
mod report;
mod services;
mod spin;
mod strangers;
mod table;
mod telling;
mod timers;

pub(crate) use command::{AttachmentId, Command, SessionAddress};
pub(crate) use engines::{Engines, Load};
pub(crate) use report::Report;
pub(crate) use services::Services;
pub(crate) use spin::Spin;
pub(crate) use table::Key;

use std::io;
use std::sync::Arc;

use ringmq_driver::{Completion, Time, Wait};

use crate::pipe::{Batch, Event, Filling, Mailbox, Owner, fence_commits};
use crate::session::{EngineDriver, Fate, Session};
use crate::transport::{Names, Resolver};
use listener::{Accepting, Listener};
use services::Holder;
use strangers::Strangers;
use table::Table;

/// How an application reaches a reactor.
#[derive(Clone, Debug)]
pub(crate) struct ReactorHandle {
    pub(crate) owner: Owner,
    pub(crate) mailbox: Mailbox<Command>,
    pub(crate) load: Load,
}

/// One reactor.
#[derive(Debug)]
pub(crate) struct Reactor<D: EngineDriver> {
    services: Services<D>,
    mailbox: Mailbox<Command>,
    sessions: Table<Session>,
    listeners: Table<Listener>,
    strangers: Strangers,
    /// The engines of the context, among which accepted connections are shared out.
    engines: Engines,
    /// How many sessions this one serves, or was given to serve.
    load: Load,
    spin: Spin,
    /// The last poll was only to see whether more of a flood was there.
    looked_for_more: bool,
    /// Completions were dispatched since the last poll, so operations may wait to be submitted.
    asked: bool,
    stopping: bool,
    // Reused from turn to turn for their capacity.
    completions: Vec<Completion<Batch, Filling>>,
    commands: Vec<Command>,
    events: Vec<Event>,
}

/// Whether the reactor still has a reason to turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Turned {
    /// Turn again.
    Again,
    /// It was told to stop and everything it had to do is done.
    Stopped,
}

impl<D: EngineDriver> Reactor<D> {
    /// `engine` is its place among the engines of the context.
    pub(crate) fn new(driver: D, spin: Spin, names: Arc<dyn Names>, engine: usize) -> Self {
        let owner = Owner::with_driver(driver.waker());
        let mailbox = Mailbox::new(owner.clone());
        let resolver = Resolver::new(names);
        Self {
            mailbox: mailbox.clone(),
            services: Services::new(driver, owner, mailbox, resolver, engine),
            sessions: Table::new(),
            listeners: Table::new(),
            strangers: Strangers::default(),
            engines: Engines::default(),
            load: Load::default(),
            spin,
            looked_for_more: false,
            asked: false,
            stopping: false,
            completions: Vec::new(),
            commands: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn handle(&self) -> ReactorHandle {
        ReactorHandle {
            owner: self.services.owner.clone(),
            mailbox: self.mailbox.clone(),
            load: self.load.clone(),
        }
    }

    /// Does what there is to do; if there is nothing, waits for it until `deadline` (`None`: for ever), first
    /// spinning on user-space words, then asleep in the driver.
    ///
    /// # Errors
    /// The driver is broken; its sockets are lost.
    pub(crate) fn turn(&mut self, deadline: Option<Time>) -> io::Result<Turned> {
        let mut worked = self.look_around();
        if self.is_done() {
            return Ok(Turned::Stopped);
        }
        worked |= self.wake_sleepers(worked);
        // What the last completions made us ask for is under way before we spin, not after.
        worked |= std::mem::take(&mut self.asked) && self.spin.would_spin();
        if !worked && !self.services.driver.is_ready() {
            let Self { services, spin, .. } = self;
            worked = spin.until(|| {
                let owner = &services.owner;
                owner.has_news() || services.driver.is_ready()
            });
        }
        let mut completions = std::mem::take(&mut self.completions);
        let result = self.poll(worked, deadline, &mut completions);
        self.asked = !completions.is_empty();
        for completion in completions.drain(..) {
            self.dispatch(completion);
        }
        self.completions = completions;
        result.map(|()| Turned::Again)
    }

    /// Wakes applications for what a flood brought, once enough came or nothing more is there. Returns whether a
    /// poll should first look for more: what was just asked of the driver may complete at once.
    fn wake_sleepers(&mut self, worked: bool) -> bool {
        if !self.services.has_sleepers() {
            return false;
        }
        let busy = worked || self.services.driver.is_ready();
        if !self.services.sleepers_are_due() && (busy || !self.looked_for_more) {
            self.looked_for_more = !busy;
            return true;
        }
        self.looked_for_more = false;
        let sleepers = self.services.take_sleepers();
        fence_commits();
        for key in &sleepers {
            if let Some(session) = self.sessions.get_mut(*key) {
                session.wake_application();
            }
        }
        self.services.return_sleepers(sleepers);
        false
    }

    /// Polls the driver: without waiting if there was work or may be more, else asleep.
    fn poll(
        &mut self,
        worked: bool,
        deadline: Option<Time>,
        completions: &mut Vec<Completion<Batch, Filling>>,
    ) -> io::Result<()> {
        if worked || self.services.driver.is_ready() {
            return self.services.driver.poll(Wait::Now, completions);
        }
        let until = [deadline, self.next_deadline(), self.strangers.deadline()];
        let until = until.into_iter().flatten().min();
        let services = &mut self.services;
        let wait = until.map_or(Wait::Forever, Wait::Until);
        let wait = if services.owner.prepare_sleep() {
            wait
        } else {
            Wait::Now
        };
        let result = services.driver.poll(wait, completions);
        services.owner.awake();
        result
    }

    /// Commands, ready pipes, deadlines. Returns whether there was anything.
    fn look_around(&mut self) -> bool {
        let mut worked = false;
        if self.services.owner.has_news() {
            worked = true;
            let mut commands = std::mem::take(&mut self.commands);
            self.mailbox.drain(&mut commands);
            for command in commands.drain(..) {
                self.carry_out(command);
            }
            self.commands = commands;
            let mut events = std::mem::take(&mut self.events);
            self.services.owner.ready_events(|event| events.push(event));
            for event in events.drain(..) {
                self.pipe_ready(event);
            }
            self.events = events;
        }
        if self.services.timers.next().is_some() {
            worked |= self.fire_timers();
        }
        if !self.strangers.may_enter() {
            worked |= self.look_at_strangers(self.services.now());
        }
        worked
    }

    /// The next deadline that somebody still holds. Those that moved or fell away, as that of each handshake which
    /// succeeded, are dropped here: nobody is to be woken for them.
    fn next_deadline(&mut self) -> Option<Time> {
        while let Some((at, token)) = self.services.timers.peek() {
            let held = match Holder::of(token) {
                Holder::Session(key) => {
                    let session = self.sessions.get_mut(key);
                    session.is_some_and(|session| session.holds_timer(at, &mut self.services))
                }
                Holder::Listener(key) => {
                    let listener = self.listeners.get_mut(key);
                    listener.is_some_and(|listener| listener.resume_at == Some(at))
                }
            };
            if held {
                return Some(at);
            }
            self.services.timers.discard_next();
        }
        None
    }

    fn fire_timers(&mut self) -> bool {
        let now = self.services.driver.now();
        let mut fired = false;
        while let Some((at, token)) = self.services.timers.pop_due(now) {
            fired = true;
            self.deadline_came(at, token);
        }
        fired
    }

    fn is_done(&self) -> bool {
        self.stopping && self.sessions.len() == 0 && self.listeners.len() == 0
    }

    /// Calls one session and removes it if that ended it.
    fn with_session(
        &mut self,
        key: Key,
        call: impl FnOnce(&mut Session, &mut Services<D>) -> Fate,
    ) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let fate = call(session, &mut self.services);
        let known_since = session.became_known();
        if fate == Fate::Over
            && let Some(session) = self.sessions.remove(key)
        {
            self.load.remove();
            session.settle();
        }
        if let Some(since) = known_since {
            self.stranger_left(since, key);
        }
    }

    /// Lets the selected sessions end within the linger time.
    fn end_sessions_of(
        &mut self,
        mut selected: impl FnMut(&Session) -> bool,
        linger: Option<std::time::Duration>,
    ) {
        self.for_sessions(|session, services| {
            if selected(session) {
                session.end(linger, services)
            } else {
                Fate::Lives
            }
        });
    }

    /// Calls every session, and removes those that it ends.
    fn for_sessions(&mut self, mut call: impl FnMut(&mut Session, &mut Services<D>) -> Fate) {
        let keys: Vec<Key> = self.sessions.keys().collect();
        for key in keys {
            self.with_session(key, &mut call);
        }
    }
}

/// The reactor's view of whose socket this is.
fn is_of(socket: &Arc<crate::socket::SocketShared>, id: u64) -> bool {
    socket.id == id
}
