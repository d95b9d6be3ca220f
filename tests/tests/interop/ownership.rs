//! A foreign owner of a body is dropped exactly once, whichever way its message goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ringmq::{Message, SendError, TrySendError};

use super::stage::{DRIVERS, await_true, bound_pull, bound_push, context, pull, push};

/// Bytes that count their drops.
struct Owner {
    bytes: Vec<u8>,
    drops: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Relaxed: a count, read again and again until it is right.
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Small bodies are copied into the pipe and large ones lent, so that their owners go different ways.
const SIZES: [usize; 4] = [0, 4_096, 4_097, 1 << 20];

fn owned(bytes: usize) -> (Message, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let owner = Owner {
        bytes: vec![5; bytes],
        drops: Arc::clone(&drops),
    };
    (Message::from_owner(owner), drops)
}

fn dropped_once(drops: &AtomicUsize, what: &str) {
    // Relaxed: only the count matters, and it is asked for again.
    await_true(what, || drops.load(Ordering::Relaxed) > 0);
    assert_eq!(drops.load(Ordering::Relaxed), 1, "{what}");
}

#[test]
fn an_owner_is_dropped_once_after_its_message_was_sent() {
    for driver in DRIVERS {
        for bytes in SIZES {
            let context = context(*driver);
            let (mut pull, endpoint) = bound_pull(&context);
            let mut push = push(&context);
            push.connect(&endpoint).unwrap();
            let (message, drops) = owned(bytes);
            push.send(message).unwrap();
            assert_eq!(pull.recv().unwrap().len(), bytes);
            dropped_once(&drops, &format!("{driver:?}: {bytes} bytes sent"));
            drop((push, pull, context));
            assert_eq!(drops.load(Ordering::Relaxed), 1);
        }
    }
}

#[test]
fn an_owner_is_dropped_once_when_its_message_comes_back() {
    for driver in DRIVERS {
        for bytes in SIZES {
            let context = context(*driver);
            let (mut push, _) = bound_push(&context);
            push.set_send_timeout(Some(Duration::from_millis(1)))
                .unwrap();
            let (message, drops) = owned(bytes);
            let Err(TrySendError::Full(message)) = push.try_send(message) else {
                panic!("there is no peer");
            };
            let Err(SendError::TimedOut(message)) = push.send(message) else {
                panic!("there is no peer");
            };
            let Err(SendError::Unsupported(message)) = pull(&context).send(message) else {
                panic!("a PULL does not send");
            };
            assert_eq!(drops.load(Ordering::Relaxed), 0, "it is still in our hands");
            drop(message);
            dropped_once(&drops, &format!("{driver:?}: {bytes} bytes returned"));
        }
    }
}

#[test]
fn an_owner_is_dropped_once_when_its_message_is_never_delivered() {
    for driver in DRIVERS {
        for bytes in SIZES {
            let context = context(*driver);
            let mut push = push(&context);
            push.set_linger(Some(Duration::ZERO)).unwrap();
            push.connect("ipc:///nonexistent/ringmq").unwrap();
            let (mut part, of_a_part) = owned(bytes);
            let (message, of_a_message) = owned(bytes);
            push.send(message).unwrap();
            part.set_more(true);
            push.send(part).unwrap();
            drop(push);
            drop(context);
            dropped_once(&of_a_message, &format!("{driver:?}: {bytes} bytes, whole"));
            dropped_once(&of_a_part, &format!("{driver:?}: {bytes} bytes, a part"));
        }
    }
}

#[test]
fn an_owner_is_dropped_once_when_clones_of_its_message_are_sent() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        let (message, drops) = owned(100_000);
        for _ in 0..10 {
            push.send(message.clone()).unwrap();
            assert_eq!(pull.recv().unwrap().len(), 100_000);
        }
        assert_eq!(drops.load(Ordering::Relaxed), 0, "the original is ours");
        drop(message);
        dropped_once(&drops, &format!("{driver:?}: ten clones"));
    }
}
