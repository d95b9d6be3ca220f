//! High-water marks count exactly, because programs count on the sums.

use super::{pair, walk};
use crate::memory::Pool;
use crate::pipe::{Batch, EventKind, Owner, PipeConfig, Reader, Role, TakeLimits, Writer, pipe};

/// Writes single-part messages until the pipe is full; returns how many it took.
fn fill(writer: &mut Writer) -> u64 {
    let mut count = 0;
    while writer.can_write() {
        writer.write_frame(false, b"x");
        writer.publish();
        count += 1;
    }
    count
}

fn read(reader: &mut Reader, count: usize) {
    for _ in 0..count {
        assert!(reader.next_frame().is_some());
    }
}

#[test]
fn a_pipe_with_a_mark_of_1000_is_full_after_1000_messages() {
    let (mut writer, _reader) = pair(1000, Role::Application);
    assert_eq!(fill(&mut writer), 1000);
    assert_eq!(
        (writer.messages_written(), writer.outstanding()),
        (1000, 1000)
    );
}

#[test]
fn credit_comes_back_in_steps_of_the_low_water_mark() {
    let (mut writer, mut reader) = pair(1000, Role::Application);
    fill(&mut writer);
    read(&mut reader, 499);
    assert!(!writer.can_write());
    read(&mut reader, 1);
    assert_eq!(fill(&mut writer), 500);
    read(&mut reader, 999);
    assert_eq!(
        fill(&mut writer),
        500,
        "the second half of the step is not there yet"
    );
    read(&mut reader, 1);
    assert_eq!(fill(&mut writer), 500);
}

#[test]
fn a_drained_pipe_gives_no_credit_between_steps() {
    let (mut writer, mut reader) = pair(10, Role::Application);
    writer.write_frame(false, b"x");
    writer.publish();
    walk(&mut reader);
    assert_eq!(writer.outstanding(), 1);
    assert_eq!(fill(&mut writer), 9);
}

#[test]
fn a_waiting_writer_is_listed_once_when_the_pipe_is_half_empty() {
    let writers = Owner::parker();
    let config = PipeConfig {
        high_water_mark: 1000,
        reader_role: Role::Application,
    };
    let (mut writer, mut reader) =
        pipe(config, Pool::new(), writers.clone(), 7, Owner::parker(), 0);
    fill(&mut writer);
    assert!(writer.wait_for_credit());
    read(&mut reader, 499);
    assert!(!writers.has_ready());
    read(&mut reader, 501);
    let mut events = Vec::new();
    writers.ready_events(|event| events.push((event.key, event.kind)));
    assert_eq!(events, [(7, EventKind::Writable)]);
    assert!(!writer.wait_for_credit(), "there is credit");
    assert_eq!(fill(&mut writer), 1000);
}

#[test]
fn every_small_mark_wakes_its_writer() {
    for mark in 1..20 {
        let writers = Owner::parker();
        let config = PipeConfig {
            high_water_mark: mark,
            reader_role: Role::Application,
        };
        let (mut writer, mut reader) =
            pipe(config, Pool::new(), writers.clone(), 7, Owner::parker(), 0);
        for round in 0..40 {
            assert!(fill(&mut writer) > 0, "mark {mark}, round {round}");
            assert!(writer.wait_for_credit());
            walk(&mut reader);
            assert!(writers.has_ready(), "mark {mark}, round {round}");
            writers.ready_events(|_| ());
        }
    }
}

#[test]
fn a_message_counts_once_and_its_later_parts_are_always_admitted() {
    let (mut writer, mut reader) = pair(2, Role::Application);
    fill(&mut writer);
    walk(&mut reader);
    writer.write_frame(true, b"a");
    assert!(writer.can_write());
    writer.write_frame(true, b"b");
    writer.write_frame(false, b"c");
    assert_eq!(fill(&mut writer), 1);
    assert_eq!(walk(&mut reader).len(), 4);
}

#[test]
fn commands_need_no_credit_and_are_skipped_by_the_walker() {
    let (mut writer, mut reader) = pair(1, Role::Application);
    fill(&mut writer);
    writer.write_command(b"\x04PING");
    writer.publish();
    assert_eq!(walk(&mut reader), [(false, b"x".to_vec())]);
    assert!(!reader.has_message());
    assert_eq!(reader.messages_read(), 1);
}

#[test]
fn an_engine_gives_credit_when_it_takes_unless_the_mark_is_small() {
    for (mark, at_take) in [(0, true), (64, true), (63, false), (1, false)] {
        let (mut writer, mut reader) = pair(mark, Role::Engine);
        writer.write_frame(false, b"x");
        writer.publish();
        let mut batch = Batch::default();
        let bytes = reader.take(TakeLimits::default(), &mut batch);
        assert_eq!(writer.outstanding() == 0, at_take, "mark {mark}");
        reader.sent(bytes);
        assert_eq!(writer.outstanding(), 0);
    }
}
