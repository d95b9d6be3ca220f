//! Peers that have names, with a resolver that answers as each test wants.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::{Context, DriverChoice};
use crate::socket::{Socket, SocketType};
use crate::transport::{HostName, Names};

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

/// Gives its answers in turn, the last one for ever, and says what it was asked.
#[derive(Debug)]
struct Scripted {
    answers: Mutex<VecDeque<Vec<SocketAddr>>>,
    asked: mpsc::Sender<HostName>,
}

impl Names for Scripted {
    fn addresses(&self, host: &HostName) -> io::Result<Vec<SocketAddr>> {
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        // The test may be over.
        let _ = self.asked.send(host.clone());
        answer
            .filter(|found| !found.is_empty())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn scripted(answers: &[&[SocketAddr]]) -> (Arc<Scripted>, mpsc::Receiver<HostName>) {
    let (asked, questions) = mpsc::channel();
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    let answers = Mutex::new(answers);
    (Arc::new(Scripted { answers, asked }), questions)
}

fn context(driver: DriverChoice, names: Arc<dyn Names>) -> Context {
    Context::builder()
        .driver(driver)
        .names(names)
        .build()
        .unwrap()
}

fn bound(context: &Context) -> (Socket, SocketAddr) {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    (pull, endpoint.tcp().unwrap())
}

fn push(context: &Context) -> Socket {
    let mut push = context.socket(SocketType::Push).unwrap();
    push.set_linger(Some(Duration::ZERO)).unwrap();
    push.set_send_timeout(Some(PATIENCE)).unwrap();
    push
}

/// An address at which nobody listens.
fn deserted() -> SocketAddr {
    let held = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    held.local_addr().unwrap()
}

#[test]
fn a_peer_that_moves_is_found_again() {
    for driver in DRIVERS {
        let (mut old, mut new) = {
            let others = Context::builder().driver(*driver).build().unwrap();
            (bound(&others), bound(&others))
        };
        let (names, questions) = scripted(&[&[old.1], &[new.1]]);
        let context = context(*driver, names);
        let mut push = push(&context);
        push.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(1));
        push.connect("tcp://broker.example:5555").unwrap();
        push.send("one").unwrap();
        assert_eq!(old.0.recv().unwrap().as_bytes(), b"one");
        drop(old.0);
        // What is sent before the loss is noticed goes down with the connection, so one is sent until one comes.
        new.0
            .set_receive_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        let mut received = Err(crate::RecvError::TimedOut);
        for _ in 0..20_000 {
            push.send("two").unwrap();
            received = new.0.recv();
            if received.is_ok() {
                break;
            }
        }
        assert_eq!(received.unwrap().as_bytes(), b"two");
        let host = HostName {
            name: "broker.example".to_owned(),
            port: 5555,
        };
        assert_eq!(
            questions.try_iter().take(2).collect::<Vec<_>>(),
            [host.clone(), host]
        );
    }
}

#[test]
fn every_address_is_tried_before_the_first_pause() {
    for driver in DRIVERS {
        let others = Context::builder().driver(*driver).build().unwrap();
        let (mut pull, address) = bound(&others);
        let (names, questions) = scripted(&[&[deserted(), deserted(), address]]);
        let context = context(*driver, names);
        let mut push = push(&context);
        // A pause would be longer than the test's patience.
        push.set_reconnect_interval(PATIENCE * 100, PATIENCE * 100);
        push.connect("tcp://three-homes.example:1").unwrap();
        push.send("found").unwrap();
        assert_eq!(pull.recv().unwrap().as_bytes(), b"found");
        assert_eq!(questions.try_iter().count(), 1);
    }
}

#[test]
fn a_name_that_nobody_knows_yet_is_asked_for_again() {
    for driver in DRIVERS {
        let others = Context::builder().driver(*driver).build().unwrap();
        let (mut pull, address) = bound(&others);
        let (names, _questions) = scripted(&[&[], &[], &[deserted()], &[address]]);
        let context = context(*driver, names);
        let mut push = push(&context);
        push.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(1));
        push.connect("tcp://not-yet.example:1").unwrap();
        push.send("later").unwrap();
        assert_eq!(pull.recv().unwrap().as_bytes(), b"later");
        assert_eq!(push.statistics().lookup_failures, 2);
    }
}

/// Answers nothing before it is let go.
#[derive(Debug)]
struct Stuck {
    asked: mpsc::Sender<()>,
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl Names for Stuck {
    fn addresses(&self, _host: &HostName) -> io::Result<Vec<SocketAddr>> {
        let _ = self.asked.send(());
        let _ = self.let_go.lock().unwrap().recv();
        Err(io::ErrorKind::TimedOut.into())
    }
}

#[test]
fn a_resolver_that_does_not_answer_holds_nobody_up() {
    for driver in DRIVERS {
        let (asked, questions) = mpsc::channel();
        let (let_go, stuck) = mpsc::channel::<()>();
        let names = Stuck {
            asked,
            let_go: Mutex::new(stuck),
        };
        let context = context(*driver, Arc::new(names));
        let mut waiting: Vec<_> = (0..10).map(|_| push(&context)).collect();
        for socket in &mut waiting {
            socket.connect("tcp://stuck.example:1").unwrap();
        }
        questions.recv_timeout(PATIENCE).unwrap();
        let (mut pull, address) = bound(&context);
        let mut other = push(&context);
        other.connect(&format!("tcp://{address}")).unwrap();
        other.send("past them").unwrap();
        assert_eq!(pull.recv().unwrap().as_bytes(), b"past them");
        // Not even the end of the context waits for the answer.
        drop((waiting, pull, other, context));
        drop(let_go);
    }
}

#[test]
fn names_that_the_system_knows_need_no_resolver_of_ours() {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        let (mut pull, address) = bound(&context);
        let mut push = push(&context);
        push.connect(&format!("tcp://localhost:{}", address.port()))
            .unwrap();
        push.send("home").unwrap();
        assert_eq!(pull.recv().unwrap().as_bytes(), b"home");
    }
}

#[test]
fn a_peer_sees_the_source_that_was_asked_for() {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peer = listener.local_addr().unwrap();
        let source = deserted();
        let mut push = push(&context);
        push.connect(&format!("tcp://{source};{peer}")).unwrap();
        assert_eq!(listener.accept().unwrap().1, source);
    }
}
