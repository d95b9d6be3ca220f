//! Connected pairs that have exchanged one message each and have nothing more to say, unless they hear `speak`.

use std::fs;
use std::time::Duration;

use ringmq::SocketType;

use crate::Failure;
use crate::arguments::{Arguments, commands};

/// Nothing here takes longer, or it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let pairs = arguments.number("pairs", 100)?;
    let context = arguments.context()?;
    let before_kib = resident_kib()?;
    let mut sockets = Vec::new();
    for _ in 0..pairs {
        let mut pull = context.socket(SocketType::Pull)?;
        pull.set_receive_timeout(Some(PATIENCE))?;
        let endpoint = pull.bind("tcp://127.0.0.1:*")?;
        let mut push = context.socket(SocketType::Push)?;
        push.connect(&endpoint.to_string())?;
        push.send("once")?;
        let got = pull.recv()?;
        if got.as_bytes() != b"once" {
            return Err("an idle pair got something else than it was sent".into());
        }
        sockets.push((pull, push));
    }
    // A pair has two ends, and each end is a connection to keep.
    let bytes = (resident_kib()? - before_kib) * 1_024 / (2 * pairs);
    println!("resident {bytes}");
    let commands = commands();
    println!("ready");
    // Until something is said, this thread sleeps in one futex.
    while commands.recv()? == "speak" {
        for (pull, push) in &mut sockets {
            push.send("again")?;
            pull.recv()?;
        }
        println!("spoke");
    }
    Ok(())
}

/// The process's resident memory, in KiB.
pub(crate) fn resident_kib() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.ok_or("no VmRSS in /proc/self/status")?.parse()?)
}
