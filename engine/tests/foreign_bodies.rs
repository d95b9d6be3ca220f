//! Bodies whose memory is the application's: its code runs once, on no engine's thread, whatever that code does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, ThreadId};
use std::time::Duration;

use ringmq::{Context, DriverChoice, Message, Socket, SocketType};

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

/// Larger than what is copied into a pipe, so that it is sent from where it is.
const LARGE_BYTES: usize = 100_000;

/// Memory with the application's code behind it.
struct Lent<F: FnMut()> {
    bytes: Vec<u8>,
    release: F,
}

impl<F: FnMut()> Drop for Lent<F> {
    fn drop(&mut self) {
        (self.release)();
    }
}

impl<F: FnMut()> AsRef<[u8]> for Lent<F> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn lent(fill: u8, release: impl FnMut() + Send + 'static) -> Message {
    Message::from_owner(Lent {
        bytes: vec![fill; LARGE_BYTES],
        release,
    })
}

fn context(driver: DriverChoice) -> Context {
    Context::builder().driver(driver).build().unwrap()
}

fn connected(context: &Context) -> (Socket, Socket) {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let mut push = context.socket(SocketType::Push).unwrap();
    push.set_send_timeout(Some(PATIENCE)).unwrap();
    push.connect(&endpoint.to_string()).unwrap();
    (push, pull)
}

/// The name and identity of the thread that runs this.
fn here() -> (Option<String>, ThreadId) {
    let thread = thread::current();
    (thread.name().map(str::to_owned), thread.id())
}

fn tell_where(told: Sender<(Option<String>, ThreadId)>) -> impl FnMut() + Send {
    move || told.send(here()).unwrap()
}

#[test]
fn what_was_sent_is_released_once_and_not_by_the_engines_thread() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, mut pull) = connected(&context);
        let (told, heard) = mpsc::channel();
        for fill in 0..100 {
            push.send(lent(fill, tell_where(told.clone()))).unwrap();
            assert_eq!(pull.recv().unwrap().as_bytes(), vec![fill; LARGE_BYTES]);
        }
        drop((told, push, pull, context));
        let places: Vec<_> = heard.try_iter().collect();
        assert_eq!(places.len(), 100, "dropping the context waits for them");
        for (name, _) in places {
            assert_ne!(name.as_deref(), Some("ringmq"), "the engine's thread");
        }
    }
}

#[test]
fn what_the_application_drops_is_released_at_once_on_its_own_thread() {
    let (told, heard) = mpsc::channel();
    drop(lent(1, tell_where(told)));
    assert_eq!(heard.try_recv().unwrap(), here());
}

#[test]
fn a_release_that_panics_disturbs_nobody() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, mut pull) = connected(&context);
        let (told, heard) = mpsc::channel();
        for fill in 0..10 {
            let told = told.clone();
            let bad = lent(fill, move || {
                told.send(()).unwrap();
                panic!("a release that panics: this is what the test is about");
            });
            push.send(bad).unwrap();
            assert_eq!(pull.recv().unwrap()[0], fill);
            heard.recv_timeout(PATIENCE).unwrap();
        }
        push.send("still here").unwrap();
        assert_eq!(pull.recv().unwrap().as_bytes(), b"still here");
    }
}

#[test]
fn a_release_that_waits_stops_no_message() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, mut pull) = connected(&context);
        let (let_go, held): (Sender<()>, Receiver<()>) = mpsc::channel();
        let (told, heard) = mpsc::channel();
        let waits = lent(1, move || {
            told.send(()).unwrap();
            // Until the other end is dropped.
            held.recv().unwrap_err();
        });
        push.send(waits).unwrap();
        assert_eq!(pull.recv().unwrap()[0], 1);
        heard.recv_timeout(PATIENCE).unwrap();
        let (mut other_push, mut other_pull) = connected(&context);
        for number in 0..1_000_u32 {
            push.send(&number.to_be_bytes()).unwrap();
            other_push.send(lent(2, || ())).unwrap();
            assert_eq!(pull.recv().unwrap().as_bytes(), number.to_be_bytes());
            assert_eq!(other_pull.recv().unwrap()[0], 2);
        }
        drop(let_go);
    }
}

#[test]
fn a_context_may_be_dropped_last_by_a_release() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = context.socket(SocketType::Push).unwrap();
        push.set_linger(Some(Duration::from_millis(20))).unwrap();
        // Nobody listens there, so the linger time passes and the engine drops what is queued.
        push.connect("tcp://127.0.0.1:1").unwrap();
        let (told, heard) = mpsc::channel();
        let mut last = Some(context.clone());
        let owner = lent(1, move || {
            drop(last.take());
            told.send(()).unwrap();
        });
        push.send(owner).unwrap();
        drop((push, context));
        heard.recv_timeout(PATIENCE).unwrap();
    }
}
