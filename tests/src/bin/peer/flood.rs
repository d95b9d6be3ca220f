//! One end of a flood whose allocations are counted between two marks, by all threads of the process.
//!
//! `side=pull bind=...` or `side=push connect=...`, `count=` messages between the marks, `size=` bytes each, and
//! `calls=bytes` (`send_bytes`, `recv_bytes`) or `calls=message` (`send`, `recv`).

use ringmq::{Message, Socket, SocketType};

use crate::arguments::{Arguments, commands, print_statistics};
use crate::{Failure, allocator};

/// Messages before the first mark: pools and queues reach their size.
const WARM_UP_MESSAGES: u64 = 200_000;

/// Messages behind the second mark, so that neither end counts the other's leaving.
const TAIL_MESSAGES: u64 = 2_000;

#[derive(Clone, Copy, Debug)]
enum Calls {
    Bytes,
    Message,
}

#[derive(Debug)]
struct End {
    socket: Socket,
    calls: Calls,
    body: Vec<u8>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let count = arguments.number("count", 1_000_000)?;
    let size = usize::try_from(arguments.number("size", 64)?)?;
    let calls = match arguments.text("calls")? {
        "bytes" => Calls::Bytes,
        "message" => Calls::Message,
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
    };
    end.exchange(pushes, 0..WARM_UP_MESSAGES)?;
    allocator::start();
    end.exchange(pushes, 0..count)?;
    let allocations = allocator::stop();
    end.exchange(pushes, 0..TAIL_MESSAGES)?;
    println!("allocations {allocations}");
    print_statistics(end.socket.statistics());
    drop(end);
    drop(context);
    println!("closed");
    // The test may still want to look at the process.
    let _ = commands.recv();
    Ok(())
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
        }
        Ok(())
    }

    fn receive(&mut self, number: u64) -> Result<(), Failure> {
        let right = |body: &[u8]| body[..8] == number.to_le_bytes();
        let arrived = match self.calls {
            Calls::Bytes => {
                let bytes = self.socket.recv_bytes(&mut self.body)?;
                bytes == self.body.len() && right(&self.body)
            }
            Calls::Message => {
                let message = self.socket.recv()?;
                message.len() == self.body.len() && right(&message)
            }
        };
        arrived
            .then_some(())
            .ok_or_else(|| format!("not the message {number} of the flood").into())
    }
}
