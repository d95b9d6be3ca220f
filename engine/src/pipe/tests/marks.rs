//! High-water marks that change while the pipe is in use, at every fill level, on either side, in either order.

use super::pair;
use crate::memory::Pool;
use crate::pipe::{Batch, Owner, PipeConfig, Reader, Role, TakeLimits, Writer, pipe};

/// What a pipe without a mark is filled to.
const MANY: u64 = 12;

/// A pipe, and what its halves must agree with: counts kept by the rule in words, not by the pipe's own.
struct Counted {
    writer: Writer,
    writers: Owner,
    reader: Reader,
    role: Role,
    written: u64,
    read: u64,
    acked: u64,
    /// The marks as the writer and the reader know them.
    marks: [u64; 2],
    /// The writer asked to be told of credit.
    waits: bool,
}

impl Counted {
    fn new(mark: u32, role: Role) -> Self {
        let writers = Owner::parker();
        let config = PipeConfig {
            high_water_mark: mark,
            reader_role: role,
        };
        let (writer, reader) = pipe(config, Pool::new(), writers.clone(), 1, Owner::parker(), 2);
        Self {
            writer,
            writers,
            reader,
            role,
            written: 0,
            read: 0,
            acked: 0,
            marks: [u64::from(mark); 2],
            waits: false,
        }
    }

    /// How many more messages the rule admits.
    fn room(&self) -> u64 {
        let held = self.written - self.acked;
        match self.marks[0] {
            0 => MANY.saturating_sub(held),
            mark => mark.saturating_sub(held),
        }
    }

    fn write(&mut self, count: u64) {
        for _ in 0..count {
            assert!(self.writer.can_write());
            self.writer.write_frame(false, b"x");
            self.writer.publish();
            self.written += 1;
        }
    }

    /// Writes what there is room for; a full writer asks to be told.
    fn fill(&mut self) {
        self.write(self.room());
        if self.marks[0] != 0 {
            assert!(!self.writer.can_write(), "more than the mark");
            self.waits = self.writer.wait_for_credit();
            assert!(self.waits);
        }
    }

    fn step(&self) -> u64 {
        match (self.role, self.marks[1]) {
            (Role::Engine, _) => 1,
            (Role::Application, 0) => 256,
            (Role::Application, mark) => mark.div_ceil(2),
        }
    }

    fn read(&mut self, count: u64) {
        for _ in 0..count {
            if self.role == Role::Application {
                assert!(self.reader.next_frame().is_some());
            } else {
                let one = TakeLimits {
                    bytes_max: 3,
                    copied_bytes_max: 3,
                    ranges_max: 1,
                };
                let mut batch = Batch::default();
                let bytes = self.reader.take(one, &mut batch);
                self.reader.sent(bytes);
            }
            self.read += 1;
            if self.read - self.acked >= self.step() {
                self.acked = self.read;
            }
        }
        assert_eq!(self.writer.outstanding(), self.written - self.acked);
    }

    fn read_all(&mut self) {
        if self.role == Role::Application {
            self.read(self.written - self.read);
            return;
        }
        let mut batch = Batch::default();
        let bytes = self.reader.take(TakeLimits::default(), &mut batch);
        self.reader.sent(bytes);
        self.read = self.written;
        self.acked = self.read;
        assert_eq!(self.writer.outstanding(), 0);
    }

    fn change_writer(&mut self, mark: u32) {
        self.writer.set_high_water_mark(mark);
        self.marks[0] = u64::from(mark);
        if self.waits && self.room() > 0 {
            assert!(self.writer.can_write(), "credit comes with the mark");
            assert!(self.writers.has_ready(), "whoever waits is told");
        }
    }

    fn change_reader(&mut self, mark: u32) {
        self.reader.set_high_water_mark(mark);
        self.marks[1] = u64::from(mark);
        if self.role == Role::Application
            && (self.read - self.acked >= self.step() || self.read == self.written)
        {
            self.acked = self.read;
        }
        assert_eq!(self.writer.outstanding(), self.written - self.acked);
    }

    /// The writer waits for the credit it has, if it still waits.
    fn hear(&mut self) {
        if self.waits {
            // It may have been told too early, under the old mark; then it asks again.
            while !self.writer.can_write() {
                assert!(
                    self.writers.has_ready(),
                    "nobody tells the writer: {:?}",
                    self.marks
                );
                self.writers.ready_events(|_| ());
                self.waits = self.writer.wait_for_credit();
            }
            assert!(
                !self.waits || self.writers.has_ready(),
                "credit without news: {:?}",
                self.marks
            );
            self.writers.ready_events(|_| ());
            self.waits = false;
        }
    }
}

/// Runs `scenario` for every pair of marks, fill level and number of messages read before the change.
fn at_every_level(role: Role, scenario: impl Fn(&mut Counted, u32)) {
    for old in 0..=9 {
        for new in 0..=9 {
            let full = if old == 0 { MANY } else { u64::from(old) };
            for written in 0..=full {
                for read in 0..=written {
                    if role == Role::Engine && read > 0 && read < written {
                        // An engine takes everything at once.
                        continue;
                    }
                    let mut pipe = Counted::new(old, role);
                    pipe.write(written);
                    if role == Role::Engine && read > 0 {
                        pipe.read_all();
                    } else {
                        pipe.read(read);
                    }
                    if pipe.room() == 0 && old != 0 {
                        pipe.waits = pipe.writer.wait_for_credit();
                        assert!(pipe.waits);
                    }
                    scenario(&mut pipe, new);
                    for _ in 0..4 {
                        pipe.hear();
                        pipe.fill();
                        pipe.read_all();
                    }
                }
            }
        }
    }
}

#[test]
fn a_mark_may_change_at_every_level_with_the_writer_told_first() {
    for role in [Role::Application, Role::Engine] {
        at_every_level(role, |pipe, new| {
            pipe.change_writer(new);
            pipe.change_reader(new);
            pipe.read_all();
        });
    }
}

#[test]
fn a_mark_may_change_at_every_level_with_the_reader_told_first() {
    for role in [Role::Application, Role::Engine] {
        at_every_level(role, |pipe, new| {
            pipe.change_reader(new);
            pipe.change_writer(new);
            pipe.read_all();
        });
    }
}

#[test]
fn a_mark_may_change_at_every_level_with_the_pipe_drained_between_the_two() {
    for role in [Role::Application, Role::Engine] {
        for writer_first in [true, false] {
            at_every_level(role, |pipe, new| {
                if writer_first {
                    pipe.change_writer(new);
                    pipe.read_all();
                    pipe.change_reader(new);
                } else {
                    pipe.change_reader(new);
                    pipe.read_all();
                    pipe.change_writer(new);
                }
            });
        }
    }
}

#[test]
fn a_mark_may_change_twice_while_the_writer_waits() {
    for between in 1..=9 {
        at_every_level(Role::Application, |pipe, new| {
            pipe.change_writer(between);
            pipe.change_writer(new);
            pipe.change_reader(between);
            pipe.change_reader(new);
            pipe.read_all();
        });
    }
}

#[test]
fn what_a_writer_asked_under_a_low_mark_is_asked_anew_under_a_high_one() {
    for mark in 2..=9 {
        for low in 1..mark {
            let mut pipe = Counted::new(mark, Role::Application);
            pipe.write(u64::from(mark));
            pipe.change_writer(low);
            pipe.waits = pipe.writer.wait_for_credit();
            assert!(pipe.waits);
            pipe.change_writer(mark);
            for _ in 0..4 {
                pipe.read_all();
                pipe.hear();
                pipe.fill();
            }
        }
    }
}

#[test]
fn an_empty_pipe_holds_exactly_the_new_mark() {
    for (old, new) in [(100, 70), (70, 100), (1000, 1), (1, 1000), (0, 5), (7, 8)] {
        let (mut writer, mut reader) = pair(old, Role::Application);
        for _ in 0..if old == 0 { 150 } else { old } {
            writer.write_frame(false, b"x");
        }
        writer.publish();
        while reader.next_frame().is_some() {}
        writer.set_high_water_mark(new);
        reader.set_high_water_mark(new);
        let mut count = 0;
        while writer.can_write() {
            writer.write_frame(false, b"x");
            count += 1;
        }
        assert_eq!(count, new, "from {old}");
    }
}

#[test]
fn a_lower_mark_drops_nothing() {
    let (mut writer, mut reader) = pair(100, Role::Application);
    for serial in 0..100_u32 {
        writer.write_frame(false, &serial.to_be_bytes());
        writer.publish();
    }
    writer.set_high_water_mark(3);
    reader.set_high_water_mark(3);
    for serial in 0..97_u32 {
        assert!(!writer.can_write(), "{serial} read");
        let frame = reader.next_frame().expect("published");
        assert_eq!(*frame.body, serial.to_be_bytes());
    }
    assert_eq!(writer.outstanding(), 4, "credit comes in steps of two");
    assert!(reader.next_frame().is_some());
    assert!(writer.can_write());
}

#[test]
fn an_engine_that_has_taken_gives_credit_when_its_mark_is_raised() {
    let (mut writer, mut reader) = pair(2, Role::Engine);
    writer.write_frame(false, b"x");
    writer.write_frame(false, b"x");
    writer.publish();
    let mut batch = Batch::default();
    let bytes = reader.take(TakeLimits::default(), &mut batch);
    assert_eq!(writer.outstanding(), 2);
    reader.set_high_water_mark(64);
    assert_eq!(writer.outstanding(), 0);
    reader.set_high_water_mark(2);
    reader.sent(bytes);
    assert_eq!(writer.outstanding(), 0);
}
