//! One message to and fro: the sender's number must come back before it sends the next.
//!
//! ```text
//!   sender    PUSH ----------> PULL    receiver
//!             PULL <---------- PUSH
//! ```

use hdrhistogram::Histogram;

use super::flow::{receive_numbers, send_numbers};
use super::{Inlet, Outlet, PeerError, Sockets};
use crate::clock;
use crate::exchange::{Exchange, Opening, Order, Percentiles, Reply, Role, RoundTrips};
use crate::usage::Usage;

/// The number of the message that ends the round trips. No run gets that far.
const LAST: u64 = u64::MAX - 1;

/// The longest round trip told apart from longer ones.
const ROUND_TRIP_MAX_NS: u64 = 60_000_000_000;

/// Either part of the exchange; they differ only in who starts.
pub(super) fn run<S: Sockets>(
    role: Role,
    mut sockets: S,
    opening: &Opening,
    exchange: &mut Exchange<'_>,
) -> Result<(), PeerError> {
    let (mut inlet, endpoint) = sockets.bind(&opening.endpoint)?;
    exchange.reply(&Reply::Opened {
        endpoint: Some(endpoint),
        ran: sockets.ran(),
    })?;
    let mut outlet = match exchange.order()? {
        Order::Connect(endpoint) => sockets.connect(&endpoint)?,
        other => return Err(PeerError::out_of_turn(&other)),
    };
    exchange.reply(&Reply::Connected)?;
    let round_trips = match exchange.order()? {
        Order::RoundTrips(round_trips) => round_trips,
        other => return Err(PeerError::out_of_turn(&other)),
    };

    let mut message = opening.message();
    match role {
        Role::Sender => {
            let pinged = ping(&mut outlet, &mut inlet, &mut message, round_trips)?;
            exchange.reply(&pinged)
        }
        Role::Receiver => {
            let used = echo(&mut outlet, &mut inlet, &mut message, round_trips)?;
            // The last answer may still wait to be sent: sockets stay open until it has arrived.
            match exchange.order()? {
                Order::Report => exchange.reply(&Reply::Used(used)),
                other => Err(PeerError::out_of_turn(&other)),
            }
        }
    }
}

/// Starts each round trip and records how long it took.
fn ping(
    outlet: &mut impl Outlet,
    inlet: &mut impl Inlet,
    message: &mut [u8],
    round_trips: RoundTrips,
) -> Result<Reply, PeerError> {
    let mut histogram = Histogram::<u64>::new_with_max(ROUND_TRIP_MAX_NS, 3)
        .expect("three digits and a minute are within the histogram's limits");
    for number in 0..round_trips.warm_up {
        send_numbers(outlet, message, number..number + 1)?;
        receive_numbers(inlet, message, number..number + 1)?;
    }

    let before = Usage::of_this_process();
    let start = clock::now();
    let mut last = start;
    let mut number = round_trips.warm_up;
    while histogram.len() < round_trips.count_max && last - start < round_trips.time_max {
        send_numbers(outlet, message, number..number + 1)?;
        receive_numbers(inlet, message, number..number + 1)?;
        let now = clock::now();
        let round_trip_ns = u64::try_from((now - last).as_nanos()).unwrap_or(ROUND_TRIP_MAX_NS);
        histogram.saturating_record(round_trip_ns);
        last = now;
        number += 1;
    }
    let used = Usage::of_this_process() - before;
    send_numbers(outlet, message, LAST..LAST + 1)?;
    receive_numbers(inlet, message, LAST..LAST + 1)?;
    Ok(Reply::Pinged {
        one_way: one_way(&histogram),
        used,
    })
}

/// Answers each round trip with the message it got.
fn echo(
    outlet: &mut impl Outlet,
    inlet: &mut impl Inlet,
    message: &mut [u8],
    round_trips: RoundTrips,
) -> Result<Usage, PeerError> {
    let mut before = Usage::of_this_process();
    for number in 0.. {
        if number == round_trips.warm_up {
            before = Usage::of_this_process();
        }
        let received = inlet.receive(message)?;
        if received != message.len() {
            return Err(PeerError::WrongLength {
                expected: message.len(),
                received,
            });
        }
        let (front, _) = message
            .split_first_chunk()
            .expect("a message holds its number");
        let received = u64::from_le_bytes(*front);
        if received != number && received != LAST {
            return Err(PeerError::WrongNumber {
                expected: number,
                received,
            });
        }
        outlet.send(message)?;
        if received == LAST {
            break;
        }
    }
    Ok(Usage::of_this_process() - before)
}

fn one_way(round_trips: &Histogram<u64>) -> Percentiles {
    let half = |quantile| round_trips.value_at_quantile(quantile) as f64 / 2.0;
    Percentiles {
        count: round_trips.len(),
        p50_ns: half(0.5),
        p99_ns: half(0.99),
        p999_ns: half(0.999),
        max_ns: round_trips.max() as f64 / 2.0,
    }
}
