//! Options of the system's sockets below the connections.
//!
//! They apply to the binds and connects that follow; a connection that is accepted has those of its listener. Those of
//! TCP say nothing to ipc.

use std::ops::RangeInclusive;
use std::time::Duration;

use ringmq_driver::{Keepalive, SocketOptions};

use super::super::{OptionError, Socket};

/// What Linux takes for the times of keepalive, seconds; other systems take more.
const KEEPALIVE_SECONDS: RangeInclusive<u64> = 1..=32_767;
/// And for its probes.
const KEEPALIVE_PROBES: RangeInclusive<u32> = 1..=127;
/// An interface's name is shorter than IFNAMSIZ.
const DEVICE_BYTES: RangeInclusive<usize> = 1..=15;

/// The system's sockets.
impl Socket {
    /// The sizes of the kernel's buffers (SO_SNDBUF, SO_RCVBUF; socket(7)), in bytes; `None` leaves them to the
    /// kernel, which is the default and usually best.
    pub const fn set_kernel_buffers(&mut self, send: Option<u32>, receive: Option<u32>) {
        self.options.system.send_buffer_bytes = send;
        self.options.system.receive_buffer_bytes = receive;
    }

    /// How many connections may wait to be accepted (listen(2)). Default 4 096.
    pub const fn set_backlog(&mut self, connections: u32) {
        self.options.system.backlog = connections;
    }

    /// Lets TCP probe a connection that is silent (SO_KEEPALIVE; tcp(7)). `None`, the default, leaves it to the system,
    /// which as a rule does not. [`Self::set_heartbeat`] finds more, and sooner.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use ringmq::{Context, Keepalive, SocketType};
    ///
    /// let mut push = Context::new()?.socket(SocketType::Push)?;
    /// push.set_tcp_keepalive(Some(Keepalive {
    ///     idle: Some(Duration::from_secs(60)),
    ///     ..Keepalive::default()
    /// }))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A time is not of 1 to 32 767 whole seconds, or the probes are not 1 to 127.
    pub fn set_tcp_keepalive(&mut self, keepalive: Option<Keepalive>) -> Result<(), OptionError> {
        let is_time = |time: Duration| {
            time.subsec_nanos() == 0 && KEEPALIVE_SECONDS.contains(&time.as_secs())
        };
        let is_good = |keepalive: &Keepalive| {
            keepalive.idle.is_none_or(is_time)
                && keepalive.interval.is_none_or(is_time)
                && keepalive
                    .probes
                    .is_none_or(|probes| KEEPALIVE_PROBES.contains(&probes))
        };
        if !keepalive.as_ref().is_none_or(is_good) {
            return Err(OptionError::BadValue {
                allowed: "times of 1 to 32767 whole seconds, and 1 to 127 probes",
            });
        }
        self.options.system.keepalive = keepalive;
        Ok(())
    }

    /// How long sent bytes may stay unacknowledged before TCP gives the connection up (TCP_USER_TIMEOUT; tcp(7)), in
    /// whole milliseconds. `None`, the default, leaves it to the system.
    ///
    /// # Errors
    /// The span is shorter than a millisecond or longer than 2³² of them; or this host is not Linux.
    pub fn set_tcp_user_timeout(&mut self, timeout: Option<Duration>) -> Result<(), OptionError> {
        if !SocketOptions::HAS_TCP_USER_TIMEOUT {
            return Err(OptionError::NotOnThisHost);
        }
        let is_good = |timeout: Duration| {
            u32::try_from(timeout.as_millis()).is_ok_and(|milliseconds| milliseconds > 0)
        };
        if !timeout.is_none_or(is_good) {
            return Err(OptionError::BadValue {
                allowed: "1 to 4294967295 milliseconds",
            });
        }
        self.options.system.tcp_user_timeout = timeout;
        Ok(())
    }

    /// What the packets of TCP are marked with: the type of service, or its successor, six bits of DSCP and two of ECN
    /// (IP_TOS, IPV6_TCLASS; ip(7)). 0, the default, leaves it to the system.
    pub const fn set_type_of_service(&mut self, service: u8) {
        self.options.system.type_of_service = service;
    }

    /// The one interface, such as `eth0`, that TCP listens on and connects through, whatever the addresses
    /// (SO_BINDTODEVICE; socket(7)). `None`, the default, is any.
    ///
    /// Whether there is such an interface is found by [`bind`](Socket::bind); a connect goes on trying until there is.
    ///
    /// # Errors
    /// The name is empty, has more than 15 bytes or a zero byte; or this host is not Linux.
    pub fn set_device(&mut self, device: Option<&str>) -> Result<(), OptionError> {
        if !SocketOptions::HAS_DEVICE {
            return Err(OptionError::NotOnThisHost);
        }
        let is_good = |name: &str| DEVICE_BYTES.contains(&name.len()) && !name.contains('\0');
        if !device.is_none_or(is_good) {
            return Err(OptionError::BadValue {
                allowed: "the name of an interface, of 1 to 15 bytes",
            });
        }
        self.options.system.device = device.map(str::to_owned);
        Ok(())
    }
}
