//! XPUB and XSUB: a proxy in the middle, so that publishers and subscribers need to know only one address.
//!
//! XPUB hands its subscribers' subscriptions to the application, XSUB sends such messages upstream: whoever passes
//! messages down and subscriptions up has built a proxy, and topics that nobody wants never leave the publisher.
//!
//! Run it: `cargo run -p ringmq --example xpub_xsub`

use std::error::Error;
use std::thread;

use ringmq::{Context, Interest, PollItem, Socket, SocketType, TryRecvError, poll};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Passes messages from publishers to subscribers and subscriptions the other way, until the context is shut down.
fn forward(mut publishers: Socket, mut subscribers: Socket) -> Outcome {
    loop {
        let mut items = [
            PollItem::socket(&mut publishers, Interest::READABLE),
            PollItem::socket(&mut subscribers, Interest::READABLE),
        ];
        poll(&mut items, None)?;
        let [down, up] = items.map(|item| item.is_readable());
        if down && !pass(&mut publishers, &mut subscribers)? {
            return Ok(());
        }
        if up && !pass(&mut subscribers, &mut publishers)? {
            return Ok(());
        }
    }
}

/// Passes one message on, frame by frame, as it is. Returns whether the context still runs.
fn pass(from: &mut Socket, to: &mut Socket) -> Outcome<bool> {
    loop {
        let frame = match from.try_recv() {
            Ok(frame) => frame,
            Err(TryRecvError::Empty) => return Ok(true),
            Err(TryRecvError::Terminated) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let more = frame.more();
        to.send(frame)?;
        if !more {
            return Ok(true);
        }
    }
}

/// Publishes on one topic once somebody wants it. An XPUB can wait for that; a PUB cannot.
fn publish(context: &Context, proxy: &str, topic: &str) -> Outcome {
    let mut publisher = context.socket(SocketType::XPub)?;
    publisher.connect(proxy)?;
    let wanted = [b"\x01", topic.as_bytes()].concat();
    while publisher.recv()?[..] != wanted {}
    for number in 1..=3 {
        publisher.send_multipart(vec![topic.to_owned(), format!("number {number}")])?;
    }
    Ok(())
}

fn subscribe(context: &Context, proxy: &str, topic: &str) -> Outcome {
    let mut subscriber = context.socket(SocketType::Sub)?;
    subscriber.connect(proxy)?;
    subscriber.subscribe(topic)?;
    for _ in 0..3 {
        let message = subscriber.recv_multipart()?;
        println!("{}: {}", message[0].as_str()?, message[1].as_str()?);
    }
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut publishers = context.socket(SocketType::XSub)?;
    let for_publishers = publishers.bind("tcp://127.0.0.1:*")?.to_string();
    let mut subscribers = context.socket(SocketType::XPub)?;
    let for_subscribers = subscribers.bind("tcp://127.0.0.1:*")?.to_string();
    let forwarding = thread::spawn(move || forward(publishers, subscribers));

    let mut threads = Vec::new();
    for topic in ["prices", "news"] {
        let (of_publisher, endpoint) = (context.clone(), for_publishers.clone());
        threads.push(thread::spawn(move || {
            publish(&of_publisher, &endpoint, topic)
        }));
        let (of_subscriber, endpoint) = (context.clone(), for_subscribers.clone());
        threads.push(thread::spawn(move || {
            subscribe(&of_subscriber, &endpoint, topic)
        }));
    }
    for thread in threads {
        thread.join().expect("neither side panics")?;
    }
    context.shutdown();
    forwarding.join().expect("the proxy does not panic")?;
    println!("the proxy ended");
    Ok(())
}
