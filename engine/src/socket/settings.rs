//! The socket's options, typed.
//!
//! High-water marks, buffers, limits and intervals apply to the binds and connects that follow; timeouts and
//! linger apply at once.

use std::time::Duration;

use super::Socket;

/// Options.
impl Socket {
    /// How many whole messages may wait for each peer before `send` blocks; 0 is no limit. Default 1 000.
    pub const fn set_send_high_water_mark(&mut self, messages: u32) {
        self.options.send_high_water_mark = messages;
    }

    /// How many whole messages may wait from each peer before the engine stops reading from it (what it read in
    /// one go still comes); 0 is no limit. Default 1 000.
    pub const fn set_receive_high_water_mark(&mut self, messages: u32) {
        self.options.receive_high_water_mark = messages;
    }

    /// How long `send` waits for a peer; `None` is for ever, which is the default.
    pub const fn set_send_timeout(&mut self, timeout: Option<Duration>) {
        self.options.send_timeout = timeout;
    }

    /// How long `recv` waits for a message; `None` is for ever, which is the default.
    pub const fn set_receive_timeout(&mut self, timeout: Option<Duration>) {
        self.options.receive_timeout = timeout;
    }

    /// How long a closed socket keeps trying to send what it had accepted; `None` is for ever, which is the
    /// default as in ZeroMQ.
    pub const fn set_linger(&mut self, linger: Option<Duration>) {
        self.options.linger = linger;
    }

    /// The pause before a lost connection is made again, and how far it may double while that fails. It varies
    /// by a quarter, so that many clients of one server do not return in step. Defaults 100 ms and 30 s.
    pub fn set_reconnect_interval(&mut self, first: Duration, longest: Duration) {
        self.options.reconnect_interval = first;
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

    /// The longest message to accept, all its frames together, in bytes; a peer that sends a longer one is
    /// disconnected. `None` is no limit. Default 256 MiB.
    pub const fn set_message_bytes_max(&mut self, bytes: Option<u64>) {
        self.options.message_bytes_max = bytes;
    }

    /// The most frames of one message to accept; `None` is no limit. Default 65 536.
    pub const fn set_message_parts_max(&mut self, parts: Option<u32>) {
        self.options.parts_max = parts;
    }

    /// The sizes of the kernel's buffers (SO_SNDBUF, SO_RCVBUF; socket(7)), in bytes; `None` leaves them to the
    /// kernel, which is the default and usually best.
    pub const fn set_kernel_buffers(&mut self, send: Option<u32>, receive: Option<u32>) {
        self.options.send_buffer_bytes = send;
        self.options.receive_buffer_bytes = receive;
    }

    /// How many connections may wait to be accepted (listen(2)). Default 4 096.
    pub const fn set_backlog(&mut self, connections: u32) {
        self.options.backlog = connections;
    }
}
