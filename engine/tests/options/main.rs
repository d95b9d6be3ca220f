//! Each option, seen by its effect: on the kernel's socket, in a count, in what arrives. Never by its getter.
//!
//! The list in [`table`] names the test of each setter; a setter without one fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test has the clock of its host"
)]

mod conflate;
mod connections;
mod contexts;
#[cfg(target_os = "linux")]
mod kernel;
mod publishing;
mod queues;
mod routing;
#[cfg(target_os = "linux")]
mod system;
mod table;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ringmq::{Context, DriverChoice, Socket, SocketType};

/// Only a hang is longer.
const PATIENCE: Duration = Duration::from_secs(30);

fn drivers() -> Vec<DriverChoice> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
}

/// Runs a test on each driver.
fn on_each_driver(test: impl Fn(&Context)) {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        test(&context);
    }
}

/// A socket whose calls fail rather than wait for ever.
fn socket(context: &Context, socket_type: SocketType) -> Socket {
    let mut socket = context.socket(socket_type).unwrap();
    // Whichever of them the type has.
    let _ = socket.set_send_timeout(Some(PATIENCE));
    let _ = socket.set_receive_timeout(Some(PATIENCE));
    let _ = socket.set_linger(Some(Duration::ZERO));
    socket
}

/// Binds to a free port; returns the endpoint.
fn bind(socket: &mut Socket) -> String {
    socket.bind("tcp://127.0.0.1:*").unwrap().to_string()
}

/// An endpoint at which nobody listens, for as long as the listener is held: it is bound, and listens not.
fn nowhere() -> (socket2::Socket, String) {
    use socket2::{Domain, Socket, Type};
    let held = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    held.bind(&any.into()).unwrap();
    let at = held.local_addr().unwrap().as_socket().unwrap();
    (held, format!("tcp://{at}"))
}

/// A peer by hand: a listener of the system's, and its endpoint.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

/// Waits for what an engine does in its own time.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// All frames of the next message, as texts.
fn texts(socket: &mut Socket) -> Vec<String> {
    let whole = socket.recv_multipart().unwrap();
    whole
        .into_iter()
        .map(|frame| String::from_utf8_lossy(&frame).into_owned())
        .collect()
}
