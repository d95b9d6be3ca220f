//! Clone: every client holds a copy of the server's table, kept up to date, wherever and whenever it joins.
//!
//! ```text
//!   writer: PUSH ── key value ──▶ PULL ┐        ┌ PUB ── key life number value ──▶ SUB ┐
//!                                      │ server │                                      │ client
//!                                      └        └ REP ◀─── "all?" ── whole table ── REQ ┘
//! ```
//!
//! The server numbers the updates and publishes them. A client subscribes first and asks for the whole table second;
//! updates that the table has already are skipped, later ones are applied. A gap in the numbers means that updates were
//! missed: it asks for the table again. While nothing happens the server repeats its last number (an update without a
//! key), so that a missed last update is noticed, too.
//!
//! **Survives**: clients that join late, crash and return, or are too slow for the stream (PUB drops for them); lost
//! connections; a server that starts anew (it has another *life*, and the clients take its table).
//!
//! **Does not survive**: the loss of what only the server knew. Its table is in memory, and an update is the server's
//! once it is published, not when it was sent. Write it to a disk as `titanic` does, or run two as `binary_star` does.
//!
//! Run it: `cargo run -p ringmq --example clone`. Without arguments it starts a server and two clients as processes,
//! kills and restarts each kind, and floods a client. By hand: `clone server PUBLISH TABLE UPDATES`,
//! `clone client PUBLISH TABLE NAME`.

mod rehearsal;

use std::collections::BTreeMap;
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Duration;

use ringmq::{
    Context, Interest, Message, Multipart, PollItem, RecvError, Socket, SocketType, poll,
};

use rehearsal::{Folder, Outcome, Role, bind, end_with_input};

/// How often the server repeats its last number while nothing happens.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a client waits for the table before it asks again.
const PATIENCE: Duration = Duration::from_secs(1);
/// A client prints what it holds whenever this key changes.
const CHECKPOINT: &str = "checkpoint";

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => rehearse(),
        ["server", publish, table, updates] => serve(publish, table, updates),
        ["client", publish, table, name] => Client::new(publish, table, name)?.run(),
        _ => Err("usage: clone [server PUBLISH TABLE UPDATES | client PUBLISH TABLE NAME]".into()),
    }
}

// --- the server --------------------------------------------------------------------------------------------------

struct Server {
    publish: Socket,
    /// Tells one start of the server from another.
    life: u64,
    /// Of the last update.
    number: u64,
    table: BTreeMap<Vec<u8>, Message>,
}

fn serve(publish_at: &str, table_at: &str, updates_at: &str) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut publish = context.socket(SocketType::Pub)?;
    publish.set_send_high_water_mark(100)?;
    let (mut tables, mut updates) = (
        context.socket(SocketType::Rep)?,
        context.socket(SocketType::Pull)?,
    );
    bind(&mut publish, publish_at)?;
    bind(&mut tables, table_at)?;
    bind(&mut updates, updates_at)?;
    let mut server = Server {
        publish,
        life: u64::from(std::process::id()),
        number: 0,
        table: BTreeMap::new(),
    };
    println!("server: ready");
    loop {
        let mut items = [
            PollItem::socket(&mut tables, Interest::READABLE),
            PollItem::socket(&mut updates, Interest::READABLE),
        ];
        poll(&mut items, Some(HEARTBEAT))?;
        let [asked, updated] = items.map(|item| item.is_readable());
        if asked {
            tables.recv_multipart()?;
            tables.send_multipart(server.whole())?;
        }
        if updated {
            let update = updates.recv_multipart()?;
            if let [key, value] = &update[..] {
                server.update(key, value)?;
            }
        }
        if !asked && !updated {
            server.tell(b"", b"")?;
        }
    }
}

impl Server {
    fn update(&mut self, key: &[u8], value: &Message) -> Outcome {
        self.number += 1;
        let mut kept = value.clone();
        kept.set_more(false);
        self.table.insert(key.to_vec(), kept);
        self.tell(key, value)
    }

    fn tell(&mut self, key: &[u8], value: &[u8]) -> Outcome {
        let (life, number) = (self.life.to_be_bytes(), self.number.to_be_bytes());
        let update = Multipart::from_iter([key, &life, &number, value]);
        self.publish.send_multipart(update)?;
        Ok(())
    }

    /// The table as one message, which arrives whole or not at all.
    fn whole(&self) -> Multipart {
        let mut whole = Multipart::new();
        whole.push(&self.life.to_be_bytes());
        whole.push(&self.number.to_be_bytes());
        for (key, value) in &self.table {
            whole.push(&key[..]);
            whole.push(value.clone());
        }
        whole
    }
}

// --- the client --------------------------------------------------------------------------------------------------

struct Client {
    name: String,
    updates: Socket,
    tables: Socket,
    life: u64,
    number: u64,
    table: BTreeMap<Vec<u8>, Message>,
    /// What was printed last.
    checkpoint: Message,
}

impl Client {
    fn new(publish: &str, table: &str, name: &str) -> Outcome<Self> {
        end_with_input();
        let context = Context::new()?;
        let mut updates = context.socket(SocketType::Sub)?;
        updates.connect(publish)?;
        updates.subscribe("")?;
        let mut tables = context.socket(SocketType::Req)?;
        // May ask again before it was answered, and knows the answer to the last question from others.
        tables.set_request_relaxed(true)?;
        tables.set_request_correlate(true)?;
        tables.connect(table)?;
        Ok(Self {
            name: name.to_owned(),
            updates,
            tables,
            life: 0,
            number: 0,
            table: BTreeMap::new(),
            checkpoint: Message::new(),
        })
    }

    fn run(mut self) -> Outcome {
        // The first update shows that the subscription is known: the table that is asked for now lacks nothing that
        // will not be published to us.
        loop {
            let update = self.updates.recv_multipart()?;
            let [key, life, number, value] = &update[..] else {
                continue;
            };
            let (life, number) = (eight_bytes(life)?, eight_bytes(number)?);
            let is_new = !key.is_empty();
            if life == self.life && is_new && number == self.number + 1 {
                self.number = number;
                self.table.insert(key.to_vec(), value.clone());
            } else if life != self.life || number > self.number {
                let why = match self.life {
                    0 => "joins",
                    before if before != life => "meets another server",
                    _ => "missed updates",
                };
                println!("{}: {why}", self.name);
                self.take_whole()?;
            }
            self.check();
        }
    }

    fn take_whole(&mut self) -> Outcome {
        let whole = loop {
            self.tables.send("all?")?;
            self.tables.set_receive_timeout(Some(PATIENCE))?;
            match self.tables.recv_multipart() {
                Ok(whole) => break whole,
                // The server may have died; the connection comes back when it does.
                Err(RecvError::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let [life, number, table @ ..] = &whole[..] else {
            return Err("a table begins with a life and a number".into());
        };
        self.life = eight_bytes(life)?;
        self.number = eight_bytes(number)?;
        let entries = table.chunks_exact(2);
        self.table = entries
            .map(|entry| (entry[0].to_vec(), entry[1].clone()))
            .collect();
        Ok(())
    }

    fn check(&mut self) {
        let Some(now) = self.table.get(CHECKPOINT.as_bytes()) else {
            return;
        };
        if now[..] == self.checkpoint[..] {
            return;
        }
        let mut hasher = DefaultHasher::new();
        for (key, value) in &self.table {
            (key, &value[..]).hash(&mut hasher);
        }
        let (name, keys, sum) = (&self.name, self.table.len(), hasher.finish());
        let checkpoint = String::from_utf8_lossy(now);
        println!("{name}: at checkpoint {checkpoint} holds {keys} keys, sum {sum:016x}");
        self.checkpoint = now.clone();
    }
}

fn eight_bytes(frame: &[u8]) -> Outcome<u64> {
    Ok(u64::from_be_bytes(frame.try_into()?))
}

// --- the rehearsal: processes that are killed, started again, and flooded ----------------------------------------

struct Writer(Socket);

impl Writer {
    fn new(context: &Context, endpoint: &str) -> Outcome<Self> {
        let mut socket = context.socket(SocketType::Push)?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.connect(endpoint)?;
        Ok(Self(socket))
    }

    fn write(&mut self, key: &str, value: Vec<u8>) -> Outcome {
        let update: [Message; 2] = [key.into(), value.into()];
        self.0.send_multipart(Multipart::from_iter(update))?;
        Ok(())
    }

    /// Writes `keys` keys and then the checkpoint.
    fn fill(&mut self, keys: u32, checkpoint: &str) -> Outcome {
        for key in 0..keys {
            self.write(
                &format!("key {key}"),
                format!("{key} at {checkpoint}").into(),
            )?;
        }
        self.write(CHECKPOINT, checkpoint.into())
    }
}

/// Both say that they hold as many keys at a checkpoint, and the same.
fn agree(first: &mut Role, second: &mut Role, checkpoint: &str, keys: usize) -> Outcome {
    let holds = |name| format!("{name}: at checkpoint {checkpoint} holds {keys} keys");
    let sum = |line: String| line.split_once("sum ").map(|(_, sum)| sum.to_owned());
    let (first, second) = (first.says(&holds("alice"))?, second.says(&holds("bob"))?);
    println!("-- they hold the same: {}", sum(first) == sum(second));
    Ok(())
}

fn rehearse() -> Outcome {
    let folder = Folder::new("clone")?;
    let [publish, table, updates] =
        ["publish", "table", "updates"].map(|name| folder.endpoint(name));
    let server = ["server", &publish, &table, &updates];
    let client = |name| Role::start(&["client", &publish, &table, name]);
    let context = Context::new()?;

    let mut first = Role::start(&server)?;
    first.says("server: ready")?;
    let mut alice = client("alice")?;
    alice.says("alice: joins")?;
    let mut writer = Writer::new(&context, &updates)?;
    writer.fill(500, "1")?;
    alice.says("alice: at checkpoint 1")?;
    println!("-- a client joins late");
    let mut bob = client("bob")?;
    bob.says("bob: joins")?;
    bob.says("bob: at checkpoint 1 holds 501 keys")?;

    println!("-- a client is killed and returns");
    alice.kill()?;
    writer.fill(700, "2")?;
    let mut alice = client("alice")?;
    agree(&mut alice, &mut bob, "2", 701)?;

    println!("-- a flood, until the server has dropped updates");
    let (stop, stopped) = mpsc::channel::<()>();
    let flooding = thread::spawn(move || -> Outcome<Writer> {
        while stopped.try_recv() != Err(TryRecvError::Disconnected) {
            for key in 0..100 {
                writer.write(&format!("key {key}"), vec![7; 32 << 10])?;
            }
        }
        Ok(writer)
    });
    bob.says("bob: missed updates")?;
    drop(stop);
    let mut writer = flooding.join().expect("the flood does not panic")?;
    writer.fill(100, "3")?;
    agree(&mut alice, &mut bob, "3", 701)?;

    println!("-- the server is killed, and starts anew");
    first.kill()?;
    let mut second = Role::start(&server)?;
    second.says("server: ready")?;
    alice.says("alice: meets another server")?;
    bob.says("bob: meets another server")?;
    // The old one may not have noticed yet, and write to the dead.
    let mut writer = Writer::new(&context, &updates)?;
    writer.fill(50, "4")?;
    agree(&mut alice, &mut bob, "4", 51)
}
