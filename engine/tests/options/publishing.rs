//! PUB, SUB, XPUB and XSUB: subscriptions, and what is told of them.

use ringmq::{Context, Socket, SocketType, TrySendError};

use crate::{bind, eventually, on_each_driver, socket, texts};

fn xpub(context: &Context) -> (Socket, String) {
    let mut xpub = socket(context, SocketType::XPub);
    let endpoint = bind(&mut xpub);
    (xpub, endpoint)
}

fn sub(context: &Context, endpoint: &str, topic: &str) -> Socket {
    let mut sub = socket(context, SocketType::Sub);
    sub.subscribe(topic).unwrap();
    sub.connect(endpoint).unwrap();
    sub
}

/// A pair that sends what it wants to subscribe to as messages.
fn xsub(context: &Context, endpoint: &str) -> Socket {
    let mut xsub = socket(context, SocketType::XSub);
    xsub.connect(endpoint).unwrap();
    xsub
}

/// Waits until a publisher has so many topics.
fn has_topics(publisher: &mut Socket, topics: usize) {
    eventually("the subscription arrives", || {
        publisher.subscriptions().unwrap().topics == topics
    });
}

#[test]
fn without_drops_a_full_subscriber_refuses_the_message() {
    on_each_driver(|context| {
        let mut publisher = socket(context, SocketType::Pub);
        publisher.set_send_high_water_mark(1).unwrap();
        publisher.set_kernel_buffers(Some(16 << 10), None);
        let endpoint = bind(&mut publisher);
        let mut slow = socket(context, SocketType::Sub);
        slow.set_receive_high_water_mark(1).unwrap();
        slow.set_kernel_buffers(None, Some(16 << 10));
        slow.subscribe("").unwrap();
        slow.connect(&endpoint).unwrap();
        has_topics(&mut publisher, 1);
        publisher.set_no_drop(true).unwrap();
        eventually("it is full", || {
            let refused = publisher.try_send(vec![0; 64 << 10]);
            matches!(refused, Err(TrySendError::Full(_)))
        });
        assert_eq!(publisher.statistics().dropped_full, 0);
        publisher.set_no_drop(false).unwrap();
        eventually("it drops", || {
            publisher.try_send(vec![0; 64 << 10]).unwrap();
            publisher.statistics().dropped_full > 0
        });
    });
}

#[test]
fn inverted_what_matches_is_not_sent() {
    on_each_driver(|context| {
        let mut publisher = socket(context, SocketType::Pub);
        publisher.set_invert_matching(true).unwrap();
        let endpoint = bind(&mut publisher);
        let mut sub = socket(context, SocketType::Sub);
        sub.set_invert_matching(true).unwrap();
        sub.subscribe("a").unwrap();
        sub.connect(&endpoint).unwrap();
        has_topics(&mut publisher, 1);
        publisher.send("apple").unwrap();
        publisher.send("banana").unwrap();
        assert_eq!(texts(&mut sub), ["banana"]);
    });
}

#[test]
fn only_a_first_frame_subscribes_where_that_was_asked_for() {
    on_each_driver(|context| {
        let (mut xpub, endpoint) = xpub(context);
        xpub.set_only_first_subscribe(true).unwrap();
        let mut below = xsub(context, &endpoint);
        below.set_only_first_subscribe(true).unwrap();
        below.send_multipart(vec!["data", "\u{1}topic"]).unwrap();
        assert_eq!(texts(&mut xpub), ["data", "\u{1}topic"]);
        assert_eq!(xpub.subscriptions().unwrap().topics, 0);
    });
}

#[test]
fn a_welcome_comes_first() {
    on_each_driver(|context| {
        let (mut xpub, endpoint) = xpub(context);
        xpub.set_welcome_message(Some("welcome".into())).unwrap();
        let mut sub = sub(context, &endpoint, "w");
        assert_eq!(texts(&mut xpub), ["\u{1}w"]);
        xpub.send("west").unwrap();
        assert_eq!(texts(&mut sub), ["welcome"]);
        assert_eq!(texts(&mut sub), ["west"]);
    });
}

#[test]
fn verbose_tells_each_subscription_and_verboser_each_unsubscription() {
    on_each_driver(|context| {
        for (verbose, verboser) in [(false, false), (true, false), (false, true)] {
            let (mut xpub, endpoint) = xpub(context);
            if verboser {
                xpub.set_verboser(true).unwrap();
            } else {
                xpub.set_verbose(verbose).unwrap();
            }
            let mut first = sub(context, &endpoint, "t");
            assert_eq!(texts(&mut xpub), ["\u{1}t"]);
            let mut second = sub(context, &endpoint, "t");
            // Behind it on the same connection, so that it tells that the other was taken in.
            second.subscribe("mark").unwrap();
            if verbose || verboser {
                assert_eq!(texts(&mut xpub), ["\u{1}t"]);
            }
            assert_eq!(texts(&mut xpub), ["\u{1}mark"]);
            first.unsubscribe("t").unwrap();
            first.subscribe("end").unwrap();
            if verboser {
                assert_eq!(texts(&mut xpub), ["\0t"]);
            }
            assert_eq!(texts(&mut xpub), ["\u{1}end"]);
        }
    });
}

#[test]
fn manual_gives_peers_what_the_application_grants() {
    on_each_driver(|context| {
        let (mut xpub, endpoint) = xpub(context);
        xpub.set_manual(true).unwrap();
        let mut sub = socket(context, SocketType::XSub);
        sub.connect(&endpoint).unwrap();
        sub.send("\u{1}asked").unwrap();
        assert_eq!(texts(&mut xpub), ["\u{1}asked"]);
        xpub.subscribe("granted").unwrap();
        xpub.send("asked for").unwrap();
        xpub.send("granted it is").unwrap();
        assert_eq!(texts(&mut sub), ["granted it is"]);
    });
}

#[test]
fn a_last_value_goes_to_the_newcomer_alone() {
    on_each_driver(|context| {
        let (mut xpub, endpoint) = xpub(context);
        xpub.set_manual_last_value(true).unwrap();
        let mut old = sub(context, &endpoint, "t");
        assert_eq!(texts(&mut xpub), ["\u{1}t"]);
        xpub.subscribe("t").unwrap();
        xpub.send("t 1").unwrap();
        let mut new = sub(context, &endpoint, "t");
        assert_eq!(texts(&mut xpub), ["\u{1}t"]);
        xpub.subscribe("t").unwrap();
        xpub.send("t for the newcomer").unwrap();
        xpub.send("t 2").unwrap();
        assert_eq!(texts(&mut old), ["t 1"]);
        assert_eq!(texts(&mut old), ["t 2"]);
        assert_eq!(texts(&mut new), ["t for the newcomer"]);
        assert_eq!(texts(&mut new), ["t 2"]);
    });
}
