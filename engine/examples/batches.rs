//! Batches: many small messages for the price of fewer calls.
//!
//! `send_batch` sends from an iterator until no peer has room and gives back what was refused; `recv_batch` waits for
//! one frame and takes with it what else is there. Both keep the order.
//!
//! Run it: `cargo run -p ringmq --example batches`

use std::error::Error;
use std::thread;

use ringmq::{Context, Message, Socket, SocketType, TrySendError};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const COUNT: u64 = 200_000;
const BATCH_MAX: usize = 512;

fn send_all(mut push: Socket) -> Outcome {
    let mut messages = (0..COUNT).map(|number| Message::from(&number.to_le_bytes()));
    loop {
        let (_, stopped) = push.send_batch(&mut messages);
        match stopped {
            Ok(()) => return Ok(()),
            // It was taken out of the iterator: wait until there is room for it, then go on.
            Err(TrySendError::Full(message)) => push.send(message)?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut pull = context.socket(SocketType::Pull)?;
    let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();
    let mut push = context.socket(SocketType::Push)?;
    push.connect(&endpoint)?;
    let sending = thread::spawn(move || send_all(push));

    let mut batch = Vec::with_capacity(BATCH_MAX);
    let (mut next, mut calls) = (0_u64, 0_u64);
    while next < COUNT {
        batch.clear();
        pull.recv_batch(&mut batch, BATCH_MAX)?;
        calls += 1;
        for message in &batch {
            assert_eq!(message[..], next.to_le_bytes(), "in order");
            next += 1;
        }
    }
    sending.join().expect("the sender does not panic")?;
    println!("{next} messages came in order");
    println!("fewer calls than messages: {}", calls < next);
    Ok(())
}
