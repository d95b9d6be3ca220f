//! Whole sockets and reactors in one thread, on the fake driver: seeded faults against ZeroMQ's rules of loss.
//!
//! ```text
//!   seed ──▶ scenario ──▶ processes (sockets + reactor + fake driver) ── one world ── ledger ──▶ verdict
//! ```
//!
//! What holds whatever happens: a message arrives whole or not at all, at most once, and after its predecessors
//! from the same sender on the same path; and every message that was accepted is delivered, still queued, counted
//! in exactly one drop counter, or was in the network when a connection broke: to the message. A failing seed is printed;
//! `RINGMQ_SEED=n cargo test -p ringmq --lib simulation` runs it alone.

mod endings;
mod ledger;
mod process;
mod run;
mod scenario;
mod tap;

use std::env;
use std::panic::{self, AssertUnwindSafe};

use run::run;
use scenario::Scenario;

/// How many seeds a test runs.
const SEEDS: u64 = 1_000;

/// Runs one family of scenarios over all seeds, or over the one that the environment names.
fn run_seeds(family: &str, scenario: impl Fn(u64) -> Scenario) {
    let alone = env::var("RINGMQ_SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    let seeds = alone.map_or(0..SEEDS, |seed| seed..seed + 1);
    let mut delivered = 0;
    for seed in seeds {
        let scenario = scenario(seed);
        match panic::catch_unwind(AssertUnwindSafe(|| run(seed, &scenario))) {
            Ok(count) => delivered += count,
            Err(cause) => {
                eprintln!("seed {seed} of {family} fails: {scenario:?}");
                eprintln!("run it alone: RINGMQ_SEED={seed} cargo test -p ringmq --lib simulation");
                panic::resume_unwind(cause);
            }
        }
    }
    assert!(delivered > 0, "{family} delivers something");
    println!("{family}: {delivered} messages delivered");
}

#[test]
fn nothing_is_lost_where_no_connection_breaks() {
    run_seeds("rough", Scenario::rough);
}

#[test]
fn every_message_is_accounted_for_where_connections_break() {
    run_seeds("hostile", Scenario::hostile);
}

#[test]
fn everything_flows_again_after_a_receiver_dies_and_returns() {
    run_seeds("restarts", Scenario::restarts);
}

#[test]
fn every_message_is_accounted_for_where_sockets_close_in_the_middle() {
    run_seeds("endings", Scenario::endings);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        let trace = |seed| run::trace(seed, &Scenario::hostile(seed));
        assert_eq!(trace(seed), trace(seed), "seed {seed}");
    }
}
