//! A thousand senders and one receiver, on each driver: whoever has something to say has the same share of the
//! receiver's turns, however much more others have to say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]

use std::thread;
use std::time::{Duration, Instant};

use ringmq::{Context, DriverChoice, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SENDERS: usize = 1_000;
/// What the most silent sender says.
const LEAST: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);

fn drivers() -> Vec<DriverChoice> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
}

/// Both ends of each connection are descriptors of this process.
fn allow_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

/// The shares of the senders while all of them have something queued at the receiver.
fn shares_of(driver: DriverChoice) -> Vec<usize> {
    let context = Context::builder().driver(driver).build().unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    pull.set_receive_high_water_mark(0).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
    for index in 0..SENDERS {
        let mut sender = context.socket(SocketType::Push).unwrap();
        sender.connect(&endpoint).unwrap();
        for _ in 0..LEAST + index % 7 * LEAST {
            sender
                .send((index as u32).to_le_bytes().as_slice())
                .unwrap();
        }
    }
    // The receiver's engine finds the end of a connection behind all that came over it.
    let begin = Instant::now();
    while pull.statistics().disconnects < SENDERS as u64 {
        assert!(begin.elapsed() < PATIENCE, "{:?}", pull.statistics());
        thread::yield_now();
    }
    let mut shares = vec![0; SENDERS];
    for _ in 0..LEAST * SENDERS {
        let message = pull.recv().unwrap();
        shares[u32::from_le_bytes(message[..].try_into().unwrap()) as usize] += 1;
    }
    shares
}

#[test]
fn a_thousand_senders_have_equal_shares_of_one_receiver() {
    allow_descriptors();
    for driver in drivers() {
        let shares = shares_of(driver);
        let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
        println!("{driver:?}: {SENDERS} senders, shares of {least} to {most} messages");
        assert!(
            most * 10 <= least * 11,
            "{driver:?}: from {least} to {most}"
        );
    }
}
