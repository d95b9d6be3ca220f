//! Connected sockets that have nothing to say make no system call, however long one watches.
//!
//! strace shows every call of every thread. Attaching interrupts the calls in which threads sleep, and they begin
//! anew; that is the tracer's doing and over at once, so only what comes after that is held against the engine.
#![cfg(target_os = "linux")]

mod support_peer;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use support_peer::{PATIENCE, Peer, has_strace, on_each_driver};

/// How long to watch. This is the scenario, not a wait for something else.
const WATCHED: Duration = Duration::from_secs(10);

/// How long after the tracer is there calls may still be its doing.
const ATTACHING: Duration = Duration::from_millis(500);

#[test]
fn a_hundred_connected_idle_sockets_make_no_system_call_in_ten_seconds() {
    if !has_strace() {
        return;
    }
    on_each_driver(|driver| {
        let mut peer = Peer::start("idle", driver, &["pairs=100"]);
        println!(
            "{driver}: {} bytes resident per idle connection",
            peer.expect("resident ")
        );
        peer.expect("ready");
        let trace = std::env::temp_dir().join(format!("ringmq-quiet-{}", peer.id()));
        let late = late_calls(&mut peer, &trace);
        fs::remove_file(&trace).expect("the trace was just read");
        assert!(
            late.is_empty(),
            "on the {driver}: {} calls: {:#?}",
            late.len(),
            late
        );
        // The same watch over the same sockets sees them when they do say something.
        let spoken = calls_while(&mut peer, &trace, |peer| {
            peer.say("speak");
            peer.expect("spoke");
        });
        fs::remove_file(&trace).expect("the trace was just read");
        assert!(
            spoken.len() > 100,
            "on the {driver}: only {} calls are seen",
            spoken.len()
        );
        peer.say("leave");
        let (_, _, status) = peer.finish();
        assert!(status.success(), "on the {driver}: {status}");
    });
}

/// The calls that an idle process makes once the tracer has settled.
fn late_calls(peer: &mut Peer, trace: &Path) -> Vec<String> {
    let mut settled = Duration::ZERO;
    let calls = calls_while(peer, trace, |peer| {
        settled = now() + ATTACHING;
        let quiet =
            peer.expect_within("a line that an idle peer never prints", WATCHED + ATTACHING);
        assert!(quiet.is_none());
    });
    let late = calls.into_iter().filter(|(at, _)| *at > settled);
    late.map(|(_, call)| call).collect()
}

/// All calls of a process, with the time at which each began, while `watched` runs.
fn calls_while(
    peer: &mut Peer,
    trace: &Path,
    watched: impl FnOnce(&mut Peer),
) -> Vec<(Duration, String)> {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-ttt", "-p", &peer.id().to_string(), "-o"])
        .arg(trace);
    let tracer = Peer::spawn("strace", command);
    all_attached(&tracer, peer);
    watched(peer);
    let id = Pid::from_raw(tracer.id().cast_signed()).expect("a child has a number");
    kill_process(id, Signal::INT).expect("a child can be sent signals");
    tracer.finish();
    let text = fs::read_to_string(trace).expect("strace was told to write it");
    text.lines().filter_map(parsed).collect()
}

/// Waits until the kernel says of each thread that it is traced.
fn all_attached(tracer: &Peer, peer: &Peer) {
    let (by, tasks) = (
        format!("TracerPid:\t{}\n", tracer.id()),
        format!("/proc/{}/task", peer.id()),
    );
    #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
    let begun = Instant::now();
    let traced = |task: std::io::Result<fs::DirEntry>| {
        let status = task.and_then(|task| fs::read_to_string(task.path().join("status")));
        status.is_ok_and(|status| status.contains(&by))
    };
    while !fs::read_dir(&tasks).expect("the peer lives").all(traced) {
        assert!(
            begun.elapsed() < PATIENCE,
            "strace does not attach: {:?}",
            tracer.errors()
        );
        std::thread::yield_now();
    }
}

/// `1234  1700000000.123456 call(...` as its time and the rest. The line about a detached call names when it began.
fn parsed(line: &str) -> Option<(Duration, String)> {
    let mut words = line.split_whitespace();
    let at: f64 = words.nth(1)?.parse().ok()?;
    let call: Vec<&str> = words.collect();
    Some((Duration::from_secs_f64(at), call.join(" ")))
}

/// The time on the clock that strace prints.
fn now() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "strace prints the wall clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .expect("it is later than 1970")
}
