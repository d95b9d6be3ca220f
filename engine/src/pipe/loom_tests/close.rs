//! The ends of a pipe and of an owner, against everything that may happen meanwhile.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model};
use crate::pipe::Role;

#[test]
fn a_pipe_is_finished_only_after_its_last_message() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(0, 4));
            drop(writer);
        });
        let mut read = 0;
        for _ in 0..3 {
            if reader.is_finished() {
                assert_eq!(read, 1);
            } else if reader.has_message() {
                expect_frame(&mut reader, false, &body(0, 4));
                read += 1;
            }
        }
        writing.join().unwrap();
    });
}

#[test]
fn halves_may_go_in_any_order_with_messages_between_them() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        writer.write_frame(false, &body(0, 40));
        writer.publish();
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(1, 40));
            writer.publish();
            writer.write_frame(true, &body(2, 40));
        });
        expect_frame(&mut reader, false, &body(0, 40));
        drop(reader);
        writing.join().unwrap();
    });
}

#[test]
fn an_owner_that_closes_lets_go_of_pipes_that_are_being_listed() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        assert!(reader.wait_for_message());
        let writing = thread::spawn(move || {
            writer.write_frame(false, b"a");
            writer.publish();
        });
        drop(reader);
        drop(readers);
        writing.join().unwrap();
        // A pipe that stayed on the list would keep itself, which loom reports as a leak.
    });
}

#[test]
fn each_message_is_consumed_or_counted_once_however_the_halves_leave() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Engine);
        let writing = thread::spawn(move || {
            writer.write_frame(false, &body(0, 4));
            writer.publish();
            writer.write_frame(false, &body(1, 4));
            let stranded = writer.stranded();
            assert!(stranded <= 1, "{stranded}");
            writer.leave()
        });
        let by_reader = reader.discard() + reader.leave();
        assert_eq!(by_reader + writing.join().unwrap(), 2);
    });
}

#[test]
fn what_an_application_consumed_is_not_counted_when_it_sees_the_end_of_the_pipe() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(8, Role::Application);
        writer.write_frame(false, &body(0, 4));
        writer.publish();
        let writing = thread::spawn(move || writer.leave());
        // It is not acknowledged: the step is four.
        expect_frame(&mut reader, false, &body(0, 4));
        if reader.is_finished() {
            drop(reader);
            assert_eq!(writing.join().unwrap(), 0);
        } else {
            assert_eq!(reader.leave() + writing.join().unwrap(), 0);
        }
    });
}

#[test]
fn what_a_leaving_reader_counted_is_not_stranded() {
    model(|| {
        let Ends {
            mut writer, reader, ..
        } = ends(0, Role::Engine);
        writer.write_frame(false, &body(0, 4));
        writer.publish();
        let leaving = thread::spawn(move || reader.leave());
        assert_eq!(writer.stranded(), 0);
        assert_eq!(leaving.join().unwrap() + writer.leave(), 1);
    });
}
