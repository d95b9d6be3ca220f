//! What connections cost in descriptors: that all come back, and what happens when there are none left.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use ringmq::{Context, Socket, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Failure;
use crate::arguments::{Arguments, commands, print_statistics};

/// Nothing here takes longer, or it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long to wait for a message between two looks at the descriptors.
const LOOK: Duration = Duration::from_millis(5);

/// `rounds=N`: connects and disconnects so often, and waits until the descriptors are as many as before.
/// `spare=N`: leaves so many descriptors to accept with, then receives and counts until told to `close`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let context = arguments.context()?;
    let mut pull = context.socket(SocketType::Pull)?;
    if let Some(spare) = arguments.get("spare") {
        return starve(&mut pull, spare.parse()?);
    }
    let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();
    pull.set_receive_timeout(Some(PATIENCE))?;
    let before = open_descriptors()?.len();
    for _ in 0..arguments.number("rounds", 200)? {
        come_and_go(&context, &mut pull, &endpoint)?;
    }
    let after = settled_descriptors(&mut pull, before)?;
    println!("descriptors {before} {after}");
    Ok(())
}

/// A PUSH connects, says one thing, and goes.
fn come_and_go(context: &Context, pull: &mut Socket, endpoint: &str) -> Result<(), Failure> {
    let mut push = context.socket(SocketType::Push)?;
    push.connect(endpoint)?;
    push.send("hello and goodbye")?;
    pull.recv()?;
    Ok(())
}

/// How many descriptors are open once closing has caught up, or when patience ends.
fn settled_descriptors(pull: &mut Socket, expected: usize) -> Result<usize, Failure> {
    #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
    let begun = Instant::now();
    loop {
        let open = open_descriptors()?.len();
        if open <= expected || begun.elapsed() > PATIENCE {
            return Ok(open);
        }
        if pull.recv_timeout(LOOK).is_ok() {
            return Err("a message from nobody".into());
        }
    }
}

/// Listens, and receives with descriptors for only a few connections.
fn starve(pull: &mut Socket, spare: usize) -> Result<(), Failure> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // The limit is on numbers: one is for the listener, and what this process was started with may have left holes.
    // KERNEL: io_uring notes the limit when an accept is armed, so it is lowered before there is one.
    let open = open_descriptors()?;
    let current = (0..).filter(|number| !open.contains(number)).nth(spare + 1);
    setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    println!("bound {}", pull.bind("tcp://127.0.0.1:*")?);
    let commands = commands();
    println!("ready");
    let mut received = 0;
    loop {
        match commands.try_recv().as_deref() {
            Ok("stats") => print_statistics(pull.statistics()),
            Ok(_) => return Ok(()),
            Err(_) => {}
        }
        if pull.recv_timeout(LOOK).is_ok() {
            received += 1;
            println!("got {received}");
        }
    }
}

/// The numbers of the descriptors that this process has open.
fn open_descriptors() -> Result<HashSet<u64>, Failure> {
    let listed = fs::read_dir("/proc/self/fd")?;
    let names = listed.map(|entry| Ok(entry?.file_name().to_string_lossy().parse()?));
    let numbers: Vec<u64> = names.collect::<Result<_, Failure>>()?;
    // The one through which they were listed is closed by now, and leads nowhere.
    let open = |number: &u64| fs::read_link(format!("/proc/self/fd/{number}")).is_ok();
    Ok(numbers.into_iter().filter(open).collect())
}

/// `count=N connect=...`: so many PUSH sockets with one message each. Each line heard closes one of them.
pub(crate) fn crowd(arguments: &Arguments) -> Result<(), Failure> {
    let context = arguments.context()?;
    let mut sockets = Vec::new();
    for _ in 0..arguments.number("count", 20)? {
        let mut push = context.socket(SocketType::Push)?;
        push.connect(arguments.text("connect")?)?;
        push.send("let me in")?;
        sockets.push(push);
    }
    let commands = commands();
    println!("ready");
    while commands.recv().is_ok() && !sockets.is_empty() {
        drop(sockets.remove(0));
    }
    Ok(())
}
