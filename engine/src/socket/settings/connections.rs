//! Options of connections: making them, keeping them, and what a peer may send over them.
//!
//! They apply to the binds and connects that follow.

use std::time::Duration;

use super::super::{OptionError, Socket};

/// The shortest span that a heartbeat can tell.
const TTL_MIN: Duration = Duration::from_millis(100);
/// The longest.
const TTL_MAX: Duration = Duration::from_millis(6_553_500);

/// Connections.
impl Socket {
    /// The pause before a lost connection is made again, and how far it may double while that fails. It varies
    /// by a quarter, so that many clients of one server do not return in step. Defaults 100 ms and 30 s. A first pause of
    /// `None` makes no connection again: what fails, or is lost, is as if it was disconnected.
    pub fn set_reconnect_interval(
        &mut self,
        first: impl Into<Option<Duration>>,
        longest: Duration,
    ) {
        self.options.reconnect_interval = first.into();
        self.options.reconnect_interval_max = longest;
    }

    /// How long the whole handshake of a connection may take; `None` is for ever. Default 10 s.
    pub const fn set_handshake_timeout(&mut self, timeout: Option<Duration>) {
        self.options.handshake_timeout = timeout;
    }

    /// How long a connect may take before it is tried again; `None` leaves it to the system, which is the
    /// default.
    pub const fn set_connect_timeout(&mut self, timeout: Option<Duration>) {
        self.options.connect_timeout = timeout;
    }

    /// Asks a silent peer every `interval` whether it lives and gives the connection up when no byte came for
    /// `timeout` after that. `None` never asks, which is the default.
    pub const fn set_heartbeat(&mut self, interval: Option<Duration>, timeout: Duration) {
        self.options.heartbeat_interval = interval;
        self.options.heartbeat_timeout = timeout;
    }

    /// After how much silence peers are asked to give this socket up, where it sends heartbeats: up to 6 553.5 s, in
    /// tenths of a second; zero asks nothing. `None`, the default, is the timeout of [`Self::set_heartbeat`].
    ///
    /// # Errors
    /// The span is longer, or shorter than a tenth of a second.
    pub fn set_heartbeat_ttl(&mut self, ttl: Option<Duration>) -> Result<(), OptionError> {
        let is_good = |ttl: Duration| ttl.is_zero() || (TTL_MIN..=TTL_MAX).contains(&ttl);
        if !ttl.is_none_or(is_good) {
            return Err(OptionError::BadValue {
                allowed: "zero, or 0.1 to 6553.5 seconds",
            });
        }
        self.options.heartbeat_ttl = ttl;
        Ok(())
    }

    /// Whether IPv6 is used beside IPv4. If so, which is the default, `tcp://*:port` listens on all addresses of both
    /// families (of IPv4 where the host has no IPv6), and names stand for addresses of either, in the resolver's order.
    /// If not, IPv6 addresses are refused, and those of names are passed over.
    pub const fn set_ipv6(&mut self, ipv6: bool) {
        self.options.ipv6 = ipv6;
    }

    /// The longest message to accept, all its frames together, in bytes; a peer that sends a longer one is
    /// disconnected. `None` is no limit. Default 256 MiB.
    pub const fn set_message_bytes_max(&mut self, bytes: Option<u64>) {
        self.options.message_bytes_max = bytes;
    }

    /// The most frames of one message to accept; `None` is no limit. Default 65 536.
    pub const fn set_message_parts_max(&mut self, parts: Option<u32>) {
        self.options.parts_max = parts;
    }

    /// Which engines of the context may serve this socket's peers: bit n allows engine n of those that
    /// [`ContextBuilder::cores`](crate::ContextBuilder::cores) or
    /// [`ContextBuilder::engines`](crate::ContextBuilder::engines) started; 0, the default, allows all. Each peer goes
    /// to the allowed engine that has the fewest, and stays there. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The context has none of these engines.
    pub fn set_affinity(&mut self, engines: u64) -> Result<(), OptionError> {
        if !self.host.engines().allows_any(engines) {
            return Err(OptionError::NoSuchEngine);
        }
        self.options.engines_allowed = engines;
        Ok(())
    }
}
