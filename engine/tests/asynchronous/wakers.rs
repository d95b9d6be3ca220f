//! Wakers are foreign code that the engine's thread runs: what they do there stops no socket.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context as TaskContext, Wake, Waker};
use std::thread;

use ringmq::SocketType::{Pull, Push};
use ringmq::{AsyncSocket, Context};

use super::{DRIVERS, context, pair, within_patience};

/// Panics when it is woken, with a panic that panics again when it is dropped; says on which thread.
struct Panics(mpsc::Sender<thread::ThreadId>);

struct PanicsToo;

impl Drop for PanicsToo {
    fn drop(&mut self) {
        panic!("a waker's panic that panics: this is what the test is about");
    }
}

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(thread::current().id());
        std::panic::panic_any(PanicsToo);
    }
}

#[test]
fn a_waker_that_panics_on_the_engines_thread_stops_no_socket() {
    within_patience(|| {
        for driver in DRIVERS {
            let context = context(*driver);
            let (mut pull, mut push) = pollster::block_on(pair(&context, [Pull, Push], 1_000));
            let (mut other_pull, mut other_push) =
                pollster::block_on(pair(&context, [Pull, Push], 1_000));
            let (told, heard) = mpsc::channel();
            let waker = Waker::from(Arc::new(Panics(told)));
            for i in 0..10_u8 {
                let mut cx = TaskContext::from_waker(&waker);
                while pull.poll_recv(&mut cx).is_pending() {
                    // What wakes first may be the connection.
                    push.get_mut().try_send(&[i]).unwrap();
                    assert_ne!(heard.recv().unwrap(), thread::current().id());
                }
                drain(&mut pull);
            }
            pollster::block_on(async {
                push.send("goes on").await.unwrap();
                while &pull.recv().await.unwrap()[..] != b"goes on" {}
                other_push.send("as does the other").await.unwrap();
                assert_eq!(&other_pull.recv().await.unwrap()[..], b"as does the other");
            });
        }
    });
}

fn drain(pull: &mut AsyncSocket) {
    while pull.get_mut().try_recv().is_ok() {}
}

/// A task that owns its socket and the only handle of the context, and drops both when it is woken.
struct DropsAll {
    owned: Mutex<Option<(AsyncSocket, Context)>>,
    woken: AtomicBool,
    told: mpsc::Sender<()>,
}

impl Wake for DropsAll {
    fn wake(self: Arc<Self>) {
        drop(self.owned.lock().unwrap().take());
        self.woken.store(true, Ordering::Release);
        let _ = self.told.send(());
    }
}

#[test]
fn a_waker_may_drop_its_socket_and_the_context_on_the_engines_thread() {
    within_patience(|| {
        for driver in DRIVERS {
            let peers = context(*driver);
            let (pull, mut push) = {
                let context = context(*driver);
                let mut pull = context.socket(Pull).unwrap().into_async();
                let endpoint = pollster::block_on(pull.bind("tcp://127.0.0.1:*")).unwrap();
                let mut push = peers.socket(Push).unwrap();
                push.connect(&endpoint.to_string()).unwrap();
                ((pull, context), push)
            };
            let (told, heard) = mpsc::channel();
            let task = Arc::new(DropsAll {
                owned: Mutex::new(Some(pull)),
                woken: AtomicBool::new(false),
                told,
            });
            let waker = Waker::from(Arc::clone(&task));
            let is_pending = {
                let mut owned = task.owned.lock().unwrap();
                let (pull, _) = owned.as_mut().unwrap();
                let mut cx = TaskContext::from_waker(&waker);
                pull.poll_recv(&mut cx).is_pending()
            };
            assert!(is_pending, "nothing was sent");
            push.send("wake up").unwrap();
            heard.recv().unwrap();
            assert!(task.woken.load(Ordering::Acquire));
            push.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
    });
}
