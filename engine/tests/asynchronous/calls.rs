//! Each call as a future: what it does, what it returns, and when it wakes.

use std::future::Future;
use std::pin::pin;

use futures_util::future::join;
use futures_util::poll;
use ringmq::SocketType::{Dealer, Pub, Pull, Push, Rep, Req, Router, Sub, XPub};
use ringmq::{AsyncSocket, Message, Multipart, RecvError, SendError};

use super::{everywhere, number, pair, socket};

#[test]
fn messages_of_all_sizes_arrive_whole() {
    everywhere(|context| async move {
        let (mut pull, mut push) = pair(&context, [Pull, Push], 1_000).await;
        for size in [0, 1, 33, 34, 255, 256, 4_096, 4_097, 8_192, 70_000, 1 << 20] {
            let body: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            push.send(body.clone()).await.unwrap();
            assert_eq!(&pull.recv().await.unwrap()[..], &body[..], "{size}");
        }
        let whole = Multipart::from_iter((0..100_u8).map(|i| vec![i; usize::from(i) * 50]));
        push.send_multipart(whole.clone()).await.unwrap();
        assert_eq!(pull.recv_multipart().await.unwrap(), whole);
        push.send_multipart(whole.clone()).await.unwrap();
        let first = pull.recv().await.unwrap();
        assert_eq!((&first, first.more()), (&whole[0], true));
        let rest = pull.recv_multipart().await.unwrap();
        assert_eq!(rest[..], whole[1..]);
    });
}

#[test]
fn a_request_and_its_reply_take_turns() {
    everywhere(|context| async move {
        let (mut rep, mut req) = pair(&context, [Rep, Req], 1_000).await;
        assert_eq!(req.recv().await.unwrap_err(), RecvError::OutOfTurn);
        let refused = rep.send("nobody asked").await;
        assert!(matches!(refused, Err(SendError::OutOfTurn(back)) if &back[..] == b"nobody asked"));
        let asking = async {
            for i in 0..500_u64 {
                req.send(&i.to_le_bytes()).await.unwrap();
                assert_eq!(number(&req.recv().await.unwrap()), i + 1);
            }
        };
        let answering = async {
            for _ in 0..500 {
                let asked = number(&rep.recv().await.unwrap());
                rep.send(&(asked + 1).to_le_bytes()).await.unwrap();
            }
        };
        join(asking, answering).await;
    });
}

#[test]
fn a_send_waits_for_room_and_a_receive_for_messages() {
    const COUNT: u64 = 3_000;
    everywhere(|context| async move {
        let (mut pull, mut push) = pair(&context, [Pull, Push], 1).await;
        let sending = async {
            for i in 0..COUNT {
                // Large enough for the kernel's buffers to fill, too.
                let mut body = vec![0; 10_000];
                body[..8].copy_from_slice(&i.to_le_bytes());
                push.send(body).await.unwrap();
            }
        };
        let receiving = async {
            for i in 0..COUNT {
                assert_eq!(number(&pull.recv().await.unwrap()[..8]), i);
            }
        };
        join(sending, receiving).await;
    });
}

#[test]
fn tasks_wake_each_other_without_an_engine_between_them() {
    const COUNT: u64 = 10_000;
    everywhere(|context| async move {
        let mut req = socket(&context, Req);
        req.connect("inproc://late").unwrap();
        let mut rep = socket(&context, Rep);
        let asking = async {
            for i in 0..COUNT {
                req.send(&i.to_le_bytes()).await.unwrap();
                assert_eq!(number(&req.recv().await.unwrap()), i);
            }
        };
        let answering = async {
            rep.bind("inproc://late").await.unwrap();
            for _ in 0..COUNT {
                let asked = rep.recv().await.unwrap();
                rep.send(asked).await.unwrap();
            }
        };
        join(asking, answering).await;
    });
}

#[test]
fn what_can_never_succeed_says_so_at_once() {
    everywhere(|context| async move {
        for socket_type in [Push, Pub] {
            let mut socket = socket(&context, socket_type);
            assert_eq!(socket.recv().await.unwrap_err(), RecvError::Unsupported);
            socket.readable().await;
        }
        for socket_type in [Pull, Sub] {
            let mut socket = socket(&context, socket_type);
            let refused = socket.send("x").await;
            assert!(matches!(refused, Err(SendError::Unsupported(back)) if &back[..] == b"x"));
            socket.writable().await;
        }
    });
}

#[test]
fn a_shutdown_ends_every_wait() {
    everywhere(|context| async move {
        let mut pull = socket(&context, Pull);
        let mut push = socket(&context, Push);
        let mut dealer = socket(&context, Dealer);
        let waiting = async {
            let received = pull.recv_multipart();
            let sent = push.send_multipart(vec!["a", "b"]);
            let (received, sent) = join(received, sent).await;
            assert_eq!(received.unwrap_err(), RecvError::Terminated);
            let Err(SendError::Terminated(back)) = sent else {
                panic!("{sent:?}");
            };
            assert_eq!(back, Multipart::from(vec!["a", "b"]));
        };
        let both = join(waiting, async {
            dealer.writable().await;
            dealer.readable().await;
        });
        join(both, async { context.shutdown() }).await;
    });
}

#[test]
fn readable_and_writable_take_nothing() {
    everywhere(|context| async move {
        let mut push = socket(&context, Push);
        assert!(poll!(pin!(push.writable())).is_pending(), "it has no peer");
        let (mut pull, mut push) = pair(&context, [Pull, Push], 1).await;
        assert!(poll!(pin!(pull.readable())).is_pending());
        push.writable().await;
        push.get_mut().try_send("one").unwrap();
        pull.readable().await;
        pull.readable().await;
        assert_eq!(&pull.get_mut().try_recv().unwrap()[..], b"one");
        assert!(poll!(pin!(pull.readable())).is_pending());
    });
}

#[test]
fn a_router_that_refuses_waits_for_room_at_the_peer_that_is_named() {
    const COUNT: u64 = 2_000;
    everywhere(|context| async move {
        let (mut router, mut dealer) = pair(&context, [Router, Dealer], 1).await;
        router.get_mut().set_router_mandatory(true).unwrap();
        dealer.send("hello").await.unwrap();
        let id = router.recv().await.unwrap();
        router.recv().await.unwrap();
        let refused = router.send_multipart(vec!["nobody", "x"]).await;
        assert!(matches!(refused, Err(SendError::Unroutable(back)) if back.len() == 2));
        let sending = async {
            for i in 0..COUNT {
                let mut body = vec![0; 10_000];
                body[..8].copy_from_slice(&i.to_le_bytes());
                let whole = Multipart::from_iter([id.clone(), Message::from(body)]);
                router.send_multipart(whole).await.unwrap();
            }
        };
        let receiving = async {
            for i in 0..COUNT {
                assert_eq!(number(&dealer.recv().await.unwrap()[..8]), i);
            }
        };
        join(sending, receiving).await;
    });
}

#[test]
fn a_publisher_that_must_not_drop_waits_for_its_slowest_subscriber() {
    const COUNT: u64 = 2_000;
    everywhere(|context| async move {
        let (mut xpub, mut sub) = pair(&context, [XPub, Sub], 1).await;
        xpub.get_mut().set_no_drop(true).unwrap();
        sub.get_mut().subscribe("").unwrap();
        assert_eq!(xpub.recv().await.unwrap()[..], [1]);
        let sending = async {
            for i in 0..COUNT {
                let mut body = vec![0; 10_000];
                body[..8].copy_from_slice(&i.to_le_bytes());
                xpub.send(body).await.unwrap();
            }
        };
        let receiving = async {
            for i in 0..COUNT {
                assert_eq!(number(&sub.recv().await.unwrap()[..8]), i);
            }
        };
        join(sending, receiving).await;
    });
}

#[test]
fn the_handle_and_its_futures_move_between_threads() {
    const fn is_send<T: Send>(_: &T) {}
    const fn is_unpin<T: Future + Unpin>(_: &T) {}
    everywhere(|context| async move {
        let mut dealer: AsyncSocket = socket(&context, Dealer);
        is_send(&dealer);
        {
            let future = dealer.recv();
            is_send(&future);
            is_unpin(&future);
        }
        let future = dealer.send("x");
        is_send(&future);
        is_unpin(&future);
    });
}
