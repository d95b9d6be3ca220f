//! A process to which io_uring is refused: `call=io_uring_setup|io_uring_enter|none errno=N driver=...`.

use std::time::Duration;

use ringmq::SocketType;

use crate::arguments::Arguments;
use crate::{Failure, seccomp};

/// Contexts made one after the other: what is to be said once must not be said for each.
const CONTEXTS: u32 = 3;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let errno = i32::try_from(arguments.number("errno", 0)?)?;
    // Before any other thread exists: a filter holds for the thread that sets it and those it starts.
    match arguments.text("call")? {
        "io_uring_setup" => seccomp::refuse(libc::SYS_io_uring_setup, errno)?,
        "io_uring_enter" => seccomp::refuse(libc::SYS_io_uring_enter, errno)?,
        "none" => {}
        other => return Err(format!("'{other}' is not refused to anybody").into()),
    }
    for _ in 0..CONTEXTS {
        let context = arguments.context()?;
        let mut pull = context.socket(SocketType::Pull)?;
        pull.set_receive_timeout(Some(Duration::from_secs(20)))?;
        let endpoint = pull.bind("tcp://127.0.0.1:*")?;
        let mut push = context.socket(SocketType::Push)?;
        push.connect(&endpoint.to_string())?;
        push.send("through the filter")?;
        if pull.recv()?.as_bytes() != b"through the filter" {
            return Err("something else arrived than was sent".into());
        }
    }
    println!("moved {CONTEXTS}");
    Ok(())
}
