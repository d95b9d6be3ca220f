//! What a reactor's sessions and listeners use of it.

use ringmq_driver::{Driver, SocketId, Time, Token};

use super::Command;
use super::table::Key;
use super::timers::Timers;
use crate::memory::{BodyPool, Pool, RECEIVING_KEEPS_BYTES};
use crate::pipe::{Mailbox, Owner};
use crate::session::Surroundings;
use crate::transport::{HostName, Resolver};

/// The top bit of a token tells listeners from sessions.
const LISTENER: u64 = 1 << 63;

/// The token of a connection that is closed as soon as it came: no holder hears of its end.
pub(super) const NOBODY: Token = Token(u64::MAX);

/// The driver, the timers, the memory, and the reactor's own name towards pipes.
#[derive(Debug)]
pub(crate) struct Services<D> {
    pub(crate) driver: D,
    pub(crate) timers: Timers,
    pub(crate) pool: Pool,
    pub(crate) bodies: BodyPool,
    pub(crate) owner: Owner,
    /// Which engine of its context this is.
    pub(crate) engine: usize,
    resolver: Resolver,
    /// The reactor's own, for answers that come from other threads.
    mailbox: Mailbox<Command>,
    /// Sessions whose applications are still to be woken for what was published, and how many bytes that was.
    sleepers: Vec<Key>,
    sleepers_bytes: usize,
    /// For how many turns they have waited.
    sleepers_turns: u32,
}

/// Applications are woken at the latest after so many bytes of a flood: few wake-ups, and the bytes are still in the
/// core's cache.
const WAKE_BYTES: usize = 256 << 10;
/// And after so many turns, however busy others keep the reactor.
const WAKE_TURNS: u32 = 8;

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Session(Key),
    Listener(Key),
}

impl Holder {
    pub(crate) const fn of(token: Token) -> Self {
        if token.0 & LISTENER == 0 {
            Self::Session(Key::from_bits(token.0))
        } else {
            Self::Listener(Key::from_bits(token.0 & !LISTENER))
        }
    }
}

impl<D: Driver> Services<D> {
    pub(crate) fn new(
        driver: D,
        owner: Owner,
        mailbox: Mailbox<Command>,
        resolver: Resolver,
        engine: usize,
    ) -> Self {
        Self {
            driver,
            timers: Timers::default(),
            pool: Pool::new(),
            bodies: BodyPool::new(RECEIVING_KEEPS_BYTES),
            owner,
            engine,
            resolver,
            mailbox,
            sleepers: Vec::new(),
            sleepers_bytes: 0,
            sleepers_turns: 0,
        }
    }

    /// Looks a name up for a session, which is told by [`Command::Resolved`].
    pub(crate) fn look_up(&self, session: Key, host: HostName) {
        let mailbox = self.mailbox.clone();
        let tell = move |result| mailbox.send(Command::Resolved { session, result });
        self.resolver.ask(host, tell);
    }

    /// Notes that a session's application is to be woken before the reactor sleeps.
    pub(crate) fn wake_later(&mut self, session: Key, bytes: usize) {
        if self.sleepers.last() != Some(&session) {
            self.sleepers.push(session);
        }
        self.sleepers_bytes += bytes;
    }

    /// Whether applications are to be woken.
    pub(crate) const fn has_sleepers(&self) -> bool {
        !self.sleepers.is_empty()
    }

    /// Another turn begins: whether they have waited long enough.
    pub(crate) const fn sleepers_are_due(&mut self) -> bool {
        self.sleepers_turns += 1;
        self.sleepers_bytes >= WAKE_BYTES || self.sleepers_turns > WAKE_TURNS
    }

    /// The sessions to be woken, in a vector to be given back.
    pub(crate) fn take_sleepers(&mut self) -> Vec<Key> {
        self.sleepers_bytes = 0;
        self.sleepers_turns = 0;
        std::mem::take(&mut self.sleepers)
    }

    pub(crate) fn return_sleepers(&mut self, mut empty: Vec<Key>) {
        empty.clear();
        self.sleepers = empty;
    }

    pub(crate) fn now(&self) -> Time {
        self.driver.now()
    }

    pub(crate) const fn session_token(&self, key: Key) -> Token {
        Token(key.to_bits())
    }

    pub(crate) const fn listener_token(&self, key: Key) -> Token {
        Token(key.to_bits() | LISTENER)
    }

    /// What a session needs to take bytes in; the facts of `handshaking` too, if its handshake may end now.
    pub(crate) fn surroundings(&self, handshaking: Option<SocketId>) -> Surroundings<'_> {
        Surroundings {
            engine: self.engine,
            pool: &self.pool,
            owner: &self.owner,
            now: self.driver.now().as_nanos(),
            descriptor: handshaking.and_then(|socket| self.driver.descriptor(socket)),
            peer_address: handshaking
                .and_then(|socket| self.driver.peer_address(socket))
                .map(|address| address.to_string()),
        }
    }
}
