//! PUSH to PULL: transports x makers x who binds x contents, one table for each driver.
//!
//! Each cell has sockets of its own. It sends its content, 1 000 numbered small messages, and its content again; the
//! receiver must see just that, in that order.

use std::thread;

use ringmq::DriverChoice;

use super::content::{CONTENTS, Content, Frames, numbered};
use super::peers::{End, Maker, Makers};
use super::stage::{self, Place, TRANSPORTS};

const NUMBERED_MESSAGES: u32 = 1_000;

/// Who is at each end and which end binds.
#[derive(Clone, Copy, Debug)]
struct Pairing {
    push: Maker,
    pull: Maker,
    push_binds: bool,
}

const PAIRINGS: &[Pairing] = &[
    pairing(Maker::Ours, Maker::Ours, true),
    pairing(Maker::Ours, Maker::Ours, false),
    pairing(Maker::Ours, Maker::Libzmq, true),
    pairing(Maker::Ours, Maker::Libzmq, false),
    pairing(Maker::Libzmq, Maker::Ours, true),
    pairing(Maker::Libzmq, Maker::Ours, false),
];

const fn pairing(push: Maker, pull: Maker, push_binds: bool) -> Pairing {
    Pairing {
        push,
        pull,
        push_binds,
    }
}

fn messages(content: Content) -> Vec<Frames> {
    let small = (0..NUMBERED_MESSAGES).map(numbered);
    let mut all = vec![content.frames()];
    all.extend(small);
    all.push(content.frames());
    all
}

fn exchange(
    makers: &Makers,
    pairing: Pairing,
    transport: &str,
    content: Content,
) -> Result<(), String> {
    let place = Place::new(transport);
    let mut push = makers.push(pairing.push);
    let mut pull = makers.pull(pairing.pull);
    if pairing.push_binds {
        let bound = push.bind(place.text())?;
        pull.connect(&bound)?;
    } else {
        let bound = pull.bind(place.text())?;
        push.connect(&bound)?;
    }
    let expected = messages(content);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for message in messages(content) {
                push.send(message)?;
            }
            Ok::<(), String>(())
        });
        for (place, expected) in expected.iter().enumerate() {
            let received = pull
                .recv()
                .map_err(|error| format!("message {place}: {error}"))?;
            if received != *expected {
                return Err(format!("message {place} differs"));
            }
        }
        sender.join().expect("sending does not panic")
    })?;
    if pull.has_more() {
        return Err("a message came that was not sent".to_owned());
    }
    nothing_was_dropped(&push, &pull, expected.len() as u64)
}

/// The counts of our own ends agree with what crossed.
fn nothing_was_dropped(push: &End, pull: &End, messages: u64) -> Result<(), String> {
    if let End::Ours(push) = push {
        let counts = push.statistics();
        let dropped = counts.dropped_half_sent
            + counts.dropped_linger
            + counts.dropped_peer_gone
            + counts.dropped_unfinished;
        if counts.messages_sent != messages || dropped != 0 || counts.protocol_errors != 0 {
            return Err(format!("the sender counts {counts:?}"));
        }
    }
    if let End::Ours(pull) = pull {
        let counts = pull.statistics();
        if counts.messages_received != messages || counts.protocol_errors != 0 {
            return Err(format!("the receiver counts {counts:?}"));
        }
    }
    Ok(())
}

fn all_cells(driver: DriverChoice) {
    const CELLS: usize = 2 * 6 * 9;
    let makers = Makers {
        ours: stage::context(driver),
        libzmq: zmq::Context::new(),
    };
    let (mut passed, mut failed) = (0, Vec::new());
    for transport in TRANSPORTS {
        for pairing in PAIRINGS {
            for content in CONTENTS {
                match exchange(&makers, *pairing, transport, *content) {
                    Ok(()) => passed += 1,
                    Err(error) => failed.push(format!(
                        "{driver:?} {transport} {pairing:?} {content:?}: {error}"
                    )),
                }
            }
        }
    }
    println!("push-pull on the {driver:?}: {passed} cells passed");
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(passed, CELLS, "the table lost cells");
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
#[test]
fn every_push_pull_cell_delivers_everything_in_order_on_the_ring() {
    all_cells(DriverChoice::Ring);
}

#[test]
fn every_push_pull_cell_delivers_everything_in_order_on_the_shim() {
    all_cells(DriverChoice::Shim);
}
