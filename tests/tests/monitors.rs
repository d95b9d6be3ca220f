//! Monitors of this library and of libzmq are told the same events in the same order.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use ringmq::{Context, DriverChoice, Monitor, MonitorEvents, Socket, SocketType};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_MS: i32 = 60_000;

const CONNECTED: u32 = 0x0001;
const CONNECT_DELAYED: u32 = 0x0002;
const CONNECT_RETRIED: u32 = 0x0004;
const LISTENING: u32 = 0x0008;
const ACCEPTED: u32 = 0x0020;
const CLOSED: u32 = 0x0080;
const DISCONNECTED: u32 = 0x0200;
const HANDSHAKE_FAILED_NO_DETAIL: u32 = 0x0800;
const HANDSHAKE_SUCCEEDED: u32 = 0x1000;
const HANDSHAKE_FAILED_PROTOCOL: u32 = 0x2000;
const HANDSHAKE_FAILED_AUTH: u32 = 0x4000;

/// A monitored socket.
enum Subject {
    Ours(Box<Socket>, Box<Monitor>),
    Theirs(zmq::Socket, zmq::Socket),
}

impl Subject {
    fn bind(&mut self) -> String {
        match self {
            Self::Ours(socket, _) => socket.bind("tcp://127.0.0.1:*").unwrap().to_string(),
            Self::Theirs(socket, _) => {
                socket.bind("tcp://127.0.0.1:*").unwrap();
                socket.get_last_endpoint().unwrap().unwrap()
            }
        }
    }

    fn unbind(&mut self, endpoint: &str) {
        match self {
            Self::Ours(socket, _) => socket.unbind(endpoint).unwrap(),
            Self::Theirs(socket, _) => socket.unbind(endpoint).unwrap(),
        }
    }

    fn connect(&mut self, endpoint: &str) {
        match self {
            Self::Ours(socket, _) => socket.connect(endpoint).unwrap(),
            Self::Theirs(socket, _) => socket.connect(endpoint).unwrap(),
        }
    }

    fn send(&mut self) {
        match self {
            Self::Ours(socket, _) => socket.send("hello").unwrap(),
            Self::Theirs(socket, _) => socket.send("hello", 0).unwrap(),
        }
    }

    fn receive(&mut self) {
        match self {
            Self::Ours(socket, _) => drop(socket.recv_timeout(PATIENCE).unwrap()),
            Self::Theirs(socket, _) => drop(socket.recv_bytes(0).unwrap()),
        }
    }

    /// The numbers of the next events.
    fn told(&mut self, count: usize) -> Vec<u32> {
        let next = |_| match self {
            Self::Ours(_, monitor) => {
                let event = monitor.recv_timeout(PATIENCE).unwrap();
                event.kind.mask().bits()
            }
            Self::Theirs(_, monitor) => {
                let event = monitor.recv_multipart(0).unwrap();
                u32::from(u16::from_ne_bytes([event[0][0], event[0][1]]))
            }
        };
        (0..count).map(next).collect()
    }
}

/// Makes subjects of both libraries, on both drivers.
struct Makers {
    ours: Vec<Context>,
    theirs: zmq::Context,
}

impl Makers {
    fn new() -> Self {
        let mut drivers = vec![DriverChoice::Shim];
        if cfg!(all(target_os = "linux", not(ringmq_portable))) {
            drivers.push(DriverChoice::Ring);
        }
        let context = |driver| Context::builder().driver(driver).build().unwrap();
        Self {
            ours: drivers.into_iter().map(context).collect(),
            theirs: zmq::Context::new(),
        }
    }

    fn socket(&self, socket_type: zmq::SocketType) -> zmq::Socket {
        let socket = self.theirs.socket(socket_type).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_rcvtimeo(PATIENCE_MS).unwrap();
        socket.set_sndtimeo(PATIENCE_MS).unwrap();
        socket
    }

    /// Runs a scenario with each: all are told what is expected.
    fn compare(
        &self,
        ours: SocketType,
        theirs: zmq::SocketType,
        expected: &[u32],
        scenario: impl Fn(&Self, &mut Subject) -> Vec<u32>,
    ) {
        let socket = self.socket(theirs);
        let name = format!("inproc://{theirs:?}-{}", expected.len());
        socket.monitor(&name, 0xFFFF).unwrap();
        let monitor = self.socket(zmq::PAIR);
        monitor.connect(&name).unwrap();
        let mut subject = Subject::Theirs(socket, monitor);
        let told = scenario(self, &mut subject);
        assert_eq!(told, expected, "libzmq");
        for context in &self.ours {
            let mut socket = context.socket(ours).unwrap();
            if ours == SocketType::Push {
                socket.set_linger(Some(Duration::ZERO)).unwrap();
            }
            let monitor = socket.monitor(MonitorEvents::ALL);
            let mut subject = Subject::Ours(Box::new(socket), Box::new(monitor));
            let told = scenario(self, &mut subject);
            assert_eq!(told, expected, "{}", context.driver());
        }
    }
}

#[test]
fn the_life_of_a_connect() {
    let expected = [
        CONNECT_DELAYED,
        CONNECTED,
        HANDSHAKE_SUCCEEDED,
        DISCONNECTED,
        CONNECT_RETRIED,
        CONNECT_DELAYED,
        CLOSED,
        CONNECT_RETRIED,
    ];
    Makers::new().compare(SocketType::Push, zmq::PUSH, &expected, |makers, subject| {
        let peer = makers.socket(zmq::PULL);
        peer.bind("tcp://127.0.0.1:*").unwrap();
        let endpoint = peer.get_last_endpoint().unwrap().unwrap();
        subject.connect(&endpoint);
        subject.send();
        peer.recv_bytes(0).unwrap();
        let mut told = subject.told(3);
        drop(peer);
        told.extend(subject.told(5));
        told
    });
}

#[test]
fn the_life_of_a_bind() {
    let expected = [
        LISTENING,
        ACCEPTED,
        HANDSHAKE_SUCCEEDED,
        DISCONNECTED,
        CLOSED,
    ];
    Makers::new().compare(SocketType::Pull, zmq::PULL, &expected, |makers, subject| {
        let endpoint = subject.bind();
        let peer = makers.socket(zmq::PUSH);
        peer.connect(&endpoint).unwrap();
        peer.send("hello", 0).unwrap();
        subject.receive();
        drop(peer);
        let mut told = subject.told(4);
        subject.unbind(&endpoint);
        told.extend(subject.told(1));
        told
    });
}

#[test]
fn a_connect_that_is_refused() {
    let expected = [CONNECT_DELAYED, CLOSED, CONNECT_RETRIED];
    Makers::new().compare(SocketType::Push, zmq::PUSH, &expected, |_, subject| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        drop(listener);
        subject.connect(&endpoint);
        subject.told(3)
    });
}

/// What a 3.1 peer begins with, and its mechanism.
fn greeting(mechanism: &[u8]) -> [u8; 64] {
    let mut greeting = [0; 64];
    greeting[..12].copy_from_slice(b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01");
    greeting[12..12 + mechanism.len()].copy_from_slice(mechanism);
    greeting
}

fn stranger(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap()
}

#[test]
fn a_peer_that_goes_in_its_handshake() {
    let expected = [
        LISTENING,
        ACCEPTED,
        HANDSHAKE_FAILED_NO_DETAIL,
        DISCONNECTED,
    ];
    Makers::new().compare(SocketType::Pull, zmq::PULL, &expected, |_, subject| {
        let endpoint = subject.bind();
        drop(stranger(&endpoint));
        subject.told(4)
    });
}

#[test]
fn a_peer_with_another_mechanism() {
    let expected = [LISTENING, ACCEPTED, HANDSHAKE_FAILED_PROTOCOL, DISCONNECTED];
    Makers::new().compare(SocketType::Pull, zmq::PULL, &expected, |_, subject| {
        let endpoint = subject.bind();
        let mut peer = stranger(&endpoint);
        peer.write_all(&greeting(b"PLAIN")).unwrap();
        subject.told(4)
    });
}

#[test]
fn a_peer_that_does_not_let_us_in() {
    // What follows differs. We end the connection and try again; libzmq tells a second failure, without detail, when the
    // peer ends it or its handshake times out, and gives the peer up.
    let expected = [CONNECT_DELAYED, CONNECTED, HANDSHAKE_FAILED_AUTH];
    Makers::new().compare(SocketType::Push, zmq::PUSH, &expected, |_, subject| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        subject.connect(&endpoint);
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(&greeting(b"NULL")).unwrap();
        peer.write_all(b"\x04\x0a\x05ERROR\x03400").unwrap();
        subject.told(3)
    });
}
