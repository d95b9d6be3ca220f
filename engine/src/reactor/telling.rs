//! What listeners tell their sockets' monitors. Where there is none, each telling is one load.

use ringmq_driver::{Address, Driver};

use super::listener::Listener;
use crate::monitor::{MonitorEvent, MonitorEventKind, Monitors};
use crate::transport::Endpoint;

impl Listener {
    /// Tells that this happened to the listener.
    pub(super) fn tell(&self, kind: MonitorEventKind, driver: &impl Driver) {
        let descriptor = self.listening.and_then(|socket| driver.descriptor(socket));
        tell(
            &self.socket.monitors,
            kind,
            self.address.as_ref(),
            descriptor,
        );
    }
}

/// Tells that this happened to a bind to `address`.
pub(super) fn tell(
    monitors: &Monitors,
    kind: MonitorEventKind,
    address: Option<&Address>,
    descriptor: Option<i32>,
) {
    monitors.tell(kind.mask(), || MonitorEvent {
        kind,
        local: address.cloned().map(Endpoint::new),
        remote: None,
        descriptor,
    });
}
