//! Halves, owners and pools go in any order; bodies are released once, chunks keep what is held.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::Mutex;

use super::{pair, pattern, walk};
use crate::memory::{Body, ConnectionInfo, Pool};
use crate::pipe::{Batch, FrameBody, Owner, PipeConfig, Role, TakeLimits, pipe};

/// Counts how often foreign bodies were released.
#[derive(Clone, Default)]
struct Released(Arc<Mutex<Vec<u32>>>);

impl Released {
    fn body(&self) -> Body {
        let index = {
            let mut counts = self.0.lock().expect("nothing panics while it counts");
            counts.push(0);
            counts.len() - 1
        };
        let counts = self.0.clone();
        let bytes = pattern(index, 5_000);
        let start = NonNull::from(bytes.as_slice()).cast();
        let release = Box::new(move || {
            drop(bytes);
            counts.lock().expect("nothing panics while it counts")[index] += 1;
        });
        // SAFETY: the closure owns the bytes and frees them when it runs.
        unsafe { Body::with_release(start, 5_000, release) }
    }

    fn counts(&self) -> Vec<u32> {
        self.0
            .lock()
            .expect("nothing panics while it counts")
            .clone()
    }
}

/// How far a pipe has come when its halves go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unpublished,
    Published,
    Taken,
    Walked,
    Aborted,
    Discarded,
}

#[test]
fn each_body_is_released_once_in_whatever_state_the_halves_go() {
    use State::{Aborted, Discarded, Published, Taken, Unpublished, Walked};
    for state in [Unpublished, Published, Taken, Walked, Aborted, Discarded] {
        for writer_first in [true, false] {
            let role = if state == Walked {
                Role::Application
            } else {
                Role::Engine
            };
            let (mut writer, mut reader) = pair(0, role);
            let released = Released::default();
            let mut batch = Batch::default();
            for _ in 0..3 {
                // One slot in each of several chunks, and an unfinished message at the end.
                writer.write_frame(true, &pattern(0, 600));
                writer.write_body(true, released.body());
                writer.write_body(false, released.body());
            }
            if state != Unpublished {
                writer.publish();
            }
            writer.write_body(true, released.body());
            writer.write_frame(true, &pattern(0, 900));
            writer.write_body(true, released.body());
            match state {
                Unpublished | Published => (),
                Taken => {
                    let bytes = reader.take(TakeLimits::default(), &mut batch);
                    reader.sent(bytes / 2);
                }
                Walked => assert_eq!(walk(&mut reader).len(), 9),
                Aborted => assert!(writer.abort()),
                Discarded => assert_eq!(reader.discard(), 3),
            }
            if writer_first {
                drop(writer);
                drop(reader);
            } else {
                drop(reader);
                drop(writer);
            }
            drop(batch);
            assert_eq!(
                released.counts(),
                [1; 8],
                "{state:?}, writer first: {writer_first}"
            );
        }
    }
}

#[test]
fn a_sent_body_is_released_although_its_chunk_is_still_open() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    let released = Released::default();
    writer.write_body(false, released.body());
    writer.publish();
    let mut batch = Batch::default();
    let bytes = reader.take(TakeLimits::default(), &mut batch);
    reader.sent(bytes);
    assert_eq!(released.counts(), [0], "the batch is not back");
    batch.clear();
    assert_eq!(released.counts(), [1]);
    drop(writer);
}

#[test]
fn a_walked_body_is_released_when_the_caller_says_so() {
    let (mut writer, mut reader) = pair(0, Role::Application);
    let released = Released::default();
    writer.write_body(false, released.body());
    writer.publish();
    assert!(matches!(
        reader.next_frame().expect("published").body,
        FrameBody::Body(_)
    ));
    assert_eq!(released.counts(), [0]);
    reader.release_body();
    assert_eq!(released.counts(), [1]);
}

#[test]
fn an_aborted_body_is_released_by_the_abort() {
    let (mut writer, _reader) = pair(0, Role::Application);
    let released = Released::default();
    writer.write_frame(true, &pattern(0, 600));
    writer.write_body(true, released.body());
    assert!(writer.abort());
    assert_eq!(released.counts(), [1]);
    assert!(!writer.abort(), "there is nothing left to abort");
}

#[test]
fn slices_outlive_the_pipe_and_its_pool() {
    let pool = Pool::new();
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let (mut writer, mut reader) =
        pipe(config, pool.clone(), Owner::parker(), 0, Owner::parker(), 0);
    let info = Arc::new(ConnectionInfo {
        epoch: 3,
        ..ConnectionInfo::default()
    });
    writer.set_info(Some(info));
    let mut slices = Vec::new();
    for serial in 0..300 {
        writer.write_frame(false, &pattern(serial, 100));
        writer.publish();
        if let FrameBody::Bytes(bytes) = reader.next_frame().expect("published").body {
            slices.push(bytes.hold());
        }
    }
    drop(reader);
    drop(writer);
    drop(pool);
    for (serial, slice) in slices.iter().enumerate() {
        assert_eq!(slice[..], pattern(serial, 100));
        assert_eq!(slice.info().map(|info| info.epoch), Some(3));
    }
}

#[test]
fn each_message_knows_the_connection_it_came_over() {
    let (mut writer, mut reader) = pair(0, Role::Application);
    let info = |epoch| {
        Some(Arc::new(ConnectionInfo {
            epoch,
            ..ConnectionInfo::default()
        }))
    };
    for epoch in 0..4 {
        writer.set_info(info(epoch));
        writer.write_frame(false, b"whole");
        writer.write_frame(true, &pattern(0, 700));
        writer.write_frame(true, b"unfinished");
        writer.publish();
        assert!(writer.abort());
    }
    for epoch in 0..4 {
        let frame = reader.next_frame().expect("published");
        assert_eq!(&*frame.body, b"whole");
        assert_eq!(frame.info.map(|info| info.epoch), Some(epoch));
    }
    assert!(reader.next_frame().is_none());
}

#[test]
fn a_reader_that_is_gone_is_seen_by_its_writer() {
    let (mut writer, reader) = pair(1, Role::Application);
    writer.write_frame(false, b"x");
    assert!(writer.wait_for_credit());
    drop(reader);
    assert!(writer.is_reader_gone());
    assert!(!writer.wait_for_credit());
}

#[test]
fn commands_alone_take_no_room_in_an_inbound_pipe() {
    let (mut writer, mut reader) = pair(0, Role::Application);
    for _ in 0..10_000 {
        let spare = writer.spare(7);
        spare[..7].copy_from_slice(b"\x04\x05\x04PING");
        writer.extend(7);
        writer.frame(7, 0, 7);
        writer.publish();
    }
    assert!(
        writer.spare(1).len() > 500,
        "the first chunk is still empty"
    );
    assert!(!reader.has_data());
}

#[test]
fn chunks_grow_while_the_reader_is_behind_and_shrink_when_it_is_not() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    for serial in 0..5_000 {
        writer.write_frame(false, &pattern(serial, 100));
        writer.publish();
    }
    assert_eq!(writer.open_class_index(), 3);
    for serial in 0..5_000 {
        writer.write_frame(false, &pattern(serial, 100));
        writer.publish();
        reader.discard();
    }
    assert_eq!(writer.open_class_index(), 0);
}
