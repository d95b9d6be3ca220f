//! pyzmq, the peer that most programs will meet, from PyPI in an environment of the test's own.
//!
//! Without a python3, or without PyPI, nothing is tested and the reason is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

use ringmq::{DriverChoice, Multipart};

use super::content::{CONTENTS, Frames, numbered};
use super::stage::{self, DRIVERS, bound_pull, bound_push};

const NUMBERED_MESSAGES: u32 = 1_000;

/// Receives all messages and sends them on: PULL from the first endpoint, PUSH to the second.
const ECHO: &str = r"
import sys, zmq
context = zmq.Context()
pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
pull.rcvtimeo = push.sndtimeo = 20000
push.linger = 20000
pull.connect(sys.argv[1])
push.connect(sys.argv[2])
for _ in range(int(sys.argv[3])):
    push.send_multipart(pull.recv_multipart())
context.destroy()
";

/// A Python with pyzmq, or why there is none. It stays in the target folder for the next run.
pub(super) fn python() -> Result<PathBuf, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    // Two tests must not make the environment at once.
    FOUND.get_or_init(find_or_make).clone()
}

fn find_or_make() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pyzmq");
    let python = home.join("bin/python");
    if has_pyzmq(&python) {
        return Ok(python);
    }
    // What an earlier run may have left half done.
    let _ = fs::remove_dir_all(&home);
    let interpreter = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(interpreter).args(["-m", "venv"]).arg(&home))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pyzmq"]))?;
    if has_pyzmq(&python) {
        Ok(python)
    } else {
        Err("pyzmq was installed and cannot be imported".to_owned())
    }
}

fn has_pyzmq(python: &Path) -> bool {
    run(Command::new(python).args(["-c", "import zmq"])).is_ok()
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().last().unwrap_or("no reason given");
    Err(format!("{command:?}: {last}"))
}

fn messages() -> Vec<Frames> {
    let contents = CONTENTS.iter().map(|content| content.frames());
    contents
        .chain((0..NUMBERED_MESSAGES).map(numbered))
        .collect()
}

fn there_and_back(python: &Path, driver: DriverChoice) {
    let context = stage::context(driver);
    let (mut push, to_python) = bound_push(&context);
    let (mut pull, from_python) = bound_pull(&context);
    let messages = messages();
    let mut echo = Command::new(python)
        .args(["-c", ECHO, &to_python, &from_python])
        .arg(messages.len().to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let sent = messages.clone();
    let sender = std::thread::spawn(move || {
        for message in sent {
            push.send_multipart(message).unwrap();
        }
        push
    });
    for (place, message) in messages.into_iter().enumerate() {
        let received = pull.recv_multipart().unwrap();
        assert!(
            received == Multipart::from(message),
            "{driver:?}: message {place} differs"
        );
    }
    assert!(echo.wait().unwrap().success(), "{driver:?}");
    drop(sender.join().unwrap());
}

#[test]
fn pyzmq_pulls_from_our_push_and_pushes_to_our_pull() {
    match python() {
        Ok(python) => {
            for driver in DRIVERS {
                there_and_back(&python, *driver);
            }
            println!("pyzmq: {} drivers passed", DRIVERS.len());
        }
        Err(why) => println!("skipped: {why}"),
    }
}
