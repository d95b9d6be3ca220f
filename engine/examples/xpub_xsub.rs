//! XPUB and XSUB: a proxy in the middle, so that publishers and subscribers need to know only one address.
//!
//! XPUB hands its subscribers' subscriptions to the application, XSUB sends such messages upstream: passing messages down
//! and subscriptions up makes a proxy, and topics that nobody wants never leave the publisher. `proxy` does that for any
//! two sockets, `Proxy` with a copy of everything and with commands on top.
//!
//! Run it: `cargo run -p ringmq --example xpub_xsub`

use std::error::Error;
use std::thread;

use ringmq::{Context, ProxyEnd, SocketType, proxy};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

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
    let forwarding = thread::spawn(move || proxy(&mut publishers, &mut subscribers));

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
    let end = forwarding.join().expect("the proxy does not panic")?;
    assert_eq!(end, ProxyEnd::Shutdown);
    println!("the proxy ended");
    Ok(())
}
