//! Sockets of one context that close at every moment: each message is received, or counted once, and nothing stays.

use std::sync::{Arc, Barrier, Weak};
use std::thread;
use std::time::Duration;

use super::{DRIVERS, context};
use crate::Statistics;
use crate::socket::{Socket, SocketShared};
use crate::{Context, SocketType};

const NAME: &str = "inproc://moments";

/// Whose counts are kept although the socket is gone.
struct Account(Vec<Arc<SocketShared>>);

impl Account {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn dealer(&mut self, context: &Context, linger: Option<Duration>) -> Socket {
        let mut dealer = context.socket(SocketType::Dealer).unwrap();
        dealer.set_linger(linger).unwrap();
        self.0.push(dealer.shared());
        dealer
    }

    /// Checks that all sockets together received what they sent, but for what they counted, and that nobody else knows
    /// of them. Their context is gone.
    fn settle(self, what: &str) -> u64 {
        let sum = |count: fn(&Statistics) -> u64| -> u64 {
            let counts = self.0.iter().map(|shared| shared.counters.snapshot());
            counts.map(|statistics| count(&statistics)).sum()
        };
        let sent = sum(|counts| counts.messages_sent);
        let received = sum(|counts| counts.messages_received);
        let dropped =
            sum(|counts| counts.dropped_closed + counts.dropped_peer_gone + counts.dropped_linger);
        assert_eq!(sent, received + dropped, "{what}: {received} received");
        let left: Vec<Weak<SocketShared>> = self.0.iter().map(Arc::downgrade).collect();
        drop(self.0);
        for socket in left {
            assert_eq!(socket.strong_count(), 0, "{what}: a socket leaks");
        }
        sent
    }
}

/// What the two sockets do in turn. A socket that is gone does nothing.
type Step = fn(connector: Option<&mut Socket>, binder: Option<&mut Socket>);

fn send(socket: Option<&mut Socket>, count: usize) {
    if let Some(socket) = socket {
        for _ in 0..count {
            // Without a peer it comes back, and is not counted as sent.
            drop(socket.try_send("x"));
        }
    }
}

fn receive(socket: Option<&mut Socket>) {
    drop(socket.map(Socket::try_recv));
}

const CONNECT: Step = |connector, _| {
    if let Some(connector) = connector {
        connector.connect(NAME).unwrap();
        send(Some(connector), 3);
    }
};
const BIND: Step = |_, binder| {
    if let Some(binder) = binder {
        drop(binder.bind(NAME).unwrap());
    }
};
const TALK: [Step; 8] = [
    |_, binder| send(binder, 1),
    |_, binder| receive(binder),
    |connector, _| send(connector, 2),
    |connector, _| receive(connector),
    |_, binder| send(binder, 2),
    |_, binder| receive(binder),
    |connector, _| {
        if let Some(connector) = connector {
            connector.disconnect(NAME).unwrap_or_default();
        }
    },
    |_, binder| send(binder, 1),
];

/// Which socket closes, before which step, and for how long it lingers.
#[derive(Clone, Copy, Debug)]
struct Moment {
    before_step: usize,
    binder_closes: bool,
    linger: Option<Duration>,
}

fn close_at(moment: Moment, steps: &[Step], context: Context) -> u64 {
    let mut account = Account::new();
    let mut connector = Some(account.dealer(&context, moment.linger));
    let mut binder = Some(account.dealer(&context, moment.linger));
    for (number, step) in steps.iter().enumerate() {
        if number == moment.before_step {
            let closes = if moment.binder_closes {
                &mut binder
            } else {
                &mut connector
            };
            drop(closes.take());
        }
        step(connector.as_mut(), binder.as_mut());
    }
    drop((connector, binder, context));
    account.settle(&format!("{moment:?}"))
}

fn moments(steps: usize) -> impl Iterator<Item = Moment> {
    let lingers = [None, Some(Duration::ZERO)];
    (0..4 * (steps + 1)).map(move |number| Moment {
        before_step: number / 4,
        binder_closes: number % 2 == 0,
        linger: lingers[number / 2 % 2],
    })
}

#[test]
fn whichever_side_closes_at_whatever_moment_each_message_is_received_or_counted() {
    let mut sent = 0;
    for driver in DRIVERS {
        for start in [[CONNECT, BIND], [BIND, CONNECT]] {
            let steps: Vec<Step> = start.into_iter().chain(TALK).collect();
            for moment in moments(steps.len()) {
                sent += close_at(moment, &steps, context(*driver));
            }
        }
    }
    assert!(sent > 0);
}

#[test]
fn sockets_that_close_in_two_threads_at_once_lose_nothing_uncounted() {
    const ROUNDS: usize = 300;
    let mut sent = 0;
    for driver in DRIVERS {
        for round in 0..ROUNDS {
            let context = context(*driver);
            let mut account = Account::new();
            let linger = round.is_multiple_of(2).then_some(Duration::ZERO);
            let mut connector = account.dealer(&context, linger);
            let mut binder = account.dealer(&context, linger);
            let start = Arc::new(Barrier::new(2));
            let other = Arc::clone(&start);
            let binding = thread::spawn(move || {
                other.wait();
                binder.bind(NAME).unwrap();
                for _ in 0..round % 7 {
                    send(Some(&mut binder), 2);
                    receive(Some(&mut binder));
                }
            });
            start.wait();
            connector.connect(NAME).unwrap();
            for _ in 0..round % 5 {
                send(Some(&mut connector), 3);
                receive(Some(&mut connector));
            }
            drop(connector);
            binding.join().unwrap();
            drop(context);
            sent += account.settle(&format!("round {round}"));
        }
    }
    assert!(sent > 0);
}
