//! Sockets of one context that talk to each other by name, with no engine between them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binding;
mod cells;
mod marks;
mod threads;

use std::time::Duration;

use ringmq::{Context, DriverChoice, Socket, SocketType};

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

/// Runs a test on each driver: no message passes through it, but binds and closes share its context.
fn on_each_driver(test: impl Fn(&Context)) {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        test(&context);
    }
}

/// A socket that gives up rather than hang.
fn socket(context: &Context, socket_type: SocketType) -> Socket {
    let mut socket = context.socket(socket_type).unwrap();
    // A type that does not wait in one direction says so.
    let _ = socket.set_send_timeout(Some(PATIENCE));
    let _ = socket.set_receive_timeout(Some(PATIENCE));
    socket
}

/// Lets both sockets take in what they have been told. The bound one answers when it looks; the other hears it then.
fn settle(one: &mut Socket, other: &mut Socket) {
    for _ in 0..2 {
        one.readiness();
        other.readiness();
    }
}
