//! PUB and SUB, XPUB and XSUB: each subscriber gets an unrepeated run of what it subscribed to, without gaps except those
//! that are counted; and whatever broke, all subscriptions hold in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::tap::Passage;
use super::troupe::{Account, HUB, Plan, Troupe};
use crate::message::{Message, Multipart};
use crate::socket::SocketType;

/// What is subscribed to: each a prefix of others, of some messages, or of none.
const TOPICS: [&str; 5] = ["", "t", "t1", "t12", "x"];
/// What messages start with.
const NAMES: [&str; 4] = ["t", "t12z", "x1", "y"];
/// Of the publisher. Subscribers' own messages are stamped with their place and this: no frame begins with 0 or 1.
const PUBLISHER: u8 = 50;
const UPSTREAM: u8 = 100;

struct Stage {
    troupe: Troupe,
    /// XPUB and XSUB, which also talk the other way.
    extended: bool,
    /// How often each peer subscribed to each topic, by its place.
    wanted: Vec<BTreeMap<&'static str, u32>>,
    accounts: Vec<Account>,
    /// How many messages each has sent.
    sent: Vec<u32>,
    /// Copies that subscribers were to get.
    expected: u64,
    /// What XPUB was told is subscribed to.
    told: BTreeSet<String>,
}

/// Plays one seed; returns how many messages were delivered.
pub(super) fn play(plan: &Plan, extended: bool) -> u64 {
    let (hub, peer) = if extended {
        (SocketType::XPub, SocketType::XSub)
    } else {
        (SocketType::Pub, SocketType::Sub)
    };
    let members = plan.peers + 1;
    let mut stage = Stage {
        troupe: Troupe::new(plan, hub, peer, Passage::to_many()),
        extended,
        wanted: vec![BTreeMap::new(); members],
        accounts: (0..members).map(|_| Account::new(plan)).collect(),
        sent: vec![0; members],
        expected: 0,
        told: BTreeSet::new(),
    };
    for peer in 1..members {
        for _ in 0..stage.troupe.dice.below(4) {
            stage.subscribe(peer);
        }
    }
    stage.troupe.meet();
    if !plan.breaks {
        stage.until_quiet();
    }
    for _ in 0..4 * plan.messages {
        stage.troupe.step();
        if plan.breaks && stage.troupe.dice.chance(200) {
            stage.change_a_subscription();
        }
        stage.publish_a_little();
        stage.hear_a_little();
    }
    stage.troupe.calm_down();
    stage.until_quiet();
    if !plan.breaks {
        stage.check_counts();
    }
    stage.check_subscriptions();
    stage.troupe.check_passage();
    stage.accounts.iter().map(Account::messages).sum()
}

impl Stage {
    fn subscribe(&mut self, peer: usize) {
        let topic = TOPICS[self.troupe.dice.below(5) as usize];
        *self.wanted[peer].entry(topic).or_default() += 1;
        if self.extended {
            self.ask(peer, 1, topic);
        } else {
            let socket = self.troupe.socket(peer);
            socket.subscribe(topic).expect("a SUB subscribes");
        }
    }

    fn ask(&mut self, peer: usize, byte: u8, topic: &str) {
        let message = [&[byte], topic.as_bytes()].concat();
        let taken = self.troupe.offer(peer, Multipart::from_iter([message]));
        assert!(taken, "XSUB never waits");
    }

    fn change_a_subscription(&mut self) {
        let peer = 1 + self.troupe.dice.below(self.troupe.plan.peers as u32) as usize;
        let Some((topic, _)) = self.wanted[peer].first_key_value() else {
            return self.subscribe(peer);
        };
        if self.troupe.dice.chance(500) {
            return self.subscribe(peer);
        }
        let topic = *topic;
        let count = self.wanted[peer].remove(topic).expect("it is there");
        if count > 1 {
            self.wanted[peer].insert(topic, count - 1);
        }
        if self.extended {
            self.ask(peer, 0, topic);
        } else {
            let socket = self.troupe.socket(peer);
            socket.unsubscribe(topic).expect("a SUB subscribes");
        }
    }

    fn wants(&self, peer: usize, name: &str) -> bool {
        let mut topics = self.wanted[peer].keys();
        topics.any(|topic| name.starts_with(topic))
    }

    fn publish(&mut self, name: &'static str) {
        let message = self.troupe.plan.message(PUBLISHER, self.sent[HUB]);
        self.sent[HUB] += 1;
        let frames = std::iter::once(Message::from(name)).chain(message.into_frames());
        let taken = self.troupe.offer(HUB, Multipart::from_iter(frames));
        assert!(taken, "a publisher never waits");
        let peers = 1..=self.troupe.plan.peers;
        self.expected += peers.filter(|peer| self.wants(*peer, name)).count() as u64;
    }

    fn publish_a_little(&mut self) {
        for _ in 0..self.troupe.dice.below(4) {
            let name = NAMES[self.troupe.dice.below(4) as usize];
            self.publish(name);
        }
        if self.extended && self.troupe.dice.chance(300) {
            let peer = 1 + self.troupe.dice.below(self.troupe.plan.peers as u32) as usize;
            let sender = UPSTREAM + peer as u8;
            let message = self.troupe.plan.message(sender, self.sent[peer]);
            self.sent[peer] += 1;
            assert!(self.troupe.offer(peer, message), "XSUB never waits");
        }
    }

    fn hear_a_little(&mut self) {
        for index in 0..self.accounts.len() {
            if self.troupe.dice.chance(600) {
                for _ in 0..self.troupe.dice.below(8) {
                    self.hear(index);
                }
            }
        }
    }

    /// Receives one message. Returns whether there was one.
    fn hear(&mut self, index: usize) -> bool {
        if index == HUB {
            return self.extended && self.hear_upstream();
        }
        let Some(message) = self.troupe.hear(index) else {
            return false;
        };
        let name = String::from_utf8_lossy(&message[0]).into_owned();
        assert!(
            self.extended || self.wants(index, &name),
            "{index} did not subscribe to {name}"
        );
        let (sender, _) = self.accounts[index].note(&message[1..], &self.troupe.plan);
        assert_eq!(sender, PUBLISHER);
        true
    }

    fn hear_upstream(&mut self) -> bool {
        let Some(message) = self.troupe.hear(HUB) else {
            return false;
        };
        let topic = String::from_utf8_lossy(&message[0][1..]).into_owned();
        match message[0][0] {
            1 => assert!(self.told.insert(topic), "it was told already"),
            0 => assert!(self.told.remove(&topic), "nobody had subscribed to it"),
            _ => {
                self.accounts[HUB].note(&message, &self.troupe.plan);
            }
        }
        true
    }

    fn until_quiet(&mut self) {
        self.troupe.liven();
        while !self.troupe.is_quiet() {
            self.troupe.step();
            for index in 0..self.accounts.len() {
                while self.hear(index) {
                    self.troupe.liven();
                }
            }
            // A publisher looks for subscriptions when it is used.
            self.troupe.socket(HUB).readiness();
        }
    }

    /// Without broken connections only what had no room is missing, both ways.
    fn check_counts(&mut self) {
        let full = self.troupe.counted(HUB).dropped_full;
        let delivered: u64 = self.accounts[1..].iter().map(Account::messages).sum();
        assert_eq!(delivered + full, self.expected, "{full} had no room");
        let sent: u64 = self.sent[1..].iter().map(|sent| u64::from(*sent)).sum();
        let full: u64 = (1..self.sent.len())
            .map(|peer| self.troupe.counted(peer).dropped_full)
            .sum();
        assert_eq!(self.accounts[HUB].messages() + full, sent);
    }

    /// All is connected and quiet: whoever subscribed gets what is sent now, and nobody else.
    fn check_subscriptions(&mut self) {
        let mut wanted = BTreeSet::new();
        for peer in &self.wanted {
            wanted.extend(peer.keys().map(|topic| (*topic).to_owned()));
        }
        let known = self.troupe.socket(HUB).subscriptions();
        assert_eq!(known.expect("a publisher has some").topics, wanted.len());
        if self.extended {
            assert_eq!(self.told, wanted);
        }
        for name in NAMES {
            let before: Vec<u64> = self.accounts.iter().map(Account::messages).collect();
            self.publish(name);
            let peers = 1..=self.troupe.plan.peers;
            let due: Vec<u64> = peers
                .map(|peer| before[peer] + u64::from(self.wants(peer, name)))
                .collect();
            let heard = |stage: &Self| -> Vec<u64> {
                stage.accounts[1..].iter().map(Account::messages).collect()
            };
            while heard(self) != due {
                self.troupe.step();
                for peer in 1..self.accounts.len() {
                    while self.hear(peer) {}
                }
            }
        }
    }
}
