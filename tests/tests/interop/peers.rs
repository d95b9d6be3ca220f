//! The two ends of a stream of messages, each this library's or libzmq's.

use ringmq::{Context, Multipart, Socket};

use super::content::Frames;
use super::stage::{self, PATIENCE};

/// Whose socket an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Ours,
    Libzmq,
}

/// Makes the sockets of a scenario.
pub(crate) struct Makers {
    pub(crate) ours: Context,
    pub(crate) libzmq: zmq::Context,
}

impl Makers {
    pub(crate) fn push(&self, maker: Maker) -> End {
        match maker {
            Maker::Ours => End::Ours(Box::new(stage::push(&self.ours))),
            Maker::Libzmq => self.theirs(zmq::PUSH),
        }
    }

    pub(crate) fn pull(&self, maker: Maker) -> End {
        match maker {
            Maker::Ours => End::Ours(Box::new(stage::pull(&self.ours))),
            Maker::Libzmq => self.theirs(zmq::PULL),
        }
    }

    fn theirs(&self, socket_type: zmq::SocketType) -> End {
        let socket = self.libzmq.socket(socket_type).unwrap();
        let patience_ms = PATIENCE.as_millis() as i32;
        socket.set_rcvtimeo(patience_ms).unwrap();
        socket.set_sndtimeo(patience_ms).unwrap();
        // What does not leave in time must not keep the test from ending.
        socket.set_linger(patience_ms).unwrap();
        End::Theirs(socket)
    }
}

/// A socket of either maker.
pub(crate) enum End {
    Ours(Box<Socket>),
    Theirs(zmq::Socket),
}

impl End {
    /// Binds, and says where.
    pub(crate) fn bind(&mut self, endpoint: &str) -> Result<String, String> {
        match self {
            Self::Ours(socket) => {
                let bound = socket.bind(endpoint).map_err(|error| error.to_string())?;
                Ok(bound.to_string())
            }
            Self::Theirs(socket) => {
                socket.bind(endpoint).map_err(|error| error.to_string())?;
                let bound = socket.get_last_endpoint();
                Ok(bound.unwrap().expect("libzmq's endpoints are text"))
            }
        }
    }

    pub(crate) fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        match self {
            Self::Ours(socket) => socket.connect(endpoint).map_err(|error| error.to_string()),
            Self::Theirs(socket) => socket.connect(endpoint).map_err(|error| error.to_string()),
        }
    }

    pub(crate) fn send(&mut self, frames: Frames) -> Result<(), String> {
        match self {
            Self::Ours(socket) => {
                let message = Multipart::from(frames);
                let sent = socket.send_multipart(message);
                sent.map_err(|error| error.to_string())
            }
            Self::Theirs(socket) => {
                let sent = socket.send_multipart(frames, 0);
                sent.map_err(|error| error.to_string())
            }
        }
    }

    pub(crate) fn recv(&mut self) -> Result<Frames, String> {
        match self {
            Self::Ours(socket) => {
                let message = socket.recv_multipart().map_err(|error| error.to_string())?;
                Ok(message.iter().map(|frame| frame.to_vec()).collect())
            }
            Self::Theirs(socket) => socket.recv_multipart(0).map_err(|error| error.to_string()),
        }
    }

    /// Whether a message is there that nobody expects.
    pub(crate) fn has_more(&mut self) -> bool {
        match self {
            Self::Ours(socket) => socket.try_recv().is_ok(),
            Self::Theirs(socket) => socket.recv_bytes(zmq::DONTWAIT).is_ok(),
        }
    }
}
