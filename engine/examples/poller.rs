//! A poller over sockets and a descriptor: one thread serves them all, and the idle cost nothing.
//!
//! The sockets stay the program's own. `wait` borrows the collection they live in, looks at those that may have become
//! ready, and tells what is ready; what is not used up is told again.
//!
//! Run it: `cargo run -p ringmq --example poller`

use std::error::Error;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use ringmq::{Context, Interest, Poller, Socket, SocketType, Sockets};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The sockets of this program, and their keys.
struct Desk {
    orders: Socket,
    questions: Socket,
}

const ORDERS: usize = 0;
const QUESTIONS: usize = 1;
const BELL: usize = 2;

impl Sockets for Desk {
    fn socket(&mut self, key: usize) -> Option<&mut Socket> {
        match key {
            ORDERS => Some(&mut self.orders),
            QUESTIONS => Some(&mut self.questions),
            _ => None,
        }
    }
}

/// Orders twice, asks once, and rings the bell when the answer is there.
fn visit(context: &Context, orders: &str, questions: &str, mut bell: UnixStream) -> Outcome {
    let mut push = context.socket(SocketType::Push)?;
    push.connect(orders)?;
    push.send("tea")?;
    push.send("cake")?;
    let mut req = context.socket(SocketType::Req)?;
    req.connect(questions)?;
    req.send("is it fresh?")?;
    println!("visitor: the answer is \"{}\"", req.recv()?.as_str()?);
    bell.write_all(b"!")?;
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut desk = Desk {
        orders: context.socket(SocketType::Pull)?,
        questions: context.socket(SocketType::Rep)?,
    };
    let orders = desk.orders.bind("tcp://127.0.0.1:*")?.to_string();
    let questions = desk.questions.bind("tcp://127.0.0.1:*")?.to_string();
    let (mut bell, rings) = UnixStream::pair()?;

    let mut poller = Poller::new();
    poller.add(&desk.orders, ORDERS, Interest::READABLE)?;
    poller.add(&desk.questions, QUESTIONS, Interest::READABLE)?;
    poller.add_descriptor(&bell, BELL, Interest::READABLE)?;
    let visitor = {
        let context = context.clone();
        thread::spawn(move || visit(&context, &orders, &questions, rings))
    };

    let (mut ordered, mut rung) = (Vec::new(), false);
    let mut events = Vec::new();
    while ordered.len() < 2 || !rung {
        poller.wait(&mut desk, &mut events, None)?;
        for event in &events {
            match event.key {
                ORDERS => ordered.push(desk.orders.recv()?.as_str()?.to_owned()),
                QUESTIONS => {
                    let question = desk.questions.recv()?;
                    println!("desk: somebody asks \"{}\"", question.as_str()?);
                    desk.questions.send("of course")?;
                }
                _ => {
                    bell.read_exact(&mut [0])?;
                    rung = true;
                }
            }
        }
    }
    visitor.join().expect("the visitor does not panic")?;
    println!(
        "desk: {} were ordered, and the bell rang",
        ordered.join(" and ")
    );
    Ok(())
}
