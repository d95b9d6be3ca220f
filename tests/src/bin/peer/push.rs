//! A PUSH that sends numbered messages when it is told to.
//!
//! | it hears | it does |
//! |---|---|
//! | `send N` | sends N more, then prints `sent TOTAL` |
//! | `flow` | sends without end |
//! | `hold` | stops sending, prints `sent TOTAL` |
//! | `marker` | sends one marker |
//! | `stats` | prints the socket's counts |
//! | `close` | prints `sent TOTAL`, closes socket and context, which waits until all is sent, and ends with `closed` |
//!
//! While it sends it prints `at TOTAL` now and then, and `blocked TOTAL` again and again while no peer takes a message.

use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use ringmq::{Multipart, SendError, Socket, SocketType};

use crate::Failure;
use crate::arguments::{Arguments, commands, print_statistics};
use crate::content::{self, Seen};

/// How long a send may block before commands are looked at again.
const PATIENCE: Duration = Duration::from_millis(20);

/// A line of progress is printed every so many messages.
const PROGRESS_MESSAGES: u64 = 200;

#[derive(Debug)]
struct Sending {
    socket: Socket,
    sender: u32,
    sent: u64,
    /// How many are to be sent in all.
    goal: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let context = arguments.context()?;
    let mut socket = context.socket(SocketType::Push)?;
    socket.set_send_timeout(Some(PATIENCE))?;
    arguments.attach(&mut socket)?;
    let mut sending = Sending {
        socket,
        sender: u32::try_from(arguments.number("sender", 0)?)?,
        sent: 0,
        goal: 0,
    };
    let commands = commands();
    println!("ready");
    loop {
        let command = if sending.sent < sending.goal {
            commands.try_recv()
        } else {
            commands.recv().map_err(|_| TryRecvError::Disconnected)
        };
        match command {
            Ok(command) if command == "close" => break,
            Ok(command) => sending.obey(&command)?,
            Err(TryRecvError::Empty) => sending.send_one(false)?,
            Err(TryRecvError::Disconnected) => break,
        }
    }
    println!("sent {}", sending.sent);
    // The peers may be slow, but nothing that was accepted may be dropped.
    sending.socket.set_linger(None)?;
    drop(sending);
    drop(context);
    println!("closed");
    Ok(())
}

impl Sending {
    fn obey(&mut self, command: &str) -> Result<(), Failure> {
        match command.split_once(' ').unwrap_or((command, "")) {
            ("send", count) => self.goal = self.sent + count.parse::<u64>()?,
            ("flow", _) => self.goal = u64::MAX,
            ("hold", _) => {
                self.goal = self.sent;
                println!("sent {}", self.sent);
            }
            ("marker", _) => {
                let before = self.sent;
                while self.sent == before {
                    self.send_one(true)?;
                }
            }
            ("stats", _) => print_statistics(self.socket.statistics()),
            _ => return Err(format!("a PUSH does not know how to '{command}'").into()),
        }
        Ok(())
    }

    fn send_one(&mut self, marker: bool) -> Result<(), Failure> {
        let seen = Seen {
            sender: self.sender,
            seq: self.sent,
            marker,
        };
        match self
            .socket
            .send_multipart(Multipart::from(content::parts(seen)))
        {
            Ok(()) => self.sent += 1,
            Err(SendError::TimedOut(_)) => {
                println!("blocked {}", self.sent);
                return Ok(());
            }
            Err(refused) => return Err(refused.to_string().into()),
        }
        if self.sent == self.goal {
            println!("sent {}", self.sent);
        } else if self.sent.is_multiple_of(PROGRESS_MESSAGES) {
            println!("at {}", self.sent);
        }
        Ok(())
    }
}
