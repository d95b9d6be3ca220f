//! The ring on the real kernel: what is its own, beyond the contract that the conformance suite tests.

mod closing;
mod conformance;
mod economy;
mod exhaustion;
mod lifetime;
mod memory;
mod naming;
mod refusal;

use std::sync::atomic::{AtomicU16, Ordering};

use ringmq_driver::{Address, Completion, Driver, SocketId, SocketOptions, Token, Wait};

use self::memory::{Bytes, Space};
use super::{Ring, RingConfig, StableIncoming, StableOutgoing};

/// A path or abstract name that no other test uses.
fn fresh_name() -> String {
    static NAMES: AtomicU16 = AtomicU16::new(0);
    // Relaxed suffices: the numbers only have to differ.
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    format!("ringmq-ring-{}-{number}", std::process::id())
}

type TestRing = Ring<Bytes, Space>;

const LISTENER: Token = Token(1);
const CLIENT: Token = Token(2);
const SERVER: Token = Token(3);

fn ring() -> TestRing {
    Ring::new(&RingConfig::default()).expect("this kernel runs the ring")
}

fn loopback() -> Address {
    Address::Tcp("127.0.0.1:0".parse().expect("an address"))
}

fn fresh_path() -> std::path::PathBuf {
    std::env::temp_dir().join(fresh_name())
}

/// Polls until a completion is accepted by `pick`; the others are dropped.
fn until<T>(
    ring: &mut TestRing,
    mut pick: impl FnMut(&mut TestRing, Completion<Bytes, Space>) -> Option<T>,
) -> T {
    let mut completions = Vec::new();
    loop {
        ring.poll(Wait::Forever, &mut completions)
            .expect("a working ring polls");
        let mut picked = None;
        for completion in completions.drain(..) {
            picked = picked.or(pick(ring, completion));
        }
        if let Some(picked) = picked {
            return picked;
        }
    }
}

/// A connection over TCP: listener, client, server.
fn connection(ring: &mut TestRing) -> (SocketId, SocketId, SocketId) {
    let options = SocketOptions::default();
    let (listener, real) = ring
        .listen(LISTENER, &loopback(), &options)
        .expect("a free port");
    let client = ring
        .connect(CLIENT, &real, &options)
        .expect("a socket can be made");
    let (mut accepted, mut connected) = (None, false);
    let server = until(ring, |_, completion| {
        match completion {
            Completion::Accepted { result, .. } => accepted = Some(result.expect("an accept")),
            Completion::Connected { result, .. } => connected = result.is_ok(),
            _ => {}
        }
        accepted.filter(|_| connected)
    });
    ring.set_token(server, SERVER);
    (listener, client, server)
}
