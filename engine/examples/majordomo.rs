//! Majordomo: a broker that gives requests for a service to workers which offer it, and notices when one dies.
//!
//! ```text
//!   client: DEALER ──▶ ┌─────────────────┐ ◀── ready, alive, answer ── DEALER: worker
//!   client: DEALER ──▶ │ ROUTER: broker  │ ──── ask, alive, who ─────▶ DEALER: worker
//!                      └─────────────────┘
//! ```
//!
//! Every message is frames of text, the first says what it is:
//!
//! | from | to | frames |
//! |---|---|---|
//! | client | broker | `ask` service number body |
//! | broker | client | `answer` number body |
//! | worker | broker | `ready` service; `alive`; `answer` client number body |
//! | broker | worker | `ask` client number body; `alive`; `who` ("you are unknown: say that you are ready") |
//!
//! **Survives**: a worker that crashes or hangs, also with a request in hand (the broker gives that to another one);
//! workers that come and go; a broker that crashes and returns (workers report again, clients ask again).
//!
//! **Does not survive**: a broker that stays away: run two as in `binary_star`. A request may be carried out twice, and
//! what the broker had queued dies with it until the client asks again; `titanic` keeps requests on a disk instead.
//!
//! Run it: `cargo run -p ringmq --example majordomo`. Without arguments it starts a broker and two workers as
//! processes, kills a worker in the middle of a request, then the broker. By hand: `majordomo broker ENDPOINT`,
//! `majordomo worker ENDPOINT NAME`, `majordomo client ENDPOINT REQUESTS`.

#![expect(
    clippy::disallowed_methods,
    reason = "an application has no clock but the system's"
)]

mod rehearsal;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};
use std::{env, thread};

use rehearsal::{Folder, Outcome, Role, bind, end_with_input};
use ringmq::{Context, Message, Multipart, RecvError, Socket, SocketType};

/// How often both sides say that they live.
const HEARTBEAT: Duration = Duration::from_millis(200);
/// A worker that was silent for so long is taken for dead. Longer than any pause that a living one may make.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a client waits before it asks again.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => rehearse(),
        ["broker", endpoint] => Broker::new(endpoint)?.run(),
        ["worker", endpoint, name] => work(endpoint, name, None),
        ["worker", endpoint, name, stuck_at] => work(endpoint, name, Some(stuck_at.parse()?)),
        ["client", endpoint, requests] => ask_all(endpoint, requests.parse()?),
        _ => Err("usage: majordomo [broker|worker|client ENDPOINT ...]".into()),
    }
}

// --- the broker --------------------------------------------------------------------------------------------------

/// The name that the ROUTER knows a peer by.
type Name = Vec<u8>;

#[derive(Clone, Debug, PartialEq)]
struct Request {
    client: Message,
    number: Message,
    body: Message,
}

struct Worker {
    service: String,
    /// When it is given up, unless it is heard of.
    expires: Instant,
    /// What it works at.
    task: Option<Request>,
}

#[derive(Default)]
struct Service {
    /// The one that has waited longest comes first.
    idle: VecDeque<Name>,
    waiting: VecDeque<Request>,
}

struct Broker {
    socket: Socket,
    workers: HashMap<Name, Worker>,
    services: HashMap<String, Service>,
}

impl Broker {
    fn new(endpoint: &str) -> Outcome<Self> {
        end_with_input();
        let context = Context::new()?;
        let mut socket = context.socket(SocketType::Router)?;
        socket.set_receive_timeout(Some(HEARTBEAT))?;
        bind(&mut socket, endpoint)?;
        println!("broker: ready");
        Ok(Self {
            socket,
            workers: HashMap::new(),
            services: HashMap::new(),
        })
    }

    fn run(mut self) -> Outcome {
        let mut next_heartbeat = Instant::now() + HEARTBEAT;
        loop {
            match self.socket.recv_multipart() {
                Ok(message) => self.heard(&message)?,
                Err(RecvError::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            let now = Instant::now();
            if now >= next_heartbeat {
                next_heartbeat = now + HEARTBEAT;
                self.bury(now)?;
                for worker in self.workers.keys() {
                    tell(&mut self.socket, worker, &[b"alive"])?;
                }
            }
        }
    }

    fn heard(&mut self, message: &[Message]) -> Outcome {
        let (peer, frames) = message.split_first().expect("a ROUTER names the peer");
        if let Some(worker) = self.workers.get_mut(&peer[..]) {
            worker.expires = Instant::now() + SILENCE;
        }
        let frames: Vec<&[u8]> = frames.iter().map(|frame| &frame[..]).collect();
        match frames[..] {
            [b"ask", service, number, body] => {
                let request = Request {
                    client: peer.clone(),
                    number: number.into(),
                    body: body.into(),
                };
                self.accept(&String::from_utf8_lossy(service), request)
            }
            [b"ready", service] => self.ready(peer, &String::from_utf8_lossy(service)),
            [b"answer", client, number, body] => {
                tell(&mut self.socket, client, &[b"answer", number, body])?;
                let Some(worker) = self.workers.get_mut(&peer[..]) else {
                    return self.ask_who(peer);
                };
                worker.task = None;
                let service = worker.service.clone();
                self.services
                    .entry(service.clone())
                    .or_default()
                    .idle
                    .push_back(peer.to_vec());
                self.dispatch(&service)
            }
            [b"alive"] if self.workers.contains_key(&peer[..]) => Ok(()),
            [b"alive"] => self.ask_who(peer),
            // Whatever that is, it must not end the broker.
            _ => Ok(()),
        }
    }

    fn ask_who(&mut self, peer: &[u8]) -> Outcome {
        tell(&mut self.socket, peer, &[b"who"])
    }

    /// Queues a request, unless it is a repetition of one that is still in hand.
    fn accept(&mut self, name: &str, request: Request) -> Outcome {
        let service = self.services.entry(name.to_owned()).or_default();
        let in_work = self
            .workers
            .values()
            .any(|worker| worker.task.as_ref() == Some(&request));
        if !in_work && !service.waiting.contains(&request) {
            service.waiting.push_back(request);
        }
        self.dispatch(name)
    }

    fn ready(&mut self, peer: &[u8], service: &str) -> Outcome {
        if self.workers.contains_key(peer) {
            // It was asked twice who it is.
            return Ok(());
        }
        let worker = Worker {
            service: service.to_owned(),
            expires: Instant::now() + SILENCE,
            task: None,
        };
        self.workers.insert(peer.to_vec(), worker);
        self.services
            .entry(service.to_owned())
            .or_default()
            .idle
            .push_back(peer.to_vec());
        self.dispatch(service)
    }

    fn dispatch(&mut self, name: &str) -> Outcome {
        let service = self.services.entry(name.to_owned()).or_default();
        while !service.waiting.is_empty() {
            let Some(idle) = service.idle.pop_front() else {
                break;
            };
            // It may have died since it became idle.
            let Some(worker) = self.workers.get_mut(&idle) else {
                continue;
            };
            let request = service.waiting.pop_front().expect("one is waiting");
            let Request {
                client,
                number,
                body,
            } = &request;
            tell(&mut self.socket, &idle, &[b"ask", client, number, body])?;
            worker.task = Some(request);
        }
        Ok(())
    }

    /// Gives up the workers that were silent for too long, and what they worked at to others.
    fn bury(&mut self, now: Instant) -> Outcome {
        let dead = self.workers.extract_if(|_, worker| worker.expires <= now);
        let dead: Vec<Worker> = dead.map(|(_, worker)| worker).collect();
        for worker in dead {
            println!(
                "broker: a worker died; it had a request in hand: {}",
                worker.task.is_some()
            );
            let service = self.services.entry(worker.service.clone()).or_default();
            service.waiting.extend(worker.task);
            self.dispatch(&worker.service)?;
        }
        Ok(())
    }
}

/// Sends to one peer of a ROUTER. If it is gone, so is the message, and the next heartbeat tells.
fn tell(router: &mut Socket, peer: &[u8], frames: &[&[u8]]) -> Outcome {
    let message = [peer].into_iter().chain(frames.iter().copied());
    router.send_multipart(Multipart::from_iter(message))?;
    Ok(())
}

// --- workers and clients -----------------------------------------------------------------------------------------

/// Offers the service "upper"; in the rehearsal it gets stuck with its request number `stuck_at`.
fn work(endpoint: &str, name: &str, stuck_at: Option<u32>) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut broker = context.socket(SocketType::Dealer)?;
    broker.set_receive_timeout(Some(HEARTBEAT))?;
    broker.connect(endpoint)?;
    broker.send_multipart(vec!["ready", "upper"])?;
    let mut asked = 0;
    loop {
        let message = match broker.recv_multipart() {
            Ok(message) => message,
            Err(RecvError::TimedOut) => {
                broker.send("alive")?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let frames: Vec<&[u8]> = message.iter().map(|frame| &frame[..]).collect();
        match frames[..] {
            [b"ask", client, number, body] => {
                asked += 1;
                if Some(asked) == stuck_at {
                    println!("{name}: stuck");
                    loop {
                        thread::park();
                    }
                }
                let body = format!("{} by {name}", String::from_utf8_lossy(body).to_uppercase());
                let answer = [b"answer", client, number, body.as_bytes()];
                broker.send_multipart(Multipart::from_iter(answer))?;
            }
            [b"who"] => {
                println!("{name}: reports again");
                broker.send_multipart(vec!["ready", "upper"])?;
            }
            _ => broker.send("alive")?,
        }
    }
}

struct Client {
    socket: Socket,
    number: u64,
}

impl Client {
    fn ask(&mut self, service: &str, body: &str) -> Outcome<String> {
        self.number += 1;
        let number = self.number.to_string();
        loop {
            self.socket
                .send_multipart(vec!["ask", service, &number, body])?;
            let deadline = Instant::now() + PATIENCE;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                self.socket.set_receive_timeout(Some(left))?;
                match self.socket.recv_multipart() {
                    Ok(answer) if answer.len() == 3 && &answer[1][..] == number.as_bytes() => {
                        return Ok(answer[2].as_str()?.to_owned());
                    }
                    // A second answer to an older request.
                    Ok(_) => {}
                    Err(RecvError::TimedOut) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            println!("client: no answer to request {number}");
        }
    }
}

fn ask_all(endpoint: &str, requests: u32) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut socket = context.socket(SocketType::Dealer)?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(endpoint)?;
    let mut client = Client { socket, number: 0 };
    for number in 1..=requests {
        let answer = client.ask("upper", &format!("request {number}"))?;
        if !answer.starts_with(&format!("REQUEST {number} by ")) {
            return Err(format!("request {number} got the answer {answer}").into());
        }
    }
    println!("client: {requests} requests were answered");
    Ok(())
}

// --- the rehearsal: processes that are killed and started again --------------------------------------------------

fn rehearse() -> Outcome {
    let folder = Folder::new("majordomo")?;
    let endpoint = folder.endpoint("broker");

    let mut broker = Role::start(&["broker", &endpoint])?;
    broker.says("broker: ready")?;
    let mut red = Role::start(&["worker", &endpoint, "red", "3"])?;
    let mut blue = Role::start(&["worker", &endpoint, "blue"])?;
    let mut client = Role::start(&["client", &endpoint, "10"])?;
    red.says("red: stuck")?;
    println!("-- a worker is killed");
    red.kill()?;
    broker.says("broker: a worker died; it had a request in hand: true")?;
    client.says("client: 10 requests were answered")?;

    println!("-- the broker is killed");
    broker.kill()?;
    let mut client = Role::start(&["client", &endpoint, "5"])?;
    client.says("client: no answer to request 1")?;
    println!("-- another broker is started");
    let mut broker = Role::start(&["broker", &endpoint])?;
    broker.says("broker: ready")?;
    blue.says("blue: reports again")?;
    client.says("client: 5 requests were answered")?;
    Ok(())
}
