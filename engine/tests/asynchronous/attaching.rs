//! Binding and connecting, and undoing both, without holding the executor up.

use std::io;
use std::pin::pin;
use std::task::Poll;

use futures_util::poll;
use ringmq::SocketType::{Pull, Push};
use ringmq::{BindError, DetachError};

use super::{everywhere, pair, socket};

#[test]
fn a_bind_says_where_and_why_not() {
    everywhere(|context| async move {
        let mut first = socket(&context, Pull);
        let mut second = socket(&context, Pull);
        let endpoint = first.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        let refused = second.bind(&endpoint).await;
        let Err(BindError::Io(error)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(matches!(
            second.bind("nonsense").await,
            Err(BindError::Endpoint(_))
        ));
        first.unbind(&endpoint).await.unwrap();
        second.bind(&endpoint).await.unwrap();
        let again = first.unbind(&endpoint).await;
        assert_eq!(again.unwrap_err(), DetachError::NotAttached);
    });
}

#[test]
fn an_inproc_name_is_bound_unbound_and_bound_again() {
    everywhere(|context| async move {
        let mut first = socket(&context, Pull);
        let mut second = socket(&context, Pull);
        for _ in 0..200 {
            first.bind("inproc://name").await.unwrap();
            let refused = second.bind("inproc://name").await;
            assert!(matches!(refused, Err(BindError::Io(_))), "{refused:?}");
            first.unbind("inproc://name").await.unwrap();
        }
        // Made but never polled, it does nothing.
        drop(first.bind("inproc://name"));
        second.bind("inproc://name").await.unwrap();
    });
}

#[test]
fn a_disconnect_ends_the_connect_and_leaves_the_rest() {
    everywhere(|context| async move {
        let (mut pull, mut push) = pair(&context, [Pull, Push], 1_000).await;
        let mut other = socket(&context, Pull);
        let endpoint = other.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        push.connect(&endpoint).unwrap();
        push.disconnect(&endpoint).await.unwrap();
        for i in 0..10_u8 {
            push.send(&[i]).await.unwrap();
            assert_eq!(pull.recv().await.unwrap()[..], [i]);
        }
        let again = push.disconnect(&endpoint).await;
        assert_eq!(again.unwrap_err(), DetachError::NotAttached);
    });
}

#[test]
fn a_bind_that_is_dropped_is_taken_back() {
    everywhere(|context| async move {
        let mut first = socket(&context, Pull);
        let mut second = socket(&context, Pull);
        let endpoint = first.bind("tcp://127.0.0.1:*").await.unwrap().to_string();
        first.unbind(&endpoint).await.unwrap();
        let mut dropped = 0;
        while dropped < 20 {
            // It is polled once; whether the engine was quicker than that is up to it.
            let polled = poll!(pin!(first.bind(&endpoint)));
            match polled {
                Poll::Pending => dropped += 1,
                Poll::Ready(Ok(_)) => first.unbind(&endpoint).await.unwrap(),
                // The last one is just being taken back.
                Poll::Ready(Err(_)) => {}
            }
        }
        while second.bind(&endpoint).await.is_err() {}
        let nothing_left = first.unbind(&endpoint).await;
        assert_eq!(nothing_left.unwrap_err(), DetachError::NotAttached);
        let mut push = socket(&context, Push);
        push.connect(&endpoint).unwrap();
        push.send("to the second").await.unwrap();
        assert_eq!(&second.recv().await.unwrap()[..], b"to the second");
    });
}
