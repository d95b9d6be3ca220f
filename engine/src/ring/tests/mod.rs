//! The ring on the real kernel: the conformance suite, with roomy and with tiny rings, and what is the ring's own.

mod economy;
mod exhaustion;
mod lifetime;
mod naming;
mod refusal;

use std::sync::atomic::{AtomicU16, Ordering};

use ringmq_driver::conformance::{Subject, TestIn, TestOut};
use ringmq_driver::{Address, Completion, Driver, SocketId, SocketOptions, Token, UnixName, Wait};

use super::{Ring, RingConfig, StableIncoming, StableOutgoing};

// SAFETY: the pieces are vectors, which keep their memory in place when they are moved; nothing writes them.
unsafe impl StableOutgoing for TestOut {}

// SAFETY: the memory is that of a vector, which keeps it in place when it is moved; it is read only after the
// value came back.
unsafe impl StableIncoming for TestIn {}

/// The ring, with sizes of choice.
struct Rings(RingConfig);

/// A path or abstract name that no other test uses.
fn fresh_name() -> String {
    static NAMES: AtomicU16 = AtomicU16::new(0);
    // Relaxed suffices: the numbers only have to differ.
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    format!("ringmq-ring-{}-{number}", std::process::id())
}

impl Subject for Rings {
    type Driver = Ring<TestOut, TestIn>;

    fn driver(&self) -> Self::Driver {
        Ring::new(&self.0).expect("this kernel runs the ring")
    }

    fn addresses(&self) -> Vec<Address> {
        vec![
            Address::Tcp("127.0.0.1:0".parse().expect("an address")),
            Address::Tcp("[::1]:0".parse().expect("an address")),
            Address::Unix(UnixName::Path(std::env::temp_dir().join(fresh_name()))),
            Address::Unix(UnixName::Abstract(fresh_name().into_bytes())),
        ]
    }
}

type TestRing = Ring<TestOut, TestIn>;

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
    mut pick: impl FnMut(&mut TestRing, Completion<TestOut, TestIn>) -> Option<T>,
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

mod roomy {
    use super::{RingConfig, Rings};

    ringmq_driver::conformance_suite!(Rings(RingConfig::default()));
}

/// Every shortage at once: the queues overflow, submissions find no room, buffers run out.
mod tiny {
    use super::{RingConfig, Rings};

    ringmq_driver::conformance_suite!(Rings(RingConfig {
        sq_entries: 4,
        cq_entries: 8,
        buffers: 2,
        buffer_bytes: 4096,
        registered_files_max: 2,
    }));
}
