//! Lazy Pirate: a client over REQ that asks again until it is answered, or gives up.
//!
//! ```text
//!   client: REQ ── request ──▶ REP: server
//!             no answer in time? close, connect anew, send again; after so many tries, give up
//! ```
//!
//! **Survives**: a server that crashes, hangs, or is not there yet, and messages that are lost with a connection.
//!
//! **Does not survive**: a server that never comes back (the client says so after its last try). A request may be
//! carried out twice, when only its answer was lost: requests have to be such that twice does no harm, or carry a
//! number by which the server knows them again.
//!
//! The REQ is closed for each new try because that forgets whatever is queued or still to come for the old one. A REQ
//! with `set_request_relaxed` and `set_request_correlate` could stay open instead; `titanic` does that.
//!
//! Run it: `cargo run -p ringmq --example lazy_pirate`. Without arguments it starts a server and a client as processes
//! of their own, kills the server in the middle of a request, and starts it again. By hand:
//! `lazy_pirate server tcp://127.0.0.1:5555`, `lazy_pirate client tcp://127.0.0.1:5555 10 3` (requests, tries).

mod rehearsal;

use std::time::Duration;
use std::{env, thread};

use rehearsal::{Folder, Outcome, Role, bind, end_with_input};
use ringmq::{Context, Message, RecvError, Socket, SocketType};

/// How long the client waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_millis(250);

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => rehearse(),
        ["server", endpoint] => serve(endpoint, ""),
        ["server", endpoint, stuck_at] => serve(endpoint, stuck_at),
        ["client", endpoint, requests, tries] => {
            ask_all(endpoint, requests.parse()?, tries.parse()?)
        }
        _ => Err("usage: lazy_pirate [server ENDPOINT | client ENDPOINT REQUESTS TRIES]".into()),
    }
}

// --- the pattern -------------------------------------------------------------------------------------------------

/// A REQ that asks again.
struct Client {
    context: Context,
    endpoint: String,
    socket: Socket,
    tries_max: u32,
}

impl Client {
    fn new(endpoint: &str, tries_max: u32) -> Outcome<Self> {
        let context = Context::new()?;
        let socket = Self::connected(&context, endpoint)?;
        Ok(Self {
            context,
            endpoint: endpoint.to_owned(),
            socket,
            tries_max,
        })
    }

    fn connected(context: &Context, endpoint: &str) -> Outcome<Socket> {
        let mut socket = context.socket(SocketType::Req)?;
        // What a closed socket had still to send concerns nobody any more.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.connect(endpoint)?;
        Ok(socket)
    }

    /// The answer, or nothing if there was none after the last try.
    fn ask(&mut self, request: &str) -> Outcome<Option<Message>> {
        for attempt in 1..=self.tries_max {
            self.socket.send(request)?;
            match self.socket.recv_timeout(PATIENCE) {
                Ok(answer) => return Ok(Some(answer)),
                Err(RecvError::TimedOut) => {
                    println!("client: no answer to {request} (try {attempt})");
                }
                Err(error) => return Err(error.into()),
            }
            self.socket = Self::connected(&self.context, &self.endpoint)?;
        }
        Ok(None)
    }
}

fn ask_all(endpoint: &str, requests: u32, tries: u32) -> Outcome {
    end_with_input();
    let mut client = Client::new(endpoint, tries)?;
    let mut answered = 0;
    for number in 1..=requests {
        let request = format!("request {number}");
        match client.ask(&request)? {
            Some(answer) => {
                if answer[..] != *request.to_uppercase().as_bytes() {
                    return Err(format!("{request} got the answer {answer:?}").into());
                }
                answered += 1;
            }
            None => println!("client: gave {request} up"),
        }
    }
    println!("client: {answered} of {requests} requests were answered");
    Ok(())
}

/// A server that knows nothing of all this; in the rehearsal it gets stuck with the request `stuck_at`.
fn serve(endpoint: &str, stuck_at: &str) -> Outcome {
    end_with_input();
    let context = Context::new()?;
    let mut server = context.socket(SocketType::Rep)?;
    bind(&mut server, endpoint)?;
    println!("server: ready");
    loop {
        let request = server.recv()?;
        let request = request.as_str()?;
        if request == stuck_at {
            println!("server: stuck with {request}");
            loop {
                thread::park();
            }
        }
        server.send(request.to_uppercase())?;
    }
}

// --- the rehearsal: processes that are killed and started again --------------------------------------------------

fn rehearse() -> Outcome {
    let folder = Folder::new("lazy-pirate")?;
    let endpoint = folder.endpoint("server");

    let mut server = Role::start(&["server", &endpoint, "request 4"])?;
    server.says("server: ready")?;
    let mut client = Role::start(&["client", &endpoint, "6", "100"])?;
    server.says("server: stuck with request 4")?;
    client.says("client: no answer to request 4")?;
    println!("-- the server is killed");
    server.kill()?;
    client.says("client: no answer to request 4")?;
    println!("-- another server is started");
    let mut server = Role::start(&["server", &endpoint])?;
    server.says("server: ready")?;
    client.says("client: 6 of 6 requests were answered")?;

    println!("-- the server is killed for good");
    server.kill()?;
    let mut client = Role::start(&["client", &endpoint, "1", "2"])?;
    client.says("client: gave request 1 up")?;
    client.says("client: 0 of 1 requests were answered")?;
    Ok(())
}
