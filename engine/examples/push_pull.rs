//! PUSH and PULL: a ventilator hands out tasks, workers do them side by side, and a sink gathers the results.
//!
//! PUSH gives each message to the next peer that has room; PULL takes from each peer in turn. Workers come and go
//! freely: the two ends that stay are bound, and the workers connect to both.
//!
//! Run it: `cargo run -p ringmq --example push_pull`

use std::error::Error;
use std::thread;

use ringmq::{Context, RecvError, SocketType};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const TASKS: u64 = 1_000;
const WORKERS: usize = 3;

/// Squares numbers until the context is shut down. Returns how many.
fn work(context: &Context, ventilator: &str, sink: &str) -> Outcome<u64> {
    let mut tasks = context.socket(SocketType::Pull)?;
    tasks.connect(ventilator)?;
    let mut results = context.socket(SocketType::Push)?;
    results.connect(sink)?;
    let mut done = 0;
    loop {
        let task = match tasks.recv() {
            Ok(task) => task,
            Err(RecvError::Terminated) => return Ok(done),
            Err(error) => return Err(error.into()),
        };
        let number = u64::from_le_bytes(task[..].try_into()?);
        results.send_bytes(&number.pow(2).to_le_bytes())?;
        done += 1;
    }
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut tasks = context.socket(SocketType::Push)?;
    let ventilator = tasks.bind("tcp://127.0.0.1:*")?.to_string();
    let mut results = context.socket(SocketType::Pull)?;
    let sink = results.bind("tcp://127.0.0.1:*")?.to_string();

    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (context, ventilator, sink) = (context.clone(), ventilator.clone(), sink.clone());
            thread::spawn(move || work(&context, &ventilator, &sink))
        })
        .collect();

    let ventilating = thread::spawn(move || -> Outcome {
        for number in 1..=TASKS {
            // Waits while no worker has room: the high-water mark holds the ventilator back.
            tasks.send_bytes(&number.to_le_bytes())?;
        }
        Ok(())
    });
    let mut sum = 0;
    let mut result = [0; 8];
    for _ in 0..TASKS {
        results.recv_bytes(&mut result)?;
        sum += u64::from_le_bytes(result);
    }
    ventilating.join().expect("the ventilator does not panic")?;
    println!("the squares of 1 to {TASKS} add up to {sum}");

    context.shutdown();
    let mut done = 0;
    for worker in workers {
        done += worker.join().expect("a worker does not panic")?;
    }
    println!("{WORKERS} workers did {done} tasks");
    Ok(())
}
