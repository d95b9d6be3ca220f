//! pyzmq in the other patterns: each of REQ, REP, DEALER, ROUTER, PUB and SUB played by Python, bound and connecting.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ringmq::{Context, DriverChoice, Multipart, Socket, SocketType};

use super::python::python;
use super::stage::{self, DRIVERS};

const MESSAGES: usize = 500;

/// Plays a role at an endpoint, or binds if it is told no endpoint and prints where.
const ROLES: &str = r"
import itertools, sys, zmq
role, endpoint, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = zmq.Context()
socket = context.socket(getattr(zmq, role))
socket.linger = socket.rcvtimeo = socket.sndtimeo = 20000
if role == 'SUB':
    socket.subscribe(b'a')
if role == 'PUB':
    # Waits for its subscriber instead of dropping.
    socket.setsockopt(zmq.XPUB_NODROP, 1)
if endpoint == 'bind':
    socket.bind('tcp://127.0.0.1:*')
    print(socket.last_endpoint.decode(), flush=True)
else:
    socket.connect(endpoint)

def message(number):
    return [b'a%d' % number, b'', b'x' * (number * 7)]

if role in ('REP', 'ROUTER'):
    for _ in range(count):
        socket.send_multipart(socket.recv_multipart())
elif role in ('REQ', 'DEALER'):
    for number in range(count):
        socket.send_multipart(message(number))
        assert socket.recv_multipart() == message(number), number
elif role == 'SUB':
    for number in range(count):
        assert socket.recv_multipart() == message(number), number
elif role == 'PUB':
    # Nobody knows which message is the first to be heard: the other side ends this.
    for number in itertools.count():
        socket.send_multipart([b'b', b'not wanted'])
        socket.send_multipart([b'a', b'%d' % number])
context.destroy()
";

fn message(number: usize) -> Multipart {
    let body = vec![b'x'; number * 7];
    Multipart::from(vec![format!("a{number}").into_bytes(), Vec::new(), body])
}

/// The type that talks to a role.
fn opposite(role: &str) -> SocketType {
    match role {
        "REP" => SocketType::Req,
        "REQ" => SocketType::Rep,
        "ROUTER" => SocketType::Dealer,
        "DEALER" => SocketType::Router,
        "SUB" => SocketType::Pub,
        "PUB" => SocketType::Sub,
        other => panic!("nobody plays {other}"),
    }
}

/// Python in its role, connected to the socket one way or the other.
fn start(python: &Path, role: &str, socket: &mut Socket, python_binds: bool) -> Child {
    let mut command = Command::new(python);
    command.args(["-c", ROLES, role]).stdin(Stdio::null());
    if !python_binds {
        let endpoint = socket.bind("tcp://127.0.0.1:*").unwrap().to_string();
        command.args([endpoint, MESSAGES.to_string()]);
        return command.spawn().unwrap();
    }
    command.args(["bind".to_owned(), MESSAGES.to_string()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut endpoint = String::new();
    let output = child.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut endpoint).unwrap();
    socket.connect(endpoint.trim()).unwrap();
    child
}

fn ask(socket: &mut Socket) {
    for number in 0..MESSAGES {
        socket.send_multipart(message(number)).unwrap();
        assert_eq!(socket.recv_multipart().unwrap(), message(number));
    }
}

fn echo(socket: &mut Socket) {
    for _ in 0..MESSAGES {
        let received = socket.recv_multipart().unwrap();
        socket.send_multipart(received).unwrap();
    }
}

fn publish(socket: &mut Socket) {
    stage::await_true("Python subscribes", || {
        socket.subscriptions().expect("a PUB has them").topics == 1
    });
    for number in 0..MESSAGES {
        socket.send_multipart(vec!["b", "not wanted"]).unwrap();
        socket.send_multipart(message(number)).unwrap();
    }
}

/// Whatever message is the first, none is missing after it.
fn listen(socket: &mut Socket) {
    let mut next = None;
    for _ in 0..MESSAGES {
        let received = socket.recv_multipart().unwrap();
        assert_eq!((received.len(), &received[0][..]), (2, &b"a"[..]));
        let number: usize = received[1].as_str().unwrap().parse().unwrap();
        assert_eq!(number, next.unwrap_or(number), "a message is missing");
        next = Some(number + 1);
    }
}

fn play(context: &Context, python: &Path, role: &str, python_binds: bool) {
    let mut socket = stage::socket(context, opposite(role));
    if role == "PUB" {
        socket.subscribe("a").unwrap();
    }
    if role == "SUB" {
        socket.set_send_high_water_mark(0).unwrap();
    }
    let mut child = start(python, role, &mut socket, python_binds);
    match role {
        "REP" | "ROUTER" => ask(&mut socket),
        "REQ" | "DEALER" => echo(&mut socket),
        "SUB" => publish(&mut socket),
        _ => {
            listen(&mut socket);
            child.kill().unwrap();
            child.wait().unwrap();
            return;
        }
    }
    assert!(child.wait().unwrap().success(), "{role}");
    assert_eq!(socket.statistics().protocol_errors, 0);
}

fn all_roles(python: &Path, driver: DriverChoice) -> usize {
    let context = stage::context(driver);
    let mut played = 0;
    for role in ["REQ", "REP", "DEALER", "ROUTER", "PUB", "SUB"] {
        for python_binds in [false, true] {
            // A failing cell names itself: its name is the last one printed.
            println!("{driver:?}: Python's {role}, Python binds: {python_binds}");
            play(&context, python, role, python_binds);
            played += 1;
        }
    }
    played
}

#[test]
fn pyzmq_talks_to_us_in_every_role_of_request_reply_and_publish_subscribe() {
    match python() {
        Ok(python) => {
            let played: usize = DRIVERS
                .iter()
                .map(|driver| all_roles(&python, *driver))
                .sum();
            println!("pyzmq: {played} cells passed");
            assert_eq!(played, 12 * DRIVERS.len());
        }
        Err(why) => println!("skipped: {why}"),
    }
}
