//! What a message promises whatever its body lives in.

use bytes::Bytes;

use super::{Content, INLINE_BYTES_MAX, Message, Multipart};

#[test]
fn small_bodies_are_inline_and_larger_ones_are_not() {
    for len in [0, 1, INLINE_BYTES_MAX] {
        let message = Message::copy_from(&vec![9; len]);
        assert!(matches!(message.content, Content::Inline { .. }), "{len}");
        assert_eq!(message.as_bytes(), vec![9; len]);
    }
    let message = Message::copy_from(&[9; INLINE_BYTES_MAX + 1]);
    assert!(matches!(message.content, Content::Owned(_)));
}

#[test]
fn a_vector_is_taken_over_without_a_copy() {
    let vec = vec![1u8; 100_000];
    let place = vec.as_ptr();
    let message = Message::from(vec);
    assert_eq!(message.as_ptr(), place);
    assert_eq!(Bytes::from(message).as_ptr(), place);
}

#[test]
fn bytes_round_trip_without_a_copy() {
    let bytes = Bytes::from(vec![1u8; 100_000]);
    let place = bytes.as_ptr();
    let message = Message::from(bytes);
    let copy = message.clone();
    assert_eq!(message.as_ptr(), place);
    assert_eq!(copy.as_ptr(), place);
    assert_eq!(Bytes::from(message).as_ptr(), place);
}

#[test]
fn an_owner_is_dropped_once_after_its_last_reference() {
    let owner = std::sync::Arc::new(vec![1u8; 5_000]);
    #[derive(Debug)]
    struct Foreign(std::sync::Arc<Vec<u8>>);
    impl AsRef<[u8]> for Foreign {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let first = Message::from_owner(Foreign(owner.clone()));
    let second = first.clone();
    drop(first);
    assert_eq!(std::sync::Arc::strong_count(&owner), 2);
    drop(second);
    assert_eq!(std::sync::Arc::strong_count(&owner), 1);
}

#[test]
fn a_multipart_marks_every_frame_but_the_last() {
    let mut whole = Multipart::from_iter(["a", "b"]);
    whole.push("c");
    let marks: Vec<bool> = whole.iter().map(Message::more).collect();
    assert_eq!(marks, [true, true, false]);
}

#[test]
fn debug_output_is_short_and_printable() {
    let message = Message::from(vec![0u8; 1_000_000]);
    assert!(format!("{message:?}").len() < 200);
}
