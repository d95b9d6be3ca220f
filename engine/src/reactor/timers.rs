//! Deadlines of sessions and listeners, earliest first.
//!
//! An entry is a hint: whoever it names compares it with the deadline it holds now, so a deadline is moved by
//! adding another entry, and never searched for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ringmq_driver::{Time, Token};

/// A heap of deadlines.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Time, u64)>>,
}

impl Timers {
    /// Notes that the holder of `token` wants to be called at `at`.
    pub(crate) fn add(&mut self, at: Time, token: Token) {
        self.heap.push(Reverse((at, token.0)));
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Time> {
        self.peek().map(|(at, _)| at)
    }

    /// The earliest deadline and who noted it.
    pub(crate) fn peek(&self) -> Option<(Time, Token)> {
        let Reverse((at, token)) = self.heap.peek()?;
        Some((*at, Token(*token)))
    }

    /// Drops the earliest deadline: nobody holds it any more.
    pub(crate) fn discard_next(&mut self) {
        self.heap.pop();
    }

    /// Takes one deadline that has come.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Time, Token)> {
        if self.next()? > now {
            return None;
        }
        self.heap
            .pop()
            .map(|Reverse((at, token))| (at, Token(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_not_early() {
        let mut timers = Timers::default();
        timers.add(Time::from_nanos(20), Token(2));
        timers.add(Time::from_nanos(10), Token(1));
        assert_eq!(timers.pop_due(Time::from_nanos(9)), None);
        assert_eq!(timers.next(), Some(Time::from_nanos(10)));
        assert_eq!(
            timers.pop_due(Time::from_nanos(30)).map(|due| due.1),
            Some(Token(1))
        );
        assert_eq!(
            timers.pop_due(Time::from_nanos(30)).map(|due| due.1),
            Some(Token(2))
        );
        assert_eq!(timers.pop_due(Time::from_nanos(30)), None);
    }
}
