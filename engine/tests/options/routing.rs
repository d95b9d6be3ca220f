//! REQ, DEALER and ROUTER: routing ids, and the rules of asking and answering.

use ringmq::{Context, OptionError, Socket, SocketType, TrySendError};

use crate::{bind, eventually, on_each_driver, socket, texts};

fn router(context: &Context) -> (Socket, String) {
    let mut router = socket(context, SocketType::Router);
    let endpoint = bind(&mut router);
    (router, endpoint)
}

/// A DEALER of that name, which has said it.
fn dealer(context: &Context, endpoint: &str, name: &str) -> Socket {
    let mut dealer = socket(context, SocketType::Dealer);
    dealer.set_routing_id(name).unwrap();
    dealer.connect(endpoint).unwrap();
    dealer.send("hello").unwrap();
    dealer
}

#[test]
fn peers_know_a_socket_by_its_routing_id() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        let mut alice = dealer(context, &endpoint, "alice");
        assert_eq!(texts(&mut router), ["alice", "hello"]);
        router.send_multipart(vec!["alice", "welcome"]).unwrap();
        assert_eq!(texts(&mut alice), ["welcome"]);
        for bad in [&b"\0id"[..], &[b'x'; 256]] {
            let refused = alice.set_routing_id(bad).unwrap_err();
            assert!(matches!(refused, OptionError::BadValue { .. }));
        }
    });
}

#[test]
fn a_mandatory_router_refuses_a_message_for_nobody() {
    on_each_driver(|context| {
        let (mut router, _) = router(context);
        let whole = || vec!["nobody", "hello"];
        router.send_multipart(whole()).unwrap();
        assert_eq!(router.statistics().dropped_unroutable, 1);
        router.set_router_mandatory(true).unwrap();
        let refused = router.try_send(whole()[0]);
        assert!(matches!(refused, Err(TrySendError::Unroutable(_))));
    });
}

#[test]
fn a_newcomer_takes_an_id_over_where_that_is_allowed() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        router.set_router_handover(true).unwrap();
        let _old = dealer(context, &endpoint, "alice");
        assert_eq!(texts(&mut router), ["alice", "hello"]);
        let mut new = dealer(context, &endpoint, "alice");
        assert_eq!(texts(&mut router), ["alice", "hello"]);
        router.send_multipart(vec!["alice", "welcome"]).unwrap();
        assert_eq!(texts(&mut new), ["welcome"]);
    });
}

#[test]
fn a_router_tells_who_comes_and_who_goes() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        router.set_router_notify(true, true).unwrap();
        for name in ["alice", "bob"] {
            let mut dealer = dealer(context, &endpoint, name);
            assert_eq!(texts(&mut router), [name, ""]);
            assert_eq!(texts(&mut router), [name, "hello"]);
            dealer
                .set_linger(Some(std::time::Duration::from_secs(30)))
                .unwrap();
            dealer.send("good-bye").unwrap();
            drop(dealer);
            assert_eq!(texts(&mut router), [name, "good-bye"]);
            assert_eq!(texts(&mut router), [name, ""]);
        }
        router.set_router_notify(false, false).unwrap();
        let _silent = dealer(context, &endpoint, "carol");
        assert_eq!(texts(&mut router), ["carol", "hello"]);
    });
}

#[test]
fn the_next_peer_is_known_by_the_name_that_it_was_given() {
    on_each_driver(|context| {
        let mut dealer = socket(context, SocketType::Dealer);
        let endpoint = bind(&mut dealer);
        let (mut router, _) = router(context);
        router.set_connect_routing_id("server").unwrap();
        router.connect(&endpoint).unwrap();
        router.send_multipart(vec!["server", "hello"]).unwrap();
        assert_eq!(texts(&mut dealer), ["hello"]);
        let refused = router.set_connect_routing_id("").unwrap_err();
        assert!(matches!(refused, OptionError::BadValue { .. }));
    });
}

#[test]
fn a_probe_comes_first() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        let mut dealer = socket(context, SocketType::Dealer);
        dealer.set_routing_id("alice").unwrap();
        dealer.set_probe_router(true).unwrap();
        dealer.connect(&endpoint).unwrap();
        assert_eq!(texts(&mut router), ["alice", ""]);
    });
}

#[test]
fn a_request_carries_a_number_and_only_its_reply_is_taken() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        let mut req = socket(context, SocketType::Req);
        req.set_routing_id("alice").unwrap();
        req.set_request_correlate(true).unwrap();
        req.connect(&endpoint).unwrap();
        req.send("question").unwrap();
        let request = router.recv_multipart().unwrap();
        assert_eq!(request.len(), 4, "id, number, delimiter, body");
        let number = &request[1][..];
        let answer = |number: &[u8], body: &str| {
            vec![
                b"alice".to_vec(),
                number.to_vec(),
                Vec::new(),
                body.as_bytes().to_vec(),
            ]
        };
        router.send_multipart(answer(b"else", "wrong")).unwrap();
        router.send_multipart(answer(number, "right")).unwrap();
        assert_eq!(texts(&mut req), ["right"]);
        assert_eq!(req.statistics().dropped_unexpected, 1);
    });
}

#[test]
fn a_relaxed_request_may_follow_another() {
    on_each_driver(|context| {
        let (mut router, endpoint) = router(context);
        let mut req = socket(context, SocketType::Req);
        req.connect(&endpoint).unwrap();
        req.send("first").unwrap();
        assert!(matches!(
            req.try_send("second"),
            Err(TrySendError::OutOfTurn(_))
        ));
        req.set_request_relaxed(true).unwrap();
        req.send("second").unwrap();
        let mut seen = Vec::new();
        eventually("both arrive", || {
            seen.push(texts(&mut router).pop().unwrap());
            seen == ["first", "second"]
        });
    });
}
