//! Sockets that keep only the newest message.

use std::time::Duration;

use ringmq::{
    BindError, Context, EndpointError, OptionError, SendError, Socket, SocketType, TryRecvError,
};

use crate::{PATIENCE, bind, eventually, nowhere, on_each_driver, socket, texts};

const COUNT: u64 = 1_000;

fn newest_only(context: &Context, socket_type: SocketType) -> Socket {
    let mut socket = socket(context, socket_type);
    socket.set_conflate(true).unwrap();
    socket
}

#[test]
fn only_the_newest_message_waits_for_a_peer() {
    on_each_driver(|context| {
        // A body in the message, in a chunk, by reference.
        for bytes in [8, 1_000, 70_000] {
            let (held, endpoint) = nowhere();
            let mut push = newest_only(context, SocketType::Push);
            push.connect(&endpoint).unwrap();
            let body = |number: u64| {
                let mut body = vec![0; bytes];
                body[..8].copy_from_slice(&number.to_le_bytes());
                body
            };
            for number in 0..COUNT {
                push.try_send(body(number)).unwrap();
            }
            drop(held);
            let mut pull = socket(context, SocketType::Pull);
            pull.bind(&endpoint).unwrap();
            assert_eq!(&pull.recv().unwrap()[..], &body(COUNT - 1)[..]);
            assert_eq!(push.statistics().dropped_conflated, COUNT - 1);
            push.send("next").unwrap();
            assert_eq!(texts(&mut pull), ["next"]);
            push.send("").unwrap();
            assert_eq!(texts(&mut pull), [""]);
        }
    });
}

#[test]
fn only_the_newest_message_waits_for_the_application() {
    on_each_driver(|context| {
        let mut pull = newest_only(context, SocketType::Pull);
        // It means nothing then.
        pull.set_receive_high_water_mark(1).unwrap();
        let endpoint = bind(&mut pull);
        let mut push = socket(context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        for bytes in [8, 70_000] {
            let before = pull.statistics().dropped_conflated;
            for number in 0..COUNT {
                let mut body = vec![0; bytes];
                body[..8].copy_from_slice(&number.to_le_bytes());
                push.send(body).unwrap();
            }
            eventually("all came", || {
                pull.statistics().dropped_conflated == before + COUNT - 1
            });
            let newest = pull.recv().unwrap();
            assert_eq!(newest.len(), bytes);
            assert_eq!(newest[..8], (COUNT - 1).to_le_bytes());
            assert_eq!(pull.try_recv().unwrap_err(), TryRecvError::Empty);
        }
        push.send_multipart(vec!["no", "place"]).unwrap();
        push.send("one frame").unwrap();
        assert_eq!(texts(&mut pull), ["one frame"]);
    });
}

#[test]
fn a_message_that_is_awaited_wakes_its_receiver_each_time() {
    on_each_driver(|context| {
        let mut dealer = newest_only(context, SocketType::Dealer);
        let endpoint = bind(&mut dealer);
        let mut other = newest_only(context, SocketType::Dealer);
        other.connect(&endpoint).unwrap();
        let echo = std::thread::spawn(move || {
            for _ in 0..COUNT {
                let message = dealer.recv().unwrap();
                dealer.send(message).unwrap();
            }
            dealer
        });
        for number in 0..COUNT {
            other.send(number.to_le_bytes().to_vec()).unwrap();
            assert_eq!(other.recv().unwrap()[..], number.to_le_bytes());
        }
        echo.join().unwrap();
        assert_eq!(other.statistics().dropped_conflated, 0);
    });
}

#[test]
fn subscribers_and_publishers_keep_subscriptions_and_the_newest_message() {
    on_each_driver(|context| {
        let mut publisher = newest_only(context, SocketType::Pub);
        let endpoint = bind(&mut publisher);
        let mut sub = newest_only(context, SocketType::Sub);
        for topic in ["a", "b", "c"] {
            sub.subscribe(topic).unwrap();
        }
        sub.connect(&endpoint).unwrap();
        eventually("all three arrive", || {
            publisher.subscriptions().unwrap().topics == 3
        });
        for number in 1..=100 {
            publisher.send(format!("b {number:03}")).unwrap();
        }
        // Each that is received is newer than the last, and the last is the newest.
        let mut last = String::new();
        while last != "b 100" {
            let next = texts(&mut sub).remove(0);
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Empty);
    });
}

#[test]
fn the_newest_message_leaves_though_its_socket_is_closed() {
    on_each_driver(|context| {
        let (held, endpoint) = nowhere();
        let mut push = newest_only(context, SocketType::Push);
        push.set_linger(Some(PATIENCE)).unwrap();
        push.connect(&endpoint).unwrap();
        push.send("old").unwrap();
        push.send("new").unwrap();
        drop(push);
        drop(held);
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(&endpoint).unwrap();
        assert_eq!(texts(&mut pull), ["new"]);
    });
}

#[test]
fn a_peer_that_is_gone_leaves_its_newest_message() {
    on_each_driver(|context| {
        let mut pull = newest_only(context, SocketType::Pull);
        let endpoint = bind(&mut pull);
        let mut push = socket(context, SocketType::Push);
        push.set_linger(Some(PATIENCE)).unwrap();
        push.connect(&endpoint).unwrap();
        push.send("last").unwrap();
        drop(push);
        eventually("it came and went", || pull.statistics().disconnects == 1);
        assert!(pull.readiness().readable);
        assert_eq!(texts(&mut pull), ["last"]);
    });
}

#[test]
fn what_cannot_be_kept_is_refused() {
    on_each_driver(|context| {
        let mut push = newest_only(context, SocketType::Push);
        push.set_send_timeout(Some(Duration::ZERO)).unwrap();
        let refused = push.send_multipart(vec!["two", "frames"]).unwrap_err();
        assert!(matches!(&refused, SendError::OneFrameOnly(whole) if whole.len() == 2));
        let refused = push.bind("inproc://name").unwrap_err();
        assert!(matches!(
            refused,
            BindError::Endpoint(EndpointError::NoConflate)
        ));
        bind(&mut push);
        assert_eq!(push.set_conflate(false), Err(OptionError::TooLate));
        let mut router = socket(context, SocketType::Router);
        assert_eq!(router.set_conflate(true), Err(OptionError::NotForThisType));
    });
}
