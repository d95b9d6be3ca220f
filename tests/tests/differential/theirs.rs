//! libzmq as a world.

use zmq::SocketEvent::{DISCONNECTED, HANDSHAKE_SUCCEEDED, MONITOR_STOPPED};

use ringmq::SocketType;

use crate::script::{Frame, Frames, PLACES, SLOTS, Settings, Step};
use crate::world::{Connections, Outcome, PATIENCE, RECONNECT, World};

/// Messages that cross the I/O thread before it is said to be at rest.
const PINGS: usize = 3;

struct Watched {
    socket: zmq::Socket,
    /// Where its events arrive.
    monitor: zmq::Socket,
    socket_type: SocketType,
    connections: Connections,
}

pub(crate) struct Theirs {
    context: zmq::Context,
    ping: zmq::Socket,
    pong: zmq::Socket,
    endpoints: u64,
    monitors: u64,
    sockets: [Option<Watched>; SLOTS],
    /// Monitors of closed sockets. libzmq's threads would wait for ever to tell one that is gone.
    stopping: Vec<zmq::Socket>,
}

const fn type_of(socket_type: SocketType) -> zmq::SocketType {
    match socket_type {
        SocketType::Pair => zmq::PAIR,
        SocketType::Pub => zmq::PUB,
        SocketType::Sub => zmq::SUB,
        SocketType::Req => zmq::REQ,
        SocketType::Rep => zmq::REP,
        SocketType::Dealer => zmq::DEALER,
        SocketType::Router => zmq::ROUTER,
        SocketType::Pull => zmq::PULL,
        SocketType::Push => zmq::PUSH,
        SocketType::XPub => zmq::XPUB,
        SocketType::XSub => zmq::XSUB,
        _ => panic!("no type of this comparison"),
    }
}

impl Theirs {
    pub(crate) fn new() -> Self {
        let context = zmq::Context::new();
        let pong = context.socket(zmq::PAIR).unwrap();
        let ping = context.socket(zmq::PAIR).unwrap();
        pong.bind("tcp://127.0.0.1:*").unwrap();
        let endpoint = pong.get_last_endpoint().unwrap().unwrap();
        ping.connect(&endpoint).unwrap();
        pong.set_rcvtimeo(PATIENCE.as_millis() as i32).unwrap();
        Self {
            context,
            ping,
            pong,
            endpoints: 0,
            monitors: 0,
            sockets: [const { None }; SLOTS],
            stopping: Vec::new(),
        }
    }

    fn place(&self, place: usize) -> String {
        assert!(place < PLACES, "a place of the script");
        let (endpoints, process) = (self.endpoints, std::process::id());
        format!("ipc://@ringmq-differential-{process}-libzmq-{endpoints}-{place}")
    }

    fn close(&mut self, slot: usize) {
        if let Some(Watched { monitor, .. }) = self.sockets[slot].take() {
            self.stopping.push(monitor);
        }
    }

    fn open(&mut self, settings: &Settings) -> zmq::Result<Watched> {
        let socket = self.context.socket(type_of(settings.socket_type))?;
        self.monitors += 1;
        let events =
            HANDSHAKE_SUCCEEDED.to_raw() | DISCONNECTED.to_raw() | MONITOR_STOPPED.to_raw();
        let endpoint = format!("inproc://monitor-{}", self.monitors);
        socket.monitor(&endpoint, i32::from(events))?;
        let monitor = self.context.socket(zmq::PAIR)?;
        monitor.connect(&endpoint)?;
        socket.set_linger(0)?;
        socket.set_sndtimeo(0)?;
        socket.set_reconnect_ivl(RECONNECT.as_millis() as i32)?;
        socket.set_immediate(settings.immediate)?;
        set_marks(&socket, settings.socket_type, settings.marks)?;
        if let Some(id) = settings.routing_id {
            socket.set_identity(id.as_bytes())?;
        }
        match settings.socket_type {
            SocketType::Req => {
                socket.set_req_correlate(settings.correlate)?;
                socket.set_req_relaxed(settings.relaxed)?;
            }
            SocketType::Router => {
                socket.set_router_mandatory(settings.mandatory)?;
                socket.set_router_handover(settings.handover)?;
                socket.set_probe_router(settings.probe)?;
            }
            SocketType::XPub => socket.set_xpub_verbose(settings.verbose)?,
            _ => {}
        }
        Ok(Watched {
            socket,
            monitor,
            socket_type: settings.socket_type,
            connections: Connections::default(),
        })
    }
}

/// As in our world.
fn set_marks(socket: &zmq::Socket, socket_type: SocketType, marks: u32) -> zmq::Result<()> {
    if matches!(socket_type, SocketType::Sub | SocketType::XSub) {
        return Ok(());
    }
    socket.set_sndhwm(marks as i32)?;
    socket.set_rcvhwm(marks as i32)
}

/// Which event a monitor's message is.
fn number(event: &[Vec<u8>]) -> u16 {
    u16::from_ne_bytes([event[0][0], event[0][1]])
}

/// Whether a monitor said that it will say nothing more.
fn has_stopped(monitor: &zmq::Socket) -> bool {
    while let Ok(event) = monitor.recv_multipart(zmq::DONTWAIT) {
        if number(&event) == MONITOR_STOPPED.to_raw() {
            return true;
        }
    }
    false
}

fn outcome(error: zmq::Error) -> Outcome {
    match error {
        zmq::Error::EAGAIN => Outcome::WouldBlock,
        zmq::Error::EFSM => Outcome::OutOfTurn,
        zmq::Error::ENOTSUP => Outcome::Unsupported,
        zmq::Error::EHOSTUNREACH => Outcome::Unroutable,
        zmq::Error::ENOENT => Outcome::NotAttached,
        zmq::Error::EADDRINUSE => Outcome::InUse,
        zmq::Error::EINVAL => Outcome::NotForThisType,
        other => Outcome::Strange(format!("{other:?}")),
    }
}

fn done(result: zmq::Result<()>) -> Outcome {
    result.map_or_else(outcome, |()| Outcome::Done)
}

/// Makes libzmq take in what its I/O thread told it; sending does so only now and then. Reading the events would do for
/// all, but lets some types take a message, and no later event undoes that.
fn take_notice(watched: &Watched) {
    use SocketType::{Rep, Router, Sub, XSub};
    if matches!(watched.socket_type, Sub | XSub | Router | Rep) {
        let nowhere = watched.socket.unbind("inproc://nowhere");
        assert_eq!(nowhere, Err(zmq::Error::ENOENT));
    } else {
        watched.socket.get_events().unwrap();
    }
}

fn receive(socket: &zmq::Socket) -> Outcome {
    match socket.recv_multipart(zmq::DONTWAIT) {
        Ok(frames) => Outcome::Got(frames.into_iter().map(Frame).collect()),
        Err(error) => outcome(error),
    }
}

fn send(watched: &Watched, frames: &Frames) -> Outcome {
    take_notice(watched);
    let socket = &watched.socket;
    let bodies = frames.iter().map(|frame| &frame.0[..]);
    done(socket.send_multipart(bodies, zmq::DONTWAIT))
}

impl World for Theirs {
    fn name(&self) -> &'static str {
        "libzmq"
    }

    fn begin(&mut self, endpoints: u64) {
        self.endpoints = endpoints;
    }

    fn act(&mut self, step: &Step) -> Outcome {
        if let Step::Open(slot, settings) = step {
            self.sockets[*slot] = Some(self.open(settings).unwrap());
            return Outcome::Done;
        }
        if let Step::Close(slot) = step {
            self.close(*slot);
            return Outcome::Done;
        }
        let at = match step {
            Step::Bind(_, place)
            | Step::Unbind(_, place)
            | Step::Connect(_, place)
            | Step::Disconnect(_, place) => self.place(*place),
            _ => String::new(),
        };
        let watched = self.sockets[step.slot()].as_ref().expect("it is open");
        let socket = &watched.socket;
        match step {
            Step::Bind(..) => done(socket.bind(&at)),
            Step::Unbind(..) => done(socket.unbind(&at)),
            Step::Connect(..) => done(socket.connect(&at)),
            Step::Disconnect(..) => done(socket.disconnect(&at)),
            Step::Send(_, frames) => send(watched, frames),
            Step::Receive(_) | Step::Drain(_) => receive(socket),
            Step::Subscribe(_, topic) => done(socket.set_subscribe(topic.as_bytes())),
            Step::Unsubscribe(_, topic) => done(socket.set_unsubscribe(topic.as_bytes())),
            Step::Marks(_, marks) => done(set_marks(socket, watched.socket_type, *marks)),
            Step::Look(_) => {
                let events = socket.get_events().unwrap();
                Outcome::Ready {
                    readable: events.contains(zmq::POLLIN),
                    writable: events.contains(zmq::POLLOUT),
                }
            }
            Step::Open(..) | Step::Close(_) => unreachable!("done above"),
        }
    }

    fn connections(&mut self, slot: usize) -> Connections {
        let watched = self.sockets[slot].as_mut().expect("it is open");
        while let Ok(event) = watched.monitor.recv_multipart(zmq::DONTWAIT) {
            match number(&event) {
                number if number == HANDSHAKE_SUCCEEDED.to_raw() => watched.connections.ready += 1,
                number if number == DISCONNECTED.to_raw() => watched.connections.lost += 1,
                other => panic!("an event that nobody asked for: {other:#x}"),
            }
        }
        watched.connections
    }

    fn settle(&mut self) {
        self.stopping.retain(|monitor| !has_stopped(monitor));
        for _ in 0..PINGS {
            self.ping.send("ping", 0).unwrap();
            self.pong.recv_bytes(0).expect("libzmq answers");
            for watched in self.sockets.iter().flatten() {
                take_notice(watched);
            }
        }
    }

    fn end(&mut self) {
        (0..SLOTS).for_each(|slot| self.close(slot));
    }
}
