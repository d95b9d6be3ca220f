//! Random operations on a pipe and on a queue, which must agree.

use std::collections::VecDeque;

use super::{framed, lent, pair, pattern};
use crate::memory::Body;
use crate::pipe::{Batch, Reader, Role, TakeLimits, Writer};

/// What a writer may do.
#[derive(Clone, Debug)]
enum Step {
    Write {
        more: bool,
        len: usize,
    },
    Reference {
        more: bool,
        len: usize,
    },
    Receive {
        lens: Vec<(bool, usize)>,
        cut: usize,
    },
    Publish,
    Abort,
    Read(usize),
}

/// A sequence of numbers that one seed determines, so that a failure can be run again.
struct Random(u64);

impl Random {
    /// The next number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn len(&mut self) -> usize {
        match self.below(11) {
            0..6 => self.below(80),
            6..8 => 200 + self.below(100),
            8..10 => 600 + self.below(4_400),
            _ => 60_000 + self.below(10_000),
        }
    }

    fn step(&mut self) -> Step {
        let more = self.below(2) == 0;
        match self.below(22) {
            0..8 => Step::Write {
                more,
                len: self.len(),
            },
            8..10 => Step::Reference {
                more,
                len: self.len(),
            },
            10..13 => {
                let frames = self.below(12);
                let lens = (0..frames)
                    .map(|_| (self.below(2) == 0, self.below(400)))
                    .collect();
                Step::Receive {
                    lens,
                    cut: 1 + self.below(299),
                }
            }
            13..17 => Step::Publish,
            17 => Step::Abort,
            _ => Step::Read(1 + self.below(39)),
        }
    }
}

/// Runs `scenario` with the steps of many seeds, and names the seed that fails.
fn for_many_seeds(scenario: impl Fn(&[Step]) + std::panic::RefUnwindSafe) {
    for seed in 0..400 {
        let mut random = Random(seed);
        let count = 1 + random.below(120);
        let steps: Vec<Step> = (0..count).map(|_| random.step()).collect();
        let outcome = std::panic::catch_unwind(|| scenario(&steps));
        assert!(outcome.is_ok(), "seed {seed} fails");
    }
}

type Frame = (bool, Vec<u8>);

/// The queue that a pipe is compared with.
#[derive(Default)]
struct Queue {
    unfinished: Vec<Frame>,
    whole: Vec<Frame>,
    visible: VecDeque<Frame>,
    serial: usize,
}

impl Queue {
    fn body(&mut self, len: usize) -> Vec<u8> {
        self.serial += 1;
        pattern(self.serial, len)
    }

    fn write(&mut self, more: bool, body: Vec<u8>) {
        self.unfinished.push((more, body));
        if !more {
            self.whole.append(&mut self.unfinished);
        }
    }

    fn publish(&mut self) {
        self.visible.extend(self.whole.drain(..));
    }
}

/// Receives whole frames in pieces of `cut` bytes and frames them as they become whole.
fn receive(writer: &mut Writer, frames: &[Frame], cut: usize) {
    let stream: Vec<u8> = frames
        .iter()
        .flat_map(|(more, body)| framed(*more, body))
        .collect();
    let mut next = frames.iter();
    let mut waiting = next.next();
    for piece in stream.chunks(cut) {
        let spare = writer.spare(piece.len());
        spare[..piece.len()].copy_from_slice(piece);
        writer.extend(piece.len());
        let (mut bytes, mut messages, mut complete) = (0, 0, 0);
        while let Some((more, body)) = waiting {
            let len = framed(*more, body).len();
            if bytes + len > writer.tail().len() {
                break;
            }
            assert_eq!(writer.tail()[bytes..bytes + len], framed(*more, body));
            bytes += len;
            if !more {
                messages += 1;
                complete = bytes;
            }
            waiting = next.next();
        }
        if bytes > 0 {
            writer.frame(bytes, messages, complete);
        }
    }
    assert!(waiting.is_none() && writer.tail().is_empty());
}

fn write(step: &Step, writer: &mut Writer, queue: &mut Queue) {
    match step {
        Step::Write { more, len } => {
            let body = queue.body(*len);
            writer.write_frame(*more, &body);
            queue.write(*more, body);
        }
        Step::Reference { more, len } => {
            let body = queue.body(*len);
            writer.write_body(*more, Body::from(body.clone()));
            queue.write(*more, body);
        }
        Step::Receive { lens, cut } => {
            let frames: Vec<Frame> = lens
                .iter()
                .map(|&(more, len)| (more, queue.body(len)))
                .collect();
            receive(writer, &frames, *cut);
            frames
                .into_iter()
                .for_each(|(more, body)| queue.write(more, body));
        }
        Step::Publish => {
            writer.publish();
            queue.publish();
        }
        Step::Abort => {
            assert_eq!(writer.abort(), !queue.unfinished.is_empty());
            queue.unfinished.clear();
        }
        Step::Read(_) => unreachable!("the reader's"),
    }
    assert_eq!(writer.unpublished_parts() > 0, !queue.unfinished.is_empty());
}

fn read_frames(reader: &mut Reader, queue: &mut Queue, count: usize) {
    for _ in 0..count {
        assert_eq!(reader.has_message(), !queue.visible.is_empty());
        let expected = queue.visible.pop_front();
        let frame = reader
            .next_frame()
            .map(|frame| (frame.more, frame.body.to_vec()));
        assert_eq!(frame, expected);
    }
}

/// Takes and sends about half of what was taken, so that takes begin everywhere.
fn read_bytes(reader: &mut Reader, stream: &mut VecDeque<u8>, batch: &mut Batch, seed: usize) {
    let limits = TakeLimits {
        copied_bytes_max: 1 << (seed % 18),
        bytes_max: 3 << (seed % 16),
        ranges_max: 1 + seed % 9,
    };
    let bytes = reader.take(limits, batch);
    let taken = lent(batch);
    assert_eq!(taken.len(), bytes);
    assert_eq!(bytes == 0, stream.is_empty());
    let accepted = if seed.is_multiple_of(3) {
        bytes
    } else {
        bytes.min(seed * 97)
    };
    for byte in &taken[..accepted] {
        assert_eq!(Some(*byte), stream.pop_front());
    }
    reader.sent(accepted);
    batch.clear();
}

#[test]
fn frames_come_out_as_they_went_in() {
    for_many_seeds(|steps| {
        let (mut writer, mut reader) = pair(0, Role::Application);
        let mut queue = Queue::default();
        for step in steps {
            match step {
                Step::Read(count) => read_frames(&mut reader, &mut queue, *count),
                _ => write(step, &mut writer, &mut queue),
            }
        }
        drop(writer);
        queue.publish();
        let rest = queue.visible.len();
        read_frames(&mut reader, &mut queue, rest + 1);
        assert!(reader.is_finished());
    });
}

#[test]
fn taken_bytes_are_the_published_stream() {
    for_many_seeds(|steps| {
        let (mut writer, mut reader) = pair(0, Role::Engine);
        let mut queue = Queue::default();
        let mut stream = VecDeque::new();
        let mut batch = Batch::default();
        for step in steps {
            if let Step::Read(seed) = step {
                read_bytes(&mut reader, &mut stream, &mut batch, *seed);
            } else {
                write(step, &mut writer, &mut queue);
            }
            for (more, body) in queue.visible.drain(..) {
                stream.extend(framed(more, &body));
            }
        }
        drop(writer);
        queue.publish();
        queue
            .visible
            .drain(..)
            .for_each(|(more, body)| stream.extend(framed(more, &body)));
        while reader.has_data() {
            read_bytes(&mut reader, &mut stream, &mut batch, 3);
        }
        assert!(stream.is_empty() && reader.is_finished());
        assert!(reader.is_at_message_boundary());
    });
}
