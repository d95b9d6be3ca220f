//! Bodies are released once and grow with what came; pools bound what they keep.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread;

use super::pool::RETAINED_BYTES_MAX;
use super::{Body, BodyBuffer, BodyPool, Pool, SizeClass, Unit};

#[test]
fn a_body_may_be_made_of_any_memory() {
    static CONSTANT: &[u8] = b"bytes";
    for body in [
        Body::from(b"bytes".to_vec()),
        Body::from(bytes::Bytes::from_static(b"bytes")),
        Body::from(CONSTANT),
    ] {
        let shared = body.clone();
        drop(body);
        assert_eq!(&*shared, b"bytes");
    }
    assert_eq!(
        Body::from(CONSTANT).shares(),
        None,
        "constants are not counted"
    );
}

/// Takes back what `a_c_free_function_runs_once_after_the_last_clone` lent.
///
/// # Safety
/// `hint` came from `Arc::into_raw`, and `data` points into what it holds.
unsafe extern "C" fn take_back(data: *mut c_void, hint: *mut c_void) {
    // SAFETY: the body runs this once, with the pointer that was leaked for it.
    let lent = unsafe { Arc::from_raw(hint.cast::<[u8; 4]>()) };
    assert_eq!(data.addr(), lent.as_ptr().addr());
}

#[test]
fn a_c_free_function_runs_once_after_the_last_clone() {
    let lent = Arc::new(*b"lent");
    let start = NonNull::from(lent.as_slice()).cast();
    let hint = Arc::into_raw(lent.clone()).cast_mut().cast();
    // SAFETY: the leaked count keeps the bytes until `take_back` runs, which any thread may do.
    let body = unsafe { Body::new_foreign(start, 4, take_back, hint) };
    let other = body.clone();
    drop(body);
    assert_eq!(Arc::strong_count(&lent), 2);
    thread::spawn(move || assert_eq!(&*other, b"lent"))
        .join()
        .expect("it is read there");
    assert_eq!(Arc::strong_count(&lent), 1);
}

#[test]
fn a_buffer_reserves_no_more_than_twice_what_came() {
    let mut buffer = BodyBuffer::new(BodyPool::new(0), usize::MAX >> 1, 0);
    assert_eq!(buffer.reserved(), 0);
    let mut received = 0;
    while received < 3 << 20 {
        let space = buffer.space().len();
        assert!(space > 0);
        assert!(buffer.reserved() <= (64 << 10).max(2 * received));
        let step = space.min(50_000);
        buffer.filled(step);
        received += step;
    }
}

#[test]
fn lent_space_stays_in_place_until_it_is_filled() {
    let mut buffer = BodyBuffer::new(BodyPool::new(0), 200_000, 0);
    let mut filled = 0_usize;
    while !buffer.is_complete() {
        let lent = buffer.space().as_ptr();
        let mut moved = Box::new(buffer);
        assert_eq!(moved.space().as_ptr(), lent);
        let step = moved.space().len().min(30_000);
        for byte in &mut moved.space()[..step] {
            *byte = filled as u8;
            filled += 1;
        }
        moved.filled(step);
        buffer = *moved;
    }
    let body = buffer.finish();
    assert_eq!(body.as_ptr().addr() % 16, 0);
    assert!(
        body.iter()
            .enumerate()
            .all(|(index, byte)| *byte == index as u8)
    );
}

#[test]
fn a_buffer_takes_what_came_another_way_up_to_its_size() {
    let mut buffer = BodyBuffer::new(BodyPool::new(0), 5, 0);
    assert_eq!(buffer.append(b"abc"), 3);
    assert_eq!(buffer.append(b"defg"), 2);
    assert_eq!(&*buffer.finish(), b"abcde");
    assert!(BodyBuffer::new(BodyPool::new(0), 0, 0).finish().is_empty());
}

/// A chunk that only the result keeps.
fn unit(pool: &Pool, class: SizeClass) -> Unit {
    let chunk = pool.take(class);
    // SAFETY: the chunk's one unit belongs to whoever took it.
    unsafe { Unit::adopt(&chunk) }
}

#[test]
fn a_pool_uses_chunks_again_and_keeps_a_bounded_number() {
    let pool = Pool::new();
    let first = unit(&pool, SizeClass::SMALLEST);
    let place = first.chunk().page();
    drop(first);
    assert!(pool.retained_bytes() > 0);
    assert_eq!(unit(&pool, SizeClass::SMALLEST).chunk().page(), place);
    let many: Vec<_> = (0..200).map(|_| unit(&pool, SizeClass::LARGEST)).collect();
    thread::spawn(move || drop(many))
        .join()
        .expect("chunks come back from any thread");
    assert!(
        (RETAINED_BYTES_MAX - (64 << 10)..=RETAINED_BYTES_MAX).contains(&pool.retained_bytes())
    );
    let kept: Vec<_> = (0..10).map(|_| unit(&pool, SizeClass::LARGEST)).collect();
    assert!(pool.retained_bytes() <= RETAINED_BYTES_MAX - 10 * (64 << 10));
    drop(pool);
    drop(kept);
}
