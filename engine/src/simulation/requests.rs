//! REQ and REP: strictly a request, then its reply; each is answered, or the connection broke.

use super::tap::Passage;
use super::troupe::{Account, HUB, Plan, Troupe};
use crate::socket::{SocketType, TryRecvError};

/// Replies are stamped with the asker and this.
const REPLY: u8 = 100;
/// A relaxed REQ asks anew after so many steps without a reply.
const PATIENCE: u32 = 40;

/// One REQ.
#[derive(Clone, Copy, Debug, Default)]
struct Asker {
    index: usize,
    next: u32,
    /// The number of the request whose reply is awaited.
    awaited: Option<u32>,
    waited: u32,
    answered: u32,
}

struct Stage {
    troupe: Troupe,
    askers: Vec<Asker>,
    repliers: Vec<usize>,
    accounts: Vec<Account>,
    accepted: u64,
    relaxed: bool,
    correlates: bool,
}

/// Plays one seed; returns how many messages were delivered.
pub(super) fn play(plan: &Plan) -> u64 {
    let mut dice = plan.dice();
    let hub_asks = dice.chance(300);
    let relaxed = plan.breaks && dice.chance(500);
    let correlates = dice.chance(500);
    let (hub, peer) = if hub_asks {
        (SocketType::Req, SocketType::Rep)
    } else {
        (SocketType::Rep, SocketType::Req)
    };
    let mut troupe = Troupe::new(plan, hub, peer, Passage::default());
    let (askers, repliers): (Vec<usize>, Vec<usize>) =
        (0..=plan.peers).partition(|index| (*index == HUB) == hub_asks);
    for index in &askers {
        let socket = troupe.socket(*index);
        socket.set_request_relaxed(relaxed).expect("it is a REQ");
        socket
            .set_request_correlate(correlates)
            .expect("it is a REQ");
    }
    troupe.meet();
    let mut stage = Stage {
        troupe,
        askers: askers
            .into_iter()
            .map(|index| Asker {
                index,
                ..Asker::default()
            })
            .collect(),
        repliers,
        accounts: (0..=plan.peers).map(|_| Account::new(plan)).collect(),
        accepted: 0,
        relaxed,
        correlates,
    };
    stage.talk();
    let delivered = stage.accounts.iter().map(Account::messages).sum();
    stage.troupe.settle(stage.accepted, delivered);
    delivered
}

impl Stage {
    fn talk(&mut self) {
        while !self.troupe.is_quiet() {
            self.troupe.step();
            let mut said = false;
            for place in 0..self.askers.len() {
                said |= self.ask_or_hear(place);
            }
            for place in 0..self.repliers.len() {
                said |= self.reply(self.repliers[place]);
            }
            if said {
                self.troupe.liven();
            }
        }
        for asker in &self.askers {
            let all = asker.answered == self.troupe.plan.messages;
            assert!(all || self.troupe.plan.breaks, "unanswered: {asker:?}");
        }
    }

    fn ask_or_hear(&mut self, place: usize) -> bool {
        let asker = self.askers[place];
        let Some(awaited) = asker.awaited else {
            let too_early = self.troupe.socket(asker.index).try_recv();
            assert!(matches!(too_early, Err(TryRecvError::OutOfTurn)));
            return self.ask(place);
        };
        if let Some(reply) = self.troupe.hear(asker.index) {
            let (sender, sequence) = self.accounts[asker.index].note(&reply, &self.troupe.plan);
            assert_eq!(
                sender,
                REPLY + asker.index as u8,
                "a reply to somebody else"
            );
            if self.relaxed && !self.correlates {
                assert!(sequence <= awaited, "a reply to what was never asked");
            } else {
                assert_eq!(sequence, awaited, "a reply to another request");
            }
            let asker = &mut self.askers[place];
            asker.awaited = None;
            asker.answered += 1;
            return true;
        }
        self.askers[place].waited += 1;
        if self.relaxed && asker.waited > PATIENCE {
            return self.ask(place);
        }
        if !self.relaxed && self.troupe.dice.chance(100) {
            let again = self.troupe.plan.message(asker.index as u8, asker.next);
            assert!(!self.troupe.offer(asker.index, again), "two requests");
        }
        false
    }

    fn ask(&mut self, place: usize) -> bool {
        let Asker { index, next, .. } = self.askers[place];
        if next == self.troupe.plan.messages {
            return false;
        }
        let request = self.troupe.plan.message(index as u8, next);
        if !self.troupe.offer(index, request) {
            return false;
        }
        self.accepted += 1;
        let asker = &mut self.askers[place];
        asker.awaited = Some(next);
        asker.next += 1;
        asker.waited = 0;
        true
    }

    fn reply(&mut self, index: usize) -> bool {
        if self.troupe.dice.chance(400) {
            return false;
        }
        let Some(request) = self.troupe.hear(index) else {
            return false;
        };
        let (sender, sequence) = self.accounts[index].note(&request, &self.troupe.plan);
        let too_early = self.troupe.socket(index).try_recv();
        assert!(matches!(too_early, Err(TryRecvError::OutOfTurn)));
        let reply = self.troupe.plan.message(REPLY + sender, sequence);
        assert!(self.troupe.offer(index, reply), "REP never waits");
        self.accepted += 1;
        true
    }
}
