//! Two threads on the shipped code: what one writes the other reads, with sleeps at every edge.

use std::thread;

use super::{framed, lent, pattern};
use crate::memory::Slice;
use crate::memory::{Body, Pool};
use crate::pipe::{Batch, Owner, PipeConfig, Role, TakeLimits, pipe};

const MESSAGES: usize = 20_000;

fn body_len(serial: usize) -> usize {
    match serial % 50 {
        0 => 3_000,
        1..10 => 200 + serial % 100,
        _ => serial % 70,
    }
}

fn parts(serial: usize) -> usize {
    1 + (serial % 7) / 5 * (serial % 5)
}

/// Writes numbered messages, waiting for credit on `owner`.
fn write_all(mut writer: crate::pipe::Writer, owner: &Owner) {
    for serial in 0..MESSAGES {
        while !writer.can_write() {
            if writer.wait_for_credit() {
                owner.park(None);
                owner.ready_events(|event| assert_eq!(event.key, 1));
            }
        }
        for part in (0..parts(serial)).rev() {
            let body = pattern(serial + part, body_len(serial + part));
            if serial.is_multiple_of(31) {
                writer.write_body(part > 0, Body::from(body));
            } else {
                writer.write_frame(part > 0, &body);
            }
        }
        writer.publish();
    }
}

#[test]
fn a_walker_on_another_thread_reads_every_message_in_order() {
    let (writers, readers) = (Owner::parker(), Owner::parker());
    let config = PipeConfig {
        high_water_mark: 100,
        reader_role: Role::Application,
    };
    let (writer, mut reader) = pipe(config, Pool::new(), writers.clone(), 1, readers.clone(), 2);
    let writing = thread::spawn(move || write_all(writer, &writers));
    let mut held: Vec<(usize, Slice)> = Vec::new();
    for serial in 0..MESSAGES {
        for part in (0..parts(serial)).rev() {
            while !reader.has_message() {
                if reader.wait_for_message() {
                    readers.park(None);
                    readers.ready_events(|event| assert_eq!(event.key, 2));
                }
                assert!(!reader.is_finished());
            }
            let frame = reader.next_frame().expect("has_message said so");
            assert_eq!(frame.more, part > 0);
            assert_eq!(*frame.body, pattern(serial + part, body_len(serial + part)));
            if let crate::pipe::FrameBody::Bytes(bytes) = &frame.body
                && serial.is_multiple_of(17)
            {
                held.push((serial + part, bytes.hold()));
            }
        }
    }
    while !reader.is_finished() {
        if reader.wait_for_message() {
            readers.park(None);
            readers.ready_events(|_| ());
        }
    }
    writing.join().expect("the writer ends");
    drop(reader);
    for (seed, slice) in held {
        assert_eq!(*slice, pattern(seed, body_len(seed)));
    }
}

#[test]
fn an_engine_on_another_thread_takes_the_whole_stream() {
    let (writers, readers) = (Owner::parker(), Owner::parker());
    let config = PipeConfig {
        high_water_mark: 200,
        reader_role: Role::Engine,
    };
    let (writer, mut reader) = pipe(config, Pool::new(), writers.clone(), 1, readers.clone(), 2);
    let writing = thread::spawn(move || write_all(writer, &writers));
    let mut stream = Vec::new();
    let mut batch = Batch::default();
    let mut turn = 0;
    loop {
        let bytes = reader.take(TakeLimits::default(), &mut batch);
        if bytes == 0 {
            if reader.is_finished() {
                break;
            }
            if reader.wait_for_data() {
                readers.park(None);
                readers.ready_events(|_| ());
            }
            continue;
        }
        turn += 1;
        let accepted = if u32::is_multiple_of(turn, 3) {
            bytes / 2
        } else {
            bytes
        };
        stream.extend_from_slice(&lent(&batch)[..accepted]);
        reader.sent(accepted);
        batch.clear();
    }
    writing.join().expect("the writer ends");
    let mut expected = Vec::new();
    for serial in 0..MESSAGES {
        for part in (0..parts(serial)).rev() {
            expected.extend(framed(
                part > 0,
                &pattern(serial + part, body_len(serial + part)),
            ));
        }
    }
    assert!(
        stream == expected,
        "{} bytes of {}",
        stream.len(),
        expected.len()
    );
}
