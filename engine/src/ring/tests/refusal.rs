//! A ring that the system refuses, in whatever way, is refused by us: nobody meets a broken ring later.

use std::io;

use ringmq_driver::{Demand, Driver, SocketOptions, Wait};

use super::super::setup::RingRefused;
use super::{Bytes, LISTENER, Ring, RingConfig, Space, TestRing, connection, loopback};

/// Lets a system call fail with an error, in this thread and for good.
fn forbid(call: libc::c_long, errno: i32) {
    let statement = |code: u32, jump_true: u8, jump_false: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).expect("BPF codes are short"),
        jt: jump_true,
        jf: jump_false,
        k,
    };
    let call = u32::try_from(call).expect("system calls are numbered from zero");
    let filter = [
        // The number of the call is the first word of seccomp_data.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, call),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | errno.unsigned_abs(),
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).expect("four statements"),
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: takes plain numbers; a filter may be installed without privileges after it.
    let no_new_privileges = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(no_new_privileges, 0);
    // SAFETY: the kernel copies the program and the filter it names, which outlive the call.
    let installed = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(installed, 0, "{}", io::Error::last_os_error());
}

/// What becomes of a ring on a thread that may not make this call.
fn refused_without(call: libc::c_long, errno: i32) -> RingRefused {
    std::thread::spawn(move || {
        forbid(call, errno);
        Ring::<Bytes, Space>::new(&RingConfig::default())
            .expect_err("a ring cannot do without this call")
    })
    .join()
    .expect("the thread of the test")
}

fn errno(error: &io::Error) -> Option<i32> {
    error.raw_os_error()
}

#[test]
fn a_sandbox_that_forbids_set_up_is_told_by_its_error() {
    for expected in [libc::EPERM, libc::ENOSYS] {
        let refused = refused_without(libc::SYS_io_uring_setup, expected);
        let RingRefused::SetUp(error) = &refused else {
            panic!("refused at the wrong step: {refused}");
        };
        assert_eq!(errno(error), Some(expected));
    }
}

#[test]
fn a_sandbox_that_allows_set_up_but_not_enter_is_found_by_the_self_test() {
    for expected in [libc::EPERM, libc::ENOSYS] {
        let refused = refused_without(libc::SYS_io_uring_enter, expected);
        let RingRefused::SelfTest(error) = &refused else {
            panic!("refused at the wrong step: {refused}");
        };
        assert_eq!(errno(error), Some(expected));
    }
}

#[test]
fn a_sandbox_that_forbids_registering_is_found_by_the_probe() {
    let refused = refused_without(libc::SYS_io_uring_register, libc::EPERM);
    let RingRefused::Probe(error) = &refused else {
        panic!("refused at the wrong step: {refused}");
    };
    assert_eq!(errno(error), Some(libc::EPERM));
}

#[test]
fn a_process_without_an_eventfd_has_no_ring() {
    let refused = refused_without(libc::SYS_eventfd2, libc::EMFILE);
    assert!(
        matches!(&refused, RingRefused::Doorbell(error) if errno(error) == Some(libc::EMFILE)),
        "{refused}"
    );
}

#[test]
fn a_ring_that_loses_its_right_to_enter_fails_its_poll_and_can_be_dropped() {
    std::thread::spawn(|| {
        let config = RingConfig {
            sq_entries: 4,
            ..RingConfig::default()
        };
        let mut ring: TestRing = Ring::new(&config).expect("this kernel runs the ring");
        let (_, client, server) = connection(&mut ring);
        ring.receive(client, Demand::Into(Space::new(100)));
        ring.poll(Wait::Now, &mut Vec::new())
            .expect("still allowed");
        forbid(libc::SYS_io_uring_enter, libc::EPERM);
        // More than the submission queue holds: asking never fails (rule D1).
        for _ in 0..10 {
            ring.listen(LISTENER, &loopback(), &SocketOptions::default())
                .expect("a free port");
        }
        ring.send(server, Bytes::new(b"never leaves", 2));
        let error = ring
            .poll(Wait::Now, &mut Vec::new())
            .expect_err("the ring is broken");
        assert_eq!(errno(&error), Some(libc::EPERM));
        // The kernel may still write the lent space, so dropping keeps it, and returns.
        drop(ring);
    })
    .join()
    .expect("the thread of the test");
}
