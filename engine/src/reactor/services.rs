//! What a reactor's sessions and listeners use of it.

use ringmq_driver::{Driver, SocketId, Time, Token};

use super::table::Key;
use super::timers::Timers;
use crate::memory::Pool;
use crate::pipe::Owner;
use crate::session::Surroundings;

/// The top bit of a token tells listeners from sessions.
const LISTENER: u64 = 1 << 63;

/// The driver, the timers, the memory, and the reactor's own name towards pipes.
#[derive(Debug)]
pub(crate) struct Services<D> {
    pub(crate) driver: D,
    pub(crate) timers: Timers,
    pub(crate) pool: Pool,
    pub(crate) owner: Owner,
}

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
    pub(crate) fn new(driver: D, owner: Owner) -> Self {
        Self {
            driver,
            timers: Timers::default(),
            pool: Pool::new(),
            owner,
        }
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
