//! Asynchronous sockets under tokio-uring: a second runtime on a ring, in the same process as ours.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/async_tokio_uring.rs"]
mod example;

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use ringmq::{AsyncSocket, Context, DriverChoice, Message, Multipart, SocketType};

/// How long a test may take that hangs.
const PATIENCE: Duration = Duration::from_secs(300);

const DRIVERS: &[DriverChoice] = if cfg!(ringmq_portable) {
    &[DriverChoice::Shim]
} else {
    &[DriverChoice::Ring, DriverChoice::Shim]
};

/// Runs a test on each driver, on a thread of its own with a runtime of its own; fails if it hangs.
fn on_each_driver<T>(test: fn(Context) -> T)
where
    T: Future<Output = ()> + 'static,
{
    let (ended, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        for driver in DRIVERS {
            let context = Context::builder().driver(*driver).build().unwrap();
            tokio_uring::start(test(context));
        }
        let _ = ended.send(());
    });
    let end = end.recv_timeout(PATIENCE);
    assert_ne!(end, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    thread.join().unwrap();
}

async fn pair(context: &Context, types: [SocketType; 2]) -> (AsyncSocket, AsyncSocket) {
    let [mut bound, mut connected] = types.map(|of| context.socket(of).unwrap().into_async());
    let endpoint = bound.bind("tcp://127.0.0.1:*").await.unwrap();
    connected.connect(&endpoint.to_string()).unwrap();
    (bound, connected)
}

fn numbered(i: u64) -> Multipart {
    Multipart::from_iter([Message::from(&i.to_le_bytes()), Message::from("tail")])
}

#[test]
fn a_file_that_one_ring_reads_is_sent_by_the_other() {
    example::main().unwrap();
}

#[test]
fn tasks_ask_and_answer() {
    on_each_driver(|context| async move {
        let (mut rep, mut req) = pair(&context, [SocketType::Rep, SocketType::Req]).await;
        let answering = tokio_uring::spawn(async move {
            for _ in 0..1_000 {
                let request = rep.recv_multipart().await.unwrap();
                rep.send_multipart(request).await.unwrap();
            }
        });
        for i in 0..1_000 {
            req.send_multipart(numbered(i)).await.unwrap();
            assert_eq!(req.recv_multipart().await.unwrap(), numbered(i));
        }
        answering.await.unwrap();
    });
}

/// Polls a future once, lets the runtime's other tasks run, and drops it if it is not done then.
async fn for_a_moment<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polls > 0 => Poll::Ready(None),
        Poll::Pending => {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

#[test]
fn receives_that_are_dropped_lose_and_duplicate_nothing() {
    const CANCELLED_MIN: u32 = 100_000;
    on_each_driver(|context| async move {
        let (mut pull, mut push) = pair(&context, [SocketType::Pull, SocketType::Push]).await;
        let (mut sent, mut received, mut cancelled) = (0, 0, 0);
        while cancelled < CANCELLED_MIN {
            match for_a_moment(pull.recv_multipart()).await {
                Some(message) => {
                    assert_eq!(message.unwrap(), numbered(received));
                    received += 1;
                }
                None => {
                    cancelled += 1;
                    if cancelled % 7 == 0 {
                        push.send_multipart(numbered(sent)).await.unwrap();
                        sent += 1;
                    }
                }
            }
        }
        while received < sent {
            let message = pull.recv_multipart().await.unwrap();
            assert_eq!(message, numbered(received));
            received += 1;
        }
        println!("{cancelled} receives were dropped, {received} messages came");
    });
}
