//! Closing a context within a time: what it waits for, and what it says of that.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;
use std::time::Duration;

use ringmq::{Context, DriverChoice, RecvError, SocketType};

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

/// Where nobody listens.
fn nowhere(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("ringmq-closing-{}-{name}", std::process::id()));
    format!("ipc://{}", path.display())
}

#[test]
fn a_context_without_sockets_closes_at_once_and_makes_no_more() {
    for context in contexts() {
        assert_eq!(context.close(Duration::ZERO), Ok(()));
        assert_eq!(context.close(PATIENCE), Ok(()));
        assert!(context.socket(SocketType::Pull).is_err());
    }
}

#[test]
fn closing_waits_for_threads_that_drop_their_sockets() {
    for context in contexts() {
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.bind("tcp://127.0.0.1:*").unwrap();
        let receiving = thread::spawn(move || pull.recv().unwrap_err());
        assert_eq!(context.close(PATIENCE), Ok(()));
        assert_eq!(receiving.join().unwrap(), RecvError::Terminated);
    }
}

#[test]
fn closing_waits_until_what_was_accepted_has_left() {
    const MESSAGES: u32 = 500;
    for (near, far) in contexts().zip(contexts()) {
        let endpoint = nowhere("late");
        let mut push = near.socket(SocketType::Push).unwrap();
        push.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(5));
        push.connect(&endpoint).unwrap();
        for number in 0..MESSAGES {
            push.send_bytes(&number.to_be_bytes()).unwrap();
        }
        drop(push);
        let left = near.close(Duration::ZERO).unwrap_err();
        assert_eq!(left.sockets()[0].queued, u64::from(MESSAGES));

        let mut pull = far.socket(SocketType::Pull).unwrap();
        let receiving = thread::spawn(move || {
            pull.bind(&endpoint).unwrap();
            for number in 0..MESSAGES {
                assert_eq!(pull.recv().unwrap()[..], number.to_be_bytes());
            }
        });
        assert_eq!(near.close(PATIENCE), Ok(()));
        receiving.join().unwrap();
    }
}

#[test]
fn what_is_still_open_is_named_with_what_it_waits_for_and_may_be_abandoned() {
    for context in contexts() {
        let mut open = context.socket(SocketType::Pull).unwrap();
        let bound = open.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut lingers = context.socket(SocketType::Dealer).unwrap();
        let (first, second) = (nowhere("first"), nowhere("second"));
        lingers.connect(&first).unwrap();
        lingers.connect(&second).unwrap();
        for _ in 0..5 {
            // Some in chunks, some beside them.
            lingers
                .send_multipart(vec![vec![7; 10], vec![7; 100_000]])
                .unwrap();
        }
        drop(lingers);
        let left = context.close(Duration::from_millis(20)).unwrap_err();
        println!("{left}");
        let [pull, dealer] = left.sockets() else {
            panic!("two sockets are open: {left}");
        };
        assert_eq!(pull.socket_type, SocketType::Pull);
        assert_eq!(pull.endpoints, [bound]);
        assert!(!pull.is_closed && pull.queued == 0);
        assert_eq!(dealer.socket_type, SocketType::Dealer);
        let mut endpoints = dealer.endpoints.clone();
        endpoints.sort();
        assert_eq!(endpoints, [first.clone(), second]);
        assert!(dealer.is_closed && dealer.queued == 5);
        assert!(left.to_string().contains(&first) && left.to_string().contains("5 messages"));

        drop(open);
        // The one that lingers would do so for ever.
        let left = context.close(Duration::from_millis(20)).unwrap_err();
        assert_eq!(left.sockets().len(), 1);
        context.abandon();
        assert_eq!(context.close(PATIENCE), Ok(()));
    }
}
