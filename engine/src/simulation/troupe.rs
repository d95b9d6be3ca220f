//! Several processes that talk by one pattern: a hub, its peers, and the misfortunes that all go through.
//!
//! Families of patterns say what each of them sends and what it must receive; here is what they have in common.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ringmq_driver::fake::{Faults, World};

use super::ledger::{Dice, Stamp, stamp, stamped};
use super::process::Process;
use super::run::{bind, connect, endpoint};
use super::tap::Passage;
use crate::counters::Statistics;
use crate::message::{Message, Multipart};
use crate::socket::{Socket, SocketType, TryRecvError};

/// The hub's place among the processes.
pub(super) const HUB: usize = 0;
/// More steps than any plan needs: beyond them something is stuck.
const STEPS_MAX: u32 = 100_000;
/// After so many steps nothing goes wrong any more.
const MISFORTUNE_STEPS: u32 = 400;
/// So many steps in which nothing happens are longer than the longest pause between two connects.
const QUIET_STEPS: u32 = 50;

/// What one seed does.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    seed: u64,
    pub(super) peers: usize,
    /// Messages of each who begins to talk.
    pub(super) messages: u32,
    hub_binds: bool,
    binds_late: bool,
    /// High-water marks for sending and for receiving.
    marks: (u32, u32),
    frame_bytes_max: usize,
    parts_max: u8,
    faults: Faults,
    /// All connections are cut after every so many steps; 0 is never.
    cut_every: u32,
    /// Whether connections can break.
    pub(super) breaks: bool,
}

impl Plan {
    /// Half of the seeds break connections.
    pub(super) fn new(seed: u64, family: u64) -> Self {
        const MARKS: [u32; 6] = [0, 1, 2, 10, 64, 1_000];
        let mut dice = Dice::new(seed ^ family << 32);
        let breaks = dice.chance(500);
        let mut faults = match (breaks, dice.chance(300)) {
            (true, _) => Faults::HOSTILE,
            (false, true) => Faults::CALM,
            (false, false) => Faults::ROUGH,
        };
        let frame_bytes_max = [40, 300, 5_000][dice.below(3) as usize];
        // Large frames through buffers of one byte would only take long.
        faults.buffer_bytes_min = faults.buffer_bytes_min.max(frame_bytes_max as u32 / 100);
        Self {
            seed,
            peers: 1 + dice.below(3) as usize,
            messages: 10 + dice.below(30),
            hub_binds: dice.chance(500),
            binds_late: dice.chance(500),
            marks: (MARKS[dice.below(6) as usize], MARKS[dice.below(6) as usize]),
            frame_bytes_max,
            parts_max: [1, 1, 3, 10][dice.below(4) as usize],
            faults,
            cut_every: if breaks && dice.chance(500) {
                30 + dice.below(100)
            } else {
                0
            },
            breaks,
        }
    }

    /// The chance of a family's own decisions.
    pub(super) const fn dice(&self) -> Dice {
        Dice::new(self.seed ^ 0x5EED)
    }

    /// The message of this stamp.
    pub(super) fn message(&self, sender: u8, sequence: u32) -> Multipart {
        stamped(sender, sequence, self.frame_bytes_max, self.parts_max)
    }
}

/// The processes.
pub(super) struct Troupe {
    pub(super) plan: Plan,
    pub(super) dice: Dice,
    world: World,
    passage: Passage,
    processes: Vec<Process>,
    step: u32,
    /// Steps in a row in which nothing happened and nobody said anything.
    quiet: u32,
}

impl Troupe {
    pub(super) fn new(plan: &Plan, hub: SocketType, peer: SocketType, passage: Passage) -> Self {
        let world = World::new(plan.seed, plan.faults);
        let types = std::iter::once(hub).chain(std::iter::repeat_n(peer, plan.peers));
        let processes = types
            .map(|socket_type| Process::new(&world, &passage, socket_type))
            .collect();
        let mut troupe = Self {
            plan: plan.clone(),
            dice: plan.dice(),
            world,
            passage,
            processes,
            step: 0,
            quiet: 0,
        };
        for index in 0..=plan.peers {
            let socket = troupe.socket(index);
            // Types that go one way have one mark.
            let sends = socket.set_send_high_water_mark(plan.marks.0).is_ok();
            let receives = socket.set_receive_high_water_mark(plan.marks.1).is_ok();
            assert!(sends || receives);
            socket.set_reconnect_interval(Duration::from_millis(50), Duration::from_millis(400));
        }
        troupe
    }

    pub(super) fn socket(&mut self, index: usize) -> &mut Socket {
        let socket = self.processes[index].socket.as_mut();
        socket.expect("sockets are closed last")
    }

    /// All connect and bind.
    pub(super) fn meet(&mut self) {
        if self.plan.binds_late {
            self.connect();
            self.step();
            self.bind();
        } else {
            self.bind();
            self.connect();
        }
    }

    fn bind(&mut self) {
        for index in 0..self.processes.len() {
            if (index == HUB) == self.plan.hub_binds {
                bind(&mut self.processes[index], &endpoint(index));
            }
        }
    }

    fn connect(&mut self) {
        for peer in 1..self.processes.len() {
            let (from, to) = if self.plan.hub_binds {
                (peer, HUB)
            } else {
                (HUB, peer)
            };
            connect(&mut self.processes[from], &endpoint(to));
        }
    }

    /// Everybody has a turn, and time passes.
    pub(super) fn step(&mut self) {
        self.step += 1;
        assert!(self.step < STEPS_MAX, "stuck at {:?}", self.world.now());
        if self.step == MISFORTUNE_STEPS {
            self.calm_down();
        }
        if self.plan.cut_every > 0 && self.step.is_multiple_of(self.plan.cut_every) {
            self.world.kill_connections();
        }
        for process in &mut self.processes {
            process.turn();
        }
        let soon = self.world.now().after(Duration::from_millis(20));
        if !self.world.advance_until(soon) {
            self.quiet += 1;
        }
    }

    /// Whether nothing has happened for longer than the longest pause between two connects.
    pub(super) const fn is_quiet(&self) -> bool {
        self.quiet >= QUIET_STEPS
    }

    /// Somebody said or heard something.
    pub(super) const fn liven(&mut self) {
        self.quiet = 0;
    }

    /// From now on nothing goes wrong.
    pub(super) fn calm_down(&mut self) {
        self.plan.cut_every = 0;
        self.world.set_faults(Faults::CALM);
    }

    /// Sends a message if it is taken now. Later frames of a message are never refused.
    pub(super) fn offer(&mut self, index: usize, message: Multipart) -> bool {
        let socket = self.socket(index);
        for (place, frame) in message.into_frames().into_iter().enumerate() {
            let taken = socket.try_send(frame).is_ok();
            assert!(taken || place == 0, "refused in the middle of a message");
            if !taken {
                return false;
            }
        }
        true
    }

    /// Receives a whole message, if there is one and it is the socket's turn.
    pub(super) fn hear(&mut self, index: usize) -> Option<Vec<Message>> {
        let mut frames = Vec::new();
        loop {
            match self.socket(index).try_recv() {
                Ok(frame) => {
                    let more = frame.more();
                    frames.push(frame);
                    if !more {
                        return Some(frames);
                    }
                }
                Err(TryRecvError::Empty | TryRecvError::OutOfTurn) => {
                    assert!(frames.is_empty(), "a message that has begun is there whole");
                    return None;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// That no message was brought to more sockets than it was sent to.
    pub(super) fn check_passage(&self) {
        self.passage.lost();
    }

    /// What the sockets count now.
    pub(super) fn counted(&mut self, index: usize) -> Statistics {
        self.socket(index).statistics()
    }

    /// Closes everything, and settles the account to the message: what was accepted is delivered, or counted as
    /// dropped, or the network took it whole and did not bring it whole.
    pub(super) fn settle(mut self, accepted: u64, delivered: u64) {
        for process in &mut self.processes {
            let socket = process.socket.as_mut().expect("sockets are closed last");
            socket
                .set_linger(Some(Duration::ZERO))
                .expect("all of them send");
            process.close();
        }
        while !self.processes.iter().all(Process::is_stopped) {
            self.step();
        }
        let counted: Vec<Statistics> = self.processes.iter().map(Process::statistics).collect();
        let full: u64 = counted.iter().map(|counts| counts.dropped_full).sum();
        let drops: u64 = counted.iter().map(drops).sum();
        let lost = self.passage.lost();
        assert_eq!(
            delivered + full + drops + lost,
            accepted,
            "{delivered} delivered, {full} without room, {drops} dropped, {lost} lost by the network: {counted:?}"
        );
        if !self.plan.breaks {
            assert_eq!((drops, lost), (0, 0), "lost without a broken connection");
        }
    }
}

/// What was dropped, but for lack of room.
const fn drops(counts: &Statistics) -> u64 {
    counts.dropped_half_sent
        + counts.dropped_peer_gone
        + counts.dropped_linger
        + counts.dropped_closed
        + counts.dropped_unfinished
        + counts.dropped_unroutable
        + counts.dropped_unexpected
        + counts.dropped_not_read
}

/// What one process received.
pub(super) struct Account {
    seen: HashSet<Stamp>,
    /// The number last received, by sender; where connections break their messages may overtake each other, as one
    /// connection's last may be read after the first of the next.
    last: Option<HashMap<u8, u32>>,
}

impl Account {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            seen: HashSet::new(),
            last: (!plan.breaks).then(HashMap::new),
        }
    }

    /// A message arrived: it must be whole, as it was sent, unrepeated and in order.
    pub(super) fn note(&mut self, frames: &[Message], plan: &Plan) -> Stamp {
        let (sender, sequence) = stamp(&frames[0]);
        let sent = plan.message(sender, sequence);
        assert_eq!(frames, &sent[..], "{sender}'s message {sequence}");
        assert!(
            self.seen.insert((sender, sequence)),
            "{sender}'s message {sequence} came twice"
        );
        if let Some(last) = &mut self.last {
            let last = last.insert(sender, sequence);
            assert!(
                last.is_none_or(|last| last < sequence),
                "{sender}'s message {sequence} came after {last:?}"
            );
        }
        (sender, sequence)
    }

    pub(super) fn messages(&self) -> u64 {
        self.seen.len() as u64
    }
}
