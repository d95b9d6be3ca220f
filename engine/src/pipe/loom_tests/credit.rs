//! A full writer sleeps until its reader has made room, and is woken then.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model, wait_for_message};
use crate::pipe::{Batch, Owner, Reader, Role, TakeLimits, Writer};

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

/// Sends and receives `count` messages, each side blocking, with the marks changed by `change` meanwhile.
fn pass(
    mark: u32,
    count: u8,
    change_writer: impl Fn(&mut Writer, u8) + Send + Sync + Copy + 'static,
    change_reader: impl Fn(&mut Reader, u8) + Send + Sync + Copy + 'static,
) {
    model(move || {
        let Ends {
            mut writer,
            writers,
            mut reader,
            readers,
        } = ends(mark, Role::Application);
        let writing = thread::spawn(move || {
            for serial in 0..count {
                change_writer(&mut writer, serial);
                assert!(wait_for_credit(&mut writer, &writers));
                writer.write_frame(false, &body(serial, 4));
                writer.publish();
            }
            writer
        });
        for serial in 0..count {
            assert!(wait_for_message(&mut reader, &readers));
            expect_frame(&mut reader, false, &body(serial, 4));
            change_reader(&mut reader, serial);
        }
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_mark_that_is_lowered_on_both_sides_stops_nobody() {
    pass(
        4,
        3,
        |writer, serial| {
            if serial == 1 {
                writer.set_high_water_mark(1);
            }
        },
        |reader, serial| {
            if serial == 0 {
                reader.set_high_water_mark(1);
            }
        },
    );
}

#[test]
fn a_mark_that_is_raised_on_both_sides_stops_nobody() {
    pass(
        1,
        3,
        |writer, serial| {
            if serial == 1 {
                writer.set_high_water_mark(4);
            }
        },
        |reader, serial| {
            if serial == 0 {
                reader.set_high_water_mark(4);
            }
        },
    );
}

#[test]
fn a_writer_whose_mark_changes_while_it_waits_is_told_of_credit() {
    // The mark that both begin with, one that the writer has had meanwhile, and the one that both end with. The
    // last case asks for more than the reader's steps will ever give, until the mark is back.
    for (old, meanwhile, new) in [(2, 2, 1), (2, 2, 3), (1, 1, 2), (3, 1, 3)] {
        model(move || {
            let Ends {
                mut writer,
                writers,
                mut reader,
                ..
            } = ends(old, Role::Application);
            for _ in 0..old {
                writer.write_frame(false, b"a");
            }
            assert!(writer.wait_for_credit());
            writer.set_high_water_mark(meanwhile);
            let reading = thread::spawn(move || {
                reader.set_high_water_mark(new);
                for _ in 0..old {
                    expect_frame(&mut reader, false, b"a");
                }
                reader
            });
            writer.set_high_water_mark(new);
            // Only news may end the wait: credit alone would not bring a writer back into its turns.
            loop {
                writers.park(None);
                writers.ready_events(|_| ());
                if writer.can_write() || !writer.wait_for_credit() {
                    break;
                }
            }
            drop(reading.join().unwrap());
        });
    }
}
