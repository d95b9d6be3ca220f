//! A monitor: what becomes of a socket's binds, connects and connections, told as it happens.
//!
//! A monitor is a handle of its own, to be read on any thread. It never holds the engine up: events for which there is
//! no room are dropped and counted.
//!
//! Run it: `cargo run -p ringmq --example monitor`

use std::error::Error;
use std::thread;
use std::time::Duration;

use ringmq::{Context, Monitor, MonitorEventKind, MonitorEvents, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Prints what the monitor tells, to the end.
fn print(who: &str, monitor: Monitor) {
    for event in monitor {
        match event.kind {
            MonitorEventKind::ConnectRetried(_) => println!("{who}: will try again"),
            kind => println!("{who}: {kind:?}"),
        }
    }
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut server = context.socket(SocketType::Pull)?;
    let told = server.monitor(MonitorEvents::ALL);
    let server_printing = thread::spawn(move || print("server", told));
    let endpoint = server.bind("tcp://127.0.0.1:*")?.to_string();

    let mut client = context.socket(SocketType::Push)?;
    let mut watch = client.monitor(
        MonitorEvents::HANDSHAKE_SUCCEEDED
            | MonitorEvents::DISCONNECTED
            | MonitorEvents::CONNECT_RETRIED,
    );
    let told = client.monitor(MonitorEvents::ALL);
    let client_printing = thread::spawn(move || print("client", told));
    // One attempt in a minute, so that the example ends before the second.
    let minute = Duration::from_secs(60);
    client.set_reconnect_interval(minute, minute);
    client.connect(&endpoint)?;

    // A program may wait for one event instead of printing all.
    let event = watch.recv()?;
    println!(
        "client: is connected to the server: {}",
        event.kind == MonitorEventKind::HandshakeSucceeded
    );
    client.send("hello")?;
    server.recv()?;
    drop(server);
    server_printing.join().expect("printing does not panic");
    let event = watch.recv()?;
    println!(
        "client: has lost the server: {}",
        event.kind == MonitorEventKind::Disconnected
    );
    watch.recv()?;
    drop(client);
    client_printing.join().expect("printing does not panic");
    Ok(())
}
