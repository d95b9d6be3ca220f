//! Chunks come back from any thread, and are used again only when nobody reads them any more.

use loom::thread;

use super::{Ends, body, ends, expect_frame, model};
use crate::memory::{Pool, SizeClass, Unit};
use crate::pipe::{FrameBody, Role};

#[test]
fn a_chunk_is_written_again_only_after_its_last_slice_is_gone() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            ..
        } = ends(0, Role::Application);
        writer.write_frame(false, &body(0, 40));
        writer.write_frame(false, &body(1, 40));
        writer.publish();
        let frame = reader.next_frame().expect("published");
        let FrameBody::Bytes(bytes) = &frame.body else {
            panic!("small bodies are copied")
        };
        let slice = bytes.hold();
        let holding = thread::spawn(move || assert_eq!(*slice, body(0, 40)));
        let reading = thread::spawn(move || {
            expect_frame(&mut reader, false, &body(1, 40));
            reader
        });
        // Each frame takes a chunk of its own, from the pool if one came back.
        for serial in 2..4 {
            writer.write_frame(false, &body(serial, 40));
            writer.publish();
        }
        holding.join().unwrap();
        drop(reading.join().unwrap());
    });
}

/// A chunk whose only unit lives by itself.
fn unit(pool: &Pool) -> Unit {
    let chunk = pool.take(SizeClass::SMALLEST);
    // SAFETY: the chunk's one unit belongs to whoever took it.
    unsafe { Unit::adopt(&chunk) }
}

#[test]
fn two_threads_may_take_from_one_pool() {
    model(|| {
        let pool = Pool::new();
        drop((unit(&pool), unit(&pool)));
        let other = pool.clone();
        let taking = thread::spawn(move || {
            let taken = unit(&other);
            drop(unit(&other));
            taken
        });
        let taken = unit(&pool);
        let again = unit(&pool);
        let theirs = taking.join().unwrap();
        assert!(!taken.chunk().is(again.chunk()) && !taken.chunk().is(theirs.chunk()));
    });
}

#[test]
fn a_chunk_may_come_back_while_its_pool_closes() {
    model(|| {
        let pool = Pool::new();
        let units = [unit(&pool), unit(&pool)];
        let returning = thread::spawn(move || drop(units));
        drop(pool);
        returning.join().unwrap();
    });
}
