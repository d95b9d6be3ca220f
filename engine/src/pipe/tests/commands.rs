//! Commands between the messages: in their place, published, counted as nothing.

use super::{framed, lent, pair, pattern};
use crate::memory::{Body, Pool};
use crate::pipe::{Batch, EventKind, Owner, PipeConfig, Reader, Role, TakeLimits, Writer, pipe};

/// One command frame as it lies in a pipe.
fn command(body: &[u8]) -> Vec<u8> {
    let mut frame = framed(false, body);
    frame[0] |= 4;
    frame
}

/// Messages of one or two parts, and a command behind each, small or by reference. Returns the bytes, the ends of
/// whole messages, and the ends of commands.
fn write_both(writer: &mut Writer) -> (Vec<u8>, Vec<usize>, Vec<usize>) {
    let (mut stream, mut messages, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    for serial in 0..14 {
        for part in (0..=serial % 2).rev() {
            let body = pattern(serial, 20 + serial * 10);
            if serial % 3 == 0 {
                writer.write_body(part > 0, Body::from(body.clone()));
            } else {
                writer.write_frame(part > 0, &body);
            }
            stream.extend(framed(part > 0, &body));
        }
        messages.push(stream.len());
        let body = pattern(serial + 50, 10 + serial * 12);
        if serial % 4 == 1 {
            writer.write_command_body(Body::from(body.clone()));
        } else {
            writer.write_command(&body);
        }
        stream.extend(command(&body));
        commands.push(stream.len());
    }
    writer.publish();
    (stream, messages, commands)
}

fn take_all(reader: &mut Reader, limits: TakeLimits) -> Vec<u8> {
    let (mut bytes, mut batch) = (Vec::new(), Batch::default());
    while reader.has_data() {
        let taken = reader.take(limits, &mut batch);
        bytes.extend(lent(&batch));
        reader.sent(taken);
        batch.clear();
    }
    bytes
}

#[test]
fn an_engine_takes_commands_as_they_are() {
    for bytes_max in [1, 7, 50, 1 << 20] {
        let (mut writer, mut reader) = pair(100, Role::Engine);
        let (stream, ..) = write_both(&mut writer);
        let limits = TakeLimits {
            bytes_max,
            ..TakeLimits::default()
        };
        assert_eq!(take_all(&mut reader, limits), stream);
        assert_eq!((reader.messages_read(), writer.outstanding()), (14, 0));
        assert!(reader.is_at_message_boundary());
    }
}

#[test]
fn a_command_wakes_a_parked_engine() {
    let engine = Owner::parker();
    let config = PipeConfig {
        high_water_mark: 1,
        reader_role: Role::Engine,
    };
    let (mut writer, mut reader) = pipe(config, Pool::new(), Owner::parker(), 0, engine.clone(), 5);
    // One that fits, one that opens a chunk, one by reference, one larger than any chunk.
    for bytes in [20, 900, 5_000, 70_000] {
        assert!(reader.wait_for_data());
        if bytes == 5_000 {
            writer.write_command_body(Body::from(pattern(0, bytes)));
        } else {
            writer.write_command(&pattern(0, bytes));
        }
        assert!(writer.commit(), "{bytes} bytes");
        crate::pipe::fence_commits();
        writer.wake_parked_reader();
        let mut events = Vec::new();
        engine.ready_events(|event| events.push((event.key, event.kind)));
        assert_eq!(events, [(5, EventKind::Readable)]);
        assert!(reader.has_data());
        assert!(take_all(&mut reader, TakeLimits::default()) == command(&pattern(0, bytes)));
        assert!(!writer.commit(), "nothing more");
    }
    assert_eq!((writer.outstanding(), reader.messages_read()), (0, 0));
}

#[test]
fn a_topic_of_64_mib_goes_by_reference_through_a_full_pipe() {
    let (mut writer, mut reader) = pair(1, Role::Engine);
    writer.write_frame(false, b"fills the pipe");
    assert!(!writer.can_write());
    let body = Body::from(vec![7; 64 << 20]);
    let memory = body.as_ptr();
    writer.write_command_body(body);
    writer.publish();
    let mut batch = Batch::default();
    let bytes = reader.take(TakeLimits::default(), &mut batch);
    let mut slices = [std::io::IoSlice::new(&[]); ringmq_driver::SLICES_MAX];
    let count = ringmq_driver::Outgoing::slices(&batch, &mut slices);
    assert_eq!(slices[count - 1].as_ptr(), memory);
    reader.sent(bytes);
    assert!(!reader.is_at_message_boundary());
    assert_eq!(reader.messages_read(), 1);
    drop(batch);
    assert_eq!(
        bytes + take_all(&mut reader, TakeLimits::default()).len(),
        2 + 14 + 9 + (64 << 20)
    );
    assert_eq!((reader.messages_read(), writer.outstanding()), (1, 0));
}

#[test]
fn a_lost_connection_goes_on_behind_a_half_sent_command_that_is_no_lost_message() {
    let total = write_both(&mut pair(100, Role::Engine).0).0.len();
    for accepted in 0..=total {
        let (mut writer, mut reader) = pair(100, Role::Engine);
        let (stream, messages, commands) = write_both(&mut writer);
        let mut batch = Batch::default();
        assert_eq!(reader.take(TakeLimits::default(), &mut batch), total);
        reader.sent(accepted);
        drop(batch);
        let next = [0].iter().chain(&messages).chain(&commands).copied();
        let next = next
            .filter(|start| *start >= accepted)
            .min()
            .expect("the end is one");
        let half_message = next != accepted && messages.contains(&next);
        assert_eq!(
            reader.connection_lost(),
            half_message,
            "{accepted} bytes accepted"
        );
        let before = messages.iter().filter(|end| **end <= next).count();
        assert_eq!(
            reader.messages_read(),
            before as u64,
            "{accepted} bytes accepted"
        );
        assert_eq!(
            take_all(&mut reader, TakeLimits::default()),
            stream[next..],
            "{accepted} bytes accepted"
        );
        assert_eq!(writer.outstanding(), 0);
    }
}

#[test]
fn commands_that_are_discarded_are_no_messages() {
    let total = write_both(&mut pair(100, Role::Engine).0).0.len();
    for accepted in 0..=total {
        let (mut writer, mut reader) = pair(100, Role::Engine);
        let (_, messages, _) = write_both(&mut writer);
        let mut batch = Batch::default();
        reader.take(TakeLimits::default(), &mut batch);
        reader.sent(accepted);
        let whole = messages.iter().filter(|end| **end <= accepted).count();
        assert_eq!(
            reader.discard(),
            (14 - whole) as u64,
            "{accepted} bytes accepted"
        );
        assert!(!reader.has_data());
    }
}

#[test]
fn an_engine_that_transforms_is_shown_commands_in_their_place() {
    let (mut writer, mut reader) = pair(100, Role::Engine);
    let (stream, ..) = write_both(&mut writer);
    let mut seen = Vec::new();
    let shown = reader.visit_messages(usize::MAX, |frame| {
        seen.extend(if frame.command {
            command(&frame.body)
        } else {
            framed(frame.more, &frame.body)
        });
    });
    assert_eq!((shown, seen), (28, stream));
    reader.skip_messages(28);
    assert_eq!((reader.messages_read(), writer.outstanding()), (14, 0));
}

#[test]
fn an_application_sees_commands_only_if_it_asked_to() {
    let (mut writer, mut reader) = pair(1, Role::Application);
    let write = |writer: &mut Writer| {
        writer.write_command(b"\x09SUBSCRIBEa");
        writer.write_frame(false, b"message");
        writer.write_command_body(Body::from(pattern(0, 300)));
        writer.publish();
    };
    write(&mut writer);
    let frame = reader.next_frame().expect("published");
    assert_eq!((frame.command, &*frame.body), (false, &b"message"[..]));
    assert!(!reader.has_message());
    reader.show_commands();
    write(&mut writer);
    let mut seen = Vec::new();
    while let Some(frame) = reader.next_frame() {
        seen.push((frame.command, frame.body.to_vec()));
    }
    let expected = [
        (true, b"\x09SUBSCRIBEa".to_vec()),
        (false, b"message".to_vec()),
        (true, pattern(0, 300)),
    ];
    assert_eq!(seen, expected);
    assert_eq!((reader.messages_read(), writer.outstanding()), (2, 0));
}

#[test]
fn an_unfinished_message_behind_a_command_is_rolled_back_to_it() {
    let (mut writer, mut reader) = pair(100, Role::Engine);
    let mut expected = Vec::new();
    for serial in 0..30 {
        let body = pattern(serial, 40 * serial);
        writer.write_command(&body);
        expected.extend(command(&body));
        writer.write_frame(true, &pattern(serial, 300));
        writer.write_body(true, Body::from(pattern(serial, 10)));
        assert!(writer.abort());
    }
    drop(writer);
    assert_eq!(take_all(&mut reader, TakeLimits::default()), expected);
    assert!(reader.is_finished());
}

#[test]
#[should_panic(expected = "between messages")]
fn a_command_inside_a_message_is_our_own_mistake() {
    let (mut writer, _reader) = pair(0, Role::Engine);
    writer.write_frame(true, b"first part");
    writer.write_command(b"\x09SUBSCRIBE");
}
