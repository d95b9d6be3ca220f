//! What the message path costs once it is warm: no allocation, and hardly a system call.
//!
//! Two processes flood each other over TCP with the default high-water marks. Each counts the allocations of all its
//! threads in windows of a million messages. A pool grows when more chunks are under way than ever before, which the
//! scheduler may bring about at any time on a busy machine; that ends, where a path that allocates does not. So one
//! window has to be free of allocations on both sides, and what the others took is printed.

mod support_peer;

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use support_peer::{DRIVERS, PROGRAM, Peer, has_strace, last_number};

/// Held by the one flood that runs: two would fight for the cores and measure that.
static ALONE: Mutex<()> = Mutex::new(());

/// How often a flood that made too many system calls may try again.
const ATTEMPTS: u32 = 4;

/// The goal of the design, both processes together.
const CALLS_PER_MESSAGE_MAX: f64 = 0.01;

/// Messages from mark to mark.
const COUNT: u64 = 1_000_000;

/// The fewest allocations of both processes in one window.
fn allocations(driver: &str, size: usize, calls: &str) -> u64 {
    let (size, calls) = (format!("size={size}"), format!("calls={calls}"));
    let count = format!("count={COUNT}");
    let start = |words: [&str; 2]| {
        let words = [words, [size.as_str(), &calls]].concat();
        Peer::start("flood", driver, &[&words[..], &[&count]].concat())
    };
    let pull = start(["side=pull", "bind=tcp://127.0.0.1:*"]);
    let connect = format!("connect=tcp://127.0.0.1:{}", pull.bound_port());
    let push = start(["side=push", &connect]);
    let [sent, received] = [&push, &pull].map(|peer| windows(&peer.expect("allocations ")));
    println!("{driver} {size} {calls}: allocations {sent:?} + {received:?}, per {COUNT} messages");
    let fewest = sent
        .iter()
        .zip(&received)
        .map(|(one, other)| one + other)
        .min();
    let fewest = fewest.expect("there are windows");
    if fewest > 0 {
        for peer in [&push, &pull] {
            peer.expect("closed");
            println!("{}", peer.errors().join("\n"));
        }
    }
    fewest
}

fn windows(counts: &str) -> Vec<u64> {
    let counts = counts.split_whitespace();
    counts
        .map(|count| count.parse().expect("counts are numbers"))
        .collect()
}

fn nothing_is_allocated(calls: &str, sizes: &[usize]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for driver in DRIVERS {
        for size in sizes {
            assert_eq!(
                allocations(driver, *size, calls),
                0,
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
fn a_million_messages_sent_and_received_as_messages_allocate_nothing() {
    // A body over 33 bytes has to come from somewhere: here it is static, so that what is counted is the engine's.
    nothing_is_allocated("message", &[16]);
    nothing_is_allocated("static", &[64]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_flood_of_short_messages_makes_one_system_call_in_a_hundred_messages_at_most() {
    if !has_strace() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for driver in DRIVERS {
        // Whatever else runs on the machine makes a flood pause, and so can only add calls.
        let enough = (0..ATTEMPTS).any(|_| {
            let (calls, messages) = counted_calls(driver);
            let each = calls as f64 / messages as f64;
            println!("{driver}: {each:.4} system calls per message of both processes");
            each <= CALLS_PER_MESSAGE_MAX
        });
        assert!(
            enough,
            "on the {driver}: more than {CALLS_PER_MESSAGE_MAX} calls per message"
        );
    }
}

/// All system calls of both processes from their beginning to their end, and the messages that went through.
#[cfg(target_os = "linux")]
fn counted_calls(driver: &str) -> (u64, u64) {
    let start = |side: &str, attach: &str| {
        let mut command = Command::new("strace");
        command.args(["-f", "-c", PROGRAM, "flood", "size=64", "calls=bytes"]);
        command.args([format!("driver={driver}"), format!("side={side}")]);
        command.args([attach, &format!("count={COUNT}")]);
        Peer::spawn(&format!("strace of a {side}"), command)
    };
    let pull = start("pull", "bind=tcp://127.0.0.1:*");
    assert_eq!(pull.expect("driver "), driver);
    let push = start("push", &format!("connect={}", pull.expect("bound ")));
    let messages = last_number(&push.expect("messages "));
    let calls = [push, pull].map(|mut peer| {
        peer.expect("closed");
        peer.say("end");
        let (_, errors, status) = peer.finish();
        assert!(status.success(), "{errors:#?}");
        total_calls(&errors)
    });
    (calls.into_iter().sum(), messages)
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
