//! Tests of the shipped pipe: one list of scenarios against a plain queue, then the rules one by one.

mod commands;
mod credit;
mod ends;
mod inproc;
mod marks;
mod onlookers;
mod oracle;
mod taking;
mod threads;
mod waking;

use ringmq_driver::{Outgoing, SLICES_MAX};
use std::io::IoSlice;

use super::{Batch, Owner, PipeConfig, Reader, Role, Writer, pipe};
use crate::memory::Pool;

/// A pipe between two parked owners.
fn pair(high_water_mark: u32, reader_role: Role) -> (Writer, Reader) {
    let config = PipeConfig {
        high_water_mark,
        reader_role,
    };
    pipe(config, Pool::new(), Owner::parker(), 1, Owner::parker(), 2)
}

/// Bytes that tell where they belong.
fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (seed.wrapping_mul(31) + index.wrapping_mul(7)) as u8)
        .collect()
}

/// One frame as it lies in a pipe.
fn framed(more: bool, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    if body.len() <= 255 {
        frame.extend([u8::from(more), body.len() as u8]);
    } else {
        frame.push(u8::from(more) | 2);
        frame.extend((body.len() as u64).to_be_bytes());
    }
    frame.extend(body);
    frame
}

/// The bytes that a batch lends.
fn lent(batch: &Batch) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = batch.slices(&mut slices);
    let bytes: Vec<u8> = slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    assert_eq!(bytes.len(), batch.bytes());
    bytes
}

/// All frames that the reader has, as (more, body).
fn walk(reader: &mut Reader) -> Vec<(bool, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame() {
        frames.push((frame.more, frame.body.to_vec()));
    }
    frames
}
