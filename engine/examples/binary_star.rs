//! Binary Star: a primary and a backup server, of which one serves; the other takes over when it falls silent.
//!
//! ```text
//!   client: REQ ──▶ ROUTER: primary  PUB ── state ──▶ SUB  backup :ROUTER ◀── (the client's second choice)
//!                                    SUB ◀── state ── PUB
//! ```
//!
//! Each server publishes its state, also as a sign of life. The passive one takes over when it has heard nothing for a
//! while **and** a client asks it: a broken connection between the servers alone moves nothing, because the clients
//! still reach the active one. A client that gets no answer turns to the other server.
//!
//! **Survives**: the crash or hang of either server, and its return; one failure at a time.
//!
//! **Does not survive**: both servers down at once; a network cut in two halves with clients on both sides (each half
//! gets an active server; when they meet again, the backup yields). Requests may be carried out twice. What the servers
//! know is not passed between them here: where they have state, replicate it, for example as `clone` does.
//!
//! Run it: `cargo run -p ringmq --example binary_star`. Without arguments it starts both servers as processes, kills
//! one and then the other, and asks all the while. By hand:
//! `binary_star primary|backup FRONTEND OWN_STATE PEERS_STATE`.

#![expect(
    clippy::disallowed_methods,
    reason = "an application has no clock but the system's"
)]

mod rehearsal;

use std::env;
use std::time::{Duration, Instant};

use rehearsal::{Folder, Outcome, Role, bind, end_with_input};
use ringmq::{
    Context, Interest, Message, Multipart, PollItem, RecvError, Socket, SocketType, poll,
};

/// How often a server tells its state.
const HEARTBEAT: Duration = Duration::from_millis(200);
/// A server that was silent for so long is taken for dead. Longer than any pause that a living one may make.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a client waits for one server before it turns to the other.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => rehearse(),
        ["primary", frontend, own, peers] => serve(Rank::Primary, frontend, own, peers),
        ["backup", frontend, own, peers] => serve(Rank::Backup, frontend, own, peers),
        _ => Err("usage: binary_star [primary|backup FRONTEND OWN_STATE PEERS_STATE]".into()),
    }
}

// --- the pattern -------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    Primary,
    Backup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Just started; has not heard of the other one yet.
    Starting,
    /// Serves.
    Active,
    /// Stands by.
    Passive,
}

/// Decides which of the two serves. Knows no sockets.
struct Star {
    rank: Rank,
    state: State,
    /// When the other one was last heard of, or when this one started.
    heard: Instant,
}

impl Star {
    /// The other server told its rank and state.
    fn peer_is(&mut self, peer: State, now: Instant) {
        self.heard = now;
        let next = match (self.state, peer) {
            // It serves already, whatever its rank: a server that returns takes nothing away.
            (State::Starting, State::Active) => State::Passive,
            // Both start, or both stand by: rank decides.
            (State::Starting, State::Starting) | (State::Passive, State::Passive) => self.by_rank(),
            (State::Starting, State::Passive) => State::Active,
            // Each believed the other dead.
            (State::Active, State::Active) => self.by_rank(),
            (state, _) => state,
        };
        self.go(next);
    }

    const fn by_rank(&self) -> State {
        match self.rank {
            Rank::Primary => State::Active,
            Rank::Backup => State::Passive,
        }
    }

    /// A client asks: whether it is ours to answer.
    fn may_answer(&mut self, now: Instant) -> bool {
        if self.state != State::Active && now.duration_since(self.heard) >= SILENCE {
            self.go(State::Active);
        }
        self.state == State::Active
    }

    fn go(&mut self, next: State) {
        if self.state != next {
            self.state = next;
            println!("{:?}: {next:?}", self.rank);
        }
    }
}

fn serve(rank: Rank, frontend: &str, own: &str, peers: &str) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut clients = context.socket(SocketType::Router)?;
    bind(&mut clients, frontend)?;
    let mut tell = context.socket(SocketType::Pub)?;
    bind(&mut tell, own)?;
    let mut hear = context.socket(SocketType::Sub)?;
    hear.connect(peers)?;
    hear.subscribe("")?;
    // A peer that returns must be heard before it is given up.
    let now = Instant::now();
    let mut star = Star {
        rank,
        state: State::Starting,
        heard: now,
    };
    println!("{rank:?}: ready");
    let mut next_heartbeat = now;
    loop {
        let now = Instant::now();
        if now >= next_heartbeat {
            tell.send(format!("{:?}", star.state))?;
            next_heartbeat = now + HEARTBEAT;
        }
        let mut items = [
            PollItem::socket(&mut hear, Interest::READABLE),
            PollItem::socket(&mut clients, Interest::READABLE),
        ];
        poll(&mut items, Some(next_heartbeat - now))?;
        let [told, asked] = items.map(|item| item.is_readable());
        // First what the other one says: it may be alive after all.
        if told {
            let peer = match hear.recv()?.as_str()? {
                "Starting" => State::Starting,
                "Active" => State::Active,
                "Passive" => State::Passive,
                other => return Err(format!("no state is called {other}").into()),
            };
            star.peer_is(peer, Instant::now());
        } else if asked {
            let request = clients.recv_multipart()?;
            if star.may_answer(Instant::now()) {
                clients.send_multipart(answer(&request, rank))?;
            }
        }
    }
}

/// The request's envelope and body, and who answers.
fn answer(request: &[Message], rank: Rank) -> Multipart {
    let mut answer = Multipart::from_iter(request.iter().cloned());
    answer.push(format!("{rank:?}"));
    answer
}

/// A client that knows both servers.
struct Client {
    context: Context,
    endpoints: [String; 2],
    /// Which of them it asks.
    current: usize,
    socket: Socket,
}

impl Client {
    fn new(endpoints: [String; 2]) -> Outcome<Self> {
        let context = Context::new()?;
        let socket = Self::connected(&context, &endpoints[0])?;
        Ok(Self {
            context,
            endpoints,
            current: 0,
            socket,
        })
    }

    fn connected(context: &Context, endpoint: &str) -> Outcome<Socket> {
        let mut socket = context.socket(SocketType::Req)?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.connect(endpoint)?;
        Ok(socket)
    }

    /// Asks one server and then the other until one answers; returns which.
    fn ask(&mut self, request: &str) -> Outcome<String> {
        loop {
            self.socket.send(request)?;
            match self.socket.recv_timeout(PATIENCE) {
                Ok(body) if &body[..] == request.as_bytes() => {
                    return Ok(self.socket.recv()?.as_str()?.to_owned());
                }
                Ok(body) => return Err(format!("{request} got the answer {body:?}").into()),
                Err(RecvError::TimedOut) => self.current = 1 - self.current,
                Err(error) => return Err(error.into()),
            }
            self.socket = Self::connected(&self.context, &self.endpoints[self.current])?;
        }
    }
}

// --- the rehearsal: processes that are killed and started again --------------------------------------------------

fn rehearse() -> Outcome {
    let folder = Folder::new("binary-star")?;
    let at = |name| folder.endpoint(name);
    let primary = ["primary", &at("front-1"), &at("state-1"), &at("state-2")];
    let backup = ["backup", &at("front-2"), &at("state-2"), &at("state-1")];

    let mut first = Role::start(&primary)?;
    let mut second = Role::start(&backup)?;
    first.says("Primary: Active")?;
    second.says("Backup: Passive")?;
    let mut client = Client::new([at("front-1"), at("front-2")])?;
    println!("client: answered by {}", client.ask("one")?);

    println!("-- the primary is killed");
    first.kill()?;
    println!("client: answered by {}", client.ask("two")?);
    second.says("Backup: Active")?;

    println!("-- the primary returns");
    let mut first = Role::start(&primary)?;
    first.says("Primary: Passive")?;
    println!("client: answered by {}", client.ask("three")?);

    println!("-- the backup is killed");
    second.kill()?;
    println!("client: answered by {}", client.ask("four")?);
    first.says("Primary: Active")?;
    Ok(())
}
