//! Pipes with an application at both ends, and one writer's message for many readers.

use std::thread;

use super::pattern;
use crate::memory::{Body, Pool};
use crate::pipe::{Owner, PipeConfig, Reader, Role, Writer, fence_commits, pipe};

/// A pipe between two applications, and their owners.
fn applications(high_water_mark: u32) -> (Writer, Owner, Reader, Owner) {
    let (writers, readers) = (Owner::parker(), Owner::parker());
    let config = PipeConfig {
        high_water_mark,
        reader_role: Role::Application,
    };
    let (writer, reader) = pipe(config, Pool::new(), writers.clone(), 1, readers.clone(), 2);
    (writer, writers, reader, readers)
}

/// Sends one message, waiting as long as the pipe is full. False once nobody reads.
fn send(writer: &mut Writer, owner: &Owner, body: &[u8]) -> bool {
    loop {
        if writer.is_reader_gone() {
            return false;
        }
        if writer.can_write() {
            break;
        }
        if writer.wait_for_credit() {
            owner.park(None);
            owner.ready_events(|_| ());
        }
    }
    writer.write_frame(true, body);
    writer.write_body(false, Body::from(body.to_vec()));
    writer.publish();
    true
}

/// Receives one message, waiting as long as the pipe is empty. `None` once nobody writes.
fn receive(reader: &mut Reader, owner: &Owner) -> Option<Vec<u8>> {
    while !reader.has_message() {
        if reader.is_finished() {
            return None;
        }
        if reader.wait_for_message() {
            owner.park(None);
            owner.ready_events(|_| ());
        }
    }
    let first = reader.next_frame()?.body.to_vec();
    let last = reader.next_frame().expect("the rest is there");
    assert!(!last.more && *last.body == *first);
    Some(first)
}

#[test]
fn two_applications_talk_both_ways_and_block_at_every_edge() {
    for mark in [1, 2, 3, 10] {
        let (mut asks, asks_owner, mut hears, hears_owner) = applications(mark);
        let (mut answers, answers_owner, mut gets, gets_owner) = applications(mark);
        let other = thread::spawn(move || {
            while let Some(body) = receive(&mut hears, &hears_owner) {
                assert!(send(&mut answers, &answers_owner, &body));
            }
        });
        let mut next = 0;
        for serial in 0..2_000 {
            assert!(send(&mut asks, &asks_owner, &pattern(serial, serial % 90)));
            // One answer in turn, as late as the marks allow.
            if serial - next >= mark as usize {
                assert_eq!(
                    receive(&mut gets, &gets_owner),
                    Some(pattern(next, next % 90))
                );
                next += 1;
            }
        }
        drop(asks);
        while let Some(body) = receive(&mut gets, &gets_owner) {
            assert_eq!(body, pattern(next, next % 90));
            next += 1;
        }
        assert_eq!(next, 2_000);
        other.join().expect("the other application ends");
    }
}

#[test]
fn a_writer_that_closes_leaves_its_messages_to_the_reader() {
    let (mut writer, writers, mut reader, readers) = applications(0);
    for serial in 0..500 {
        assert!(send(&mut writer, &writers, &pattern(serial, 100)));
    }
    writer.write_frame(true, b"unfinished");
    drop(writer);
    drop(writers);
    for serial in 0..500 {
        assert_eq!(receive(&mut reader, &readers), Some(pattern(serial, 100)));
    }
    assert_eq!(receive(&mut reader, &readers), None);
}

#[test]
fn a_reader_that_closes_ends_the_wait_of_a_full_writer() {
    let (mut writer, writers, mut reader, readers) = applications(3);
    let writing = thread::spawn(move || {
        let mut sent = 0;
        while send(&mut writer, &writers, b"x") {
            sent += 1;
        }
        sent
    });
    for _ in 0..10 {
        assert!(receive(&mut reader, &readers).is_some());
    }
    drop(reader);
    drop(readers);
    let sent = writing.join().expect("the writer ends");
    assert!((10..=13).contains(&sent), "{sent} sent");
}

#[test]
fn a_writer_that_closes_ends_the_wait_of_a_reader() {
    let (writer, writers, mut reader, readers) = applications(3);
    let reading = thread::spawn(move || receive(&mut reader, &readers));
    drop(writer);
    drop(writers);
    assert_eq!(reading.join().expect("the reader ends"), None);
}

#[test]
fn the_marks_of_both_applications_add_up_exactly() {
    for (send_mark, receive_mark) in [(1000, 1000), (2, 2), (1, 5)] {
        let (mut writer, writers, mut reader, readers) = applications(send_mark + receive_mark);
        for round in 0..3 {
            let mut count = 0;
            while writer.can_write() {
                assert!(send(&mut writer, &writers, b"x"));
                count += 1;
            }
            let sum = send_mark + receive_mark;
            if round == 0 {
                assert_eq!(count, sum);
            }
            assert!(count > sum / 2, "{count} of {sum}");
            while reader.has_message() {
                receive(&mut reader, &readers);
            }
        }
    }
}

#[test]
fn one_fence_tells_every_reader_of_a_message_for_all() {
    const READERS: usize = 8;
    const MESSAGES: usize = 3_000;
    let writers = Owner::parker();
    let mut outputs = Vec::new();
    let mut threads = Vec::new();
    for key in 0..READERS {
        let readers = Owner::parker();
        let config = PipeConfig {
            high_water_mark: 0,
            reader_role: Role::Application,
        };
        let (writer, mut reader) = pipe(
            config,
            Pool::new(),
            writers.clone(),
            key as u64,
            readers.clone(),
            0,
        );
        outputs.push(writer);
        threads.push(thread::spawn(move || {
            let mut next = 0;
            loop {
                while let Some(frame) = reader.next_frame() {
                    assert_eq!(*frame.body, pattern(next, next % 300));
                    next += 1;
                }
                if reader.is_finished() {
                    return next;
                }
                if reader.wait_for_message() {
                    readers.park(None);
                    readers.ready_events(|_| ());
                }
            }
        }));
    }
    for serial in 0..MESSAGES {
        let body = pattern(serial, serial % 300);
        let shared = Body::from(body.clone());
        for (index, writer) in outputs.iter_mut().enumerate() {
            if index % 2 == 0 || body.is_empty() {
                writer.write_frame(false, &body);
            } else {
                writer.write_body(false, shared.clone());
            }
            assert!(writer.commit());
        }
        fence_commits();
        outputs.iter().for_each(Writer::wake_parked_reader);
    }
    drop(outputs);
    for thread in threads {
        assert_eq!(thread.join().expect("the reader ends"), MESSAGES);
    }
}
