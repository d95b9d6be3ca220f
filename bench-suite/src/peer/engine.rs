//! RingMQ in thread mode, on either driver, through the calls that correspond to `zmq_send` and `zmq_recv`.

use std::error::Error;
use std::time::Duration;

use ringmq::{Context, DriverChoice, Socket, SocketType};

use super::{Inlet, Outlet, PeerError, Sockets};

/// One RingMQ context.
pub(super) struct Engine {
    context: Context,
    high_water_mark: u32,
}

impl Engine {
    /// The engine on io_uring, and on nothing else.
    pub(super) fn ring(high_water_mark: u32) -> Result<Self, PeerError> {
        Self::on(DriverChoice::Ring, high_water_mark)
    }

    /// The engine on epoll or kqueue.
    pub(super) fn shim(high_water_mark: u32) -> Result<Self, PeerError> {
        Self::on(DriverChoice::Shim, high_water_mark)
    }

    /// No core is named: the engine's thread inherits the process's, as libzmq's threads do.
    fn on(driver: DriverChoice, high_water_mark: u32) -> Result<Self, PeerError> {
        let built = Context::builder().driver(driver).build();
        let context = built.map_err(|error| failed("making a context", error))?;
        Ok(Self {
            context,
            high_water_mark,
        })
    }

    fn socket(&self, socket_type: SocketType) -> Result<Socket, PeerError> {
        let made = self.context.socket(socket_type);
        let mut socket = made.map_err(|error| failed("making a socket", error))?;
        let mark = self.high_water_mark;
        // A type has the options of what it does, and only those.
        let set = match socket_type {
            SocketType::Pull => socket.set_receive_high_water_mark(mark),
            _ => socket
                .set_send_high_water_mark(mark)
                .and_then(|()| socket.set_linger(Some(Duration::ZERO))),
        };
        set.map_err(|error| failed("setting a socket up", error))?;
        Ok(socket)
    }
}

fn failed(call: &'static str, error: impl Error + Send + Sync + 'static) -> PeerError {
    PeerError::Engine {
        call,
        source: Box::new(error),
    }
}

impl Sockets for Engine {
    type Outlet = Socket;
    type Inlet = Socket;

    fn ran(&self) -> String {
        self.context.driver().to_string()
    }

    fn bind(&mut self, endpoint: &str) -> Result<(Socket, String), PeerError> {
        let mut socket = self.socket(SocketType::Pull)?;
        let bound = socket
            .bind(endpoint)
            .map_err(|error| failed("bind", error))?;
        Ok((socket, bound.to_string()))
    }

    fn connect(&mut self, endpoint: &str) -> Result<Socket, PeerError> {
        let mut socket = self.socket(SocketType::Push)?;
        socket
            .connect(endpoint)
            .map_err(|error| failed("connect", error))?;
        Ok(socket)
    }
}

impl Outlet for Socket {
    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<(), PeerError> {
        self.send_bytes(message)
            .map_err(|error| failed("send_bytes", error))
    }
}

impl Inlet for Socket {
    #[inline]
    fn receive(&mut self, message: &mut [u8]) -> Result<usize, PeerError> {
        self.recv_bytes(message)
            .map_err(|error| failed("recv_bytes", error))
    }
}
