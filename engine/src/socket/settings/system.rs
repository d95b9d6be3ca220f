//! Options of the system's sockets below the connections.
//!
//! They apply to the binds and connects that follow; a connection that is accepted has those of its listener.

use super::super::Socket;

/// The system's sockets.
impl Socket {
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
