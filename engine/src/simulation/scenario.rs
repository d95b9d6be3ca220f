//! What one seed does: who binds, how much, how large, and what goes wrong.

use std::time::Duration;

use ringmq_driver::fake::Faults;

use super::ledger::Dice;

/// One run's plan.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    /// PUSH sockets, each in a process of its own.
    pub(super) senders: u8,
    /// Messages of each.
    pub(super) messages: u32,
    /// The PULL socket binds and the PUSH sockets connect, or the other way round.
    pub(super) receiver_binds: bool,
    /// High-water marks of both sides.
    pub(super) marks: (u32, u32),
    /// The longest frame, in bytes.
    pub(super) frame_bytes_max: usize,
    /// The most parts of a message.
    pub(super) parts_max: u8,
    pub(super) faults: Faults,
    /// The binding side comes only after so many steps.
    pub(super) late_by: u32,
    /// All connections are cut after every so many steps; 0 is never.
    pub(super) cut_every: u32,
    /// The receiving process dies at this step and another one takes its place; 0 is never.
    pub(super) restart_at: u32,
    /// The first connect is ended at this step; 0 is never.
    pub(super) disconnect_at: u32,
    /// All sockets are closed at this step, whatever is under way; 0 is only when everything was sent.
    pub(super) close_at: u32,
    /// Which sockets are closed first then.
    pub(super) receiver_closes_first: bool,
    /// The senders' linger time.
    pub(super) linger: Option<Duration>,
    /// Whether connections can break, in one way or another.
    pub(super) breaks: bool,
}

impl Scenario {
    /// Short, late, out of step; but no connection breaks.
    pub(super) fn rough(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x00A1);
        let mut scenario = Self::base(&mut dice);
        scenario.faults = if dice.chance(250) {
            Faults::CALM
        } else {
            Faults::ROUGH
        };
        scenario.limit_to_buffers();
        scenario
    }

    /// The same, and connections are refused, cut and killed.
    pub(super) fn hostile(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x00B2);
        let mut scenario = Self::base(&mut dice);
        scenario.faults = Faults::HOSTILE;
        scenario.cut_every = if dice.chance(500) {
            50 + dice.below(800)
        } else {
            0
        };
        scenario.breaks = true;
        scenario.limit_to_buffers();
        scenario
    }

    /// The receiving process dies in the middle.
    pub(super) fn restarts(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x00C3);
        let mut scenario = Self::base(&mut dice);
        scenario.faults = if dice.chance(500) {
            Faults::CALM
        } else {
            Faults::ROUGH
        };
        scenario.restart_at = scenario.late_by + 1 + dice.below(300);
        scenario.breaks = true;
        scenario.limit_to_buffers();
        scenario
    }

    /// Everybody closes in the middle, with little time to send what is left; one may have disconnected before.
    pub(super) fn endings(seed: u64) -> Self {
        const LINGER_MS: [u64; 4] = [0, 0, 30, 500];
        let mut dice = Dice::new(seed ^ 0x00D4);
        let mut scenario = Self::base(&mut dice);
        scenario.faults = [Faults::CALM, Faults::ROUGH, Faults::HOSTILE][dice.below(3) as usize];
        if dice.chance(500) {
            scenario.disconnect_at = 1 + dice.below(100);
        }
        scenario.close_at = scenario.disconnect_at + 1 + dice.below(100);
        scenario.receiver_closes_first = dice.chance(500);
        scenario.linger = Some(Duration::from_millis(LINGER_MS[dice.below(4) as usize]));
        scenario.breaks = true;
        scenario.limit_to_buffers();
        scenario
    }

    fn base(dice: &mut Dice) -> Self {
        const MARKS: [u32; 7] = [0, 1, 2, 3, 10, 64, 1_000];
        let mut mark = || MARKS[dice.below(MARKS.len() as u32) as usize];
        let marks = (mark(), mark());
        Self {
            senders: 1 + dice.below(3) as u8,
            messages: 20 + dice.below(60),
            receiver_binds: dice.chance(500),
            marks,
            frame_bytes_max: [40, 300, 5_000, 60_000][dice.below(4) as usize],
            parts_max: [1, 1, 3, 20][dice.below(4) as usize],
            faults: Faults::CALM,
            late_by: if dice.chance(300) { dice.below(100) } else { 0 },
            cut_every: 0,
            restart_at: 0,
            disconnect_at: 0,
            close_at: 0,
            receiver_closes_first: false,
            linger: None,
            breaks: false,
        }
    }

    /// Large frames through buffers of one byte would only take long.
    fn limit_to_buffers(&mut self) {
        if self.faults.buffer_bytes_min < 1_024 {
            self.frame_bytes_max = self.frame_bytes_max.min(5_000);
            self.faults.buffer_bytes_min = self
                .faults
                .buffer_bytes_min
                .max((self.frame_bytes_max / 100) as u32);
        }
    }
}
