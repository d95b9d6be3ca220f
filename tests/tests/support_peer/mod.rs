//! A peer process under a test's control: started, spoken to, stopped, killed, and never left behind.
//!
//! Waiting is for a line the peer prints, or for its end, with a deadline that fails the test. Knows the peer's
//! lines, not RingMQ.

#![allow(dead_code, reason = "each test program uses its own part of this")]

pub(crate) mod content;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use std::{env, thread};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// The program that [`Peer`] starts.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_peer");

/// The drivers that a test has to pass on.
pub(crate) const DRIVERS: &[&str] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &["ring", "shim"]
} else {
    &["shim"]
};

/// Runs a scenario on all drivers at the same time.
pub(crate) fn on_each_driver(scenario: impl Fn(&'static str) + Sync) {
    thread::scope(|scope| {
        for driver in DRIVERS {
            scope.spawn(|| scenario(driver));
        }
    });
}

/// Whether system calls can be watched here; says so if not.
pub(crate) fn has_strace() -> bool {
    let asked = Command::new("strace")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if asked.is_err() {
        println!("skipped: strace is not installed");
    }
    asked.is_ok()
}

/// A running peer. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Peer {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// Where it is bound, if it was told to bind.
    bound: Option<String>,
}

impl Peer {
    /// Starts a peer on a driver, and fails unless it runs on that very driver.
    pub(crate) fn start(role: &str, driver: &str, words: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .arg(role)
            .arg(format!("driver={driver}"))
            .args(words);
        let mut peer = Self::spawn(&format!("{role} on the {driver}"), command);
        assert_eq!(peer.expect("driver "), driver);
        if words.iter().any(|word| word.starts_with("bind=")) {
            peer.bound = Some(peer.expect("bound "));
        }
        peer
    }

    /// Starts a command whose standard streams are this peer's.
    pub(crate) fn spawn(name: &str, mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = lines_of(child.stdout.take().expect("piped above"));
        let errors = lines_of(child.stderr.take().expect("piped above"));
        let input = child.stdin.take();
        Self {
            name: name.to_owned(),
            child,
            input,
            lines,
            errors,
            bound: None,
        }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The TCP port in the endpoint that the peer says it is bound to.
    pub(crate) fn bound_port(&self) -> u16 {
        let endpoint = self.bound.as_deref().expect("it was told to bind");
        let port = endpoint
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port in '{endpoint}'"))
    }

    /// Sends the peer a line.
    pub(crate) fn say(&mut self, line: &str) {
        let input = self
            .input
            .as_mut()
            .expect("only `finish` takes the input away");
        let said = writeln!(input, "{line}");
        if let Err(error) = said {
            self.complain(&format!("does not hear '{line}': {error}"));
        }
    }

    /// Waits for a line that begins with `prefix`, passing over others; returns what follows.
    pub(crate) fn expect(&self, prefix: &str) -> String {
        self.expect_within(prefix, PATIENCE)
            .unwrap_or_else(|| self.complain(&format!("printed no '{prefix}'")))
    }

    /// The same, or `None` if the line does not come in time.
    pub(crate) fn expect_within(&self, prefix: &str, time: Duration) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
        let until = std::time::Instant::now() + time;
        loop {
            #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
            let left = until.saturating_duration_since(std::time::Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(prefix) {
                        return Some(rest.to_owned());
                    }
                    if line.starts_with("failed ") {
                        self.complain(&line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.complain(&format!("ended before '{prefix}'"))
                }
            }
        }
    }

    /// Passes over the lines printed so far.
    pub(crate) fn forget_lines(&self) {
        while self.lines.try_recv().is_ok() {}
    }

    /// Waits for a line that begins with `prefix` and ends in a number of at least `count`.
    pub(crate) fn expect_count(&self, prefix: &str, count: u64) {
        while last_number(&self.expect(prefix)) < count {}
    }

    /// Asks for the counts of the peer's socket.
    pub(crate) fn statistics(&mut self) -> HashMap<String, u64> {
        self.say("stats");
        let line = self.expect("stats ");
        let pairs = line
            .split_whitespace()
            .filter_map(|word| word.split_once('='));
        pairs
            .map(|(name, count)| (name.to_owned(), count.parse().expect("counts are numbers")))
            .collect()
    }

    /// Asks for the counts of the peer's socket until one of them has come to a value; returns all.
    pub(crate) fn statistics_with(&mut self, name: &str, least: u64) -> HashMap<String, u64> {
        #[expect(clippy::disallowed_methods, reason = "a deadline that fails the test")]
        let begun = std::time::Instant::now();
        loop {
            // The peer answers between two messages or time-outs of a few milliseconds, which paces this.
            let counts = self.statistics();
            if counts[name] >= least {
                return counts;
            }
            if begun.elapsed() > PATIENCE {
                self.complain(&format!("has not come to {name}={least}: {counts:?}"));
            }
        }
    }

    /// What the peer printed on standard error so far; all of it once it has ended.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.try_iter().collect()
    }

    /// All that a peer prints until it ends, on standard output and standard error, and how it ended.
    pub(crate) fn finish(mut self) -> (Vec<String>, Vec<String>, ExitStatus) {
        let lines = self.drain(&self.lines);
        let errors = self.drain(&self.errors);
        self.input = None;
        let status = self.child.wait().expect("a child can be waited for");
        (lines, errors, status)
    }

    fn drain(&self, from: &Receiver<String>) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match from.recv_timeout(PATIENCE) {
                Ok(line) => all.push(line),
                Err(RecvTimeoutError::Disconnected) => return all,
                Err(RecvTimeoutError::Timeout) => self.complain("does not end"),
            }
        }
    }

    /// Closes the peer in an orderly way.
    pub(crate) fn close(mut self) {
        self.say("close");
        self.expect("closed");
        let name = self.name.clone();
        let (_, errors, status) = self.finish();
        assert!(status.success(), "{name} ended with {status}: {errors:?}");
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Stops the process, all its threads at once.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a stopped process go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).expect("a child can be sent signals");
    }

    fn complain(&self, what: &str) -> ! {
        panic!(
            "{} {what}; on standard error: {:#?}",
            self.name,
            self.errors()
        );
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number at the end of a line.
pub(crate) fn last_number(line: &str) -> u64 {
    let word = line.split_whitespace().next_back();
    word.and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no number ends '{line}'"))
}

fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // The peer may outlive the interest in it, but must not block on a full pipe.
            let _ = sender.send(line);
        }
    });
    lines
}
