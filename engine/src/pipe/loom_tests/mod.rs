//! The shipped pipe under loom: every interleaving, within a bound on preemptions, of its smallest scenarios.
//!
//! Pages are tiny here and shadowed byte by byte, so that a read of unpublished bytes or a write to readable ones
//! is a race that loom reports. A lost wake-up is a deadlock, a lost reference count a leak; loom reports both.
//! `tests/orderings.sh` weakens each ordering in turn and checks that one of these tests turns red.

mod close;
mod credit;
mod onlookers;
mod pool;
mod publish;
mod sleep;

use loom::model::Builder;

use super::{Owner, PipeConfig, Reader, Role, Writer, pipe};
use crate::memory::Pool;

/// Explores `scenario`, with two preemptions unless the environment asks for another number.
fn model(scenario: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.max_branches = 20_000;
    builder.check(scenario);
}

/// A pipe, and the parked owners of its writer and its reader.
struct Ends {
    writer: Writer,
    writers: Owner,
    reader: Reader,
    readers: Owner,
}

fn ends(high_water_mark: u32, reader_role: Role) -> Ends {
    let (writers, readers) = (Owner::parker(), Owner::parker());
    let config = PipeConfig {
        high_water_mark,
        reader_role,
    };
    let (writer, reader) = pipe(config, Pool::new(), writers.clone(), 1, readers.clone(), 2);
    Ends {
        writer,
        writers,
        reader,
        readers,
    }
}

/// A body that tells which one it is.
fn body(serial: u8, len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| serial.wrapping_mul(17).wrapping_add(index as u8))
        .collect()
}

/// Reads one frame and checks it.
fn expect_frame(reader: &mut Reader, more: bool, expected: &[u8]) {
    let frame = reader.next_frame().expect("the frame is published");
    assert_eq!(frame.more, more);
    assert_eq!(&*frame.body, expected);
}

/// Sleeps until the reader has a message; false at the end of the pipe.
fn wait_for_message(reader: &mut Reader, readers: &Owner) -> bool {
    loop {
        if reader.has_message() {
            return true;
        }
        if reader.is_finished() {
            return false;
        }
        if reader.wait_for_message() {
            readers.park(None);
            readers.ready_events(|_| ());
        }
    }
}
