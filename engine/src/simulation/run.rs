//! Runs one scenario: every step turns each process, lets the applications do a little, and lets time pass.

use std::time::Duration;

use ringmq_driver::fake::{Faults, World};

use super::ledger::{Dice, Ledger, stamped};
use super::process::Process;
use super::scenario::Scenario;
use super::tap::Passage;
use crate::counters::Statistics;
use crate::socket::{SocketType, TryRecvError};
use crate::transport::Use;

const ENDPOINT: &str = "tcp://10.0.0.1:5555";
/// More steps than any scenario needs: beyond them something is stuck.
const STEPS_MAX: u32 = 300_000;
/// After so many steps nothing goes wrong any more: connections that break faster than a handshake takes would
/// never do anything else.
const MISFORTUNE_STEPS: u32 = 5_000;

/// Runs a scenario; returns how many messages were delivered.
pub(super) fn run(seed: u64, scenario: &Scenario) -> u64 {
    let mut run = Run::new(seed, scenario);
    run.play();
    run.ledger.delivered()
}

/// Runs a scenario; returns what identifies the run.
pub(super) fn trace(seed: u64, scenario: &Scenario) -> u64 {
    let mut run = Run::new(seed, scenario);
    run.play();
    run.world.trace()
}

struct Run<'a> {
    scenario: &'a Scenario,
    world: World,
    passage: Passage,
    dice: Dice,
    ledger: Ledger,
    senders: Vec<Sender>,
    receiver: Process,
    /// Counts of receivers that died.
    buried: Vec<Statistics>,
    bound: bool,
    step: u32,
}

struct Sender {
    process: Process,
    next: u32,
}

impl<'a> Run<'a> {
    fn new(seed: u64, scenario: &'a Scenario) -> Self {
        let world = World::new(seed, scenario.faults);
        let passage = Passage::default();
        let senders = (0..scenario.senders)
            .map(|_| Sender {
                process: sender(&world, &passage, scenario),
                next: 0,
            })
            .collect();
        let receiver = receiver(&world, &passage, scenario);
        Self {
            scenario,
            world,
            passage,
            dice: Dice::new(seed),
            ledger: Ledger::default(),
            senders,
            receiver,
            buried: Vec::new(),
            bound: false,
            step: 0,
        }
    }

    fn play(&mut self) {
        self.start();
        while !self.is_all_sent() && !self.closes_now() {
            self.misfortune();
            self.one_step();
        }
        self.calm_down();
        self.close();
        while !self.is_over() {
            self.one_step();
        }
        self.drain_receiver();
        let mut counted: Vec<Statistics> = self
            .senders
            .iter()
            .map(|sender| sender.process.statistics())
            .collect();
        counted.push(self.receiver.statistics());
        counted.append(&mut self.buried);
        self.ledger
            .settle(&counted, self.passage.lost(), self.scenario.breaks);
    }

    /// Connects whoever connects, and binds whoever binds unless it comes late.
    fn start(&mut self) {
        if self.scenario.receiver_binds {
            for sender in &mut self.senders {
                connect(&mut sender.process, ENDPOINT);
            }
        } else {
            for index in 0..self.senders.len() {
                connect(&mut self.receiver, &endpoint(index));
            }
        }
        if self.scenario.late_by == 0 {
            self.bind();
        }
    }

    fn bind(&mut self) {
        self.bound = true;
        if self.scenario.receiver_binds {
            bind(&mut self.receiver, ENDPOINT);
        } else {
            for (index, sender) in self.senders.iter_mut().enumerate() {
                bind(&mut sender.process, &endpoint(index));
            }
        }
    }

    /// Closes all senders; the receiver only where the scenario ends in the middle.
    fn close(&mut self) {
        if self.scenario.close_at > 0 && self.scenario.receiver_closes_first {
            self.receiver.close();
        }
        for sender in &mut self.senders {
            sender.process.close();
        }
        if self.scenario.close_at > 0 {
            self.receiver.close();
            self.ledger.forget_parts();
        }
    }

    fn is_over(&self) -> bool {
        let mut senders = self.senders.iter();
        senders.all(|sender| sender.process.is_stopped())
            && (self.scenario.close_at == 0 || self.receiver.is_stopped())
    }

    const fn closes_now(&self) -> bool {
        self.scenario.close_at > 0 && self.step >= self.scenario.close_at
    }

    fn is_all_sent(&self) -> bool {
        self.senders
            .iter()
            .all(|sender| sender.next == self.scenario.messages)
    }

    /// What the scenario planned for this step.
    fn misfortune(&mut self) {
        if !self.bound && self.step >= self.scenario.late_by {
            self.bind();
        }
        if self.step == MISFORTUNE_STEPS {
            self.world.set_faults(Faults::CALM);
        }
        let cuts = self.step < MISFORTUNE_STEPS && self.scenario.cut_every > 0;
        if cuts && (self.step + 1).is_multiple_of(self.scenario.cut_every) {
            self.world.kill_connections();
        }
        if self.scenario.disconnect_at > 0 && self.step == self.scenario.disconnect_at {
            self.disconnect();
        }
        if self.scenario.restart_at > 0 && self.step == self.scenario.restart_at {
            self.restart_receiver();
        }
    }

    /// Ends the first connect.
    fn disconnect(&mut self) {
        let (process, endpoint) = if self.scenario.receiver_binds {
            (&mut self.senders[0].process, ENDPOINT.to_owned())
        } else {
            (&mut self.receiver, endpoint(0))
        };
        let socket = process.socket.as_mut().expect("it lives");
        socket
            .start_detach(Use::Connect, &endpoint)
            .expect("it is connected there");
    }

    /// The receiving process dies with all it had; another one takes its place.
    fn restart_receiver(&mut self) {
        let fresh = receiver(&self.world, &self.passage, self.scenario);
        let mut dead = std::mem::replace(&mut self.receiver, fresh);
        dead.close();
        self.buried.push(dead.statistics());
        drop(dead);
        self.ledger.forget_parts();
        if self.scenario.receiver_binds {
            if self.bound {
                bind(&mut self.receiver, ENDPOINT);
            }
        } else {
            for index in 0..self.senders.len() {
                connect(&mut self.receiver, &endpoint(index));
            }
        }
    }

    /// From now on nothing goes wrong, so that everything must arrive.
    fn calm_down(&mut self) {
        if !self.bound && self.scenario.close_at == 0 {
            self.bind();
        }
        self.world.set_faults(Faults::CALM);
    }

    fn one_step(&mut self) {
        self.step += 1;
        assert!(
            self.step < STEPS_MAX,
            "stuck at {:?}: {} of {} delivered, sent {:?}, stopped {:?}",
            self.world.now(),
            self.ledger.delivered(),
            self.ledger.accepted(),
            self.senders.iter().map(|s| s.next).collect::<Vec<_>>(),
            self.senders
                .iter()
                .map(|s| s.process.is_stopped())
                .collect::<Vec<_>>()
        );
        for index in 0..self.senders.len() {
            self.senders[index].process.turn();
            self.send_a_little(index);
        }
        self.receiver.turn();
        if self.dice.chance(600) {
            self.receive_a_little();
        }
        let soon = self.world.now().after(Duration::from_millis(20));
        self.world.advance_until(soon);
    }

    fn send_a_little(&mut self, index: usize) {
        let scenario = self.scenario;
        let sender = &mut self.senders[index];
        let Some(socket) = &mut sender.process.socket else {
            return;
        };
        for _ in 0..self.dice.below(6) {
            if sender.next == scenario.messages || !socket.readiness().writable {
                return;
            }
            let name = index as u8;
            let message = stamped(
                name,
                sender.next,
                scenario.frame_bytes_max,
                scenario.parts_max,
            );
            socket.send_multipart(message).expect("it is writable");
            sender.next += 1;
            self.ledger.accept(name);
        }
    }

    fn receive_a_little(&mut self) {
        let frames = self.dice.below(12);
        for _ in 0..frames {
            if !self.receive_one() {
                return;
            }
        }
    }

    fn receive_one(&mut self) -> bool {
        let Some(socket) = self.receiver.socket.as_mut() else {
            return false;
        };
        match socket.try_recv() {
            Ok(frame) => {
                let scenario = self.scenario;
                self.ledger
                    .deliver(frame, scenario.frame_bytes_max, scenario.parts_max);
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Every sender is done: what is under way arrives.
    fn drain_receiver(&mut self) {
        let mut quiet = 0;
        while quiet < 200 {
            self.receiver.turn();
            quiet = if self.receive_one() { 0 } else { quiet + 1 };
            let soon = self.world.now().after(Duration::from_millis(20));
            self.world.advance_until(soon);
        }
    }
}

pub(super) fn endpoint(index: usize) -> String {
    format!("tcp://10.0.0.{}:5555", index + 1)
}

fn sender(world: &World, passage: &Passage, scenario: &Scenario) -> Process {
    let mut process = Process::new(world, passage, SocketType::Push);
    let socket = process.socket.as_mut().expect("it was just made");
    socket
        .set_send_high_water_mark(scenario.marks.0)
        .expect("PUSH sends");
    socket.set_linger(scenario.linger).expect("PUSH sends");
    process
}

fn receiver(world: &World, passage: &Passage, scenario: &Scenario) -> Process {
    let mut process = Process::new(world, passage, SocketType::Pull);
    let socket = process.socket.as_mut().expect("it was just made");
    socket
        .set_receive_high_water_mark(scenario.marks.1)
        .expect("PULL receives");
    process
}

pub(super) fn connect(process: &mut Process, endpoint: &str) {
    let socket = process.socket.as_mut().expect("it lives");
    socket.connect(endpoint).expect("the endpoint is good");
}

/// Binds, turning the reactor for the answer.
pub(super) fn bind(process: &mut Process, endpoint: &str) {
    let socket = process.socket.as_mut().expect("it lives");
    let attachment = socket.start_bind(endpoint).expect("the endpoint is good");
    process.turn();
    let socket = process.socket.as_mut().expect("it lives");
    socket
        .bind_result(attachment)
        .expect("the reactor answers")
        .expect("the address is free");
}
