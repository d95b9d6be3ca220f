//! What is published is whole, in order, and nothing else is looked at.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model};
use crate::memory::Body;
use crate::pipe::{Batch, Role, TakeLimits};
use ringmq_driver::{Outgoing, SLICES_MAX};
use std::io::IoSlice;

/// The bytes that a batch lends.
fn lent(batch: &Batch) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = batch.slices(&mut slices);
    slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect()
}

#[test]
fn messages_come_in_order_and_unpublished_bytes_are_not_read() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            for serial in 0..3 {
                writer.write_frame(false, &body(serial, 9));
                writer.publish();
            }
        });
        let mut next = 0;
        for _ in 0..2 {
            while reader.has_message() {
                expect_frame(&mut reader, false, &body(next, 9));
                next += 1;
            }
        }
        writing.join().unwrap();
        while reader.has_message() {
            expect_frame(&mut reader, false, &body(next, 9));
            next += 1;
        }
        assert_eq!(next, 3);
    });
}

#[test]
fn a_message_that_crosses_chunks_is_visible_whole_or_not_at_all() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(9, 5));
            writer.publish();
            for part in 0..3 {
                writer.write_frame(part < 2, &body(part, 35));
            }
            writer.publish();
        });
        let mut seen = false;
        for _ in 0..2 {
            if reader.has_message() && !seen {
                expect_frame(&mut reader, false, &body(9, 5));
                seen = true;
            }
            if seen && reader.has_message() {
                for part in 0..3 {
                    expect_frame(&mut reader, part < 2, &body(part, 35));
                }
            }
        }
        writing.join().unwrap();
    });
}

#[test]
fn a_take_lends_whole_messages_and_references() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Engine);
        let writing = thread::spawn(move || {
            writer.write_frame(true, &body(0, 30));
            writer.write_body(false, Body::from(body(1, 50)));
            writer.publish();
            writer.write_frame(false, &body(2, 10));
            writer.publish();
        });
        let mut expected = vec![1, 30];
        expected.extend(body(0, 30));
        expected.extend([0, 50]);
        expected.extend(body(1, 50));
        let first = expected.len();
        expected.extend([0, 10]);
        expected.extend(body(2, 10));
        let mut sent = 0;
        let mut batch = Batch::default();
        let mut take = |reader: &mut crate::pipe::Reader| {
            let bytes = reader.take(TakeLimits::default(), &mut batch);
            assert_eq!(lent(&batch), expected[sent..sent + bytes]);
            sent += bytes;
            assert!(
                [0, first, expected.len()].contains(&sent),
                "whole messages only"
            );
            reader.sent(bytes);
            batch.clear();
            sent
        };
        take(&mut reader);
        take(&mut reader);
        writing.join().unwrap();
        assert_eq!(take(&mut reader), first + 12);
    });
}

#[test]
fn an_aborted_message_is_never_seen() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(0, 5));
            writer.write_frame(true, &body(1, 30));
            writer.publish();
            writer.write_frame(true, &body(2, 30));
            writer.abort();
            writer.write_frame(false, &body(3, 30));
            writer.publish();
        });
        let mut expected = [(0, 5), (3, 30)].into_iter();
        for _ in 0..2 {
            if reader.has_message() {
                let (serial, len) = expected.next().unwrap();
                expect_frame(&mut reader, false, &body(serial, len));
            }
        }
        writing.join().unwrap();
        for (serial, len) in expected {
            expect_frame(&mut reader, false, &body(serial, len));
        }
        assert!(!reader.has_message());
    });
}

#[test]
fn received_bytes_are_framed_behind_what_is_read() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            let mut stream = vec![0, 6];
            stream.extend(body(0, 6));
            stream.extend([0, 20]);
            stream.extend(body(1, 20));
            writer.spare(20)[..20].copy_from_slice(&stream[..20]);
            writer.extend(20);
            writer.frame(8, 1, 8);
            writer.publish();
            let rest = &stream[20..];
            writer.spare(20)[..rest.len()].copy_from_slice(rest);
            writer.extend(rest.len());
            writer.frame(22, 1, 22);
            writer.publish();
        });
        let mut expected = [(0, 6), (1, 20)].into_iter();
        for _ in 0..2 {
            if reader.has_message() {
                let (serial, len) = expected.next().unwrap();
                expect_frame(&mut reader, false, &body(serial, len));
            }
        }
        writing.join().unwrap();
        for (serial, len) in expected {
            expect_frame(&mut reader, false, &body(serial, len));
        }
    });
}
