//! Several engines in one context: the peers of each socket are shared out among them.
//!
//! One engine serves tens of thousands of connections; more of them pay where one core does not get the bytes in and
//! out fast enough. The application does not notice which engine serves a peer.
//!
//! Run it: `cargo run -p ringmq --example engines`

use std::error::Error;

use ringmq::{Context, OptionError, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const PEERS: usize = 4;

fn main() -> Outcome {
    // `cores([0, 1])` instead pins each engine to a core of its own.
    let context = Context::builder().engines(2).build()?;
    let mut pull = context.socket(SocketType::Pull)?;
    let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();

    let mut peers = Vec::new();
    for number in 0..PEERS {
        let mut push = context.socket(SocketType::Push)?;
        push.connect(&endpoint)?;
        push.send(format!("peer {number}"))?;
        peers.push(push);
    }
    let mut heard = Vec::new();
    for _ in 0..PEERS {
        heard.push(pull.recv()?.as_str()?.to_owned());
    }
    heard.sort_unstable();
    println!("heard {heard:?}");

    // Both ends live here, so each connection counts twice.
    let loads = context.peers_of_engines();
    println!(
        "{} peers on {} engines",
        loads.iter().sum::<usize>(),
        loads.len()
    );
    println!(
        "both engines work: {}",
        loads.iter().all(|peers| *peers > 0)
    );

    // A socket may be kept to some of them: bit 1 is the second.
    let mut picky = context.socket(SocketType::Push)?;
    picky.set_affinity(0b10)?;
    match picky.set_affinity(0b100) {
        Err(OptionError::NoSuchEngine) => println!("there is no third engine"),
        other => other?,
    }
    Ok(())
}
