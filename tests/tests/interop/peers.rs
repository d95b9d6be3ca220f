//! The two ends of a stream of messages, each this library's or libzmq's.

use std::time::Duration;

use ringmq::{Context, Multipart, Socket, SocketType};

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
        self.socket(maker, SocketType::Push)
    }

    pub(crate) fn pull(&self, maker: Maker) -> End {
        self.socket(maker, SocketType::Pull)
    }

    /// A socket whose calls fail rather than wait for ever.
    pub(crate) fn socket(&self, maker: Maker, socket_type: SocketType) -> End {
        match maker {
            Maker::Ours => End::Ours(Box::new(stage::socket(&self.ours, socket_type))),
            Maker::Libzmq => self.theirs(libzmqs_name(socket_type)),
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

/// What the `zmq` crate calls a socket type.
pub(crate) fn libzmqs_name(socket_type: SocketType) -> zmq::SocketType {
    match socket_type {
        SocketType::Pair => zmq::PAIR,
        SocketType::Pub => zmq::PUB,
        SocketType::Sub => zmq::SUB,
        SocketType::Req => zmq::REQ,
        SocketType::Rep => zmq::REP,
        SocketType::Dealer => zmq::DEALER,
        SocketType::Router => zmq::ROUTER,
        SocketType::Pull => zmq::PULL,
        SocketType::Push => zmq::PUSH,
        SocketType::XPub => zmq::XPUB,
        SocketType::XSub => zmq::XSUB,
        other => panic!("{other:?} is no type of libzmq's that is compared"),
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

    pub(crate) fn set_routing_id(&mut self, id: &str) {
        match self {
            Self::Ours(socket) => socket.set_routing_id(id).unwrap(),
            Self::Theirs(socket) => socket.set_identity(id.as_bytes()).unwrap(),
        }
    }

    pub(crate) fn set_probe_router(&mut self) {
        match self {
            Self::Ours(socket) => socket.set_probe_router(true).unwrap(),
            Self::Theirs(socket) => socket.set_probe_router(true).unwrap(),
        }
    }

    /// A ROUTER that waits for room instead of dropping.
    pub(crate) fn set_router_mandatory(&mut self) {
        match self {
            Self::Ours(socket) => socket.set_router_mandatory(true).unwrap(),
            Self::Theirs(socket) => socket.set_router_mandatory(true).unwrap(),
        }
    }

    /// Lets any number of messages wait for each peer: for types that drop instead of waiting.
    pub(crate) fn set_unlimited(&mut self) {
        match self {
            Self::Ours(socket) => socket.set_send_high_water_mark(0).unwrap(),
            Self::Theirs(socket) => socket.set_sndhwm(0).unwrap(),
        }
    }

    pub(crate) fn subscribe(&mut self, topic: &str) {
        match self {
            Self::Ours(socket) => socket.subscribe(topic).unwrap(),
            Self::Theirs(socket) => socket.set_subscribe(topic.as_bytes()).unwrap(),
        }
    }

    /// A message if one comes within a moment.
    pub(crate) fn recv_soon(&mut self) -> Option<Frames> {
        const MOMENT: Duration = Duration::from_millis(5);
        match self {
            Self::Ours(socket) => {
                let first = socket.recv_timeout(MOMENT).ok()?;
                let mut frames = vec![first.to_vec()];
                if first.more() {
                    let rest = socket.recv_multipart().unwrap();
                    frames.extend(rest.iter().map(|frame| frame.to_vec()));
                }
                Some(frames)
            }
            Self::Theirs(socket) => {
                let came = socket.poll(zmq::POLLIN, MOMENT.as_millis() as i64);
                (came.unwrap() > 0).then(|| socket.recv_multipart(0).unwrap())
            }
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
