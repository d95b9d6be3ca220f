//! Refuses one system call to this process, as containers refuse io_uring. Linux only.

use std::io;

/// `seccomp_data.nr` lies at the beginning: the number of the system call.
const NUMBER_OFFSET: u32 = 0;

/// A classic BPF instruction without jumps.
const fn step(code: u32, value: u32) -> libc::sock_filter {
    libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k: value,
    }
}

/// From now on `call` fails with `errno` in this thread and in all threads and programs it starts. Cannot be undone.
pub(crate) fn refuse(call: libc::c_long, errno: i32) -> io::Result<()> {
    let number = u32::try_from(call).expect("system call numbers are small");
    let skip_one_unless_equal = libc::sock_filter {
        jf: 1,
        ..step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number)
    };
    // The architecture is not asked for: this program calls only in its own.
    let mut program = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, NUMBER_OFFSET),
        skip_one_unless_equal,
        step(
            libc::BPF_RET | libc::BPF_K,
            libc::SECCOMP_RET_ERRNO | errno.unsigned_abs(),
        ),
        step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: this option takes numbers only, all of them given.
    done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: `filter` names `program`, both live across the call, and the kernel copies them before it returns.
    done(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) })
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
