//! A full writer sleeps until its reader has made room, and is woken then.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model, wait_for_message};
use crate::pipe::{Batch, Owner, Role, TakeLimits, Writer};

/// Sleeps until the writer has credit; false if the reader is gone.
fn wait_for_credit(writer: &mut Writer, writers: &Owner) -> bool {
    loop {
        if writer.is_reader_gone() {
            return false;
        }
        if writer.can_write() {
            return true;
        }
        if writer.wait_for_credit() {
            writers.park(None);
            writers.ready_events(|_| ());
        }
    }
}

#[test]
fn both_sides_sleep_and_every_message_passes() {
    model(|| {
        let Ends {
            mut writer,
            writers,
            mut reader,
            readers,
        } = ends(1, Role::Application);
        let writing = thread::spawn(move || {
            for serial in 0..2 {
                assert!(wait_for_credit(&mut writer, &writers));
                writer.write_frame(false, &body(serial, 4));
                writer.publish();
            }
        });
        for serial in 0..2 {
            assert!(wait_for_message(&mut reader, &readers));
            expect_frame(&mut reader, false, &body(serial, 4));
        }
        writing.join().unwrap();
    });
}

#[test]
fn a_full_writer_is_woken_by_what_the_reader_consumes() {
    model(|| {
        let Ends {
            mut writer,
            writers,
            mut reader,
            ..
        } = ends(1, Role::Application);
        writer.write_frame(false, b"a");
        writer.publish();
        let reading = thread::spawn(move || {
            expect_frame(&mut reader, false, b"a");
            reader
        });
        assert!(wait_for_credit(&mut writer, &writers));
        drop(reading.join().unwrap());
    });
}

#[test]
fn a_full_writer_is_woken_by_what_the_engine_sends() {
    model(|| {
        let Ends {
            mut writer,
            writers,
            mut reader,
            ..
        } = ends(1, Role::Engine);
        writer.write_frame(false, b"a");
        writer.publish();
        let reading = thread::spawn(move || {
            let mut batch = Batch::default();
            let bytes = reader.take(TakeLimits::default(), &mut batch);
            reader.sent(bytes);
            reader
        });
        assert!(wait_for_credit(&mut writer, &writers));
        drop(reading.join().unwrap());
    });
}

#[test]
fn a_full_writer_is_woken_when_its_reader_goes() {
    model(|| {
        let Ends {
            mut writer,
            writers,
            reader,
            ..
        } = ends(1, Role::Application);
        writer.write_frame(false, b"a");
        writer.publish();
        let reading = thread::spawn(move || drop(reader));
        assert!(!wait_for_credit(&mut writer, &writers));
        reading.join().unwrap();
    });
}
