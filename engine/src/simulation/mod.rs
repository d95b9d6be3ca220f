//! Whole sockets and reactors in one thread, on the fake driver: seeded faults against ZeroMQ's rules of loss.
//!
//! ```text
//!   seed ──▶ scenario ──▶ processes (sockets + reactor + fake driver) ── one world ── ledger ──▶ verdict
//! ```
//!
//! What holds whatever happens: a message arrives whole or not at all, at most once, and after its predecessors
//! from the same sender on the same path; and every message that was accepted is delivered, still queued, counted
//! in exactly one drop counter, or was in the network when a connection broke: to the message. Each pattern has a family of
//! seeds; half of them break connections, and where none breaks nothing is missing but what had no room. A failing seed is printed;
//! `RINGMQ_SEED=n cargo test -p ringmq --lib simulation` runs it alone.

mod dialogues;
mod endings;
mod ledger;
mod process;
mod publishing;
mod requests;
mod run;
mod scenario;
mod tap;
mod troupe;

use std::env;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};

use dialogues::Dialogue;
use run::run;
use scenario::Scenario;
use troupe::Plan;

/// How many seeds a test runs.
const SEEDS: u64 = 1_000;

/// Plays one family over all seeds, or over the one that the environment names. `play` returns how many messages were
/// delivered.
fn over_seeds<P: Debug>(family: &str, plan: impl Fn(u64) -> P, play: impl Fn(u64, &P) -> u64) {
    let alone = env::var("RINGMQ_SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    let seeds = alone.map_or(0..SEEDS, |seed| seed..seed + 1);
    let mut delivered = 0;
    for seed in seeds {
        let plan = plan(seed);
        match panic::catch_unwind(AssertUnwindSafe(|| play(seed, &plan))) {
            Ok(count) => delivered += count,
            Err(cause) => {
                eprintln!("seed {seed} of {family} fails: {plan:?}");
                eprintln!("run it alone: RINGMQ_SEED={seed} cargo test -p ringmq --lib simulation");
                panic::resume_unwind(cause);
            }
        }
    }
    assert!(delivered > 0, "{family} delivers something");
    println!("{family}: {delivered} messages delivered");
}

/// Runs one family of PUSH and PULL.
fn run_seeds(family: &str, scenario: impl Fn(u64) -> Scenario) {
    over_seeds(family, scenario, run);
}

#[test]
fn each_request_is_answered_or_its_connection_broke() {
    over_seeds(
        "requests",
        |seed| Plan::new(seed, 1),
        |_, plan| requests::play(plan),
    );
}

#[test]
fn every_message_between_two_pairs_is_accounted_for() {
    over_seeds(
        "pairs",
        |seed| Plan::new(seed, 2),
        |_, plan| dialogues::play(plan.clone(), Dialogue::Pairs),
    );
}

#[test]
fn every_message_among_dealers_is_accounted_for() {
    over_seeds(
        "dealers",
        |seed| Plan::new(seed, 3),
        |_, plan| dialogues::play(plan.clone(), Dialogue::Dealers),
    );
}

#[test]
fn every_message_to_a_router_and_each_echo_is_accounted_for() {
    over_seeds(
        "router echoes",
        |seed| Plan::new(seed, 4),
        |_, plan| dialogues::play(plan.clone(), Dialogue::RouterEchoes),
    );
}

#[test]
fn each_subscriber_gets_what_it_subscribed_to_whatever_broke() {
    over_seeds(
        "publishing",
        |seed| Plan::new(seed, 5),
        |_, plan| publishing::play(plan, false),
    );
}

#[test]
fn an_xpub_knows_what_its_xsubs_want_whatever_broke() {
    over_seeds(
        "extended publishing",
        |seed| Plan::new(seed, 6),
        |_, plan| publishing::play(plan, true),
    );
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
