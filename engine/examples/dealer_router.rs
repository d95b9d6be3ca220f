//! DEALER and ROUTER: many questions on their way at once, answered in any order.
//!
//! A ROUTER puts the name of the peer in front of each message that it receives, and sends to the peer that the first
//! frame names. So the server may keep questions, answer the last one first, or let others answer them.
//!
//! Run it: `cargo run -p ringmq --example dealer_router`

use std::collections::BTreeSet;
use std::error::Error;
use std::thread;

use ringmq::{Context, Message, Multipart, Socket, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const QUESTIONS: u32 = 5;
const CLIENTS: [&str; 3] = ["ada", "grace", "lynn"];

/// Keeps the questions of all clients until the last one is there, then answers in reverse.
fn serve(mut server: Socket) -> Outcome {
    let mut kept = Vec::new();
    for _ in 0..QUESTIONS as usize * CLIENTS.len() {
        kept.push(server.recv_multipart()?);
    }
    while let Some(question) = kept.pop() {
        let [client, number] = &question[..] else {
            return Err("a question is one frame".into());
        };
        let square = number.as_str()?.parse::<u32>()?.pow(2);
        let answer: [Message; 3] = [
            Message::from(&client[..]),
            Message::from(&number[..]),
            square.to_string().into(),
        ];
        server.send_multipart(Multipart::from_iter(answer))?;
    }
    Ok(())
}

/// Asks everything before it looks for an answer.
fn ask(context: &Context, endpoint: &str, name: &str) -> Outcome {
    let mut client = context.socket(SocketType::Dealer)?;
    // What the ROUTER knows it by. Without one it gets a random name.
    client.set_routing_id(name)?;
    client.connect(endpoint)?;
    for number in 1..=QUESTIONS {
        client.send(number.to_string())?;
    }
    let mut order = Vec::new();
    let mut answers = BTreeSet::new();
    for _ in 0..QUESTIONS {
        let answer = client.recv_multipart()?;
        let number: u32 = answer[0].as_str()?.parse()?;
        order.push(number);
        answers.insert((number, answer[1].as_str()?.to_owned()));
    }
    println!("{name} was answered in the order {order:?}: {answers:?}");
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut server = context.socket(SocketType::Router)?;
    // A ROUTER drops what it cannot deliver, unless it is told to say so.
    server.set_router_mandatory(true)?;
    let endpoint = server.bind("tcp://127.0.0.1:*")?.to_string();
    let serving = thread::spawn(move || serve(server));

    let asking = CLIENTS.map(|name| {
        let (context, endpoint) = (context.clone(), endpoint.clone());
        thread::spawn(move || ask(&context, &endpoint, name))
    });
    for client in asking {
        client.join().expect("a client does not panic")?;
    }
    serving.join().expect("the server does not panic")
}
