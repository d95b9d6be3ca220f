//! Contexts: an engine thread with its reactor, and the sockets that use it.

mod builder;
mod claim;
mod closing;
mod drivers;
mod engine;
mod host;
mod names;
#[cfg(test)]
mod naming_tests;

pub use builder::{ContextBuilder, ContextError};
pub use closing::{OpenSocket, StillOpen};
pub use drivers::DriverChoice;
#[cfg(all(test, not(loom)))]
pub(crate) use host::OpenSockets;
pub(crate) use host::{Host, Registration};

use std::sync::Arc;

use ringmq_driver::DriverKind;

use crate::socket::{Socket, SocketType};

/// Owns one engine thread, or several. Sockets are made by [`Context::socket`]; contexts and sockets can be used from any
/// threads.
///
/// When the context and all its sockets are dropped, the engine sends what is left, within each socket's linger
/// time, and its thread ends; dropping the last of them waits for that, and for the functions that release lent
/// memory ([`Message::from_foreign`](crate::Message::from_foreign)). Where such a function drops the last of them, nothing
/// is waited for.
///
/// ```
/// let context = ringmq::Context::new()?;
/// println!("running on the {}", context.driver());
/// # Ok::<(), ringmq::ContextError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    host: Arc<Host>,
}

impl Context {
    /// A context with the best driver the host allows and an engine thread that is pinned to no core.
    ///
    /// # Errors
    /// The system has no thread or no descriptor left for it.
    pub fn new() -> Result<Self, ContextError> {
        Self::builder().build()
    }

    /// To choose the driver, a core, or how long to spin.
    #[must_use]
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// Which driver runs.
    #[must_use]
    pub fn driver(&self) -> DriverKind {
        self.host.driver()
    }

    /// How many peers each engine serves, or was given to serve: present connections, and those that are being made.
    #[must_use]
    pub fn peers_of_engines(&self) -> Vec<usize> {
        self.host.engines().loads()
    }

    /// Makes a socket.
    ///
    /// # Errors
    /// The context was shut down, or has as many sockets as [`ContextBuilder::sockets_max`] allows.
    pub fn socket(&self, socket_type: SocketType) -> Result<Socket, ContextError> {
        if self.host.is_shut_down() {
            return Err(ContextError::Terminated);
        }
        Socket::new(socket_type, Arc::clone(&self.host)).ok_or(ContextError::TooManySockets)
    }

    /// Makes every present and future call on the context's sockets return "terminated", so that threads which
    /// are blocked in them can drop them. What sockets had accepted for sending still leaves.
    pub fn shutdown(&self) {
        self.host.shut_down();
    }
}
