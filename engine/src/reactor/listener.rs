//! One listening socket: what it accepts becomes sessions of its own.

use std::sync::Arc;
use std::time::Duration;

use ringmq_driver::{Address, SocketId, Time};

use super::command::AttachmentId;
use crate::session::SessionConfig;
use crate::socket::SocketShared;

/// How long to wait after the system refused to accept (out of descriptors, of memory) before asking again.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whether the driver accepts for a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepting {
    /// It does.
    On,
    /// It was asked to stop, and has not said yet that it did.
    Stopping,
    /// It failed, or stopped.
    Off,
}

/// One bind.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: Arc<SocketShared>,
    pub(super) attachment: AttachmentId,
    pub(super) config: Arc<SessionConfig>,
    /// `None` while the driver is being asked for it.
    pub(super) listening: Option<SocketId>,
    /// Where it listens.
    pub(super) address: Option<Address>,
    pub(super) accepting: Accepting,
    /// When to accept again after a failure.
    pub(super) resume_at: Option<Time>,
    pub(super) closing: bool,
}
