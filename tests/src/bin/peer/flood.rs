//! One end of a flood whose allocations are counted from mark to mark, by all threads of the process.
//!
//! `side=pull bind=...` or `side=push connect=...`, `count=` messages from mark to mark, `size=` bytes each, and
//! `calls=bytes` (`send_bytes`, `recv_bytes`), `calls=message` (`send`, `recv`) or `calls=static` (the same with
//! messages around bytes that live for ever, which the application need not allocate).
//!
//! In the warm-up the receiver stands still now and then, so that every queue fills to its mark and the pools reach
//! the size that the flood may need.

use std::time::Duration;

use ringmq::{Message, Socket, SocketType};

use crate::arguments::{Arguments, commands, print_statistics};
use crate::{Failure, allocator};

/// Messages of one round before the first mark.
const ROUND_MESSAGES: u64 = 50_000;

/// Rounds before the first mark; before each the receiver stands still.
const ROUNDS: u64 = 4;

/// How long the receiver stands still: longer than it takes to fill all queues.
const STILL: Duration = Duration::from_millis(60);

/// Windows of messages whose allocations are counted, each for itself.
const WINDOWS: usize = 3;

/// Messages behind the last mark, so that neither end counts the other's leaving.
const TAIL_MESSAGES: u64 = 2_000;

/// How many bodies that live for ever take turns.
const STATIC_BODIES: u64 = 251;

#[derive(Clone, Copy, Debug)]
enum Calls {
    Bytes,
    Message,
    Static,
}

#[derive(Debug)]
struct End {
    socket: Socket,
    calls: Calls,
    body: Vec<u8>,
    /// Bodies that live for ever, one for each number modulo their count.
    bodies: Vec<&'static [u8]>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let count = arguments.number("count", 1_000_000)?;
    let size = usize::try_from(arguments.number("size", 64)?)?;
    let calls = match arguments.text("calls")? {
        "bytes" => Calls::Bytes,
        "message" => Calls::Message,
        "static" => Calls::Static,
        other => return Err(format!("no calls are called '{other}'").into()),
    };
    let pushes = arguments.text("side")? == "push";
    let context = arguments.context()?;
    let kind = if pushes {
        SocketType::Push
    } else {
        SocketType::Pull
    };
    let mut socket = context.socket(kind)?;
    if pushes {
        socket.connect(arguments.text("connect")?)?;
    } else {
        println!("bound {}", socket.bind(arguments.text("bind")?)?);
    }
    let commands = commands();
    let mut end = End {
        socket,
        calls,
        body: vec![0; size],
        bodies: (0..STATIC_BODIES)
            .map(|number| static_body(number, size))
            .collect(),
    };
    for _ in 0..ROUNDS {
        if !pushes {
            // No command comes: the test is silent until the flood is over.
            let _ = commands.recv_timeout(STILL);
        }
        end.exchange(pushes, 0..ROUND_MESSAGES)?;
    }
    let mut allocations = [0; WINDOWS];
    for window in &mut allocations {
        allocator::start();
        end.exchange(pushes, 0..count)?;
        *window = allocator::stop();
    }
    end.exchange(pushes, 0..TAIL_MESSAGES)?;
    let each: Vec<String> = allocations.iter().map(u64::to_string).collect();
    println!("allocations {}", each.join(" "));
    let flooded = ROUNDS * ROUND_MESSAGES + WINDOWS as u64 * count + TAIL_MESSAGES;
    println!("messages {flooded}");
    print_statistics(end.socket.statistics());
    drop(end);
    drop(context);
    println!("closed");
    // The test may still want to look at the process.
    let _ = commands.recv();
    Ok(())
}

/// A body that begins with its number.
fn static_body(number: u64, size: usize) -> &'static [u8] {
    let mut body = vec![0; size];
    body[..8].copy_from_slice(&number.to_le_bytes());
    Vec::leak(body)
}

impl End {
    fn exchange(&mut self, pushes: bool, numbers: std::ops::Range<u64>) -> Result<(), Failure> {
        for number in numbers {
            if pushes {
                self.send(number)?;
            } else {
                self.receive(number)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, number: u64) -> Result<(), Failure> {
        self.body[..8].copy_from_slice(&number.to_le_bytes());
        match self.calls {
            Calls::Bytes => self.socket.send_bytes(&self.body)?,
            Calls::Message => self.socket.send(Message::copy_from(&self.body))?,
            Calls::Static => {
                let body = self.bodies[number as usize % self.bodies.len()];
                self.socket.send(Message::from_static(body))?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, number: u64) -> Result<(), Failure> {
        let shown = match self.calls {
            Calls::Static => number % STATIC_BODIES,
            Calls::Bytes | Calls::Message => number,
        };
        let right = |body: &[u8]| body[..8] == shown.to_le_bytes();
        let arrived = match self.calls {
            Calls::Bytes => {
                let bytes = self.socket.recv_bytes(&mut self.body)?;
                bytes == self.body.len() && right(&self.body)
            }
            Calls::Message | Calls::Static => {
                let message = self.socket.recv()?;
                message.len() == self.body.len() && right(&message)
            }
        };
        arrived
            .then_some(())
            .ok_or_else(|| format!("not the message {number} of the flood").into())
    }
}
