//! PAIR: two ends that belong to each other. Either may speak at any time; nobody else can join.
//!
//! One end works and tells how far it is; the other may interrupt it. No turn has to be kept.
//!
//! Run it: `cargo run -p ringmq --example pair`

use std::error::Error;
use std::thread;

use ringmq::{Context, Socket, SocketType, TryRecvError};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Counts, tells each step, and looks after each whether it was told to stop.
fn work(mut leader: Socket) -> Outcome {
    for step in 1_u32.. {
        leader.send(format!("step {step}"))?;
        // Wait for one word before the fourth step, so that the example ends the same way every time.
        if step == 3 {
            let word = leader.recv()?;
            leader.send(format!("heard \"{}\"", word.as_str()?))?;
        }
        match leader.try_recv() {
            Ok(word) if &word[..] == b"stop" => break,
            Ok(_) | Err(TryRecvError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    leader.send("stopped")?;
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut worker = context.socket(SocketType::Pair)?;
    let endpoint = worker.bind("tcp://127.0.0.1:*")?.to_string();

    let mut leader = context.socket(SocketType::Pair)?;
    leader.connect(&endpoint)?;
    // A socket belongs to one thread at a time; this moves it into the new one.
    let working = thread::spawn(move || work(leader));

    for _ in 0..3 {
        println!("the worker tells: {}", worker.recv()?.as_str()?);
    }
    worker.send("faster")?;
    println!("the worker tells: {}", worker.recv()?.as_str()?);
    worker.send("stop")?;
    // Some steps more may come before it looks: nobody waits for anybody here.
    while &worker.recv()?[..] != b"stopped" {}
    println!("the worker stopped");
    working.join().expect("the worker does not panic")
}
