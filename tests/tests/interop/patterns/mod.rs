//! All legal pairs of socket types x transports x makers x who binds, one table for each driver.
//!
//! Each cell has sockets of its own. It sends every content and 1 000 numbered small messages each way that the pattern
//! allows; the receiver must see just that, in that order, and our ends must have dropped nothing. How the two ends of a
//! pair talk stands in `talk.rs`.

mod talk;

use ringmq::DriverChoice;
use ringmq::SocketType::{self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, XPub, XSub};

use super::peers::{End, Maker, Makers};
use super::stage::{self, Place, TRANSPORTS};
use talk::Talk;

/// The end that speaks first, and the other one.
const PAIRS: [(SocketType, SocketType); 12] = [
    (Pub, Sub),
    (XPub, Sub),
    (Pub, XSub),
    (XPub, XSub),
    (Req, Rep),
    (Req, Router),
    (Dealer, Rep),
    (Dealer, Dealer),
    (Dealer, Router),
    (Router, Router),
    (Push, Pull),
    (Pair, Pair),
];

/// Whose each end is, and which end binds.
#[derive(Clone, Copy, Debug)]
struct Pairing {
    first: Maker,
    second: Maker,
    first_binds: bool,
}

const fn pairing(first: Maker, second: Maker, first_binds: bool) -> Pairing {
    Pairing {
        first,
        second,
        first_binds,
    }
}

const PAIRINGS: [Pairing; 6] = [
    pairing(Maker::Ours, Maker::Ours, true),
    pairing(Maker::Ours, Maker::Ours, false),
    pairing(Maker::Ours, Maker::Libzmq, true),
    pairing(Maker::Ours, Maker::Libzmq, false),
    pairing(Maker::Libzmq, Maker::Ours, true),
    pairing(Maker::Libzmq, Maker::Ours, false),
];

/// 12 pairs, each in all pairings: two equal types speak in the same order whoever of them began, but are not spared
/// the turn, because the end that binds and the one that connects differ.
const CELLS: usize = PAIRS.len() * PAIRINGS.len() * TRANSPORTS.len();

fn exchange(
    makers: &Makers,
    pair: (SocketType, SocketType),
    pairing: Pairing,
    transport: &str,
) -> Result<(), String> {
    let place = Place::new(transport);
    let mut talk = Talk {
        pair,
        first: makers.socket(pairing.first, pair.0),
        second: makers.socket(pairing.second, pair.1),
        first_binds: pairing.first_binds,
    };
    talk.prepare()?;
    let (binding, connecting) = talk.by_role();
    let bound = binding.bind(place.text())?;
    connecting.connect(&bound)?;
    talk.introduce()?;
    talk.hold()?;
    for end in [&mut talk.first, &mut talk.second] {
        if end.has_more() {
            return Err("a message came that was not sent".to_owned());
        }
        dropped_nothing(end)?;
    }
    Ok(())
}

/// An end of ours counts no drop and no error.
fn dropped_nothing(end: &End) -> Result<(), String> {
    let End::Ours(socket) = end else {
        return Ok(());
    };
    let counts = socket.statistics();
    let dropped = counts.dropped_half_sent
        + counts.dropped_linger
        + counts.dropped_peer_gone
        + counts.dropped_unfinished
        + counts.dropped_full
        + counts.dropped_unroutable
        + counts.dropped_unexpected
        + counts.dropped_not_read;
    if dropped != 0 || counts.protocol_errors != 0 || counts.connections != 1 {
        return Err(format!("one end counts {counts:?}"));
    }
    Ok(())
}

fn all_cells(driver: DriverChoice) {
    let makers = Makers {
        ours: stage::context(driver),
        libzmq: zmq::Context::new(),
    };
    let (mut passed, mut failed) = (0, Vec::new());
    for pair in PAIRS {
        for pairing in PAIRINGS {
            for transport in TRANSPORTS {
                match exchange(&makers, pair, pairing, transport) {
                    Ok(()) => passed += 1,
                    Err(error) => failed.push(format!(
                        "{driver:?} {transport} {pair:?} {pairing:?}: {error}"
                    )),
                }
            }
        }
    }
    println!("all patterns on the {driver:?}: {passed} of {CELLS} cells passed");
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(passed, CELLS, "the table lost cells");
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
#[test]
fn every_legal_pair_of_types_delivers_everything_in_order_on_the_ring() {
    all_cells(DriverChoice::Ring);
}

#[test]
fn every_legal_pair_of_types_delivers_everything_in_order_on_the_shim() {
    all_cells(DriverChoice::Shim);
}
