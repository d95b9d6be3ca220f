//! Many peers at once on a bound socket, honest and silent ones: strangers are bounded, and no honest peer pays.

use std::io::Write;
use std::net::TcpStream;

use ringmq::DriverChoice;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::script::{dial, frame_two, opening};
use super::stage::{self, bound_pull, timed};

/// More than the strangers that a reactor keeps at once.
const CROWD: usize = 3_000;
const SILENT: usize = 2_000;
/// The strangers that a reactor keeps at once, and the time for which it cuts nobody off, in milliseconds.
const KEPT_MAX: u64 = 1_024;
const GRACE_MS: u128 = 1_000;

/// Both ends of a crowd are descriptors of this process.
fn allow_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

fn crowd(endpoint: &str, size: usize) -> Vec<TcpStream> {
    (0..size).map(|_| dial(endpoint)).collect()
}

/// All connect, and only then does the first of them say a word.
fn a_crowd_is_served(driver: DriverChoice) {
    let context = stage::context(driver);
    let (mut pull, endpoint) = bound_pull(&context);
    let mut peers = crowd(&endpoint, CROWD);
    for (number, peer) in peers.iter_mut().enumerate() {
        let message = frame_two(0, &(number as u32).to_be_bytes());
        peer.write_all(&[opening("PUSH"), message].concat())
            .unwrap();
    }
    let mut numbers: Vec<u32> = (0..CROWD)
        .map(|_| u32::from_be_bytes(pull.recv().unwrap()[..].try_into().unwrap()))
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..CROWD as u32));
    let counts = pull.statistics();
    assert_eq!(counts.strangers_dropped, 0);
    assert_eq!(counts.disconnects, 0);
    assert_eq!(counts.connections, CROWD as u64);
    assert_eq!(counts.accept_failures, 0, "a stop that we asked for");
}

/// More silent strangers than are kept do not keep an honest peer out for longer than they are spared.
fn silence_keeps_nobody_out(driver: DriverChoice) {
    let context = stage::context(driver);
    let (mut pull, endpoint) = bound_pull(&context);
    let (mut other_pull, other_endpoint) = bound_pull(&context);
    let silent = crowd(&endpoint, SILENT);
    let (_, took) = timed(|| {
        for (socket, endpoint) in [(&mut pull, &endpoint), (&mut other_pull, &other_endpoint)] {
            let mut honest = dial(endpoint);
            let message = frame_two(0, b"honest");
            honest
                .write_all(&[opening("PUSH"), message].concat())
                .unwrap();
            assert_eq!(socket.recv().unwrap().as_bytes(), b"honest");
        }
    });
    assert!(took.as_millis() < 5 * GRACE_MS, "{took:?}");
    let dropped = || pull.statistics().strangers_dropped;
    stage::await_true("the oldest strangers are cut off and counted", || {
        dropped() >= SILENT as u64 - KEPT_MAX
    });
    assert!(dropped() <= SILENT as u64);
    drop(silent);
}

#[test]
fn three_thousand_honest_peers_that_connect_at_once_are_all_served() {
    allow_descriptors();
    for driver in stage::DRIVERS {
        a_crowd_is_served(*driver);
    }
}

#[test]
fn two_thousand_silent_strangers_are_counted_and_keep_no_honest_peer_out() {
    allow_descriptors();
    for driver in stage::DRIVERS {
        silence_keeps_nobody_out(*driver);
    }
}
