//! PUB and SUB: one publisher, any number of subscribers, each with the topics it asked for.
//!
//! A topic is what a message starts with; by custom it is a first frame of its own. PUB waits for nobody: who is not
//! connected yet, or cannot keep up, misses messages. A subscriber that must miss nothing has to say that it is there,
//! which is what the PUSH socket is for here.
//!
//! Run it: `cargo run -p ringmq --example pub_sub`

use std::error::Error;
use std::thread;
use std::time::Duration;

use ringmq::{Context, RecvError, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Subscribes to `city`, says so, and prints what comes until the publisher says that it is the last.
fn subscribe(context: &Context, publisher: &str, ready: &str, city: &str) -> Outcome {
    let mut weather = context.socket(SocketType::Sub)?;
    weather.connect(publisher)?;
    weather.subscribe(city)?;
    // Subscriptions travel in order: once a beacon is here, the publisher knows the city, too.
    weather.subscribe("beacon")?;
    weather.recv_multipart()?;
    weather.unsubscribe("beacon")?;

    let mut here = context.socket(SocketType::Push)?;
    here.connect(ready)?;
    here.send(city)?;

    loop {
        let message = weather.recv_multipart()?;
        match (message[0].as_str()?, message.get(1)) {
            ("beacon", _) => {}
            (topic, Some(text)) => println!("{city} hears {topic}: {}", text.as_str()?),
            // The last one has no second frame.
            (_, None) => return Ok(()),
        }
    }
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut weather = context.socket(SocketType::Pub)?;
    let publisher = weather.bind("tcp://127.0.0.1:*")?.to_string();
    let mut ready = context.socket(SocketType::Pull)?;
    let ready_at = ready.bind("tcp://127.0.0.1:*")?.to_string();

    let cities = ["Lisbon", "Oslo"];
    let subscribers = cities.map(|city| {
        let (context, publisher, ready_at) = (context.clone(), publisher.clone(), ready_at.clone());
        thread::spawn(move || subscribe(&context, &publisher, &ready_at, city))
    });

    let mut present = 0;
    while present < cities.len() {
        weather.send_multipart(vec!["beacon"])?;
        match ready.recv_timeout(Duration::from_millis(10)) {
            Ok(_) => present += 1,
            Err(RecvError::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
    println!("{present} subscribers are there");

    weather.send_multipart(vec!["Oslo", "snow"])?;
    weather.send_multipart(vec!["Lisbon", "sun"])?;
    weather.send_multipart(vec!["Cairo", "nobody asked"])?;
    weather.send_multipart(vec!["Oslo", "more snow"])?;
    for city in cities {
        weather.send_multipart(vec![city])?;
    }
    for subscriber in subscribers {
        subscriber.join().expect("a subscriber does not panic")?;
    }
    Ok(())
}
