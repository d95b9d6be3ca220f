//! Messages one way: the sender numbers them, the receiver checks every number and keeps the time.

use super::{Inlet, Outlet, PeerError, Sockets};
use crate::clock;
use crate::exchange::{Exchange, Flow, Opening, Order, Reply, SEQUENCE_BYTES};
use crate::usage::Usage;

/// The sender's part of the exchange.
pub(super) fn send<S: Sockets>(
    mut sockets: S,
    opening: &Opening,
    exchange: &mut Exchange<'_>,
) -> Result<(), PeerError> {
    exchange.reply(&Reply::Opened {
        endpoint: None,
        ran: sockets.ran(),
    })?;
    let mut outlet = match exchange.order()? {
        Order::Connect(endpoint) => sockets.connect(&endpoint)?,
        other => return Err(PeerError::out_of_turn(&other)),
    };
    exchange.reply(&Reply::Connected)?;
    let flow = flow_order(exchange)?;

    let mut message = opening.message();
    send_numbers(&mut outlet, &mut message, 0..flow.warm_up)?;
    let before = Usage::of_this_process();
    send_numbers(
        &mut outlet,
        &mut message,
        flow.warm_up..flow.warm_up + flow.count,
    )?;

    // The last messages leave after the last call has returned, so the bill is made up on order.
    match exchange.order()? {
        Order::Report => exchange.reply(&Reply::Used(Usage::of_this_process() - before)),
        other => Err(PeerError::out_of_turn(&other)),
    }
}

/// The receiver's part of the exchange.
pub(super) fn receive<S: Sockets>(
    mut sockets: S,
    opening: &Opening,
    exchange: &mut Exchange<'_>,
) -> Result<(), PeerError> {
    let (mut inlet, endpoint) = sockets.bind(&opening.endpoint)?;
    exchange.reply(&Reply::Opened {
        endpoint: Some(endpoint),
        ran: sockets.ran(),
    })?;
    let flow = flow_order(exchange)?;

    let mut message = opening.message();
    receive_numbers(&mut inlet, &mut message, 0..flow.warm_up)?;
    let before = Usage::of_this_process();
    let start = clock::now();
    receive_numbers(
        &mut inlet,
        &mut message,
        flow.warm_up..flow.warm_up + flow.count,
    )?;
    let elapsed = start.elapsed();
    let used = Usage::of_this_process() - before;
    let elapsed_ns = u64::try_from(elapsed.as_nanos()).expect("a run lasts less than 584 years");
    exchange.reply(&Reply::Received { elapsed_ns, used })
}

fn flow_order(exchange: &mut Exchange<'_>) -> Result<Flow, PeerError> {
    match exchange.order()? {
        Order::Flow(flow) => Ok(flow),
        other => Err(PeerError::out_of_turn(&other)),
    }
}

/// Sends one message for each number, the number in front.
pub(super) fn send_numbers(
    outlet: &mut impl Outlet,
    message: &mut [u8],
    numbers: std::ops::Range<u64>,
) -> Result<(), PeerError> {
    for number in numbers {
        message[..SEQUENCE_BYTES].copy_from_slice(&number.to_le_bytes());
        outlet.send(message)?;
    }
    Ok(())
}

/// Receives one message for each number and checks its number and its length.
pub(super) fn receive_numbers(
    inlet: &mut impl Inlet,
    message: &mut [u8],
    numbers: std::ops::Range<u64>,
) -> Result<(), PeerError> {
    for number in numbers {
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
        if received != number {
            return Err(PeerError::WrongNumber {
                expected: number,
                received,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[derive(Default)]
    struct Queue(VecDeque<Vec<u8>>);

    impl Outlet for Queue {
        fn send(&mut self, message: &[u8]) -> Result<(), PeerError> {
            self.0.push_back(message.to_vec());
            Ok(())
        }
    }

    impl Inlet for Queue {
        fn receive(&mut self, message: &mut [u8]) -> Result<usize, PeerError> {
            let front = self
                .0
                .pop_front()
                .expect("the test asks for no more than was sent");
            let copied = front.len().min(message.len());
            message[..copied].copy_from_slice(&front[..copied]);
            Ok(front.len())
        }
    }

    fn sent(numbers: std::ops::Range<u64>) -> Queue {
        let mut queue = Queue::default();
        send_numbers(&mut queue, &mut [0; 16], numbers).unwrap();
        queue
    }

    #[test]
    fn what_was_sent_passes_the_check() {
        let mut queue = sent(3..1003);
        receive_numbers(&mut queue, &mut [0; 16], 3..1003).unwrap();
        assert!(queue.0.is_empty());
    }

    #[test]
    fn a_lost_message_is_found() {
        let mut queue = sent(0..10);
        queue.0.remove(4);
        let result = receive_numbers(&mut queue, &mut [0; 16], 0..9);
        assert!(matches!(
            result,
            Err(PeerError::WrongNumber {
                expected: 4,
                received: 5
            })
        ));
    }

    #[test]
    fn a_message_that_comes_twice_is_found() {
        let mut queue = sent(0..10);
        let twice = queue.0[2].clone();
        queue.0.insert(3, twice);
        let result = receive_numbers(&mut queue, &mut [0; 16], 0..11);
        assert!(matches!(
            result,
            Err(PeerError::WrongNumber {
                expected: 3,
                received: 2
            })
        ));
    }

    #[test]
    fn two_messages_that_change_places_are_found() {
        let mut queue = sent(0..10);
        queue.0.swap(7, 8);
        let result = receive_numbers(&mut queue, &mut [0; 16], 0..10);
        assert!(matches!(
            result,
            Err(PeerError::WrongNumber {
                expected: 7,
                received: 8
            })
        ));
    }

    #[test]
    fn a_message_that_was_cut_is_found() {
        let mut queue = sent(0..10);
        queue.0[5].pop();
        let result = receive_numbers(&mut queue, &mut [0; 16], 0..10);
        assert!(matches!(
            result,
            Err(PeerError::WrongLength {
                expected: 16,
                received: 15
            })
        ));
    }
}
