//! One publisher, a hundred subscribers with a part of a million topics each, and one with all of them: what a topic
//! takes, how long a match takes, and that nothing is left when nobody wants anything.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "deadlines that fail the test, and what it measures"
)]

use std::thread;
use std::time::{Duration, Instant};

use ringmq::{Context, Socket, SocketType, Subscriptions};

const TOPICS: usize = 1_000_000;
const SUBSCRIBERS: usize = 100;
const EACH: usize = TOPICS / SUBSCRIBERS;
const MATCHES: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// Of the publisher's memory, with two subscriptions to each topic.
const BYTES_PER_TOPIC_MAX: usize = 200;

fn topic(number: usize) -> String {
    format!("market.{:03}.price.{number:07}", number % 977)
}

/// Waits until the publisher's subscriptions are as expected.
fn await_subscriptions(
    publisher: &mut Socket,
    is_there: impl Fn(Subscriptions) -> bool,
) -> Subscriptions {
    let begin = Instant::now();
    loop {
        let subscriptions = publisher.subscriptions().unwrap();
        if is_there(subscriptions) {
            return subscriptions;
        }
        assert!(begin.elapsed() < PATIENCE, "{subscriptions:?}");
        thread::yield_now();
    }
}

fn subscriber(context: &Context, endpoint: &str) -> Socket {
    let mut sub = context.socket(SocketType::Sub).unwrap();
    sub.set_receive_timeout(Some(PATIENCE)).unwrap();
    sub.connect(endpoint).unwrap();
    sub
}

#[test]
fn a_million_topics_cost_little_and_leave_nothing_behind() {
    let context = Context::new().unwrap();
    let mut publisher = context.socket(SocketType::Pub).unwrap();
    let endpoint = publisher.bind("tcp://127.0.0.1:*").unwrap().to_string();
    let begin = Instant::now();
    let mut some: Vec<Socket> = (0..SUBSCRIBERS)
        .map(|_| subscriber(&context, &endpoint))
        .collect();
    for number in 0..TOPICS {
        some[number / EACH].subscribe(topic(number)).unwrap();
        if number % EACH == 0 {
            publisher.subscriptions();
        }
    }
    await_subscriptions(&mut publisher, |now| now.topics == TOPICS);
    let by_one = publisher.subscriptions().unwrap();
    let mut all = subscriber(&context, &endpoint);
    for number in 0..TOPICS {
        all.subscribe(topic(number)).unwrap();
        if number % EACH == 0 {
            publisher.subscriptions();
        }
    }
    // Its last topic is there when a message of that topic comes.
    let probe = topic(TOPICS - 1);
    let begin_probe = Instant::now();
    loop {
        publisher.send(probe.as_str()).unwrap();
        if all.recv_timeout(Duration::from_millis(10)).is_ok() {
            break;
        }
        assert!(begin_probe.elapsed() < PATIENCE);
    }
    let by_two = publisher.subscriptions().unwrap();
    assert_eq!(by_two.topics, TOPICS);
    let per_topic = |subscriptions: Subscriptions| subscriptions.bytes / TOPICS;
    println!(
        "{TOPICS} topics of {} bytes in {:?}: {} bytes each with one subscriber, {} with two, {} nodes",
        probe.len(),
        begin.elapsed(),
        per_topic(by_one),
        per_topic(by_two),
        by_two.nodes
    );
    assert!(per_topic(by_two) <= BYTES_PER_TOPIC_MAX);

    measure_matches(&mut publisher);
    check_delivery(&mut publisher, &mut some, &mut all);

    // Half take back what they wanted, the others just go.
    for (index, sub) in some.iter_mut().enumerate().take(SUBSCRIBERS / 2) {
        for number in index * EACH..(index + 1) * EACH {
            sub.unsubscribe(topic(number)).unwrap();
        }
        publisher.subscriptions();
    }
    drop(all);
    await_subscriptions(&mut publisher, |now| now.topics == TOPICS / 2);
    drop(some);
    let left = await_subscriptions(&mut publisher, |now| now.topics == 0);
    println!(
        "nobody wants anything: {} nodes, {} bytes",
        left.nodes, left.bytes
    );
    assert_eq!(left.nodes, 0);
}

/// How long the publisher takes for messages that two subscribers get, and that nobody gets.
fn measure_matches(publisher: &mut Socket) {
    for (what, suffix) in [("two subscribers", ""), ("nobody", "no")] {
        let messages: Vec<String> = (0..MATCHES)
            .map(|index| topic(index * 7_919 % TOPICS))
            .map(|topic| {
                if suffix.is_empty() {
                    topic
                } else {
                    topic[1..].to_owned()
                }
            })
            .collect();
        let begin = Instant::now();
        for message in &messages {
            publisher.send_bytes(message.as_bytes()).unwrap();
        }
        let each = begin.elapsed() / MATCHES as u32;
        println!("a message for {what} is sent in {each:?}");
    }
}

/// Each subscriber gets what it wanted, and nothing else.
fn check_delivery(publisher: &mut Socket, some: &mut [Socket], all: &mut Socket) {
    for (index, sub) in some.iter_mut().enumerate() {
        let number = index * EACH + EACH / 2;
        let wanted = format!("{} end {index}", topic(number));
        publisher.send(wanted.as_str()).unwrap();
        for socket in [sub, &mut *all] {
            // What was sent to measure comes first.
            while socket.recv().unwrap()[..] != *wanted.as_bytes() {}
        }
    }
}
