//! Draws scripts from seeds.
//!
//! Knows which types exist and which steps make sense together, and nothing of what they come to: the libraries say that.
//! What it leaves out on purpose, and why, is told in `allowed.rs`.

use ringmq::SocketType::{Dealer, Pair, Pub, Push, Rep, Req, Router, Sub, XPub, XSub};

use crate::random::Random;
use crate::script::{Family, Frame, Frames, NAMES, PLACES, SLOTS, Settings, Step};

/// Draws a script.
pub(crate) fn script(family: Family, seed: u64) -> Vec<Step> {
    let mut author = Author {
        family,
        random: Random(seed ^ ((family.first as u64) << 40) ^ ((family.second as u64) << 48)),
        open: [false; SLOTS],
        bound: Vec::new(),
        was_bound: [false; PLACES],
        connected: Vec::new(),
        messages: 0,
        roomy: false,
        marks: [0; SLOTS],
        steps: Vec::new(),
    };
    author.write();
    author.steps
}

const TOPICS: &[&str] = &["", "a", "ab", "abc", "b"];

enum Serving {
    Answer,
    Listen,
}

struct Author {
    family: Family,
    random: Random,
    open: [bool; SLOTS],
    bound: Vec<(usize, usize)>,
    was_bound: [bool; PLACES],
    connected: Vec<(usize, usize)>,
    messages: u32,
    /// Nobody ever reaches a mark.
    roomy: bool,
    marks: [u32; SLOTS],
    steps: Vec<Step>,
}

impl Author {
    fn write(&mut self) {
        self.roomy = self.random.one_in(3);
        self.begin();
        let steps = 12 + self.random.below(20);
        for _ in 0..steps {
            self.any_step();
        }
        for slot in 0..SLOTS {
            if self.open[slot] {
                self.steps.push(Step::Drain(slot));
                if !self.is_stranded(slot) {
                    self.steps.push(Step::Look(slot));
                }
            }
        }
    }

    /// One socket binds and one or two connect, in either order.
    fn begin(&mut self) {
        let place = self.random.below(PLACES);
        let (binder, first) = if place == 0 { (0, 2) } else { (2, 0) };
        self.open(binder);
        self.open(first);
        let second = self.random.one_in(2);
        if second {
            self.open(first + 1);
        }
        let early = self.random.one_in(2);
        if early {
            self.bind(binder, place);
        }
        self.connect(first, place);
        if !early {
            let early = self
                .random
                .below(if self.family.second == Rep { 2 } else { 8 });
            for _ in 0..early {
                self.send(first);
            }
            self.bind(binder, place);
        }
        if second {
            self.connect(first + 1, place);
        }
    }

    fn any_step(&mut self) {
        let slot = self.random.below(SLOTS);
        if !self.open[slot] {
            if self.random.one_in(6) {
                self.open(slot);
                self.connect(slot, home(other(slot)));
            }
            return;
        }
        match self.random.below(40) {
            0..16 => self.send(slot),
            16..30 => self.steps.push(Step::Receive(slot)),
            30..32 => self.look(slot),
            32..35 => self.change_subscriptions(slot),
            35 => self.bind(slot, home(slot)),
            36 => self.connect(slot, home(other(slot))),
            37 => self.detach(slot),
            38 => self.close(slot),
            _ => self.raise_marks(slot),
        }
    }

    const fn new_marks(&mut self) -> u32 {
        if self.roomy {
            1_000
        } else {
            1 + self.random.below(5) as u32
        }
    }

    /// What is changed under a live connection is a meant difference.
    fn raise_marks(&mut self, slot: usize) {
        if self.links(slot) > 0 {
            return;
        }
        self.marks[slot] += 1;
        self.steps.push(Step::Marks(slot, self.marks[slot]));
    }

    /// A look makes some types of libzmq take a message out of its turn: at those, scripts look at their end only.
    fn look(&mut self, slot: usize) {
        if !matches!(self.family.socket_type(slot), Sub | XSub | Router) && !self.is_stranded(slot)
        {
            self.steps.push(Step::Look(slot));
        }
    }

    /// Before a peer goes. A socket that has reached its mark learns late that its peer is gone, here and there; what is
    /// unread when a peer goes is compared where there is room.
    fn drain_all(&mut self) {
        if self.roomy {
            return;
        }
        for slot in 0..SLOTS {
            if self.open[slot] {
                self.steps.push(Step::Drain(slot));
            }
        }
    }

    fn open(&mut self, slot: usize) {
        let socket_type = self.family.socket_type(slot);
        let named = matches!(socket_type, Req | Dealer | Router);
        let routed = self.family.first == Router || self.family.second == Router;
        // Which replies that nobody asked for are there when a REQ asks depends on which of them its mark lets come.
        let marks = if socket_type == Req && routed {
            1_000
        } else {
            self.new_marks()
        };
        self.marks[slot] = marks;
        let settings = Settings {
            routing_id: (named && routed).then_some(NAMES[slot]),
            correlate: socket_type == Req && !routed && self.random.one_in(3),
            // Which late replies a new request throws away depends on which of them the marks let come.
            relaxed: socket_type == Req && self.roomy && self.random.one_in(2),
            mandatory: socket_type == Router && self.random.one_in(2),
            handover: socket_type == Router && self.random.one_in(2),
            verbose: socket_type == XPub && self.random.one_in(2),
            probe: socket_type == Router && self.family.first == self.family.second,
            // Told in `allowed.rs`: with it, libzmq drops what was not read when a connection ends.
            immediate: matches!(socket_type, Push | Pub) && self.random.one_in(5),
            ..Settings::plain(socket_type, marks)
        };
        self.open[slot] = true;
        self.steps.push(Step::Open(slot, settings));
        if matches!(socket_type, Sub | XSub) {
            self.change_subscriptions(slot);
        }
    }

    /// Those who wait for a bind arrive in an order that nobody knows: there is never more than one of them.
    fn bind(&mut self, slot: usize, place: usize) {
        if self.is_bound(place) {
            // Refused.
            self.steps.push(Step::Bind(slot, place));
            return;
        }
        let waiting = self.connected.iter().filter(|(_, to)| *to == place).count();
        // Told in `allowed.rs`: libzmq may keep the new subscriber's subscription to itself.
        let replaces = self.was_bound[place] && waiting > 0;
        let lost = replaces && self.family.first == XPub && self.family.second == XSub;
        if waiting > 1 || self.links(slot) + waiting > self.links_max() || lost {
            return;
        }
        self.bound.push((slot, place));
        self.was_bound[place] = true;
        self.steps.push(Step::Bind(slot, place));
    }

    fn connect(&mut self, slot: usize, place: usize) {
        let waiting = self.connected.iter().any(|(_, to)| *to == place);
        let crossed = self.connected.iter().any(|(_, to)| *to != place);
        let one_way = [self.family.first, self.family.second].contains(&Router);
        let binder = self.bound.iter().find(|(_, at)| *at == place);
        let crowded = [Some(slot), binder.map(|(binder, _)| *binder)]
            .into_iter()
            .flatten()
            .any(|end| self.links(end) >= self.links_max());
        if waiting && !self.is_bound(place) || crossed && one_way || crowded {
            return;
        }
        if !self.connected.contains(&(slot, place)) {
            self.connected.push((slot, place));
            self.steps.push(Step::Connect(slot, place));
        }
    }

    /// With more than two peers, whose turn it is after one of them left depends on the library.
    fn links_max(&self) -> usize {
        if self.family.first == Pair { 1 } else { 2 }
    }

    /// How many peers a socket has, or waits for.
    fn links(&self, slot: usize) -> usize {
        let own = self.connected.iter().filter(|(from, _)| *from == slot);
        let is_binder = self.bound.contains(&(slot, home(slot)));
        let to_it = self
            .connected
            .iter()
            .filter(|(_, to)| is_binder && *to == home(slot));
        own.count() + to_it.count()
    }

    fn is_bound(&self, place: usize) -> bool {
        self.bound.iter().any(|(_, at)| *at == place)
    }

    /// Undoes what was done, or what was not. An unbind with live peers is a meant difference with a test of its own.
    fn detach(&mut self, slot: usize) {
        let away = home(other(slot));
        if self.random.one_in(2) {
            if self.family.first != Pair {
                self.steps.push(Step::Drain(slot));
            }
            self.drain_all();
            self.connected.retain(|link| *link != (slot, away));
            self.steps.push(Step::Disconnect(slot, away));
            self.notice_ends();
        } else if !self.connected.iter().any(|(_, to)| *to == home(slot)) {
            self.bound.retain(|bind| *bind != (slot, home(slot)));
            self.steps.push(Step::Unbind(slot, home(slot)));
        }
    }

    fn close(&mut self, slot: usize) {
        self.drain_all();
        self.open[slot] = false;
        self.bound.retain(|(binder, _)| *binder != slot);
        self.connected.retain(|(connector, _)| *connector != slot);
        self.steps.push(Step::Close(slot));
        self.notice_ends();
    }

    /// A PAIR of libzmq's is free for a new peer, and the routing id of a peer that left for another one, once its
    /// reader has read up to the end.
    fn notice_ends(&mut self) {
        if [self.family.first, self.family.second]
            .iter()
            .any(|end| matches!(end, Pair | Router))
        {
            let open = (0..SLOTS).filter(|slot| self.open[*slot]);
            self.steps.extend(open.map(Step::Drain));
        }
    }

    /// Whether a socket of few messages has lost a peer and not got another one. How much it then queues depends on
    /// the credit that the lost one had not given back, which libzmq does in batches.
    fn is_stranded(&self, slot: usize) -> bool {
        let mut connects = self.connected.iter().filter(|(from, _)| *from == slot);
        !self.roomy && connects.any(|(_, to)| self.was_bound[*to] && !self.is_bound(*to))
    }

    fn change_subscriptions(&mut self, slot: usize) {
        let topic = self.random.pick(TOPICS);
        let adds = !self.random.one_in(4);
        match self.family.socket_type(slot) {
            XSub => {
                let body = [&[u8::from(adds)], topic.as_bytes()].concat();
                self.steps.push(Step::Send(slot, vec![Frame(body)]));
            }
            Sub if adds => self.steps.push(Step::Subscribe(slot, topic)),
            // Only a subscriber has subscriptions; the others must say so.
            _ if adds && !self.random.one_in(4) => self.look(slot),
            _ if adds => self.steps.push(Step::Subscribe(slot, topic)),
            _ => self.steps.push(Step::Unsubscribe(slot, topic)),
        }
    }

    fn send(&mut self, slot: usize) {
        let unconnected = self.family.socket_type(slot) == XSub && !self.is_connected(slot);
        if unconnected || self.is_stranded(slot) {
            return;
        }
        let serves = self.family.second == Rep;
        if serves && slot < SLOTS / 2 {
            self.serve(Serving::Answer);
        }
        let message = self.message(slot);
        self.steps.push(Step::Send(slot, message));
        if serves && slot < SLOTS / 2 {
            self.serve(Serving::Listen);
        }
    }

    /// Which of two requests comes first depends on the library, and what follows depends on that: each REP has at most
    /// one.
    fn serve(&mut self, serving: Serving) {
        for server in SLOTS / 2..SLOTS {
            if self.open[server] {
                if matches!(serving, Serving::Answer) {
                    let answer = self.message(server);
                    self.steps.push(Step::Send(server, answer));
                }
                self.steps.push(Step::Receive(server));
            }
        }
    }

    /// Whether all connects of a socket lead somewhere, and one of its own or of others does.
    fn is_connected(&self, slot: usize) -> bool {
        let mut connects = self.connected.iter().filter(|(from, _)| *from == slot);
        let led_to = self.is_bound(home(slot))
            && self.bound.contains(&(slot, home(slot)))
            && self.connected.iter().any(|(_, to)| *to == home(slot));
        let leads = self.connected.iter().any(|(from, _)| *from == slot);
        connects.all(|(_, to)| self.is_bound(*to)) && (leads || led_to)
    }

    /// A message that says which one it is, in the frames that the pattern wants, or now and then in others.
    fn message(&mut self, slot: usize) -> Frames {
        self.messages += 1;
        let number = format!("{}", self.messages).into_bytes();
        let socket_type = self.family.socket_type(slot);
        let mut frames = Frames::new();
        if socket_type == Router {
            let names = if slot < 2 { &NAMES[2..] } else { &NAMES[..2] };
            let name = if self.random.one_in(8) {
                "nobody"
            } else {
                self.random.pick(names)
            };
            frames.push(Frame(name.into()));
        }
        let opposite = self.family.socket_type(other(slot));
        let delimited = matches!(
            (socket_type, opposite),
            (Router, Req) | (Dealer, Rep) | (Router, Rep)
        );
        // A REQ of libzmq's ends the connection of a peer whose reply has no delimiter.
        if delimited && (opposite == Req || !self.random.one_in(6)) {
            frames.push(Frame(Vec::new()));
        }
        if matches!(socket_type, Pub | XPub) {
            let topic = self.random.pick(TOPICS);
            frames.push(Frame([topic.as_bytes(), b"|", &number].concat()));
        } else {
            frames.push(Frame(number));
        }
        for part in 1..1 + self.random.below(3) {
            let body = if part == 2 {
                Vec::new()
            } else {
                b"part".to_vec()
            };
            frames.push(Frame(body));
        }
        frames
    }
}

/// A socket of the other type.
const fn other(slot: usize) -> usize {
    (slot + SLOTS / 2) % SLOTS
}

/// Where a socket binds.
const fn home(slot: usize) -> usize {
    slot / (SLOTS / 2)
}
