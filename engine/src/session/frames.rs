//! Received bytes into the inbound pipe, frame by frame: where each kind of frame is put.
//!
//! ```text
//!  received bytes   [ frame | frame | frame | hea        ...   der+body | frame | large header | body ...
//!                    └────────┬───────────┘ └──┬──┘
//!  inbound chunk       copied as one run     the tail: the start of one frame, completed by the next bytes
//! ```
//!
//! A frame never straddles two chunks, so the tail holds at most one unfinished frame. The body of a large
//! frame never enters a chunk.

use ringmq_wire::{self as wire, FrameHeader, Framing, NextFrame};

use super::link::{LargeFrame, Link};
use super::subscriptions;
use crate::memory::BodyBuffer;
use crate::pipe::Writer;

/// A body with at least this much to come is received in place.
pub(super) const IN_PLACE_BYTES_MIN: usize = 16 << 10;
/// The shortest header: flags and a one-byte length.
const SHORT_HEADER_BYTES: usize = 2;
/// The long header: flags and an eight-byte length.
const LONG_HEADER_BYTES: usize = 9;
/// The flag that says which of them it is (RFC 37, framing).
const LONG: u8 = 2;

/// The tail is empty: takes a run of whole frames, then the start of the frame behind it. Returns the rest.
pub(super) fn take_run<'a>(
    link: &mut Link,
    inbound: &mut Writer,
    bytes: &'a [u8],
) -> Result<&'a [u8], wire::Error> {
    let room = inbound.spare(SHORT_HEADER_BYTES).len();
    let window = &bytes[..bytes.len().min(room)];
    let scan = link.wire.scan(window)?;
    if scan.frames > 0 {
        link.follows_large = false;
        if link.keeps_subscriptions {
            subscriptions::take_frames(inbound, &window[..scan.frames])?;
        } else if !scan.passed_over {
            append(inbound, &window[..scan.frames]);
            inbound.frame(scan.frames, scan.messages, scan.complete);
        }
    }
    let rest = &bytes[scan.frames..];
    if scan.again {
        return Ok(rest);
    }
    let Some(NextFrame {
        header: next,
        header_bytes,
    }) = scan.next
    else {
        // At most a part of a header is left in the window; what was cut off is looked at again.
        let header = &window[scan.frames..];
        if header.is_empty() || window.len() < bytes.len() {
            return if scan.frames > 0 {
                Ok(rest)
            } else {
                start_frame(inbound, rest)
            };
        }
        append(inbound, header);
        return Ok(&rest[header.len()..]);
    };
    if next.body_bytes as usize > wire::LARGE_BODY_BYTES_DEFAULT {
        start_large(link, next);
        return Ok(&rest[header_bytes..]);
    }
    if scan.frames > 0 && window.len() < bytes.len() {
        // The chunk is full, not the input at its end: the next round opens a chunk.
        return Ok(rest);
    }
    let whole = header_bytes + next.body_bytes as usize;
    inbound.spare(whole);
    let start = &rest[..rest.len().min(whole)];
    append(inbound, start);
    if start.len() == whole {
        frame_tail(link, inbound)?;
    }
    Ok(&rest[start.len()..])
}

/// A chunk has room for less than a header: puts the first bytes into a fresh one.
fn start_frame<'a>(inbound: &mut Writer, bytes: &'a [u8]) -> Result<&'a [u8], wire::Error> {
    let start = bytes.len().min(SHORT_HEADER_BYTES);
    inbound.spare(LONG_HEADER_BYTES);
    append(inbound, &bytes[..start]);
    Ok(&bytes[start..])
}

/// The tail holds the start of a frame: takes what completes it, first its header, then its body.
pub(super) fn complete_frame<'a>(
    link: &mut Link,
    inbound: &mut Writer,
    bytes: &'a [u8],
) -> Result<&'a [u8], wire::Error> {
    let tail = inbound.tail();
    let have = tail.len();
    let header_bytes = header_bytes(tail[0]);
    if have < header_bytes {
        let taken = (header_bytes - have).min(bytes.len());
        inbound.spare(taken);
        append(inbound, &bytes[..taken]);
        if have + taken == header_bytes {
            header_completed(link, inbound)?;
        }
        return Ok(&bytes[taken..]);
    }
    let (header, _) =
        FrameHeader::decode(Framing::V2, tail)?.expect("the tail holds a whole header");
    let missing = header_bytes + header.body_bytes as usize - have;
    let taken = missing.min(bytes.len());
    inbound.spare(missing);
    append(inbound, &bytes[..taken]);
    if taken == missing {
        frame_tail(link, inbound)?;
    }
    Ok(&bytes[taken..])
}

/// The tail is exactly one header: an empty frame is whole, a large one moves to memory of its own.
fn header_completed(link: &mut Link, inbound: &mut Writer) -> Result<(), wire::Error> {
    let (header, header_bytes) =
        FrameHeader::decode(Framing::V2, inbound.tail())?.expect("the header is whole");
    if header.body_bytes == 0 || header.body_bytes as usize > wire::LARGE_BODY_BYTES_DEFAULT {
        if header.body_bytes == 0 {
            frame_tail(link, inbound)?;
        } else {
            link.wire.scan(inbound.tail())?;
            inbound.drop_tail(header_bytes);
            start_large(link, header);
        }
    }
    Ok(())
}

/// The tail is exactly one whole frame.
fn frame_tail(link: &mut Link, inbound: &mut Writer) -> Result<(), wire::Error> {
    let scan = link.wire.scan(inbound.tail())?;
    debug_assert_eq!(scan.frames, inbound.tail().len(), "one whole frame");
    if link.keeps_subscriptions {
        let frame = inbound.tail().to_vec();
        inbound.drop_tail(frame.len());
        return subscriptions::take_frames(inbound, &frame);
    }
    if scan.passed_over {
        inbound.drop_tail(scan.frames);
    } else {
        inbound.frame(scan.frames, scan.messages, scan.complete);
    }
    Ok(())
}

fn start_large(link: &mut Link, header: FrameHeader) {
    link.wire.large_frame_taken(header);
    receive_large(link, header);
}

/// The body of a frame is received into memory of its own from here on.
pub(super) fn receive_large(link: &mut Link, header: FrameHeader) {
    link.follows_large = header.body_bytes as usize >= IN_PLACE_BYTES_MIN;
    let buffer = Some(link.body_buffer(header.body_bytes as usize));
    link.large = Some(LargeFrame {
        more: header.more,
        command: header.command,
        buffer,
    });
}

/// Hands a large body to the pipe if it is whole.
pub(super) fn finish_large(link: &mut Link, inbound: &mut Writer) -> Result<(), wire::Error> {
    let whole = link
        .large
        .take_if(|large| large.buffer.as_ref().is_some_and(BodyBuffer::is_complete));
    let Some(LargeFrame {
        more,
        command,
        buffer: Some(buffer),
    }) = whole
    else {
        return Ok(());
    };
    if !command {
        link.largest_body = link.largest_body.max(buffer.total());
        inbound.attach_body(more, buffer.finish());
    } else if link.keeps_subscriptions {
        let body = buffer.finish();
        link.wire.large_command_taken(&body)?;
        subscriptions::take_command(inbound, &body)?;
    }
    Ok(())
}

/// Puts bytes behind the tail; the caller has made sure that they fit.
fn append(inbound: &mut Writer, bytes: &[u8]) {
    inbound.spare(0)[..bytes.len()].copy_from_slice(bytes);
    inbound.extend(bytes.len());
}

const fn header_bytes(flags: u8) -> usize {
    if flags & LONG == 0 {
        SHORT_HEADER_BYTES
    } else {
        LONG_HEADER_BYTES
    }
}
