//! inproc: sockets of one context talk to each other through memory alone, with no engine and no system call between.
//!
//! The patterns are the same as over a network; only the endpoint says where the peer is. Large bodies are passed by
//! reference. An `inproc` name belongs to the context; who connects first waits for the bind.
//!
//! Run it: `cargo run -p ringmq --example inproc`

use std::error::Error;
use std::thread;

use ringmq::{Context, Message, Socket, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const TASKS: u32 = 1_000;

/// Takes tasks, and passes each on with a frame added.
fn stage(mut from: Socket, mut to: Socket, name: &str) -> Outcome {
    for _ in 0..TASKS {
        let mut task = from.recv_multipart()?;
        task.push(name);
        to.send_multipart(task)?;
    }
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let socket = |socket_type| context.socket(socket_type);

    // The stages connect before anybody is bound: the order does not matter.
    let (mut in_1, mut out_1) = (socket(SocketType::Pull)?, socket(SocketType::Push)?);
    in_1.connect("inproc://start")?;
    out_1.connect("inproc://middle")?;
    let (mut in_2, mut out_2) = (socket(SocketType::Pull)?, socket(SocketType::Push)?);
    in_2.bind("inproc://middle")?;
    out_2.connect("inproc://end")?;
    let mut start = socket(SocketType::Push)?;
    start.bind("inproc://start")?;
    let mut end = socket(SocketType::Pull)?;
    end.bind("inproc://end")?;
    let stages = [
        thread::spawn(move || stage(in_1, out_1, "washed")),
        thread::spawn(move || stage(in_2, out_2, "dried")),
    ];

    // A megabyte, and where it is.
    let body = Message::from(bytes::Bytes::from(vec![7_u8; 1 << 20]));
    let place = body.as_ptr();
    let starting = thread::spawn(move || -> Outcome {
        for _ in 0..TASKS {
            start.send(body.clone())?;
        }
        Ok(())
    });

    let mut moved = 0;
    for _ in 0..TASKS {
        let task = end.recv_multipart()?;
        let done: Vec<_> = task[1..].iter().map(|frame| frame.as_str()).collect();
        assert_eq!(done, [Ok("washed"), Ok("dried")]);
        moved += u32::from(task[0].as_ptr() != place);
    }
    starting.join().expect("starting does not panic")?;
    for stage in stages {
        stage.join().expect("a stage does not panic")?;
    }
    println!("{TASKS} tasks of a megabyte were washed and dried");
    println!("{moved} of them were copied on their way");
    Ok(())
}
