//! Nobody sleeps while there is something to do, at the level of the pipe and of the owner.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model, wait_for_message};
use crate::memory::Pool;
use crate::pipe::{Event, EventKind, Mailbox, Owner, PipeConfig, Role, pipe, pipe_to_claim};

#[test]
fn a_parked_reader_is_woken_by_the_next_message() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(0, 4));
            writer.publish();
            writer
        });
        assert!(wait_for_message(&mut reader, &readers));
        expect_frame(&mut reader, false, &body(0, 4));
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_parked_reader_is_woken_when_its_writer_goes() {
    model(|| {
        let Ends {
            writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || drop(writer));
        assert!(!wait_for_message(&mut reader, &readers));
        writing.join().unwrap();
    });
}

#[test]
fn whoever_claims_a_reader_is_woken_by_a_writer_that_was_at_it_already() {
    model(|| {
        let config = PipeConfig {
            high_water_mark: 0,
            reader_role: Role::Application,
        };
        let (mut writer, unclaimed) = pipe_to_claim(config, Pool::new(), Owner::parker(), 1);
        let claiming = thread::spawn(move || {
            let readers = Owner::parker();
            let mut reader = unclaimed.claim(&readers);
            assert!(wait_for_message(&mut reader, &readers));
            expect_frame(&mut reader, false, &body(0, 4));
        });
        writer.write_frame(false, &body(0, 4));
        writer.publish();
        claiming.join().unwrap();
    });
}

#[test]
fn one_owner_hears_of_both_its_pipes() {
    model(|| {
        let readers = Owner::parker();
        let config = PipeConfig {
            high_water_mark: 0,
            reader_role: Role::Application,
        };
        let mut halves: Vec<_> = (0..2)
            .map(|key| {
                pipe(
                    config,
                    Pool::new(),
                    Owner::parker(),
                    9,
                    readers.clone(),
                    key,
                )
            })
            .map(|(mut writer, mut reader)| {
                assert!(reader.wait_for_message());
                let writing = thread::spawn(move || {
                    writer.write_frame(false, b"a");
                    writer.publish();
                    writer
                });
                (writing, reader)
            })
            .collect();
        let mut heard = [false; 2];
        while heard != [true; 2] {
            readers.park(None);
            readers.ready_events(|Event { key, kind }| {
                assert_eq!(kind, EventKind::Readable);
                heard[key as usize] = true;
                expect_frame(&mut halves[key as usize].1, false, b"a");
            });
        }
        for (writing, _reader) in halves {
            drop(writing.join().unwrap());
        }
    });
}

#[test]
fn a_pipe_that_is_listed_already_is_listed_again_once_it_was_told() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        assert!(reader.wait_for_message());
        let writing = thread::spawn(move || {
            for serial in 0..2 {
                writer.write_frame(false, &body(serial, 3));
                writer.publish();
            }
            writer
        });
        let mut next = 0;
        while next < 2 {
            if reader.has_message() {
                expect_frame(&mut reader, false, &body(next, 3));
                next += 1;
                // Waits again although its last event may not have been told yet.
                reader.wait_for_message();
            } else {
                readers.park(None);
                readers.ready_events(|_| ());
                reader.wait_for_message();
            }
        }
        drop(writing.join().unwrap());
    });
}

#[test]
fn what_is_announced_before_a_told_event_is_seen_by_who_looks_after_it() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        assert!(reader.wait_for_message());
        writer.write_frame(false, b"0");
        writer.publish();
        expect_frame(&mut reader, false, b"0");
        // The pipe is listed and not told; the reader waits anew.
        assert!(reader.wait_for_message());
        let writing = thread::spawn(move || {
            writer.write_frame(false, b"1");
            writer.publish();
            writer
        });
        readers.ready_events(|_| ());
        while !reader.has_message() {
            // The event that was told may be the one before: then another comes.
            readers.park(None);
            readers.ready_events(|_| ());
        }
        expect_frame(&mut reader, false, b"1");
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_letter_wakes_a_sleeping_owner() {
    model(|| {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let sending: Vec<_> = (0..2)
            .map(|letter| {
                let mailbox = mailbox.clone();
                thread::spawn(move || mailbox.send(letter))
            })
            .collect();
        let mut letters = Vec::new();
        while letters.len() < 2 {
            owner.park(None);
            mailbox.drain(&mut letters);
        }
        for sending in sending {
            sending.join().unwrap();
        }
        assert!(!owner.has_mail());
    });
}

#[test]
fn a_descriptor_tells_what_was_announced_while_it_was_made() {
    model(|| {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let sending = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.send(()))
        };
        owner
            .descriptor()
            .expect("the system has two descriptors left");
        sending.join().unwrap();
        assert!(owner.is_descriptor_readable());
    });
}
