//! Titanic: requests that are written to a disk before they are accepted, so that nobody has to wait for the answer.
//!
//! ```text
//!   client: REQ ── submit, fetch, close ──▶ REP ┐         ┌ ROUTER ◀── ready, answer ── DEALER: worker
//!                                               │ titanic │        ─── ticket body ──▶
//!                                               └── files ┘
//! ```
//!
//! A client chooses a ticket and submits its request under it. Once that is acknowledged, the request is a file, and
//! the client may end. It comes back with the ticket when it likes, and closes it when it has the answer.
//!
//! | client asks | titanic answers |
//! |---|---|
//! | `submit` ticket body | `stored` (also for a ticket that it knows: asking twice does no harm) |
//! | `fetch` ticket | `answer` body, `pending` or `unknown` |
//! | `close` ticket | `closed` |
//!
//! **Survives**: the crash of the store, of workers with a request in hand, and of clients, in any order, also all at
//! once; power failures, as far as the disk keeps what it acknowledged.
//!
//! **Does not survive**: the loss of the disk. A request may be carried out twice, when a worker died or was slow after
//! it did the work; its ticket is answered once.
//!
//! Run it: `cargo run -p ringmq --example titanic`. Without arguments it starts the store and workers as processes and
//! kills each of them at the worst time. By hand: `titanic store FOLDER CLIENTS WORKERS`, `titanic worker WORKERS NAME`.

#![expect(
    clippy::disallowed_methods,
    reason = "an application has no clock but the system's"
)]

mod rehearsal;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, thread};

use ringmq::{
    Context, Interest, Message, Multipart, PollItem, RecvError, SendError, Socket, SocketType, poll,
};

use rehearsal::{Folder, Outcome, Role, bind, end_with_input};

/// How often the store looks after requests whose worker is silent.
const TICK: Duration = Duration::from_millis(200);
/// A worker that has a request for so long has lost it: another one gets it.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a client or an idle worker waits before it asks, or reports, again.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => rehearse(),
        ["store", folder, clients, workers] => serve(folder, clients, workers),
        ["worker", store, name] => work(store, name, None),
        ["worker", store, name, stuck_at] => work(store, name, Some(stuck_at.parse()?)),
        _ => Err("usage: titanic [store FOLDER CLIENTS WORKERS | worker WORKERS NAME]".into()),
    }
}

// --- the disk ----------------------------------------------------------------------------------------------------

/// One file for each request, `ticket.request`, and one for each answer, `ticket.answer`.
struct Disk(PathBuf);

impl Disk {
    /// A ticket becomes a file's name, and it comes from a stranger.
    fn is_ticket(ticket: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=64).contains(&ticket.len()) && ticket.bytes().all(allowed)
    }

    fn path(&self, ticket: &str, kind: &str) -> PathBuf {
        self.0.join(format!("{ticket}.{kind}"))
    }

    /// Writes a file so that it is there whole, or not at all, whenever the power fails.
    fn write(&self, ticket: &str, kind: &str, body: &[u8]) -> io::Result<()> {
        let unfinished = self.path(ticket, "unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(body)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(ticket, kind))?;
        // The name is in the folder, which is written on its own.
        File::open(&self.0)?.sync_all()
    }

    fn read(&self, ticket: &str, kind: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(ticket, kind)) {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, ticket: &str) -> io::Result<()> {
        // The request last: without it, an answer that is left means nothing.
        for kind in ["answer", "request"] {
            match fs::remove_file(self.path(ticket, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The requests that have no answer, as another life of the store left them.
    fn unanswered(&self) -> Outcome<Vec<String>> {
        let mut tickets = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let ticket = name.to_str().and_then(|name| name.strip_suffix(".request"));
            if let Some(ticket) = ticket
                && !self.path(ticket, "answer").exists()
            {
                tickets.push(ticket.to_owned());
            }
        }
        tickets.sort_unstable();
        Ok(tickets)
    }
}

// --- the store ---------------------------------------------------------------------------------------------------

struct Store {
    disk: Disk,
    clients: Socket,
    workers: Socket,
    /// Names of workers, the one that has waited longest first.
    idle: VecDeque<Message>,
    /// Requests without an answer, and when the worker that has one loses it.
    pending: BTreeMap<String, Option<Instant>>,
}

fn serve(folder: &str, clients_at: &str, workers_at: &str) -> Outcome {
    end_with_input();
    let disk = Disk(Path::new(folder).to_path_buf());
    fs::create_dir_all(&disk.0)?;
    let pending = disk
        .unanswered()?
        .into_iter()
        .map(|ticket| (ticket, None))
        .collect();
    let context = Context::new()?;
    let mut clients = context.socket(SocketType::Rep)?;
    let mut workers = context.socket(SocketType::Router)?;
    // A worker that is gone is worth knowing before the request was given to nobody.
    workers.set_router_mandatory(true)?;
    bind(&mut clients, clients_at)?;
    bind(&mut workers, workers_at)?;
    let mut store = Store {
        disk,
        clients,
        workers,
        idle: VecDeque::new(),
        pending,
    };
    println!(
        "store: ready, {} unanswered on the disk",
        store.pending.len()
    );
    loop {
        let mut items = [
            PollItem::socket(&mut store.clients, Interest::READABLE),
            PollItem::socket(&mut store.workers, Interest::READABLE),
        ];
        poll(&mut items, Some(TICK))?;
        let [asked, told] = items.map(|item| item.is_readable());
        if asked {
            let request = store.clients.recv_multipart()?;
            let answer = store.answer(&request)?;
            store.clients.send_multipart(answer)?;
        }
        if told {
            let message = store.workers.recv_multipart()?;
            store.heard(&message)?;
        }
        store.dispatch()?;
    }
}

impl Store {
    fn answer(&mut self, request: &[Message]) -> Outcome<Multipart> {
        let ticket = request.get(1).and_then(|frame| frame.as_str().ok());
        let Some(ticket) = ticket.filter(|ticket| Disk::is_ticket(ticket)) else {
            return Ok(vec!["refused", "a ticket is 1 to 64 letters, digits and dashes"].into());
        };
        match (&request[0][..], request.get(2)) {
            (b"submit", Some(body)) => {
                if self.disk.read(ticket, "request")?.is_none() {
                    self.disk.write(ticket, "request", body)?;
                    self.pending.insert(ticket.to_owned(), None);
                }
                Ok(vec!["stored"].into())
            }
            (b"fetch", None) => match self.disk.read(ticket, "answer")? {
                Some(body) => Ok(Multipart::from_iter([b"answer".to_vec(), body])),
                None if self.pending.contains_key(ticket) => Ok(vec!["pending"].into()),
                None => Ok(vec!["unknown"].into()),
            },
            (b"close", None) => {
                self.pending.remove(ticket);
                self.disk.remove(ticket)?;
                Ok(vec!["closed"].into())
            }
            _ => Ok(vec!["refused", "submit, fetch or close"].into()),
        }
    }

    fn heard(&mut self, message: &[Message]) -> Outcome {
        let [worker, rest @ ..] = message else {
            return Ok(());
        };
        // Only what is pending: a second answer must not replace the first, or follow a close.
        if let [ticket, body] = rest
            && let Ok(ticket) = ticket.as_str()
            && self.pending.contains_key(ticket)
        {
            self.disk.write(ticket, "answer", body)?;
            self.pending.remove(ticket);
        }
        // Whatever it says, it has nothing to do now.
        if !self.idle.contains(worker) {
            self.idle.push_back(worker.clone());
        }
        Ok(())
    }

    /// Gives requests that nobody has to workers that have none.
    fn dispatch(&mut self) -> Outcome {
        let now = Instant::now();
        for (ticket, lost_at) in &mut self.pending {
            if self.idle.is_empty() {
                break;
            }
            if lost_at.is_some_and(|lost_at| lost_at > now) {
                continue;
            }
            let body = self
                .disk
                .read(ticket, "request")?
                .ok_or("a pending request is a file")?;
            while let Some(worker) = self.idle.pop_front() {
                let frames: [Message; 3] = [worker, ticket.as_str().into(), body.clone().into()];
                match self.workers.send_multipart(Multipart::from_iter(frames)) {
                    Ok(()) => {
                        *lost_at = Some(now + SILENCE);
                        break;
                    }
                    // It is gone: try the next.
                    Err(SendError::Unroutable(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

// --- workers and clients -----------------------------------------------------------------------------------------

/// Reports, and does what it is given; in the rehearsal it gets stuck with its request number `stuck_at`.
fn work(store: &str, name: &str, stuck_at: Option<u32>) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut socket = context.socket(SocketType::Dealer)?;
    socket.set_receive_timeout(Some(PATIENCE))?;
    socket.connect(store)?;
    let mut given = 0;
    socket.send("ready")?;
    loop {
        match socket.recv_multipart() {
            Ok(request) => {
                given += 1;
                if Some(given) == stuck_at {
                    println!("{name}: stuck with {}", request[0].as_str()?);
                    loop {
                        thread::park();
                    }
                }
                let answer = request[1].as_str()?.to_uppercase();
                socket.send_multipart(vec![request[0].as_str()?, &answer])?;
            }
            // The store may have started anew, and not know this worker.
            Err(RecvError::TimedOut) => socket.send("ready")?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Asks again until it is answered.
fn ask(socket: &mut Socket, request: &[&str]) -> Outcome<Vec<String>> {
    loop {
        socket.send_multipart(Multipart::from_iter(request.iter().copied()))?;
        socket.set_receive_timeout(Some(PATIENCE))?;
        match socket.recv_multipart() {
            Ok(answer) => {
                let texts = answer.iter().map(|frame| Ok(frame.as_str()?.to_owned()));
                return texts.collect();
            }
            Err(RecvError::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn connected(context: &Context, endpoint: &str) -> Outcome<Socket> {
    let mut socket = context.socket(SocketType::Req)?;
    // It may ask again before it was answered, and knows the answer to its last question from others.
    socket.set_request_relaxed(true)?;
    socket.set_request_correlate(true)?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(endpoint)?;
    Ok(socket)
}

// --- the rehearsal: processes that are killed and started again --------------------------------------------------

const TICKETS: [&str; 3] = ["order-1", "order-2", "order-3"];

fn rehearse() -> Outcome {
    let folder = Folder::new("titanic")?;
    let files = folder.path("files");
    let (clients, workers) = (folder.endpoint("clients"), folder.endpoint("workers"));
    let start = || Role::start(&["store", &files, &clients, &workers]);
    let context = Context::new()?;

    let mut store = start()?;
    store.says("store: ready")?;
    let mut client = connected(&context, &clients)?;
    for ticket in TICKETS {
        let answer = ask(
            &mut client,
            &["submit", ticket, &format!("tea for {ticket}")],
        )?;
        println!("client: {ticket} is {}", answer[0]);
    }
    println!(
        "client: fetches order-1: {}",
        ask(&mut client, &["fetch", "order-1"])?[0]
    );
    println!("-- the client ends, and the store is killed");
    drop(client);
    store.kill()?;

    let mut store = start()?;
    store.says("store: ready, 3 unanswered on the disk")?;
    let mut red = Role::start(&["worker", &workers, "red", "2"])?;
    red.says("red: stuck with")?;
    println!("-- a worker is killed with a request in hand");
    red.kill()?;
    let _blue = Role::start(&["worker", &workers, "blue"])?;
    let mut client = connected(&context, &clients)?;
    for ticket in TICKETS {
        loop {
            match &ask(&mut client, &["fetch", ticket])?[..] {
                [kind, body] if kind == "answer" => {
                    println!("client: {ticket}: {body}");
                    break;
                }
                [kind] if kind == "pending" => thread::park_timeout(TICK),
                other => return Err(format!("{ticket}: {other:?}").into()),
            }
        }
    }

    println!("-- the store is killed again");
    store.kill()?;
    let mut store = start()?;
    store.says("store: ready, 0 unanswered on the disk")?;
    println!(
        "client: order-2: {}",
        ask(&mut client, &["fetch", "order-2"])?[1]
    );
    for ticket in TICKETS {
        ask(&mut client, &["close", ticket])?;
    }
    println!(
        "client: fetches order-2: {}",
        ask(&mut client, &["fetch", "order-2"])?[0]
    );
    let left = fs::read_dir(&files)?.count();
    println!("client: {left} files are left");
    Ok(())
}
