//! Peers of ZMTP 1.0, 2.0 and 3.0 in the patterns with an envelope or with subscriptions, which they send as messages.

use ringmq::{Context, Multipart, Socket, SocketType};

use super::script::{Pace, Script, Version, dial};
use super::stage::{self, DRIVERS};

const VERSIONS: [Version; 3] = [Version::One, Version::Two, Version::Three];

fn bound(context: &Context, socket_type: SocketType) -> (Socket, String) {
    let mut socket = stage::socket(context, socket_type);
    let endpoint = socket.bind("tcp://127.0.0.1:*").unwrap().to_string();
    (socket, endpoint)
}

fn played(endpoint: &str, version: Version, socket_type: &str) -> Script {
    Script::greet(dial(endpoint), version, Pace::Bytes, socket_type).unwrap()
}

fn frames(frames: &[&str]) -> Vec<Vec<u8>> {
    frames
        .iter()
        .map(|frame| frame.as_bytes().to_vec())
        .collect()
}

/// One of 1.0 cannot say what it wants, gets everything and filters.
#[test]
fn an_old_subscriber_gets_what_it_wants() {
    for driver in DRIVERS {
        let context = stage::context(*driver);
        for version in VERSIONS {
            let (mut publisher, endpoint) = bound(&context, SocketType::Pub);
            let mut script = played(&endpoint, version, "SUB");
            if version != Version::One {
                script.send(&frames(&["\u{1}a"])).unwrap();
            }
            stage::await_true("it is subscribed", || {
                publisher.subscriptions().expect("a PUB has them").topics == 1
            });
            publisher.send("b").unwrap();
            publisher.send_multipart(vec!["a", "1"]).unwrap();
            if version == Version::One {
                assert_eq!(script.recv().unwrap(), frames(&["b"]));
            }
            let received = script.recv().unwrap();
            assert_eq!(received, frames(&["a", "1"]), "{version:?} on {driver:?}");
        }
    }
}

#[test]
fn an_old_publisher_is_told_our_subscriptions_as_messages() {
    for driver in DRIVERS {
        let context = stage::context(*driver);
        for version in [Version::Two, Version::Three] {
            let (mut subscriber, endpoint) = bound(&context, SocketType::Sub);
            subscriber.subscribe("a").unwrap();
            let mut script = played(&endpoint, version, "PUB");
            stage::await_true("the subscriber has looked", || {
                subscriber.readiness();
                subscriber.statistics().connections == 1
            });
            subscriber.subscribe("ab").unwrap();
            subscriber.unsubscribe("ab").unwrap();
            for told in ["\u{1}a", "\u{1}ab", "\u{0}ab"] {
                let received = script.recv().unwrap();
                assert_eq!(received, frames(&[told]), "{version:?} on {driver:?}");
            }
            script.send(&frames(&["b"])).unwrap();
            script.send(&frames(&["a", "1"])).unwrap();
            let received = subscriber.recv_multipart().unwrap();
            assert_eq!(received, Multipart::from(vec!["a", "1"]));
        }
    }
}

#[test]
fn old_peers_ask_and_answer() {
    for driver in DRIVERS {
        let context = stage::context(*driver);
        for version in VERSIONS {
            let (mut rep, endpoint) = bound(&context, SocketType::Rep);
            let mut script = played(&endpoint, version, "REQ");
            script.send(&frames(&["", "question", "?"])).unwrap();
            let asked = rep.recv_multipart().unwrap();
            assert_eq!(asked, Multipart::from(vec!["question", "?"]));
            rep.send("answer").unwrap();
            assert_eq!(script.recv().unwrap(), frames(&["", "answer"]));

            let (mut req, endpoint) = bound(&context, SocketType::Req);
            let mut script = played(&endpoint, version, "REP");
            req.send("question").unwrap();
            assert_eq!(script.recv().unwrap(), frames(&["", "question"]));
            script.send(&frames(&["", "answer", "!"])).unwrap();
            let answered = req.recv_multipart().unwrap();
            assert_eq!(answered, Multipart::from(vec!["answer", "!"]));
        }
    }
}

#[test]
fn an_old_dealer_is_answered_by_the_name_that_the_router_gave_it() {
    for driver in DRIVERS {
        let context = stage::context(*driver);
        for version in VERSIONS {
            let (mut router, endpoint) = bound(&context, SocketType::Router);
            let mut script = played(&endpoint, version, "DEALER");
            script.send(&frames(&["question", ""])).unwrap();
            let asked = router.recv_multipart().unwrap();
            assert_eq!(asked.len(), 3, "{version:?} on {driver:?}");
            assert_eq!((asked[0].len(), asked[0][0]), (5, 0));
            let name = asked[0].to_vec();
            router
                .send_multipart(vec![name, b"answer".to_vec()])
                .unwrap();
            assert_eq!(script.recv().unwrap(), frames(&["answer"]));
        }
    }
}
