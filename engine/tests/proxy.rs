//! Proxies between sockets: whole messages both ways, nothing lost, and steered by commands.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread::{self, JoinHandle};
use std::time::Duration;

use ringmq::{
    Context, DriverChoice, Message, Proxy, ProxyEnd, ProxyStatistics, RecvError, Socket,
    SocketType, Traffic, proxy,
};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn contexts() -> impl Iterator<Item = Context> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
        .into_iter()
        .map(|driver| Context::builder().driver(driver).build().unwrap())
}

fn bound(context: &Context, socket_type: SocketType) -> (Socket, String) {
    let mut socket = context.socket(socket_type).unwrap();
    let endpoint = socket.bind("tcp://127.0.0.1:*").unwrap().to_string();
    (socket, endpoint)
}

fn connected(context: &Context, socket_type: SocketType, endpoint: &str) -> Socket {
    let mut socket = context.socket(socket_type).unwrap();
    socket.connect(endpoint).unwrap();
    socket
}

/// A proxy on a thread of its own, and where its two sides are.
fn plain(
    context: &Context,
    front: SocketType,
    back: SocketType,
) -> (JoinHandle<ProxyEnd>, String, String) {
    let (mut frontend, front) = bound(context, front);
    let (mut backend, back) = bound(context, back);
    let running = thread::spawn(move || proxy(&mut frontend, &mut backend).unwrap());
    (running, front, back)
}

fn receive(socket: &mut Socket) -> Message {
    socket.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn requests_and_replies_find_their_way_through_router_and_dealer() {
    const CLIENTS: u32 = 3;
    const REQUESTS: u32 = 100;
    for context in contexts() {
        let (running, front, back) = plain(&context, SocketType::Router, SocketType::Dealer);
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let mut worker = connected(&context, SocketType::Rep, &back);
                thread::spawn(move || {
                    let mut answered = 0_u32;
                    while let Ok(mut request) = worker.recv_multipart() {
                        request.push("answered");
                        worker.send_multipart(request).unwrap();
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let mut socket = connected(&context, SocketType::Req, &front);
                thread::spawn(move || {
                    for request in 0..REQUESTS {
                        let name = format!("{client}/{request}");
                        socket.send_multipart(vec![name.as_str(), "x"]).unwrap();
                        let reply = socket.recv_multipart().unwrap();
                        assert_eq!(reply.len(), 3);
                        assert_eq!(&reply[0][..], name.as_bytes());
                        assert_eq!(&reply[2][..], b"answered");
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        context.shutdown();
        assert_eq!(running.join().unwrap(), ProxyEnd::Shutdown);
        let answered: u32 = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum();
        assert_eq!(answered, CLIENTS * REQUESTS);
    }
}

#[test]
fn subscriptions_flow_up_and_what_they_match_flows_down() {
    for context in contexts() {
        let (running, front, back) = plain(&context, SocketType::XSub, SocketType::XPub);
        let mut publisher = connected(&context, SocketType::XPub, &front);
        let mut subscriber = connected(&context, SocketType::Sub, &back);
        subscriber.subscribe("a").unwrap();
        assert_eq!(&receive(&mut publisher)[..], b"\x01a");
        publisher.send("b: nobody asked").unwrap();
        publisher
            .send_multipart(vec!["a: wanted", "whole"])
            .unwrap();
        let whole = subscriber.recv_multipart().unwrap();
        assert_eq!(&whole[0][..], b"a: wanted");
        assert_eq!(&whole[1][..], b"whole");
        subscriber.subscribe("b").unwrap();
        assert_eq!(&receive(&mut publisher)[..], b"\x01b");
        subscriber.unsubscribe("a").unwrap();
        assert_eq!(&receive(&mut publisher)[..], b"\x00a");
        publisher.send("a: too late").unwrap();
        publisher.send("b: wanted now").unwrap();
        assert_eq!(&receive(&mut subscriber)[..], b"b: wanted now");
        // A subscriber that goes takes its subscriptions along.
        drop(subscriber);
        assert_eq!(&receive(&mut publisher)[..], b"\x00b");
        context.shutdown();
        assert_eq!(running.join().unwrap(), ProxyEnd::Shutdown);
    }
}

#[test]
fn a_full_side_holds_the_other_one_up_and_nothing_is_lost() {
    const MESSAGES: u32 = 20_000;
    for context in contexts() {
        let mut frontend = context.socket(SocketType::Pull).unwrap();
        let mut backend = context.socket(SocketType::Push).unwrap();
        frontend.set_receive_high_water_mark(3).unwrap();
        backend.set_send_high_water_mark(2).unwrap();
        let front = frontend.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let back = backend.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let running = thread::spawn(move || proxy(&mut frontend, &mut backend).unwrap());
        let mut push = connected(&context, SocketType::Push, &front);
        let sending = thread::spawn(move || {
            for number in 0..MESSAGES {
                let number = number.to_be_bytes().to_vec();
                push.send_multipart(vec![number, vec![7; 100]]).unwrap();
            }
            push
        });
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_receive_high_water_mark(4).unwrap();
        // Nobody is there at first: all of it waits.
        let nothing = pull.recv_timeout(Duration::from_millis(20));
        assert_eq!(nothing.unwrap_err(), RecvError::TimedOut);
        pull.connect(&back).unwrap();
        for number in 0..MESSAGES {
            let whole = pull.recv_multipart().unwrap();
            assert_eq!(whole[0][..], number.to_be_bytes());
            assert_eq!(whole[1].len(), 100);
        }
        drop(sending.join().unwrap());
        context.shutdown();
        assert_eq!(running.join().unwrap(), ProxyEnd::Shutdown);
    }
}

#[test]
fn a_capture_gets_a_copy_of_each_message_of_both_directions() {
    for context in contexts() {
        let (mut frontend, front) = bound(&context, SocketType::Pair);
        let (mut backend, back) = bound(&context, SocketType::Pair);
        let (mut capture, captured) = bound(&context, SocketType::Push);
        let running = thread::spawn(move || {
            Proxy::new(&mut frontend, &mut backend)
                .capture(&mut capture)
                .run()
                .unwrap()
        });
        let mut left = connected(&context, SocketType::Pair, &front);
        let mut right = connected(&context, SocketType::Pair, &back);
        // Nothing passes until somebody takes the copies: a PUSH without a peer has no room.
        left.send_multipart(vec!["to the", "right"]).unwrap();
        let nothing = right.recv_timeout(Duration::from_millis(20));
        assert_eq!(nothing.unwrap_err(), RecvError::TimedOut);
        let mut copies = connected(&context, SocketType::Pull, &captured);
        assert_eq!(right.recv_multipart().unwrap().len(), 2);
        right.send("to the left").unwrap();
        assert_eq!(&receive(&mut left)[..], b"to the left");
        let first = copies.recv_multipart().unwrap();
        assert_eq!(
            (&first[0][..], &first[1][..]),
            (&b"to the"[..], &b"right"[..])
        );
        assert_eq!(&receive(&mut copies)[..], b"to the left");
        context.shutdown();
        assert_eq!(running.join().unwrap(), ProxyEnd::Shutdown);
    }
}

/// Tells a proxy something, and waits for the answer.
fn tell(control: &mut Socket, command: &str) -> Vec<Message> {
    control.send(command).unwrap();
    control.recv_multipart().unwrap().into_frames()
}

fn numbers(frames: &[Message]) -> Vec<u64> {
    let number = |frame: &Message| u64::from_ne_bytes(frame[..].try_into().unwrap());
    frames.iter().map(number).collect()
}

#[test]
fn a_control_socket_pauses_resumes_counts_and_ends_a_proxy() {
    for context in contexts() {
        let (mut frontend, front) = bound(&context, SocketType::Pull);
        let (mut backend, back) = bound(&context, SocketType::Push);
        let (mut obeyed, control) = bound(&context, SocketType::Rep);
        let running = thread::spawn(move || {
            let mut proxy = Proxy::new(&mut frontend, &mut backend).control(&mut obeyed);
            let end = proxy.run().unwrap();
            (end, proxy.statistics())
        });
        let mut push = connected(&context, SocketType::Push, &front);
        let mut pull = connected(&context, SocketType::Pull, &back);
        let mut control = connected(&context, SocketType::Req, &control);
        push.send_multipart(vec!["one", "two"]).unwrap();
        assert_eq!(pull.recv_multipart().unwrap().len(), 2);

        let empty = [Message::new()];
        assert_eq!(tell(&mut control, "PAUSE"), empty);
        push.send("waits").unwrap();
        let nothing = pull.recv_timeout(Duration::from_millis(50));
        assert_eq!(nothing.unwrap_err(), RecvError::TimedOut);
        let counted = tell(&mut control, "STATISTICS");
        assert_eq!(numbers(&counted), [1, 6, 0, 0, 0, 0, 1, 6]);
        assert_eq!(tell(&mut control, "what is this"), empty);
        assert_eq!(tell(&mut control, "RESUME"), empty);
        assert_eq!(&receive(&mut pull)[..], b"waits");
        let counted = tell(&mut control, "STATISTICS");
        assert_eq!(numbers(&counted), [2, 11, 0, 0, 0, 0, 2, 11]);

        assert_eq!(tell(&mut control, "TERMINATE"), empty);
        let (end, statistics) = running.join().unwrap();
        assert_eq!(end, ProxyEnd::Terminated);
        let passed = Traffic {
            messages: 2,
            bytes: 11,
        };
        assert_eq!(statistics.frontend_received, passed);
        assert_eq!(statistics.backend_sent, passed);
        assert_eq!(statistics.backend_received, Traffic::default());
        assert_ne!(statistics, ProxyStatistics::default());
    }
}

#[test]
fn a_proxy_ends_with_the_context_of_any_of_its_sockets() {
    for (front, back) in contexts().zip(contexts()) {
        let (mut frontend, endpoint) = bound(&front, SocketType::Pull);
        let (mut backend, _) = bound(&back, SocketType::Push);
        let running = thread::spawn(move || proxy(&mut frontend, &mut backend).unwrap());
        // It waits for room beyond, where nobody is, and not for the socket that has something.
        let mut push = connected(&front, SocketType::Push, &endpoint);
        push.set_linger(Some(Duration::ZERO)).unwrap();
        push.send("never passed on").unwrap();
        front.shutdown();
        assert_eq!(running.join().unwrap(), ProxyEnd::Shutdown);
    }
}
