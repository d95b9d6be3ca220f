//! Waiting for many sockets and descriptors: exact, level-like, and at a cost that follows what is ready.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use ringmq::{
    Context, DriverChoice, Interest, PollItem, Poller, PollerError, Socket, SocketType,
    TryRecvError, poll,
};

/// Only a hang takes so long.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(60));
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn contexts() -> impl Iterator<Item = Context> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
        .into_iter()
        .map(|driver| Context::builder().driver(driver).build().unwrap())
}

fn pair(context: &Context) -> (Socket, Socket) {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let mut push = context.socket(SocketType::Push).unwrap();
    push.connect(&endpoint.to_string()).unwrap();
    (push, pull)
}

#[test]
fn what_a_wait_costs_does_not_depend_on_how_many_are_idle() {
    const MESSAGES: u64 = 100;
    for context in contexts() {
        let mut looks_by_crowd = Vec::new();
        for idle in [10, 10_000] {
            let (mut push, pull) = pair(&context);
            let mut poller = Poller::new();
            let mut sockets = vec![pull];
            poller.add(&sockets[0], 0, Interest::READABLE).unwrap();
            for key in 1..=idle {
                let socket = context.socket(SocketType::Pull).unwrap();
                poller.add(&socket, key, Interest::READABLE).unwrap();
                sockets.push(socket);
            }
            let mut events = Vec::new();
            // New ones are looked at once.
            assert_eq!(poller.wait(&mut sockets, &mut events, AT_ONCE).unwrap(), 0);
            let before = poller.looks();
            assert_eq!(before, idle as u64 + 1);
            for number in 0..MESSAGES {
                push.send_bytes(&number.to_be_bytes()).unwrap();
                let mut got = false;
                while !got {
                    assert_eq!(poller.wait(&mut sockets, &mut events, PATIENCE).unwrap(), 1);
                    assert_eq!(events[0].key, 0);
                    got = sockets[0].try_recv().is_ok();
                }
            }
            looks_by_crowd.push(poller.looks() - before);
        }
        println!(
            "{}: looks for {MESSAGES} messages beside 10 and 10 000 idle sockets: {looks_by_crowd:?}",
            context.driver()
        );
        for looks in looks_by_crowd {
            // Some looks for each message, by how the threads happen to meet; one of all the idle would be 10 000.
            assert!((MESSAGES..20 * MESSAGES).contains(&looks), "{looks}");
        }
    }
}

#[test]
fn what_stays_ready_is_told_again_until_it_is_used_up() {
    for context in contexts() {
        let (mut push, pull) = pair(&context);
        let mut poller = Poller::new();
        poller.add(&pull, 7, Interest::READABLE).unwrap();
        let mut sockets = HashMap::from([(7, pull)]);
        let mut events = Vec::new();
        push.send("one").unwrap();
        for _ in 0..3 {
            assert_eq!(poller.wait(&mut sockets, &mut events, PATIENCE).unwrap(), 1);
            assert!(events[0].readable && !events[0].writable);
        }
        sockets.get_mut(&7).unwrap().try_recv().unwrap();
        assert_eq!(poller.wait(&mut sockets, &mut events, AT_ONCE).unwrap(), 0);
        // And what comes after it was used up is told, too.
        push.send("two").unwrap();
        assert_eq!(poller.wait(&mut sockets, &mut events, PATIENCE).unwrap(), 1);
    }
}

#[test]
fn a_full_socket_is_told_when_its_peer_makes_room() {
    for context in contexts() {
        let (mut push, mut pull) = pair(&context);
        push.set_send_high_water_mark(1).unwrap();
        pull.set_receive_high_water_mark(1).unwrap();
        let mut poller = Poller::new();
        poller.add(&push, 0, Interest::WRITABLE).unwrap();
        let mut events = Vec::new();
        let body = vec![7; 64 << 10];
        let mut sent = 0_u32;
        // Until the pipes and the kernel hold no more; the peer reads nothing.
        while poller
            .wait(
                &mut [&mut push],
                &mut events,
                Some(Duration::from_millis(200)),
            )
            .unwrap()
            > 0
        {
            push.try_send(body.clone()).unwrap();
            sent += 1;
        }
        let reading = thread::spawn(move || {
            for _ in 0..=sent {
                assert_eq!(pull.recv().unwrap().len(), 64 << 10);
            }
        });
        assert_eq!(
            poller
                .wait(&mut [&mut push], &mut events, PATIENCE)
                .unwrap(),
            1
        );
        assert!(events[0].writable);
        push.try_send(body).unwrap();
        reading.join().unwrap();
    }
}

#[test]
fn descriptors_and_sockets_are_waited_for_together_and_levels_are_told() {
    for context in contexts() {
        let (mut push, mut pull) = pair(&context);
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut poller = Poller::new();
        poller.add(&pull, 0, Interest::READABLE).unwrap();
        poller.add_descriptor(&near, 1, Interest::READABLE).unwrap();
        let mut events = Vec::new();
        let nothing = poller.wait(&mut [&mut pull], &mut events, AT_ONCE);
        assert_eq!(nothing.unwrap(), 0);

        far.write_all(b"xy").unwrap();
        for _ in 0..3 {
            poller
                .wait(&mut [&mut pull], &mut events, PATIENCE)
                .unwrap();
            assert_eq!(events.len(), 1);
            assert!(events[0].key == 1 && events[0].readable && !events[0].failed);
        }
        let mut byte = [0];
        near.read_exact(&mut byte).unwrap();
        // One byte is left: still a level, with no new edge.
        assert_eq!(
            poller
                .wait(&mut [&mut pull], &mut events, PATIENCE)
                .unwrap(),
            1
        );
        near.read_exact(&mut byte).unwrap();
        assert_eq!(
            poller.wait(&mut [&mut pull], &mut events, AT_ONCE).unwrap(),
            0
        );

        // A sleep over descriptors is ended by a socket.
        let sending = thread::spawn(move || {
            push.send("wake").unwrap();
            push
        });
        poller
            .wait(&mut [&mut pull], &mut events, PATIENCE)
            .unwrap();
        assert_eq!((events.len(), events[0].key), (1, 0));
        let _push = sending.join().unwrap();
        // Both at once; the end of a stream can be read.
        drop(far);
        poller
            .wait(&mut [&mut pull], &mut events, PATIENCE)
            .unwrap();
        assert_eq!(events.len(), 2);
        pull.try_recv().unwrap();
        poller.remove(1).unwrap();
        assert_eq!(
            poller.wait(&mut [&mut pull], &mut events, AT_ONCE).unwrap(),
            0
        );
    }
}

#[test]
fn a_descriptor_of_which_nothing_is_wanted_keeps_silent() {
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"x").unwrap();
    let mut poller = Poller::new();
    let mut events = Vec::new();
    let mut none: [Socket; 0] = [];
    poller.add_descriptor(&near, 3, Interest::NOTHING).unwrap();
    assert_eq!(poller.wait(&mut none, &mut events, AT_ONCE).unwrap(), 0);
    poller
        .modify(3, Interest::READABLE | Interest::WRITABLE)
        .unwrap();
    assert_eq!(poller.wait(&mut none, &mut events, PATIENCE).unwrap(), 1);
    assert!(events[0].readable && events[0].writable);
    poller.modify(3, Interest::WRITABLE).unwrap();
    assert_eq!(poller.wait(&mut none, &mut events, PATIENCE).unwrap(), 1);
    assert!(!events[0].readable && events[0].writable);
    poller.modify(3, Interest::NOTHING).unwrap();
    assert_eq!(poller.wait(&mut none, &mut events, AT_ONCE).unwrap(), 0);
}

#[test]
fn what_is_waited_for_may_change_and_end() {
    let context = Context::new().unwrap();
    let (mut push, pull) = pair(&context);
    let (_other, second) = pair(&context);
    let mut sockets = vec![pull, second];
    let mut poller = Poller::new();
    poller.add(&sockets[0], 0, Interest::READABLE).unwrap();
    assert!(matches!(
        poller.add(&sockets[1], 0, Interest::READABLE),
        Err(PollerError::KeyInUse)
    ));
    assert!(matches!(
        poller.add(&sockets[0], 1, Interest::READABLE),
        Err(PollerError::AlreadyAdded)
    ));
    let mut events = Vec::new();
    push.send("one").unwrap();
    poller.modify(0, Interest::NOTHING).unwrap();
    assert_eq!(poller.wait(&mut sockets, &mut events, AT_ONCE).unwrap(), 0);
    poller.modify(0, Interest::READABLE).unwrap();
    assert_eq!(poller.wait(&mut sockets, &mut events, PATIENCE).unwrap(), 1);
    poller.remove(0).unwrap();
    assert!(matches!(poller.remove(0), Err(PollerError::UnknownKey)));
    assert_eq!(poller.wait(&mut sockets, &mut events, AT_ONCE).unwrap(), 0);
    // Under another key it is welcome again.
    sockets.swap(0, 1);
    poller.add(&sockets[1], 1, Interest::READABLE).unwrap();
    assert_eq!(poller.wait(&mut sockets, &mut events, PATIENCE).unwrap(), 1);
    assert_eq!(events[0].key, 1);
    // A collection that was reordered is noticed.
    sockets.swap(0, 1);
    let wrong = poller.wait(&mut sockets, &mut events, AT_ONCE);
    assert!(matches!(wrong, Err(PollerError::WrongSocket { key: 1 })));
    // And what left it is forgotten.
    sockets.truncate(1);
    assert_eq!(poller.wait(&mut sockets, &mut events, AT_ONCE).unwrap(), 0);
    assert!(poller.is_empty());
}

#[test]
fn a_shutdown_ends_a_wait() {
    for context in contexts() {
        let (_push, pull) = pair(&context);
        let mut poller = Poller::new();
        poller.add(&pull, 0, Interest::READABLE).unwrap();
        let mut sockets = vec![pull];
        let waiting = thread::spawn(move || {
            let mut events = Vec::new();
            poller.wait(&mut sockets, &mut events, PATIENCE).unwrap();
            (events, sockets.remove(0).try_recv())
        });
        context.shutdown();
        let (events, received) = waiting.join().unwrap();
        assert!(events[0].readable);
        assert_eq!(received, Err(TryRecvError::Terminated));
    }
}

#[test]
fn the_simple_way_tells_which_of_a_few_items_are_ready() {
    for context in contexts() {
        let (mut push, mut pull) = pair(&context);
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut idle = context.socket(SocketType::Pull).unwrap();
        let mut items = [
            PollItem::socket(&mut idle, Interest::READABLE),
            PollItem::socket(&mut pull, Interest::READABLE | Interest::WRITABLE),
            PollItem::descriptor(&near, Interest::READABLE),
        ];
        assert_eq!(poll(&mut items, AT_ONCE).unwrap(), 0);
        push.send("hello").unwrap();
        assert_eq!(poll(&mut items, PATIENCE).unwrap(), 1);
        assert!(!items[0].is_readable() && items[1].is_readable() && !items[1].is_writable());
        far.write_all(b"x").unwrap();
        assert_eq!(poll(&mut items, PATIENCE).unwrap(), 2);
        assert!(items[1].is_readable() && items[2].is_readable() && !items[2].is_failed());
    }
}
