//! What the rehearsals of the reliability patterns share: processes that are started, listened to and killed.
//!
//! Nothing here belongs to a pattern; a program that uses one needs none of it.

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Lines};
use std::path::PathBuf;
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use ringmq::{BindError, Socket};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A folder for the endpoints of one rehearsal. It goes with its handle.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("ringmq-{name}-{}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// An endpoint that a server can be started at again and again, which a port that was free once is not.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("ipc://{}", self.path(name))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// This program as a process of its own, in one of its roles. It dies with its handle.
pub(crate) struct Role {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Role {
    pub(crate) fn start(arguments: &[&str]) -> Outcome<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().expect("it is piped");
        let lines = BufReader::new(output).lines();
        Ok(Self { process, lines })
    }

    /// Waits until it says something that begins so, prints that, and returns it.
    pub(crate) fn says(&mut self, wanted: &str) -> Outcome<String> {
        for line in self.lines.by_ref() {
            let line = line?;
            if line.starts_with(wanted) {
                println!("{line}");
                return Ok(line);
            }
        }
        Err(format!("a process ended before it said \"{wanted}\"").into())
    }

    /// As a crash does: without a chance to say goodbye.
    pub(crate) fn kill(mut self) -> Outcome {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends this process when its input ends: whoever started it is gone.
pub(crate) fn end_with_input() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
}

/// Binds, where a server before us was killed: the system may need a moment to take the address away from it.
pub(crate) fn bind(socket: &mut Socket, endpoint: &str) -> Outcome {
    loop {
        match socket.bind(endpoint) {
            Ok(_) => return Ok(()),
            Err(BindError::Io(error)) if error.kind() == ErrorKind::AddrInUse => {
                thread::park_timeout(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
