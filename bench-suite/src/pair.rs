//! The two processes of one measurement: started, spoken to, waited for up to a deadline, ended.
//!
//! A peer that does not answer in time is killed and named. Knows nothing of what is measured.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock;
use crate::exchange::{Order, Reply, Role};

/// How to start peers, and how long to wait for them.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// This program.
    pub(crate) program: PathBuf,
    /// Words to put before the sender's command: a tracer or profiler and its options.
    pub(crate) sender_prefix: Vec<String>,
    /// The same for the receiver.
    pub(crate) receiver_prefix: Vec<String>,
    /// The longest wait for any one answer.
    pub(crate) deadline: Duration,
}

impl Launch {
    fn command(&self, role: Role) -> Command {
        let prefix = match role {
            Role::Sender => &self.sender_prefix,
            Role::Receiver => &self.receiver_prefix,
        };
        let mut words = prefix.iter().map(Into::into).chain([self.program.clone()]);
        let mut command = Command::new(words.next().expect("the program itself is a word"));
        command.args(words).arg(role.subcommand());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

/// Why a measurement is void.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum PairError {
    /// A peer's process could not be started.
    Start {
        /// Which.
        role: Role,
        /// Why.
        source: io::Error,
    },
    /// A peer did not answer in time, and was killed.
    Hung {
        /// Which.
        role: Role,
        /// What it was doing.
        step: &'static str,
        /// How long it had.
        deadline: Duration,
    },
    /// A peer found that something was wrong.
    Failed {
        /// Which.
        role: Role,
        /// In its own words.
        reason: Box<str>,
    },
    /// A peer's process ended before its time.
    Ended {
        /// Which.
        role: Role,
        /// What it was doing.
        step: &'static str,
        /// How it ended, where that is known.
        status: Option<ExitStatus>,
    },
    /// A peer wrote something that is no answer, or not the one that was due.
    Garbled {
        /// Which.
        role: Role,
        /// What it was doing.
        step: &'static str,
    },
    /// A peer that was asked for one driver ran another.
    WrongDriver {
        /// The one asked for.
        asked: &'static str,
        /// The one that ran.
        ran: Box<str>,
    },
}

impl fmt::Display for PairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { role, source } => {
                write!(f, "the {} could not be started: {source}", role.noun())
            }
            Self::Hung {
                role,
                step,
                deadline,
            } => write!(
                f,
                "the {} hung while {step}: no answer for {} s, so it was killed",
                role.noun(),
                deadline.as_secs_f64()
            ),
            Self::Failed { role, reason } => write!(f, "the {} failed: {reason}", role.noun()),
            Self::Ended {
                role,
                step,
                status: Some(status),
            } => {
                write!(f, "the {} ended while {step} ({status})", role.noun())
            }
            Self::Ended {
                role,
                step,
                status: None,
            } => {
                write!(f, "the {} ended while {step}", role.noun())
            }
            Self::Garbled { role, step } => {
                write!(
                    f,
                    "the {} said something unexpected while {step}",
                    role.noun()
                )
            }
            Self::WrongDriver { asked, ran } => {
                write!(f, "the {asked} was asked for and the {ran} ran")
            }
        }
    }
}

impl Error for PairError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// What a process wrote; `None` once it has closed its output.
type Line = Option<Box<str>>;

/// A process and the line to it. Dropping it ends the process.
struct Process {
    child: Child,
    /// Closed to let the process go.
    orders: Option<ChildStdin>,
    /// Answers that came while the other process was being waited for.
    early: VecDeque<Box<str>>,
    /// Whether it has closed its output.
    ended: bool,
}

impl Process {
    fn start(launch: &Launch, role: Role, lines: Sender<(Role, Line)>) -> Result<Self, PairError> {
        let spawned = launch.command(role).spawn();
        let mut child = spawned.map_err(|source| PairError::Start { role, source })?;
        let orders = child.stdin.take();
        let output = child.stdout.take().expect("the command pipes it");
        thread::spawn(move || {
            // Where nobody listens any more, the pair is gone, and this thread's work with it.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if lines.send((role, Some(line.into()))).is_err() {
                    return;
                }
            }
            let _ = lines.send((role, None));
        });
        Ok(Self {
            child,
            orders,
            early: VecDeque::new(),
            ended: false,
        })
    }
}

impl Process {
    /// How the process ended, if it has by `until`. One that has closed its output is about to.
    fn status_by(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            let status = self.child.try_wait().ok()?;
            if status.is_some() || clock::now() >= until {
                return status;
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sender and the receiver of one measurement.
pub(crate) struct Pair {
    sender: Process,
    receiver: Process,
    lines: Receiver<(Role, Line)>,
    deadline: Duration,
}

impl Pair {
    /// Starts both processes.
    pub(crate) fn start(launch: &Launch) -> Result<Self, PairError> {
        let (sink, lines) = mpsc::channel();
        Ok(Self {
            receiver: Process::start(launch, Role::Receiver, sink.clone())?,
            sender: Process::start(launch, Role::Sender, sink)?,
            lines,
            deadline: launch.deadline,
        })
    }

    fn process(&mut self, role: Role) -> &mut Process {
        match role {
            Role::Sender => &mut self.sender,
            Role::Receiver => &mut self.receiver,
        }
    }

    /// Tells a process something. One that is gone shows that when its answer is waited for.
    pub(crate) fn tell(&mut self, role: Role, order: &Order) {
        let mut line = serde_json::to_string(order).expect("orders are plain data");
        line.push('\n');
        if let Some(orders) = &mut self.process(role).orders {
            let _ = orders.write_all(line.as_bytes());
        }
    }

    /// Waits for a process's answer, which `wanted` picks out; `step` says what the process does meanwhile.
    /// If either process fails meanwhile, that is the result at once.
    pub(crate) fn answer<T>(
        &mut self,
        role: Role,
        step: &'static str,
        wanted: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, PairError> {
        let until = clock::now() + self.deadline;
        let line = loop {
            if let Some(line) = self.process(role).early.pop_front() {
                break line;
            }
            match self.next_line(until, role, step)? {
                (from, Some(line)) => self.process(from).early.push_back(line),
                // Peers stay until the parent lets them go, so this one was lost.
                (from, None) => {
                    let status = self.process(from).status_by(until);
                    return Err(PairError::Ended {
                        role: from,
                        step,
                        status,
                    });
                }
            }
        };
        let reply = serde_json::from_str(&line).ok().and_then(wanted);
        reply.ok_or(PairError::Garbled { role, step })
    }

    /// Waits until `until` for whatever comes next; a peer's own report of a failure is an error.
    fn next_line(
        &mut self,
        until: Instant,
        role: Role,
        step: &'static str,
    ) -> Result<(Role, Line), PairError> {
        let rest = until.saturating_duration_since(clock::now());
        // Each reading thread says that its process ended before it lets go of the channel, so that
        // nothing but time can be up while one of them is still waited for.
        let Ok((from, line)) = self.lines.recv_timeout(rest) else {
            return Err(PairError::Hung {
                role,
                step,
                deadline: self.deadline,
            });
        };
        if let Some(Ok(Reply::Failed { reason })) = line.as_deref().map(serde_json::from_str) {
            return Err(PairError::Failed {
                role: from,
                reason: reason.into(),
            });
        }
        Ok((from, line))
    }

    /// Lets both processes go and waits until they have ended well.
    pub(crate) fn finish(mut self) -> Result<(), PairError> {
        let (step, until) = ("ending", clock::now() + self.deadline);
        for role in [Role::Sender, Role::Receiver] {
            self.process(role).orders = None;
        }
        for role in [Role::Sender, Role::Receiver] {
            while !self.process(role).ended {
                let (from, line) = self.next_line(until, role, step)?;
                self.process(from).ended = line.is_none();
            }
            let status = self.process(role).status_by(until);
            if !status.is_some_and(|status| status.success()) {
                return Err(PairError::Ended { role, step, status });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both peers replaced by a shell that runs `script`; the word that follows is the program's own name.
    fn launch(script: &str, deadline: Duration) -> Launch {
        let prefix: Vec<String> = ["sh", "-c", script].map(str::to_owned).to_vec();
        Launch {
            program: "ringmq-bench".into(),
            sender_prefix: prefix.clone(),
            receiver_prefix: prefix,
            deadline,
        }
    }

    fn connected(reply: Reply) -> Option<()> {
        matches!(reply, Reply::Connected).then_some(())
    }

    const AMPLE: Duration = Duration::from_secs(60);

    #[test]
    fn a_peer_that_never_answers_is_killed_and_named() {
        let mut pair =
            Pair::start(&launch("cat >/dev/null; exit 0", Duration::from_millis(20))).unwrap();
        let id = pair.sender.child.id();
        let result = pair.answer(Role::Sender, "connecting", connected);
        let Err(
            error @ PairError::Hung {
                role: Role::Sender,
                step: "connecting",
                ..
            },
        ) = result
        else {
            panic!("{result:?}");
        };
        assert!(
            error.to_string().contains("sender hung while connecting"),
            "{error}"
        );
        drop(pair);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn a_peer_that_closes_its_output_and_lives_on_is_not_waited_for_longer() {
        let mut pair =
            Pair::start(&launch("exec cat >/dev/null", Duration::from_millis(20))).unwrap();
        let result = pair.answer(Role::Sender, "connecting", connected);
        assert!(
            matches!(result, Err(PairError::Ended { status: None, .. })),
            "{result:?}"
        );
    }

    #[test]
    fn a_failure_of_either_peer_ends_the_wait_for_the_other() {
        let script = r#"case $1 in peer-recv) echo '{"failed":{"reason":"no socket"}}';; esac; cat >/dev/null; exit 0"#;
        let mut pair = Pair::start(&launch(script, AMPLE)).unwrap();
        let result = pair.answer(Role::Sender, "connecting", connected);
        let Err(PairError::Failed {
            role: Role::Receiver,
            reason,
        }) = result
        else {
            panic!("{result:?}");
        };
        assert_eq!(&*reason, "no socket");
    }

    #[test]
    fn a_peer_that_dies_ends_the_wait_for_the_other() {
        let mut pair = Pair::start(&launch(
            "case $1 in peer-send) exit 3;; esac; cat >/dev/null; exit 0",
            AMPLE,
        ))
        .unwrap();
        let result = pair.answer(Role::Receiver, "binding", connected);
        let Err(PairError::Ended {
            role: Role::Sender,
            status: Some(status),
            ..
        }) = result
        else {
            panic!("{result:?}");
        };
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn an_answer_out_of_turn_is_refused() {
        let script = r#"echo '"connected"'; cat >/dev/null; exit 0"#;
        let mut pair = Pair::start(&launch(script, AMPLE)).unwrap();
        let result = pair.answer(Role::Sender, "opening", |reply| match reply {
            Reply::Used(used) => Some(used),
            _ => None,
        });
        assert!(matches!(
            result,
            Err(PairError::Garbled {
                role: Role::Sender,
                ..
            })
        ));
    }

    #[test]
    fn a_pair_that_ends_well_has_finished() {
        let script = r#"echo '"connected"'; cat >/dev/null; exit 0"#;
        let mut pair = Pair::start(&launch(script, AMPLE)).unwrap();
        pair.answer(Role::Receiver, "connecting", connected)
            .unwrap();
        pair.answer(Role::Sender, "connecting", connected).unwrap();
        pair.finish().unwrap();
    }

    #[test]
    fn a_peer_that_crashes_on_its_way_out_has_not_finished() {
        let pair = Pair::start(&launch("cat >/dev/null; exit 7", AMPLE)).unwrap();
        assert!(matches!(pair.finish(), Err(PairError::Ended { .. })));
    }
}
