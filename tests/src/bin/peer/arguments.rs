//! What a peer is told: `key=value` words when it starts, lines on standard input afterwards.

use std::io::BufRead;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{io, process, thread};

use ringmq::{Context, DriverChoice, Socket, SocketType, Statistics};

use crate::Failure;

/// The words of the command line.
#[derive(Debug)]
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    /// The value of a word that was given.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find_map(|word| {
            let (name, value) = word.split_once('=')?;
            (name == key).then_some(value)
        })
    }

    /// The value of a word that has to be there.
    pub(crate) fn text(&self, key: &str) -> Result<&str, Failure> {
        let value = self.get(key);
        value.ok_or_else(|| format!("{key}= is missing").into())
    }

    /// A number, or what stands for it where none is given.
    pub(crate) fn number(&self, key: &str, otherwise: u64) -> Result<u64, Failure> {
        Ok(self.get(key).map_or(Ok(otherwise), str::parse)?)
    }

    /// Makes the context that `driver=` asks for, and says what it became.
    pub(crate) fn context(&self) -> Result<Context, Failure> {
        let choice = match self.text("driver")? {
            "ring" => DriverChoice::Ring,
            "shim" => DriverChoice::Shim,
            "auto" => DriverChoice::Auto,
            other => return Err(format!("no driver is called '{other}'").into()),
        };
        let context = Context::builder().driver(choice).build()?;
        println!("driver {}", context.driver());
        Ok(context)
    }

    /// Sets a socket up as the arguments say and binds or connects it.
    pub(crate) fn attach(&self, socket: &mut Socket) -> Result<(), Failure> {
        let mark = u32::try_from(self.number("mark", 100)?)?;
        match socket.socket_type() {
            SocketType::Pull => socket.set_receive_high_water_mark(mark)?,
            _ => socket.set_send_high_water_mark(mark)?,
        }
        socket.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(4));
        let kernel = u32::try_from(self.number("kernel_bytes", 32 << 10)?)?;
        socket.set_kernel_buffers(Some(kernel), Some(kernel));
        if let Some(endpoint) = self.get("bind") {
            println!("bound {}", socket.bind(endpoint)?);
        }
        for endpoint in self
            .get("connect")
            .into_iter()
            .flat_map(|all| all.split(','))
        {
            socket.connect(endpoint)?;
        }
        Ok(())
    }
}

/// The lines of standard input. When it ends, the test is over and so is this process, whatever it is doing.
pub(crate) fn commands() -> Receiver<String> {
    let (sender, commands) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            // Nobody listens any more only while the process ends.
            let _ = sender.send(line);
        }
        process::exit(0);
    });
    commands
}

/// Prints a socket's counts in one line.
pub(crate) fn print_statistics(of: Statistics) {
    println!(
        "stats sent={} received={} unfinished={} half_sent={} peer_gone={} linger={} not_read={} closed={} \
         connections={} disconnects={} protocol_errors={} accept_failures={}",
        of.messages_sent,
        of.messages_received,
        of.dropped_unfinished,
        of.dropped_half_sent,
        of.dropped_peer_gone,
        of.dropped_linger,
        of.dropped_not_read,
        of.dropped_closed,
        of.connections,
        of.disconnects,
        of.protocol_errors,
        of.accept_failures,
    );
}
