//! What a test message is made of, so that a receiver can tell a whole one from a torn or a mixed one.
//!
//! Everything follows from the sender's number and the message's: how many parts, how long each, each byte. Knows
//! neither sockets nor processes; the peer program and the tests both include this file.

/// Bytes in front of each part's body: sender, sequence number, part, parts, kind.
const HEAD_BYTES: usize = 21;

/// Lengths of bodies in turn, in bytes: empty, inline, slices, at and over the limit for copying, large.
const BODY_BYTES: [usize; 8] = [0, 7, 33, 200, 1_000, 4_060, 4_097, 20_000];

/// A message that says "everything before me has been sent".
const MARKER: u8 = 1;

/// What a receiver learns from a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Who sent it.
    pub(crate) sender: u32,
    /// The how-manieth of its sender it is, from 0.
    pub(crate) seq: u64,
    /// Whether it is a marker.
    pub(crate) marker: bool,
}

/// The parts of a message.
pub(crate) fn parts(seen: Seen) -> Vec<Vec<u8>> {
    let count = part_count(seen.seq);
    (0..count).map(|part| part_bytes(seen, part)).collect()
}

/// How many bytes a message takes on the wire at most: its parts, each with the longest frame header.
#[allow(dead_code, reason = "the peer program does not ask")]
pub(crate) fn wire_bytes(seq: u64) -> usize {
    let part = |part| HEAD_BYTES + body_bytes(seq, part) + 9;
    (0..part_count(seq)).map(part).sum()
}

/// Reads a message back, byte for byte.
///
/// # Errors
/// What is wrong with it.
#[allow(dead_code, reason = "the tests leave reading to the peer program")]
pub(crate) fn check(frames: &[&[u8]]) -> Result<Seen, &'static str> {
    let first = frames.first().ok_or("a message without parts")?;
    let seen = head(first).ok_or("a part shorter than its head")?;
    if frames.len() != part_count(seen.seq) as usize {
        return Err("a message with parts missing or to spare");
    }
    for (part, frame) in (0..).zip(frames) {
        if part_bytes(seen, part) != *frame {
            return Err("a part that differs from what was sent");
        }
    }
    Ok(seen)
}

/// One, two or three; not in step with the lengths, nor with few receivers that take turns.
fn part_count(seq: u64) -> u32 {
    1 + (seq / 8 % 3) as u32
}

fn body_bytes(seq: u64, part: u32) -> usize {
    BODY_BYTES[((seq + u64::from(part)) % 8) as usize]
}

fn part_bytes(seen: Seen, part: u32) -> Vec<u8> {
    let body = body_bytes(seen.seq, part);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body);
    bytes.extend_from_slice(&seen.sender.to_le_bytes());
    bytes.extend_from_slice(&seen.seq.to_le_bytes());
    bytes.extend_from_slice(&part.to_le_bytes());
    bytes.extend_from_slice(&part_count(seen.seq).to_le_bytes());
    bytes.push(if seen.marker { MARKER } else { 0 });
    let first = (seen.seq as u8).wrapping_mul(31).wrapping_add(part as u8);
    bytes.extend((0..body).map(|at| first.wrapping_add((at % 251) as u8)));
    bytes
}

fn head(bytes: &[u8]) -> Option<Seen> {
    let (sender, rest) = bytes.split_first_chunk()?;
    let (seq, _) = rest.split_first_chunk()?;
    let marker = *bytes.get(HEAD_BYTES - 1)? == MARKER;
    Some(Seen {
        sender: u32::from_le_bytes(*sender),
        seq: u64::from_le_bytes(*seq),
        marker,
    })
}
