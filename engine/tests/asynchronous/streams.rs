//! Sockets as streams and sinks: with the combinators of the futures crate, in one task and split over two.

use std::error::Error;
use std::pin::{Pin, pin};

use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Sink, SinkExt, StreamExt, TryStreamExt, poll};
use ringmq::SocketType::{Dealer, Pair, Pull, Push, Rep, Req};
use ringmq::{AsyncSocket, Multipart, RecvError, SendError};

use super::{everywhere, number, pair, socket};

type AnyError = Box<dyn Error + Send + Sync>;

fn numbered(i: u64) -> Multipart {
    Multipart::from_iter([&i.to_le_bytes()])
}

#[test]
fn a_stream_is_forwarded_into_a_sink() {
    const COUNT: u64 = 5_000;
    everywhere(|context| async move {
        let (inlet, mut source) = pair(&context, [Pull, Push], 10).await;
        let (mut drain, outlet) = pair(&context, [Pull, Push], 10).await;
        let feeding = async {
            for i in 0..COUNT {
                source.send_multipart(numbered(i)).await.unwrap();
            }
        };
        let outlet = outlet.sink_err_into::<AnyError>();
        let forwarding = inlet
            .err_into()
            .take(COUNT as usize)
            .forward(outlet)
            .boxed();
        let draining = async {
            for i in 0..COUNT {
                let message = drain.next().await.unwrap().unwrap();
                assert_eq!(number(&message[0]), i);
            }
        };
        let (_, (forwarded, ())) = join(feeding, join(forwarding, draining)).await;
        forwarded.unwrap();
    });
}

#[test]
fn both_halves_of_a_split_socket_wait_and_are_woken_each_by_itself() {
    const COUNT: u64 = 3_000;
    everywhere(|context| async move {
        let (left, right) = pair(&context, [Pair, Pair], 1).await;
        // Each half is a task of its own, with a waker of its own.
        let tasks = FuturesUnordered::new();
        for socket in [left, right] {
            let (mut sending, mut receiving) = socket.split();
            tasks.push(
                async move {
                    for i in 0..COUNT {
                        sending.send(numbered(i)).await.unwrap();
                    }
                }
                .boxed(),
            );
            tasks.push(
                async move {
                    for i in 0..COUNT {
                        let message = receiving.next().await.unwrap().unwrap();
                        assert_eq!(number(&message[0]), i);
                    }
                }
                .boxed(),
            );
        }
        assert_eq!(tasks.count().await, 4);
    });
}

#[test]
fn a_server_is_a_stream_that_is_mapped_into_its_own_sink() {
    everywhere(|context| async move {
        let (rep, req) = pair(&context, [Rep, Req], 10).await;
        let (replies, requests) = rep.split();
        let serving = requests
            .map_ok(|request| numbered(number(&request[0]) + 1))
            .err_into::<AnyError>()
            .forward(replies.sink_err_into());
        // Neither half of the client knows whose turn it is.
        let (mut asking, mut answers) = req.split();
        let asked = async move {
            for i in 0..500 {
                asking.send(numbered(i)).await.unwrap();
            }
        };
        let answered = async {
            for i in 0..500 {
                let answer = answers.next().await.unwrap().unwrap();
                assert_eq!(number(&answer[0]), i + 1);
            }
            context.shutdown();
        };
        let tasks = FuturesUnordered::new();
        tasks.push(serving.map(Result::unwrap).boxed());
        tasks.push(asked.boxed());
        tasks.push(answered.boxed());
        assert_eq!(tasks.count().await, 3);
    });
}

#[test]
fn a_stream_ends_with_its_context_and_after_an_error_that_stays() {
    everywhere(|context| async move {
        let mut push = socket(&context, Push);
        assert!(matches!(
            push.next().await,
            Some(Err(RecvError::Unsupported))
        ));
        assert!(push.next().await.is_none());
        let mut pull = socket(&context, Pull);
        let (ended, ()) = join(pull.next(), async { context.shutdown() }).await;
        assert!(ended.is_none());
        assert!(pull.next().await.is_none());
    });
}

#[test]
fn a_sink_gives_back_what_it_cannot_send() {
    everywhere(|context| async move {
        let mut pull = socket(&context, Pull);
        let refused = SinkExt::send(&mut pull, numbered(7)).await;
        assert!(matches!(refused, Err(SendError::Unsupported(back)) if back == numbered(7)));
        let mut dealer = socket(&context, Dealer);
        context.shutdown();
        let refused = SinkExt::send(&mut dealer, numbered(8)).await;
        assert!(matches!(refused, Err(SendError::Terminated(back)) if back == numbered(8)));
    });
}

/// Hands a message over without a word of warning, as if the peer had gone after `poll_ready`.
fn start_send(sink: &mut AsyncSocket, message: Multipart) -> Result<(), SendError<Multipart>> {
    Pin::new(sink).start_send(message)
}

#[test]
fn what_a_sink_took_without_a_peer_is_flushed_to_the_next_one() {
    everywhere(|context| async move {
        let mut push = socket(&context, Push);
        start_send(&mut push, numbered(1)).unwrap();
        let refused = start_send(&mut push, numbered(2));
        assert!(matches!(refused, Err(SendError::TimedOut(back)) if back == numbered(2)));
        assert!(poll!(pin!(push.flush())).is_pending());
        let mut pull = socket(&context, Pull);
        let endpoint = pull.bind("tcp://127.0.0.1:*").await.unwrap();
        push.connect(&endpoint.to_string()).unwrap();
        push.feed(numbered(3)).await.unwrap();
        push.close().await.unwrap();
        for expected in [1, 3] {
            let message = pull.next().await.unwrap().unwrap();
            assert_eq!(number(&message[0]), expected);
        }
    });
}
