//! Names: who may bind and connect, in which order, and what becomes of whoever waits for a bind.

use std::io::ErrorKind;
use std::time::Duration;

use ringmq::{
    BindError, ConnectError, DetachError, EndpointError, SocketType, TryRecvError, TrySendError,
};

use crate::{on_each_driver, settle, socket};

use SocketType::{Dealer, Pair, Pub, Pull, Push, Router, Sub};

const NAME: &str = "inproc://binding";

#[test]
fn a_name_has_one_binder_until_that_unbinds_or_closes() {
    on_each_driver(|context| {
        let mut first = socket(context, Pull);
        let endpoint = first.bind(NAME).unwrap();
        assert_eq!(endpoint.name(), Some("binding"));
        assert_eq!((endpoint.tcp(), endpoint.path()), (None, None));
        let mut second = socket(context, Pull);
        let in_use = |result| matches!(result, Err(BindError::Io(error)) if error.kind() == ErrorKind::AddrInUse);
        assert!(in_use(second.bind(NAME)));
        assert!(in_use(first.bind(NAME)));
        assert_eq!(second.unbind(NAME), Err(DetachError::NotAttached));
        first.unbind(NAME).unwrap();
        assert_eq!(first.unbind(NAME), Err(DetachError::NotAttached));
        second.bind(NAME).unwrap();
        drop(second);
        first.bind(NAME).unwrap();
    });
}

#[test]
fn names_belong_to_their_context_and_have_1_to_256_bytes() {
    on_each_driver(|context| {
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        let other = ringmq::Context::new().unwrap();
        socket(&other, Pull).bind(NAME).unwrap();
        let long = format!("inproc://{}", "n".repeat(257));
        for (endpoint, wrong) in [
            ("inproc://", EndpointError::NoName),
            (&long[..], EndpointError::NameTooLong),
        ] {
            assert!(matches!(pull.bind(endpoint), Err(BindError::Endpoint(why)) if why == wrong));
            assert!(
                matches!(pull.connect(endpoint), Err(ConnectError::Endpoint(why)) if why == wrong)
            );
        }
    });
}

#[test]
fn peers_stay_when_the_name_is_unbound() {
    on_each_driver(|context| {
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        let mut push = socket(context, Push);
        push.connect(NAME).unwrap();
        pull.unbind(NAME).unwrap();
        push.send("still").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"still");
    });
}

#[test]
fn a_peer_of_a_type_that_does_not_fit_is_refused_by_whoever_comes_second() {
    on_each_driver(|context| {
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        let mut publisher = socket(context, Pub);
        assert!(matches!(
            publisher.connect(NAME),
            Err(ConnectError::Incompatible)
        ));
        assert_eq!(publisher.disconnect(NAME), Err(DetachError::NotAttached));
        pull.unbind(NAME).unwrap();

        let mut dealer = socket(context, Dealer);
        dealer.connect(NAME).unwrap();
        dealer.send("to a PULL").unwrap();
        pull.bind(NAME).unwrap();
        assert_eq!(pull.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(pull.statistics().refused_peers, 1);
        assert_eq!(pull.statistics().connections, 0);
        assert!(matches!(
            dealer.try_send("again"),
            Err(TrySendError::Full(_))
        ));
        assert_eq!(dealer.disconnect(NAME), Err(DetachError::NotAttached));
        // It was one message, dropped where it could have been read.
        assert_eq!(pull.statistics().dropped_closed, 1);
        assert_eq!(dealer.statistics().dropped_peer_gone, 0);
    });
}

#[test]
fn whoever_connected_first_is_heard_when_the_name_is_bound() {
    on_each_driver(|context| {
        let mut pushes: Vec<_> = (0..5u8)
            .map(|number| {
                let mut push = socket(context, Push);
                push.connect(NAME).unwrap();
                push.send_multipart(vec![vec![number], vec![0; 10_000]])
                    .unwrap();
                push.send(vec![number]).unwrap();
                push
            })
            .collect();
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        for _ in 0..2 {
            for number in 0..5 {
                assert_eq!(pull.recv_multipart().unwrap()[0][..], [number]);
            }
        }
        for push in &mut pushes {
            push.readiness();
            assert_eq!(push.statistics().connections, 1);
        }
    });
}

#[test]
fn what_a_closed_socket_had_sent_waits_for_a_bind_as_long_as_it_lingers() {
    on_each_driver(|context| {
        for (linger, arrives) in [
            (None, true),
            (Some(Duration::from_secs(3_600)), true),
            (Some(Duration::ZERO), false),
            (Some(Duration::from_nanos(1)), false),
        ] {
            let mut push = socket(context, Push);
            push.set_linger(linger).unwrap();
            push.connect(NAME).unwrap();
            push.send("left behind").unwrap();
            drop(push);
            // Nothing is queued in these.
            let mut dealer = socket(context, Dealer);
            dealer.connect(NAME).unwrap();
            drop(dealer);
            let mut pull = socket(context, Pull);
            pull.bind(NAME).unwrap();
            assert_eq!(pull.try_recv().is_ok(), arrives, "{linger:?}");
            assert_eq!(pull.statistics().connections, u64::from(arrives));
            assert_eq!(pull.statistics().refused_peers, 0);
        }
    });
}

#[test]
fn a_connect_that_was_taken_back_leads_nowhere() {
    on_each_driver(|context| {
        let mut push = socket(context, Push);
        push.set_linger(Some(Duration::ZERO)).unwrap();
        push.connect(NAME).unwrap();
        push.send("dropped").unwrap();
        push.disconnect(NAME).unwrap();
        assert_eq!(push.disconnect(NAME), Err(DetachError::NotAttached));
        assert_eq!(push.statistics().dropped_linger, 1);
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        assert!(matches!(push.try_send("x"), Err(TrySendError::Full(_))));
        assert_eq!(pull.statistics().connections, 0);
    });
}

#[test]
fn what_was_sent_before_a_disconnect_still_arrives() {
    on_each_driver(|context| {
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        let mut push = socket(context, Push);
        for answered in [false, true] {
            push.connect(NAME).unwrap();
            if answered {
                settle(&mut pull, &mut push);
            }
            push.send("before").unwrap();
            push.disconnect(NAME).unwrap();
            assert!(matches!(push.try_send("after"), Err(TrySendError::Full(_))));
            assert_eq!(&pull.recv().unwrap()[..], b"before");
            assert_eq!(pull.try_recv().unwrap_err(), TryRecvError::Empty);
            settle(&mut pull, &mut push);
            let (one, other) = (pull.statistics(), push.statistics());
            assert_eq!(one.connections, one.disconnects);
            assert_eq!(other.dropped_peer_gone + one.dropped_closed, 0);
        }
    });
}

#[test]
fn a_dealer_connects_once_to_a_name_and_again_once_its_peer_has_left() {
    on_each_driver(|context| {
        let mut dealer = socket(context, Dealer);
        for _ in 0..3 {
            let mut peer = socket(context, Dealer);
            peer.bind(NAME).unwrap();
            dealer.connect(NAME).unwrap();
            dealer.connect(NAME).unwrap();
            settle(&mut peer, &mut dealer);
            assert_eq!(peer.statistics().connections, 1);
            dealer.send("hello").unwrap();
            assert_eq!(&peer.recv().unwrap()[..], b"hello");
        }
    });
}

#[test]
fn a_pair_refuses_a_second_peer_which_may_find_another() {
    on_each_driver(|context| {
        let mut bound = socket(context, Pair);
        bound.bind(NAME).unwrap();
        let mut first = socket(context, Pair);
        first.connect(NAME).unwrap();
        let mut second = socket(context, Pair);
        second.connect(NAME).unwrap();
        second.send("lost").unwrap();
        first.send("heard").unwrap();
        assert_eq!(&bound.recv().unwrap()[..], b"heard");
        assert_eq!(bound.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(bound.statistics().refused_peers, 1);
        assert_eq!(bound.statistics().dropped_closed, 1);
        let mut other = socket(context, Pair);
        other.bind("inproc://other").unwrap();
        second.connect("inproc://other").unwrap();
        second.send("found").unwrap();
        assert_eq!(&other.recv().unwrap()[..], b"found");
        // The first peer leaves: another one is welcome.
        drop(first);
        bound.readiness();
        let mut third = socket(context, Pair);
        third.connect(NAME).unwrap();
        third.send("next").unwrap();
        assert_eq!(&bound.recv().unwrap()[..], b"next");
    });
}

#[test]
fn a_router_can_send_at_once_to_a_bound_peer_that_has_a_name() {
    on_each_driver(|context| {
        let mut dealer = socket(context, Dealer);
        dealer.set_routing_id("worker").unwrap();
        dealer.bind(NAME).unwrap();
        let mut router = socket(context, Router);
        router.set_router_mandatory(true).unwrap();
        router.connect(NAME).unwrap();
        router.send_multipart(vec!["worker", "job"]).unwrap();
        assert_eq!(&dealer.recv().unwrap()[..], b"job");
        dealer.send("done").unwrap();
        assert_eq!(&router.recv_multipart().unwrap()[0][..], b"worker");
        // One of another name, given by the application.
        let mut nameless = socket(context, Dealer);
        router.set_connect_routing_id("chosen").unwrap();
        router.connect("inproc://later").unwrap();
        router.send_multipart(vec!["chosen", "first"]).unwrap();
        nameless.bind("inproc://later").unwrap();
        assert_eq!(&nameless.recv().unwrap()[..], b"first");
    });
}

#[test]
fn an_immediate_socket_queues_nothing_before_somebody_is_bound() {
    on_each_driver(|context| {
        let mut push = socket(context, Push);
        push.set_immediate(true).unwrap();
        push.connect(NAME).unwrap();
        assert!(matches!(push.try_send("early"), Err(TrySendError::Full(_))));
        let mut pull = socket(context, Pull);
        pull.bind(NAME).unwrap();
        push.send("in time").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"in time");
    });
}

#[test]
fn subscriptions_come_and_go_and_end_with_their_peer() {
    on_each_driver(|context| {
        let mut publisher = socket(context, SocketType::XPub);
        let mut sub = socket(context, Sub);
        sub.subscribe("early").unwrap();
        sub.connect(NAME).unwrap();
        publisher.bind(NAME).unwrap();
        assert_eq!(&publisher.recv().unwrap()[..], b"\x01early");
        // Longer than what is copied into a pipe.
        let long = vec![b'l'; 100_000];
        sub.subscribe(&long).unwrap();
        assert_eq!(publisher.recv().unwrap()[1..], long[..]);
        publisher.send("early bird").unwrap();
        publisher.send("late").unwrap();
        publisher.send(long.clone()).unwrap();
        assert_eq!(&sub.recv().unwrap()[..], b"early bird");
        assert_eq!(sub.recv().unwrap()[..], long[..]);
        sub.unsubscribe("early").unwrap();
        assert_eq!(&publisher.recv().unwrap()[..], b"\x00early");
        drop(sub);
        assert_eq!(publisher.recv().unwrap()[1..], long[..]);
        let left = publisher.subscriptions().unwrap();
        assert_eq!((left.topics, publisher.statistics().disconnects), (0, 1));
    });
}

#[test]
fn a_socket_talks_to_itself() {
    on_each_driver(|context| {
        let mut dealer = socket(context, Dealer);
        dealer.bind(NAME).unwrap();
        dealer.connect(NAME).unwrap();
        dealer.send("echo").unwrap();
        assert_eq!(&dealer.recv().unwrap()[..], b"echo");
    });
}
