//! RingMQ against libzmq: the same seeded scripts in both, every result compared.
//!
//! For each legal pair of socket types, 200 scripts bind, connect, disconnect, unbind, send, receive, set options and
//! close, with high-water marks of 1 to 5 and peers that come and go, on libzmq and on both drivers of this library. A
//! script that differs prints its steps and its seed; `RINGMQ_DIFFERENTIAL_SEED=<seed>` runs that seed alone, in the
//! test that is named on the command line.

#![cfg(all(target_os = "linux", not(ringmq_portable)))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allowed;
mod author;
mod ledger;
mod ours;
mod random;
mod run;
mod script;
mod theirs;
mod topology;
mod unbinding;
mod world;

use ringmq::DriverChoice;
use ringmq::SocketType::{self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, XPub, XSub};

use ours::Ours;
use run::run;
use script::Family;
use theirs::Theirs;
use world::World;

const SCRIPTS: u64 = 200;

const REPLAY: &str = "RINGMQ_DIFFERENTIAL_SEED";

fn worlds() -> Vec<Box<dyn World>> {
    vec![
        Box::new(Theirs::new()),
        Box::new(Ours::new(DriverChoice::Ring)),
        Box::new(Ours::new(DriverChoice::Shim)),
    ]
}

fn all_scripts(first: SocketType, second: SocketType) {
    let family = Family { first, second };
    let seeds = match std::env::var(REPLAY) {
        Ok(seed) => vec![seed.parse().expect("a seed is a number")],
        Err(_) => (0..SCRIPTS).collect(),
    };
    let mut worlds = worlds();
    let (mut passed, mut failed) = (0, Vec::new());
    for seed in &seeds {
        match run(&mut worlds, family, *seed) {
            Ok(()) => passed += 1,
            Err(difference) => failed.push(difference.0),
        }
    }
    println!(
        "{first:?}-{second:?}: {passed} of {} scripts agree with libzmq",
        seeds.len()
    );
    allowed::tell();
    for difference in &failed {
        println!("{difference}\n");
    }
    assert!(
        failed.is_empty(),
        "{} of {} scripts differ; replay one with {REPLAY}=<seed>",
        failed.len(),
        seeds.len()
    );
}

macro_rules! families {
    ($($name:ident: $first:ident, $second:ident;)*) => {
        $(
            #[test]
            fn $name() {
                all_scripts($first, $second);
            }
        )*
    };
}

families! {
    push_and_pull_behave_as_in_libzmq: Push, Pull;
    pair_behaves_as_in_libzmq: Pair, Pair;
    pub_and_sub_behave_as_in_libzmq: Pub, Sub;
    xpub_and_sub_behave_as_in_libzmq: XPub, Sub;
    pub_and_xsub_behave_as_in_libzmq: Pub, XSub;
    xpub_and_xsub_behave_as_in_libzmq: XPub, XSub;
    req_and_rep_behave_as_in_libzmq: Req, Rep;
    req_and_router_behave_as_in_libzmq: Req, Router;
    dealer_and_rep_behave_as_in_libzmq: Dealer, Rep;
    dealers_behave_as_in_libzmq: Dealer, Dealer;
    dealer_and_router_behave_as_in_libzmq: Dealer, Router;
    routers_behave_as_in_libzmq: Router, Router;
}
