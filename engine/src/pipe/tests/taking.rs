//! What an engine lends, where its takes are cut, and what is left of them when a connection is lost.

use super::{framed, lent, pair, pattern};
use crate::memory::Body;
use crate::pipe::{Batch, FrameBody, Reader, Role, TakeLimits, Writer};

/// Messages of one to three parts over several chunks, with large bodies between them. Returns the bytes and the
/// places in them where messages start, the end included.
fn write_messages(writer: &mut Writer) -> (Vec<u8>, Vec<usize>) {
    let mut stream = Vec::new();
    let mut starts = Vec::new();
    for serial in 0..24 {
        starts.push(stream.len());
        for part in (0..=serial % 3).rev() {
            let seed = serial * 3 + part;
            if seed % 7 == 5 {
                let body = pattern(seed, 90);
                writer.write_body(part > 0, Body::from(body.clone()));
                stream.extend(framed(part > 0, &body));
            } else {
                let body = pattern(seed, seed % 60 + if seed == 8 { 300 } else { 0 });
                writer.write_frame(part > 0, &body);
                stream.extend(framed(part > 0, &body));
            }
        }
    }
    starts.push(stream.len());
    writer.publish();
    (stream, starts)
}

/// Takes and sends everything, and returns it.
fn take_all(reader: &mut Reader) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut batch = Batch::default();
    while reader.has_data() {
        let taken = reader.take(TakeLimits::default(), &mut batch);
        bytes.extend(lent(&batch));
        reader.sent(taken);
        batch.clear();
    }
    bytes
}

#[test]
fn a_lost_connection_goes_on_at_the_next_message_from_every_byte() {
    let total = write_messages(&mut pair(100, Role::Engine).0).0.len();
    for accepted in 0..=total {
        let (mut writer, mut reader) = pair(100, Role::Engine);
        let (stream, starts) = write_messages(&mut writer);
        let mut batch = Batch::default();
        assert_eq!(reader.take(TakeLimits::default(), &mut batch), stream.len());
        reader.sent(accepted);
        drop(batch);
        let next = *starts
            .iter()
            .find(|start| **start >= accepted)
            .expect("the end is one");
        assert_eq!(
            reader.connection_lost(),
            next != accepted,
            "{accepted} bytes accepted"
        );
        assert!(reader.is_at_message_boundary());
        let consumed = starts
            .iter()
            .position(|start| *start == next)
            .expect("it is one");
        assert_eq!(
            reader.messages_read(),
            consumed as u64,
            "{accepted} bytes accepted"
        );
        assert_eq!(
            take_all(&mut reader),
            stream[next..],
            "{accepted} bytes accepted"
        );
        assert_eq!(writer.outstanding(), 0);
    }
}

#[test]
fn what_is_discarded_is_counted_with_the_message_that_was_half_sent() {
    let total = write_messages(&mut pair(10, Role::Engine).0).0.len();
    for accepted in 0..=total {
        let (mut writer, mut reader) = pair(10, Role::Engine);
        let (_, starts) = write_messages(&mut writer);
        let mut batch = Batch::default();
        reader.take(TakeLimits::default(), &mut batch);
        reader.sent(accepted);
        let whole = starts
            .iter()
            .skip(1)
            .filter(|end| **end <= accepted)
            .count();
        assert_eq!(
            reader.discard(),
            (24 - whole) as u64,
            "{accepted} bytes accepted"
        );
        assert!(!reader.has_data());
        assert_eq!(writer.outstanding(), 0);
        writer.write_frame(false, b"next");
        writer.publish();
        assert_eq!(take_all(&mut reader), framed(false, b"next"));
    }
}

#[test]
fn a_take_is_bounded_and_cut_where_counts_are_known() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    for serial in 0..20_000 {
        writer.write_frame(false, &pattern(serial, 64));
    }
    writer.publish();
    let mut batch = Batch::default();
    let bytes = reader.take(TakeLimits::default(), &mut batch);
    assert!((200 << 10..=256 << 10).contains(&bytes), "{bytes} bytes");
    assert!(reader.is_at_message_boundary());
    reader.sent(bytes);
    assert!(
        reader.is_at_message_boundary(),
        "chunks of single parts end between messages"
    );
    assert_eq!(reader.messages_read(), (bytes / 66) as u64);
}

#[test]
fn a_huge_body_is_lent_in_pieces() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    let body = pattern(1, 5 << 20);
    writer.write_body(false, Body::from(body.clone()));
    writer.publish();
    let mut batch = Batch::default();
    let bytes = reader.take(TakeLimits::default(), &mut batch);
    assert_eq!(bytes, 1 << 20);
    reader.sent(bytes);
    assert!(!reader.is_at_message_boundary());
    let mut rest = lent(&batch);
    batch.clear();
    rest.extend(take_all(&mut reader));
    assert!(rest == framed(false, &body));
    assert!(reader.is_at_message_boundary());
}

#[test]
fn scratch_goes_out_before_the_ranges() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    writer.write_frame(false, b"message");
    writer.publish();
    let mut batch = Batch::default();
    batch.scratch_mut().extend(b"greeting");
    reader.take(TakeLimits::default(), &mut batch);
    assert_eq!(
        lent(&batch),
        [b"greeting".as_slice(), &framed(false, b"message")].concat()
    );
    assert_eq!(batch.scratch_bytes(), 8);
    batch.clear();
    assert!(batch.is_empty());
}

#[test]
fn a_batch_keeps_its_bytes_when_the_pipe_is_gone() {
    let (mut writer, mut reader) = pair(0, Role::Engine);
    let (stream, _) = write_messages(&mut writer);
    let mut batch = Batch::default();
    reader.take(TakeLimits::default(), &mut batch);
    drop(reader);
    drop(writer);
    assert_eq!(lent(&batch), stream);
}

#[test]
fn visited_messages_stay_until_they_are_skipped() {
    let (mut writer, mut reader) = pair(100, Role::Engine);
    let (stream, starts) = write_messages(&mut writer);
    let mut at = 0;
    while reader.has_data() {
        for _ in 0..2 {
            let mut seen = Vec::new();
            let mut slices = Vec::new();
            let shown = reader.visit_messages(200, |frame| {
                seen.extend(framed(frame.more, &frame.body));
                if let FrameBody::Bytes(bytes) = &frame.body {
                    slices.push((bytes.to_vec(), bytes.hold()));
                }
            });
            let from = starts
                .iter()
                .position(|start| *start == at)
                .expect("a start");
            assert!(shown > 0);
            assert_eq!(seen, stream[at..starts[from + shown]]);
            assert!(slices.iter().all(|(bytes, slice)| bytes[..] == slice[..]));
        }
        let from = starts
            .iter()
            .position(|start| *start == at)
            .expect("a start");
        reader.skip_messages(1);
        at = starts[from + 1];
        assert_eq!(reader.messages_read(), from as u64 + 1);
    }
    assert_eq!((at, writer.outstanding()), (stream.len(), 0));
}
