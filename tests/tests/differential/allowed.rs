//! The differences from libzmq that are meant, each with its reason. Nothing else passes.

use ringmq::SocketType::Req;

use crate::ledger::takes_turns;
use crate::script::{Family, Step};
use crate::world::Outcome;

/// A difference that is meant.
struct Allowed {
    reason: &'static str,
    /// Whether this is one, given libzmq's outcome and ours.
    is: fn(Family, &Step, &Outcome, &Outcome) -> bool,
}

const ALLOWED: &[Allowed] = &[
    Allowed {
        reason: "Which of several sources has the first turn is nobody's promise. What came from each of them must be \
                 the same, in the same order: the ledger holds that.",
        is: |family, step, theirs, ours| {
            matches!(
                (step, theirs, ours),
                (Step::Receive(_), Outcome::Got(_), Outcome::Got(_))
            ) && takes_turns(family.socket_type(step.slot()))
        },
    },
    Allowed {
        reason: "A relaxed REQ whose next request finds no room still awaits the reply to its last one. libzmq has \
                 forgotten that by then.",
        is: |family, step, theirs, ours| {
            family.socket_type(step.slot()) == Req
                && match step {
                    Step::Receive(_) => {
                        *theirs == Outcome::OutOfTurn
                            && matches!(ours, Outcome::WouldBlock | Outcome::Got(_))
                    }
                    _ => false,
                }
        },
    },
    Allowed {
        reason: "A REQ is readable when the reply is there. libzmq's is so with any message, and then receives nothing.",
        is: |family, step, theirs, ours| {
            family.socket_type(step.slot()) == Req
                && match (theirs, ours) {
                    (
                        Outcome::Ready {
                            readable: true,
                            writable: theirs,
                        },
                        Outcome::Ready {
                            readable: false,
                            writable: ours,
                        },
                    ) => theirs == ours,
                    _ => false,
                }
        },
    },
];

/// What no script does, because there the libraries differ on purpose, or libzmq gives no result to compare with.
pub(crate) const NOT_IN_SCRIPTS: &[(&str, &str)] = &[
    (
        "unbind with live peers",
        "libzmq ends the connections that it accepted there; here they stay (`unbind_keeps_live_peers_only_here`)",
    ),
    (
        "IMMEDIATE on a socket that receives",
        "libzmq drops what such a socket has not read when its connection ends; here it stays readable",
    ),
    (
        "marks that change under a live connection",
        "libzmq counts what its I/O thread took long ago against the new mark, and hears of more room when it gets credit",
    ),
    (
        "how much a socket queues between two peers, with few marks",
        "libzmq returns credit in batches, and what the last peer had not returned is missing to the next",
    ),
    (
        "marks of SUB and XSUB",
        "libzmq drops subscriptions beyond the mark; here subscriptions are no messages",
    ),
    (
        "peers that go while a receiver is at its mark",
        "when it notices is a matter of what the kernel holds; without marks, and drained before, it is compared",
    ),
    (
        "two connections that wait for one bind",
        "they arrive in any order, in each library",
    ),
    (
        "a second peer of a PAIR",
        "libzmq keeps the connection and throws away what comes from it; here it is refused and tries again",
    ),
    (
        "two unanswered requests of two peers at one REP",
        "which is answered first decides all that follows",
    ),
    (
        "two living peers of one routing id at one ROUTER",
        "libzmq takes the newcomer's first message for its routing id, or with handover keeps the connection of the old \
         peer and ignores it; here a newcomer waits, unheard, or with handover the old peer's connection ends",
    ),
    (
        "a relaxed REQ with few marks, without correlation",
        "which late replies a new request throws away depends on which of them the marks let come",
    ),
    (
        "a reply without a delimiter from a ROUTER to a REQ",
        "libzmq's REQ ends the connection; ours drops the reply",
    ),
    (
        "a third peer of a type that takes turns",
        "whose turn it is after one of them left is nobody's promise, and all that follows depends on it",
    ),
    (
        "an XSUB that binds where another one was bound, with an XPUB still connecting there",
        "libzmq 4.3.4 does not always tell that XPUB's application of the new subscription (one script in 200); why is \
         not known",
    ),
    (
        "a message of an XSUB to an XPUB that it is not connected to",
        "here, an XSUB's pipes begin with the connection, so that each begins with all subscriptions",
    ),
    (
        "a look at a SUB, XSUB or ROUTER in the middle of a script, and a disconnect of one with unread messages",
        "a look makes libzmq take one message ahead; a disconnect then tears that message, or aborts the process",
    ),
];

/// Whether libzmq's outcome and ours are the same, or differ in a way that is meant.
pub(crate) fn same(family: Family, step: &Step, theirs: &Outcome, ours: &Outcome) -> bool {
    theirs == ours
        || ALLOWED
            .iter()
            .any(|allowed| (allowed.is)(family, step, theirs, ours))
}

/// Tells what passes, and what was not asked.
pub(crate) fn tell() {
    for Allowed { reason, .. } in ALLOWED {
        println!("allowed: {reason}");
    }
    for (what, why) in NOT_IN_SCRIPTS {
        println!("not in scripts: {what}: {why}");
    }
}
