//! RingMQ as a world.

use ringmq::{
    BindError, Context, DetachError, DriverChoice, Multipart, OptionError, RecvError, SendError,
    Socket, SocketType, TryRecvError,
};
use std::time::Duration;

use crate::script::{Frame, Frames, PLACES, SLOTS, Settings, Step};
use crate::world::{Connections, Outcome, PATIENCE, RECONNECT, World};

/// Messages that cross the engine before it is said to be at rest.
const PINGS: usize = 3;

pub(crate) struct Ours {
    name: &'static str,
    context: Context,
    /// Two sockets whose messages go through the same engine as all others.
    ping: Socket,
    pong: Socket,
    endpoints: u64,
    sockets: [Option<Socket>; SLOTS],
}

impl Ours {
    pub(crate) fn new(driver: DriverChoice) -> Self {
        let context = Context::builder().driver(driver).build().unwrap();
        let mut pong = context.socket(SocketType::Pair).unwrap();
        let mut ping = context.socket(SocketType::Pair).unwrap();
        let endpoint = pong.bind("tcp://127.0.0.1:*").unwrap().to_string();
        ping.connect(&endpoint).unwrap();
        pong.set_receive_timeout(Some(PATIENCE)).unwrap();
        Self {
            name: if driver == DriverChoice::Shim {
                "shim"
            } else {
                "ring"
            },
            context,
            ping,
            pong,
            endpoints: 0,
            sockets: [const { None }; SLOTS],
        }
    }

    fn place(&self, place: usize) -> String {
        assert!(place < PLACES, "a place of the script");
        let (name, endpoints, process) = (self.name, self.endpoints, std::process::id());
        format!("ipc://@ringmq-differential-{process}-{name}-{endpoints}-{place}")
    }

    fn open(&self, settings: &Settings) -> Socket {
        let mut socket = self.context.socket(settings.socket_type).unwrap();
        if_it_has(socket.set_linger(Some(Duration::ZERO)));
        if_it_has(socket.set_send_timeout(Some(Duration::ZERO)));
        socket.set_reconnect_interval(RECONNECT, RECONNECT);
        if_it_has(socket.set_immediate(settings.immediate));
        set_marks(&mut socket, settings.marks);
        if let Some(id) = settings.routing_id {
            socket.set_routing_id(id).unwrap();
        }
        match settings.socket_type {
            SocketType::Req => {
                socket.set_request_correlate(settings.correlate).unwrap();
                socket.set_request_relaxed(settings.relaxed).unwrap();
            }
            SocketType::Router => {
                socket.set_router_mandatory(settings.mandatory).unwrap();
                socket.set_router_handover(settings.handover).unwrap();
                socket.set_probe_router(settings.probe).unwrap();
            }
            SocketType::XPub => socket.set_verbose(settings.verbose).unwrap(),
            _ => {}
        }
        socket
    }
}

/// libzmq takes options that its socket has no use for.
fn if_it_has(result: Result<(), OptionError>) {
    assert!(matches!(result, Ok(()) | Err(OptionError::NotForThisType)));
}

/// Subscriptions are exempt from marks here, but not in libzmq: marks of subscribers are left alone.
fn set_marks(socket: &mut Socket, marks: u32) {
    if !matches!(socket.socket_type(), SocketType::Sub | SocketType::XSub) {
        if_it_has(socket.set_send_high_water_mark(marks));
        if_it_has(socket.set_receive_high_water_mark(marks));
    }
}

fn bound<T>(result: Result<T, BindError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(BindError::Io(error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Outcome::InUse
        }
        Err(other) => Outcome::Strange(format!("{other:?}")),
    }
}

fn detached(result: Result<(), DetachError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(DetachError::NotAttached) => Outcome::NotAttached,
        Err(other) => Outcome::Strange(format!("{other:?}")),
    }
}

fn set(result: Result<(), OptionError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(OptionError::NotForThisType) => Outcome::NotForThisType,
        Err(other) => Outcome::Strange(format!("{other:?}")),
    }
}

fn send(socket: &mut Socket, frames: &Frames) -> Outcome {
    let message = Multipart::from_iter(frames.iter().map(|frame| frame.0.clone()));
    match socket.send_multipart(message) {
        Ok(()) => Outcome::Done,
        Err(SendError::TimedOut(_)) => Outcome::WouldBlock,
        Err(SendError::OutOfTurn(_)) => Outcome::OutOfTurn,
        Err(SendError::Unsupported(_)) => Outcome::Unsupported,
        Err(SendError::Unroutable(_)) => Outcome::Unroutable,
        Err(other) => Outcome::Strange(format!("{other:?}")),
    }
}

fn receive(socket: &mut Socket) -> Outcome {
    let mut frames = Frames::new();
    loop {
        match socket.try_recv() {
            Ok(frame) => {
                frames.push(Frame(frame.to_vec()));
                if !frame.more() {
                    return Outcome::Got(frames);
                }
            }
            Err(other) if !frames.is_empty() => {
                return Outcome::Strange(format!("{other:?} inside of a message"));
            }
            Err(TryRecvError::Empty) => return Outcome::WouldBlock,
            Err(TryRecvError::OutOfTurn) => return Outcome::OutOfTurn,
            Err(TryRecvError::Unsupported) => return Outcome::Unsupported,
            Err(other) => return Outcome::Strange(format!("{other:?}")),
        }
    }
}

impl World for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn begin(&mut self, endpoints: u64) {
        self.endpoints = endpoints;
    }

    fn act(&mut self, step: &Step) -> Outcome {
        if let Step::Open(slot, settings) = step {
            self.sockets[*slot] = Some(self.open(settings));
            return Outcome::Done;
        }
        if let Step::Close(slot) = step {
            self.sockets[*slot] = None;
            return Outcome::Done;
        }
        let at = match step {
            Step::Bind(_, place)
            | Step::Unbind(_, place)
            | Step::Connect(_, place)
            | Step::Disconnect(_, place) => self.place(*place),
            _ => String::new(),
        };
        let socket = self.sockets[step.slot()].as_mut().expect("it is open");
        match step {
            Step::Bind(..) => bound(socket.bind(&at)),
            Step::Unbind(..) => detached(socket.unbind(&at)),
            Step::Connect(..) => match socket.connect(&at) {
                Ok(()) => Outcome::Done,
                Err(other) => Outcome::Strange(format!("{other:?}")),
            },
            Step::Disconnect(..) => detached(socket.disconnect(&at)),
            Step::Send(_, frames) => send(socket, frames),
            Step::Receive(_) | Step::Drain(_) => receive(socket),
            Step::Subscribe(_, topic) => set(socket.subscribe(topic)),
            Step::Unsubscribe(_, topic) => set(socket.unsubscribe(topic)),
            Step::Marks(_, marks) => {
                set_marks(socket, *marks);
                Outcome::Done
            }
            Step::Look(_) => {
                let readiness = socket.readiness();
                Outcome::Ready {
                    readable: readiness.readable,
                    writable: readiness.writable,
                }
            }
            Step::Open(..) | Step::Close(_) => unreachable!("done above"),
        }
    }

    fn connections(&mut self, slot: usize) -> Connections {
        let socket = self.sockets[slot].as_mut().expect("it is open");
        let counts = socket.statistics();
        Connections {
            ready: counts.connections,
            lost: counts.disconnects,
        }
    }

    fn settle(&mut self) {
        for _ in 0..PINGS {
            self.ping.send("ping").unwrap();
            match self.pong.recv() {
                Ok(_) => {}
                Err(RecvError::TimedOut) => panic!("the {} does not answer", self.name),
                Err(other) => panic!("{other:?}"),
            }
            for socket in self.sockets.iter_mut().flatten() {
                socket.readiness();
            }
        }
    }

    fn end(&mut self) {
        self.sockets = [const { None }; SLOTS];
    }
}
