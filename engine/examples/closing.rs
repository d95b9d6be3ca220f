//! Closing in order, within a time: threads that wait are freed, messages that were accepted leave, and what does not
//! get done in time is named.
//!
//! Run it: `cargo run -p ringmq --example closing`

use std::error::Error;
use std::thread;
use std::time::Duration;

use ringmq::{Context, RecvError, Socket, SocketType};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Reports each task as done until the context is shut down, and returns how many; its sockets are dropped with it.
fn work(mut tasks: Socket, mut reports: Socket) -> Outcome<u32> {
    let mut done = 0;
    loop {
        match tasks.recv() {
            Ok(task) => reports.send(task)?,
            Err(RecvError::Terminated) => return Ok(done),
            Err(error) => return Err(error.into()),
        }
        done += 1;
    }
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut reports = context.socket(SocketType::Pull)?;
    let reports_at = reports.bind("tcp://127.0.0.1:*")?.to_string();
    let mut tasks = context.socket(SocketType::Push)?;
    tasks.bind("inproc://tasks")?;

    let mut for_worker = context.socket(SocketType::Pull)?;
    for_worker.connect("inproc://tasks")?;
    let mut of_worker = context.socket(SocketType::Push)?;
    of_worker.connect(&reports_at)?;
    let working = thread::spawn(move || work(for_worker, of_worker));
    tasks.send("the only task")?;
    println!("done: {}", reports.recv()?.as_str()?);
    drop((tasks, reports));

    // Nobody listens there, now or later: the copy lingers.
    let mut copies = context.socket(SocketType::Push)?;
    let nobody = std::env::temp_dir().join("ringmq-nobody");
    copies.connect(&format!("ipc://{}", nobody.display()))?;
    copies.send("a copy")?;
    drop(copies);

    // The worker is freed at once; the copy cannot leave, however long this waits.
    match context.close(Duration::from_secs(5)) {
        Ok(()) => return Err("a copy to nobody cannot have left".into()),
        Err(left) => {
            for socket in left.sockets() {
                let (kind, queued) = (socket.socket_type, socket.queued);
                println!("still open: a {kind:?} with {queued} message to send");
            }
        }
    }
    let done = working.join().expect("the worker does not panic")?;
    println!("the worker was freed after {done} task");

    // The copy is dropped and counted, and the context waits for nothing any more.
    context.abandon();
    context.close(Duration::from_secs(60))?;
    println!("closed");
    Ok(())
}
