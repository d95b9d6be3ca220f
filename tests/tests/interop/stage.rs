//! What each scenario starts with: drivers, contexts, sockets with a deadline, and endpoints to bind to.
//!
//! Knows nothing about peers that are not this library.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use ringmq::{Context, DriverChoice, DriverKind, Socket, SocketType};

/// How long anything may take that has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The drivers of this host, by the names that tests give them.
pub(crate) const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable)))
{
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

/// The transports of this version.
pub(crate) const TRANSPORTS: &[&str] = &["tcp", "ipc"];

/// A context on one driver, and on no other.
pub(crate) fn context(driver: DriverChoice) -> Context {
    let context = Context::builder().driver(driver).build().unwrap();
    let expected = match driver {
        DriverChoice::Ring => DriverKind::Ring,
        DriverChoice::Shim => DriverKind::Shim,
        _ => panic!("a test names its driver"),
    };
    assert_eq!(context.driver(), expected, "the driver that was asked for");
    context
}

/// A PUSH socket whose calls fail rather than wait for ever.
pub(crate) fn push(context: &Context) -> Socket {
    let mut push = context.socket(SocketType::Push).unwrap();
    push.set_send_timeout(Some(PATIENCE)).unwrap();
    push
}

/// A PULL socket whose calls fail rather than wait for ever.
pub(crate) fn pull(context: &Context) -> Socket {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    pull
}

/// A PULL socket bound to a free TCP port, and where.
pub(crate) fn bound_pull(context: &Context) -> (Socket, String) {
    let mut pull = pull(context);
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
    (pull, endpoint)
}

/// A socket of any type whose calls fail rather than wait for ever.
pub(crate) fn socket(context: &Context, socket_type: SocketType) -> Socket {
    let mut socket = context.socket(socket_type).unwrap();
    // Whichever of them the type has.
    let _ = socket.set_send_timeout(Some(PATIENCE));
    let _ = socket.set_receive_timeout(Some(PATIENCE));
    // What does not leave in time must not keep the test from ending.
    let _ = socket.set_linger(Some(PATIENCE));
    socket
}

/// A PUSH socket bound to a free TCP port, and where.
pub(crate) fn bound_push(context: &Context) -> (Socket, String) {
    let mut push = push(context);
    let endpoint = push.bind("tcp://127.0.0.1:*").unwrap().to_string();
    (push, endpoint)
}

/// An endpoint to bind to. An ipc path is removed at the end.
#[derive(Debug)]
pub(crate) struct Place {
    text: String,
    path: Option<PathBuf>,
}

impl Place {
    pub(crate) fn new(transport: &str) -> Self {
        if transport == "tcp" {
            return Self {
                text: "tcp://127.0.0.1:*".to_owned(),
                path: None,
            };
        }
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only that no two get the same number matters.
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("ringmq-interop-{}-{turn}", process::id()));
        Self {
            text: format!("ipc://{}", path.display()),
            path: Some(path),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Whoever was bound there may have removed it, which is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Gives way to the engine until something has come true that no descriptor and no call announces.
pub(crate) fn await_true(what: &str, mut holds: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
    let until = Instant::now() + PATIENCE;
    while !holds() {
        #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
        let now = Instant::now();
        assert!(now < until, "in vain: {what}");
        thread::yield_now();
    }
}

/// How long a call takes.
pub(crate) fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    #[expect(clippy::disallowed_methods, reason = "the test is about time")]
    let begin = Instant::now();
    let result = call();
    (result, begin.elapsed())
}
