//! A PULL that reads every message back byte for byte and logs who sent it and which it was.
//!
//! The log is a file of 12-byte records (sender, sequence number), each written before the next message is taken: it
//! outlives a `kill -9`. A torn message ends the process with a `failed` line.
//!
//! | it hears | it does |
//! |---|---|
//! | `hold`, `go` | stops receiving, goes on |
//! | `stats` | prints the socket's counts |
//! | `close` | closes socket and context and ends with `closed` |
//!
//! It prints `got TOTAL` now and then and `marker SENDER SEQ` for each marker.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use ringmq::{Multipart, RecvError, Socket, SocketType};

use crate::arguments::{Arguments, commands, print_statistics};
use crate::{Failure, content};

/// How long a receive may block before commands are looked at again.
const PATIENCE: Duration = Duration::from_millis(5);

/// A line of progress is printed every so many messages.
const PROGRESS_MESSAGES: u64 = 200;

#[derive(Debug)]
struct Receiving {
    socket: Socket,
    log: File,
    received: u64,
    held: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let context = arguments.context()?;
    let mut socket = context.socket(SocketType::Pull)?;
    socket.set_receive_timeout(Some(PATIENCE))?;
    arguments.attach(&mut socket)?;
    let log = File::create(arguments.text("log")?)?;
    let mut receiving = Receiving {
        socket,
        log,
        received: 0,
        held: false,
    };
    let commands = commands();
    println!("ready");
    loop {
        let command = if receiving.held {
            commands.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            commands.try_recv()
        };
        match command.as_deref() {
            Ok("close") | Err(TryRecvError::Disconnected) => break,
            Ok("hold") => receiving.held = true,
            Ok("go") => receiving.held = false,
            Ok("stats") => print_statistics(receiving.socket.statistics()),
            Ok(other) => return Err(format!("a PULL does not know how to '{other}'").into()),
            Err(TryRecvError::Empty) => receiving.receive_one()?,
        }
    }
    drop(receiving);
    drop(context);
    println!("closed");
    Ok(())
}

impl Receiving {
    fn receive_one(&mut self) -> Result<(), Failure> {
        match self.socket.recv_multipart() {
            Ok(message) => self.note(&message),
            Err(RecvError::TimedOut) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn note(&mut self, message: &Multipart) -> Result<(), Failure> {
        let frames: Vec<&[u8]> = message.iter().map(|frame| frame.as_bytes()).collect();
        let seen = content::check(&frames)?;
        let mut record = [0; 12];
        record[..4].copy_from_slice(&seen.sender.to_le_bytes());
        record[4..].copy_from_slice(&seen.seq.to_le_bytes());
        self.log.write_all(&record)?;
        self.received += 1;
        if seen.marker {
            println!("marker {} {}", seen.sender, seen.seq);
        } else if self.received.is_multiple_of(PROGRESS_MESSAGES) {
            println!("got {}", self.received);
        }
        Ok(())
    }
}
