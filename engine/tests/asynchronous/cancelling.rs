//! Futures that are dropped at any moment lose and duplicate nothing.

use std::future::Future;

use ringmq::SocketType::{Pull, Push};
use ringmq::{AsyncSocket, Message, Multipart};
use tokio::task::yield_now;

use super::{DRIVERS, Executor, context, number, pair_at, within_patience};

/// How often a future is dropped that was waiting.
const CANCELLED_MIN: u32 = 100_000;

/// And how many messages pass meanwhile.
const MESSAGES_MIN: u64 = 2_000;

/// Awaits `future` for a moment only.
async fn for_a_moment<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        output = future => Some(output),
        () = yield_now() => None,
    }
}

fn on_each_driver<F, T>(test: F)
where
    F: Fn(AsyncSocket, AsyncSocket) -> T + Copy + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    within_patience(move || {
        for driver in DRIVERS {
            for executor in [Executor::TokioCurrentThread, Executor::TokioMultiThread] {
                for endpoint in ["tcp://127.0.0.1:*", "inproc://cancelled"] {
                    let context = context(*driver);
                    executor.run(async move {
                        let (pull, push) = pair_at(endpoint, &context, [Pull, Push], 2).await;
                        test(pull, push).await;
                    });
                    println!(
                        "{driver:?}, {executor:?}, {endpoint}: {CANCELLED_MIN} futures were dropped"
                    );
                }
            }
        }
    });
}

/// A message of two frames, so that one torn apart would be seen.
fn numbered(i: u64) -> Multipart {
    Multipart::from_iter([Message::from(&i.to_le_bytes()), Message::from("tail")])
}

#[track_caller]
fn check(message: &Multipart, expected: u64) {
    assert_eq!(message.len(), 2);
    assert_eq!(
        (number(&message[0]), &message[1][..]),
        (expected, &b"tail"[..])
    );
}

#[test]
fn a_receive_that_is_dropped_loses_and_duplicates_nothing() {
    on_each_driver(|mut pull, mut push| async move {
        let (mut sent, mut received, mut cancelled) = (0, 0, 0);
        while cancelled < CANCELLED_MIN || sent < MESSAGES_MIN {
            match for_a_moment(pull.recv_multipart()).await {
                Some(message) => {
                    check(&message.unwrap(), received);
                    received += 1;
                }
                None => {
                    cancelled += 1;
                    // Messages come at other moments than they are waited for.
                    if cancelled % 7 == 0
                        && push.get_mut().try_send_multipart(numbered(sent)).is_ok()
                    {
                        sent += 1;
                    }
                }
            }
        }
        while received < sent {
            check(&pull.recv_multipart().await.unwrap(), received);
            received += 1;
        }
        let statistics = pull.get_ref().statistics();
        assert_eq!(statistics.messages_received, sent);
        println!("{sent} messages");
    });
}

#[test]
fn a_send_that_is_dropped_has_sent_nothing() {
    on_each_driver(|mut pull, mut push| async move {
        let (mut sent, mut received, mut cancelled) = (0, 0, 0);
        while cancelled < CANCELLED_MIN || sent < MESSAGES_MIN {
            match for_a_moment(push.send_multipart(numbered(sent))).await {
                Some(result) => {
                    result.unwrap();
                    sent += 1;
                }
                None => {
                    cancelled += 1;
                    if cancelled % 7 == 0
                        && let Ok(message) = pull.get_mut().try_recv_multipart()
                    {
                        check(&message, received);
                        received += 1;
                    }
                }
            }
        }
        while received < sent {
            check(&pull.recv_multipart().await.unwrap(), received);
            received += 1;
        }
        assert_eq!(push.get_ref().statistics().messages_sent, sent);
        push.send("the end").await.unwrap();
        assert_eq!(
            &pull.recv().await.unwrap()[..],
            b"the end",
            "nothing is left over"
        );
        println!("{sent} messages");
    });
}
