//! Connect, and the check that a TCP socket has not connected to itself.

use std::io;
use std::os::fd::OwnedFd;

use io_uring::opcode;
use ringmq_driver::{Completion, SocketId};
use socket2::{SockAddr, SockRef};

use super::in_flight::Op;
use super::sockets::with_file;
use super::{Ring, StableIncoming, StableOutgoing};

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Starts to connect.
    pub(super) fn arm_connect(&mut self, socket: SocketId, address: SockAddr) {
        let address = Box::new(address);
        let (start, bytes) = (address.as_ptr().cast(), address.len());
        self.lent.sockets.get_mut(socket).connecting = Some(address);
        let entry = with_file!(self.lent.sockets.file(socket), |file| {
            opcode::Connect::new(file, start, bytes).build()
        });
        // SAFETY: the address is owned by the socket's entry until `complete_connect` takes it at the completion.
        unsafe { self.start(socket, Op::Connect, entry) };
    }

    /// The connect ended.
    pub(super) fn complete_connect(
        &mut self,
        socket: SocketId,
        result: i32,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        self.ended(socket);
        let state = self.lent.sockets.get_mut(socket);
        state.connecting = None;
        if state.closing {
            return;
        }
        let result = match result {
            0 if is_own_end(&state.fd) => Err(io::ErrorKind::ConnectionRefused.into()),
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(-error)),
        };
        completions.push(Completion::Connected {
            token: state.token,
            result,
        });
    }
}

/// Whether a TCP socket is its own peer: a connect to a free port in the ephemeral range can meet itself.
fn is_own_end(fd: &OwnedFd) -> bool {
    let socket = SockRef::from(fd);
    let (Ok(local), Ok(peer)) = (socket.local_addr(), socket.peer_addr()) else {
        return false;
    };
    local.as_socket().is_some() && local.as_socket() == peer.as_socket()
}
