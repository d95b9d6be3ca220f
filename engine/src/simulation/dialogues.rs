//! PAIR, DEALER and ROUTER: everybody talks whenever it has room, and each message is accounted for, both ways.

use super::tap::Passage;
use super::troupe::{Account, HUB, Plan, Troupe};
use crate::message::{Message, Multipart};
use crate::socket::SocketType;

/// Who talks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialogue {
    Pairs,
    Dealers,
    /// A ROUTER answers each message that it gets, to whom it came from.
    RouterEchoes,
}

struct Stage {
    dialogue: Dialogue,
    troupe: Troupe,
    accounts: Vec<Account>,
    /// How many messages each has sent.
    sent: Vec<u32>,
    accepted: u64,
}

/// Plays one seed; returns how many messages were delivered.
pub(super) fn play(mut plan: Plan, dialogue: Dialogue) -> u64 {
    let (hub, peer) = match dialogue {
        Dialogue::Pairs => {
            plan.peers = 1;
            (SocketType::Pair, SocketType::Pair)
        }
        Dialogue::Dealers => (SocketType::Dealer, SocketType::Dealer),
        Dialogue::RouterEchoes => (SocketType::Router, SocketType::Dealer),
    };
    let mut troupe = Troupe::new(&plan, hub, peer, Passage::default());
    if dialogue == Dialogue::RouterEchoes {
        choose_options(&mut troupe);
    }
    troupe.meet();
    let members = 0..=plan.peers;
    let mut stage = Stage {
        dialogue,
        troupe,
        accounts: members.clone().map(|_| Account::new(&plan)).collect(),
        sent: vec![0; plan.peers + 1],
        accepted: 0,
    };
    while !stage.is_all_sent() {
        stage.troupe.step();
        for index in members.clone() {
            stage.say_a_little(index);
            stage.hear_a_little(index);
        }
    }
    stage.troupe.calm_down();
    stage.listen();
    let delivered = stage.accounts.iter().map(Account::messages).sum();
    stage.troupe.settle(stage.accepted, delivered);
    delivered
}

fn choose_options(troupe: &mut Troupe) {
    if troupe.dice.chance(500) {
        let handover = troupe.dice.chance(500);
        let hub = troupe.socket(HUB);
        hub.set_router_handover(handover).expect("it is a ROUTER");
        for peer in 1..=troupe.plan.peers {
            let socket = troupe.socket(peer);
            socket
                .set_routing_id(format!("peer {peer}"))
                .expect("a DEALER has one");
        }
    }
    let mandatory = troupe.dice.chance(500);
    let hub = troupe.socket(HUB);
    hub.set_router_mandatory(mandatory).expect("it is a ROUTER");
}

impl Stage {
    fn begins(&self, index: usize) -> bool {
        index != HUB || self.dialogue != Dialogue::RouterEchoes
    }

    fn is_all_sent(&self) -> bool {
        let mut sent = self.sent.iter().enumerate();
        sent.all(|(index, sent)| *sent >= self.troupe.plan.messages || !self.begins(index))
    }

    fn say_a_little(&mut self, index: usize) {
        if !self.begins(index) {
            return;
        }
        for _ in 0..self.troupe.dice.below(4) {
            if self.sent[index] >= self.troupe.plan.messages {
                return;
            }
            let message = self.troupe.plan.message(index as u8, self.sent[index]);
            if !self.troupe.offer(index, message) {
                return;
            }
            self.sent[index] += 1;
            self.accepted += 1;
        }
    }

    fn hear_a_little(&mut self, index: usize) {
        if self.troupe.dice.chance(600) {
            for _ in 0..self.troupe.dice.below(6) {
                if !self.hear(index) {
                    return;
                }
            }
        }
    }

    fn hear(&mut self, index: usize) -> bool {
        let Some(mut message) = self.troupe.hear(index) else {
            return false;
        };
        if self.begins(index) {
            self.accounts[index].note(&message, &self.troupe.plan);
        } else {
            let name = message.remove(0);
            let (sender, _) = self.accounts[index].note(&message, &self.troupe.plan);
            self.answer(name, sender);
        }
        true
    }

    /// The ROUTER's answer, which names whom it is for and is numbered for that one.
    fn answer(&mut self, name: Message, asker: u8) {
        assert!(usize::from(asker) <= self.troupe.plan.peers);
        let answer = self.troupe.plan.message(HUB as u8, self.sent[HUB]);
        let frames = std::iter::once(name).chain(answer.into_frames());
        if self.troupe.offer(HUB, Multipart::from_iter(frames)) {
            self.sent[HUB] += 1;
            self.accepted += 1;
        }
    }

    /// Everything that is under way arrives.
    fn listen(&mut self) {
        self.troupe.liven();
        while !self.troupe.is_quiet() {
            self.troupe.step();
            for index in 0..self.accounts.len() {
                while self.hear(index) {
                    self.troupe.liven();
                }
            }
        }
    }
}
