//! Runs a script in all worlds at once, step by step, and compares what each step came to.
//!
//! Nothing here sleeps, and no result depends on how fast a world is. After each step, connections that the script must
//! have made or ended are awaited in each world, and its engine is asked to answer pings, which it does after what it
//! had to do before. Where one world then has more than another (a message, room), the other one is asked again until it
//! has it too, for as long as [`PATIENCE`] lasts. Where no world has anything, that is the result; if one of them gets
//! something later that the others never get, a later step or the drain at the end finds it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::allowed;
use crate::author::script;
use crate::ledger::Ledger;
use crate::script::{Family, SLOTS, Step};
use crate::topology::Topology;
use crate::world::{Connections, Outcome, PATIENCE, World};

/// How often an engine is asked to settle before a lost connection is taken for unnoticed.
const STALLED_ROUNDS: u32 = 100;

/// A difference that is not allowed.
#[derive(Debug)]
pub(crate) struct Difference(pub(crate) String);

#[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
fn now() -> Instant {
    Instant::now()
}

/// A number for endpoints that no other script has, whichever test runs it.
pub(crate) fn next_endpoints() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Relaxed: only that no two get the same number matters.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Runs the script of a seed.
pub(crate) fn run(
    worlds: &mut [Box<dyn World>],
    family: Family,
    seed: u64,
) -> Result<(), Difference> {
    let steps = script(family, seed);
    let mut topology = Topology::new(family);
    let mut told = Vec::new();
    let mut ledger = Ledger::default();
    let endpoints = next_endpoints();
    for world in worlds.iter_mut() {
        world.begin(endpoints);
    }
    let mut result = Ok(());
    for step in &steps {
        let agreed = compare(worlds, &mut topology, &mut ledger, family, step, &mut told);
        if let Err(why) = agreed {
            result = Err(Difference(format!(
                "{family:?} seed {seed}\n{}\n{why}",
                told.join("\n")
            )));
            break;
        }
    }
    for world in worlds.iter_mut() {
        world.end();
    }
    result
}

fn compare(
    worlds: &mut [Box<dyn World>],
    topology: &mut Topology,
    ledger: &mut Ledger,
    family: Family,
    step: &Step,
    told: &mut Vec<String>,
) -> Result<(), String> {
    ledger.note_sent(step);
    let outcomes = if let Step::Drain(slot) = step {
        drain(worlds, ledger, family, *slot)?
    } else {
        agree(worlds, topology, family, step)?
    };
    note_received(ledger, step, &outcomes);
    told.push(format!("  {step:?} -> {:?}", outcomes[0]));
    topology.follow(step, &outcomes[0]);
    for world in worlds.iter_mut() {
        for slot in 0..SLOTS {
            if let Some(expected) = topology.expected(slot) {
                connect(world.as_mut(), slot, expected)?;
            }
        }
        world.settle();
    }
    Ok(())
}

/// Waits until a socket has the connections that the script gave it. A reader at its mark notices the end of a
/// connection only when it reads again: for that the wait is bounded.
fn connect(world: &mut dyn World, slot: usize, expected: Connections) -> Result<(), String> {
    let until = now() + PATIENCE;
    let mut rounds = 0;
    loop {
        let connections = world.connections(slot);
        let ready = connections.ready >= expected.ready;
        let lost = connections.lost >= expected.lost || rounds == STALLED_ROUNDS;
        if ready && lost {
            return Ok(());
        }
        if now() >= until {
            let name = world.name();
            return Err(format!(
                "{name}: socket {slot} has {connections:?} instead of {expected:?}"
            ));
        }
        world.settle();
        rounds += u32::from(ready);
    }
}

/// Does a step in all worlds until they agree.
fn agree(
    worlds: &mut [Box<dyn World>],
    topology: &Topology,
    family: Family,
    step: &Step,
) -> Result<Vec<Outcome>, String> {
    let until = now() + PATIENCE;
    let mut outcomes: Vec<Outcome> = worlds.iter_mut().map(|world| world.act(step)).collect();
    loop {
        let must_work = matches!(step, Step::Bind(_, place) if topology.is_free(*place));
        let worked = !must_work || outcomes.iter().all(|outcome| *outcome == Outcome::Done);
        let same = outcomes
            .iter()
            .all(|outcome| allowed::same(family, step, &outcomes[0], outcome));
        if same && worked {
            return Ok(outcomes);
        }
        if now() >= until {
            return Err(difference(worlds, step, &outcomes));
        }
        let mut again = false;
        for (world, outcome) in worlds.iter_mut().zip(&mut outcomes) {
            if is_for_now(step, outcome) {
                world.settle();
                *outcome = world.act(step);
                again = true;
            }
        }
        if !again {
            return Err(difference(worlds, step, &outcomes));
        }
    }
}

/// Whether the outcome may be another one soon, and asking again changes nothing.
const fn is_for_now(step: &Step, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::WouldBlock | Outcome::InUse | Outcome::Ready { .. } => true,
        Outcome::Unroutable => matches!(step, Step::Send(..)),
        _ => false,
    }
}

fn note_received(ledger: &mut Ledger, step: &Step, outcomes: &[Outcome]) {
    for (world, outcome) in outcomes.iter().enumerate() {
        if let Outcome::Got(frames) = outcome {
            ledger.note_received(step.slot(), world, frames);
        }
    }
}

/// Receives until nothing is there, and each world has received the same.
fn drain(
    worlds: &mut [Box<dyn World>],
    ledger: &mut Ledger,
    family: Family,
    slot: usize,
) -> Result<Vec<Outcome>, String> {
    let mut taken = Vec::new();
    let step = Step::Receive(slot);
    let nowhere = Topology::new(family);
    let until = now() + PATIENCE;
    loop {
        let mut outcomes = agree(worlds, &nowhere, family, &step)?;
        note_received(ledger, &step, &outcomes);
        let last = match outcomes.swap_remove(0) {
            Outcome::Got(frames) => {
                taken.push(frames);
                continue;
            }
            last => last,
        };
        let Err(unequal) = ledger.compare(slot) else {
            ledger.forget(slot);
            return Ok(vec![Outcome::Drained(taken, Box::new(last))]);
        };
        if now() >= until {
            return Err(unequal);
        }
        // Where marks let messages come one by one, the next one is under way.
        worlds.iter_mut().for_each(|world| world.settle());
    }
}

fn difference(worlds: &[Box<dyn World>], step: &Step, outcomes: &[Outcome]) -> String {
    let mut text = format!("  {step:?} differs:");
    for (world, outcome) in worlds.iter().zip(outcomes) {
        text.push_str(&format!("\n    {:6} {outcome:?}", world.name()));
    }
    text
}
