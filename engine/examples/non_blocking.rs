//! Calls that never wait: `try_send`, `try_recv`, `readiness`, and limits on waiting.
//!
//! For a loop that has other work to do. A message that cannot go comes back inside the error, and nothing is lost.
//!
//! Run it: `cargo run -p ringmq --example non_blocking`

use std::error::Error;
use std::time::Duration;

use ringmq::{Context, RecvError, SendError, SocketType, TryRecvError, TrySendError};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const COUNT: u64 = 10_000;

fn main() -> Outcome {
    let context = Context::new()?;
    let mut push = context.socket(SocketType::Push)?;
    let mut pull = context.socket(SocketType::Pull)?;
    // Few enough that the sender meets its high-water mark.
    push.set_send_high_water_mark(10)?;
    pull.set_receive_high_water_mark(10)?;

    match push.try_send("nobody is there") {
        Err(TrySendError::Full(message)) => println!("came back: \"{}\"", message.as_str()?),
        other => other?,
    }
    match push.send_timeout("still nobody", Duration::from_millis(10)) {
        Err(SendError::TimedOut(_)) => println!("came back after 10 ms"),
        other => other?,
    }
    match pull.recv_timeout(Duration::from_millis(10)) {
        Err(RecvError::TimedOut) => println!("nothing came for 10 ms"),
        Ok(message) => return Err(format!("from nowhere: {message:?}").into()),
        Err(error) => return Err(error.into()),
    }

    let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();
    push.connect(&endpoint)?;
    let (mut sent, mut received) = (0, 0);
    let (mut full, mut other_work) = (0_u64, 0_u64);
    while received < COUNT {
        if sent < COUNT {
            match push.try_send(&sent.to_le_bytes()) {
                Ok(()) => sent += 1,
                Err(TrySendError::Full(_)) => full += 1,
                Err(error) => return Err(error.into()),
            }
        }
        // Only every third turn, so that the sender gets ahead.
        if other_work % 3 == 0 && pull.readiness().readable {
            match pull.try_recv() {
                Ok(message) => {
                    assert_eq!(message[..], received.to_le_bytes(), "in order");
                    received += 1;
                }
                Err(TryRecvError::Empty) => {}
                Err(error) => return Err(error.into()),
            }
        }
        other_work += 1;
    }
    assert!(other_work > COUNT);
    println!(
        "{received} messages in order; the sender was full: {}",
        full > 0
    );
    Ok(())
}
