//! Whole sockets, on each driver of this host.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counting;
mod disconnecting;
mod inproc;
mod waiting;

use std::time::Duration;

use super::Socket;
use crate::{Context, DriverChoice, SocketType};

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

fn context(driver: DriverChoice) -> Context {
    Context::builder().driver(driver).build().unwrap()
}

fn push(context: &Context) -> Socket {
    let mut push = context.socket(SocketType::Push).unwrap();
    push.set_send_timeout(Some(PATIENCE)).unwrap();
    push
}

fn pull(context: &Context) -> Socket {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    pull
}

/// A PULL socket, and where it is bound.
fn bound_pull(context: &Context) -> (Socket, String) {
    let mut pull = pull(context);
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
    (pull, endpoint)
}
