//! What the message path costs once it is warm: no allocation, and hardly a system call.
//!
//! Two processes flood each other over TCP with the default high-water marks; each counts the allocations of all its
//! threads between two marks, a million messages apart.

mod support_peer;

use std::process::{Command, Stdio};

use support_peer::{DRIVERS, PROGRAM, Peer, last_number};

/// Messages between the marks.
const COUNT: u64 = 1_000_000;

/// Allocations of the sender and of the receiver.
fn allocations(driver: &str, size: usize, calls: &str) -> (u64, u64) {
    let (size, calls) = (format!("size={size}"), format!("calls={calls}"));
    let count = format!("count={COUNT}");
    let words = [size.as_str(), &calls, &count];
    let pull = Peer::start(
        "flood",
        driver,
        &[&words[..], &["side=pull", "bind=tcp://127.0.0.1:*"]].concat(),
    );
    let connect = format!("connect=tcp://127.0.0.1:{}", pull.bound_port());
    let push = Peer::start(
        "flood",
        driver,
        &[&words[..], &["side=push", &connect]].concat(),
    );
    let counts = [&push, &pull].map(|peer| last_number(&peer.expect("allocations ")));
    println!("{driver} {size} {calls}: {counts:?} allocations in {COUNT} messages");
    for (peer, count) in [push, pull].into_iter().zip(counts) {
        peer.expect("closed");
        if count > 0 {
            println!("{}", peer.errors().join("\n"));
        }
    }
    (counts[0], counts[1])
}

fn nothing_is_allocated(calls: &str, sizes: &[usize]) {
    for driver in DRIVERS {
        for size in sizes {
            assert_eq!(
                allocations(driver, *size, calls),
                (0, 0),
                "{calls} of {size} bytes on the {driver}"
            );
        }
    }
}

#[test]
fn a_million_messages_sent_and_received_as_bytes_allocate_nothing() {
    nothing_is_allocated("bytes", &[16, 64, 1_024]);
}

#[test]
fn a_million_messages_sent_and_received_as_messages_allocate_nothing_below_the_inline_limit() {
    nothing_is_allocated("message", &[16]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_flood_of_short_messages_makes_one_system_call_in_a_hundred_messages_at_most() {
    if Command::new("strace")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("skipped: strace is not installed");
        return;
    }
    for driver in DRIVERS {
        let total = counted_calls(driver);
        println!(
            "{driver}: {} system calls per message of both processes",
            total as f64 / COUNT as f64
        );
        assert!(
            total * 100 <= COUNT,
            "on the {driver}: {total} system calls for {COUNT} messages"
        );
    }
}

/// All system calls of both processes from their beginning to their end.
#[cfg(target_os = "linux")]
fn counted_calls(driver: &str) -> u64 {
    let start = |side: &str, attach: &str| {
        let mut command = Command::new("strace");
        command.args(["-f", "-c", PROGRAM, "flood", "size=64", "calls=bytes"]);
        command
            .arg(format!("driver={driver}"))
            .arg(format!("side={side}"))
            .arg(attach);
        command.arg(format!("count={COUNT}"));
        Peer::spawn(&format!("strace of a {side}"), command)
    };
    let pull = start("pull", "bind=tcp://127.0.0.1:*");
    assert_eq!(pull.expect("driver "), driver);
    let push = start("push", &format!("connect={}", pull.expect("bound ")));
    [push, pull]
        .into_iter()
        .map(|mut peer| {
            peer.expect("closed");
            peer.say("end");
            let (_, errors, status) = peer.finish();
            assert!(status.success(), "{errors:#?}");
            total_calls(&errors)
        })
        .sum()
}

/// The number of calls in the last line of strace's table: share, seconds, microseconds a call, calls, errors, "total".
#[cfg(target_os = "linux")]
fn total_calls(table: &[String]) -> u64 {
    let line = table
        .iter()
        .find(|line| line.trim_end().ends_with(" total"));
    let calls = line.and_then(|line| line.split_whitespace().nth(3));
    calls
        .and_then(|calls| calls.parse().ok())
        .unwrap_or_else(|| panic!("no total in {table:#?}"))
}
