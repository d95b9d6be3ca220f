//! What a message promises whatever its body lives in.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use bytes::Bytes;

use super::{COPY_BYTES_MAX, Content, INLINE_BYTES_MAX, Message, Multipart};
use crate::{Context, SocketType, TrySendError};

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

/// Takes back what [`lend`] lent.
///
/// # Safety
/// `hint` came from `lend`, and this is called once for it.
unsafe extern "C" fn take_back(data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `lend` leaked this count for this call.
    let lent = unsafe { Arc::from_raw(hint.cast::<Vec<u8>>().cast_const()) };
    assert_eq!(data.addr(), lent.as_ptr().addr());
}

/// A message in the memory of `lent`. Its count is one higher until the memory was taken back.
fn lend(lent: &Arc<Vec<u8>>) -> Message {
    let data = NonNull::from(lent.as_slice()).cast();
    let hint = Arc::into_raw(Arc::clone(lent)).cast_mut().cast();
    // SAFETY: the leaked count keeps the bytes until `take_back` runs, which any thread may do.
    unsafe { Message::from_foreign(data, lent.len(), take_back, hint) }
}

#[test]
fn lent_memory_is_taken_back_once_however_its_message_ends() {
    for bytes in [1, 100, 2 * COPY_BYTES_MAX] {
        let lent = Arc::new(vec![7; bytes]);
        drop(lend(&lent));
        assert_eq!(Arc::strong_count(&lent), 1, "dropped");

        let message = lend(&lent);
        let copy = message.clone();
        drop(message);
        assert_eq!(copy.as_bytes(), lent.as_slice());
        drop(Bytes::from(copy));
        assert_eq!(Arc::strong_count(&lent), 1, "shared");

        let context = Context::new().unwrap();
        let mut push = context.socket(SocketType::Push).unwrap();
        let refused = push.try_send(lend(&lent));
        assert_eq!(Arc::strong_count(&lent), 2, "it came back");
        assert!(matches!(refused, Err(TrySendError::Full(_))));
        drop(refused);
        assert_eq!(Arc::strong_count(&lent), 1, "refused");

        let mut pull = context.socket(SocketType::Pull).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        push.connect(&endpoint.to_string()).unwrap();
        push.send(lend(&lent)).unwrap();
        push.send_multipart(Multipart::from(vec![lend(&lent), lend(&lent)]))
            .unwrap();
        for _ in 0..3 {
            assert_eq!(pull.recv().unwrap().as_bytes(), lent.as_slice());
        }
        // Begun and never ended: it is rolled back.
        let mut begun = lend(&lent);
        begun.set_more(true);
        push.send(begun).unwrap();
        if bytes <= COPY_BYTES_MAX {
            assert_eq!(Arc::strong_count(&lent), 1, "copied by the call that sends");
        }
        drop((push, pull));
        drop(context);
        assert_eq!(Arc::strong_count(&lent), 1, "sent");
    }
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
