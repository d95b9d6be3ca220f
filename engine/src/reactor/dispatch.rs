//! To whom each completion, command, pipe event and deadline goes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ringmq_driver::{Address, Completion, Connection, SocketId, Time, Token};

use super::command::{AttachmentId, Command};
use super::listener::{ACCEPT_PAUSE, Accepting, Listener};
use super::services::{Holder, NOBODY};
use super::table::Key;
use super::telling::tell;
use super::{Engines, Reactor, is_of};
use crate::monitor::MonitorEventKind;
use crate::pipe::{Batch, Event, EventKind, Filling, Reader};
use crate::session::{EngineDriver, Fate, Link, Session, SessionConfig};
use crate::socket::{SocketEvent, SocketShared};

impl<D: EngineDriver> Reactor<D> {
    pub(super) fn dispatch(&mut self, completion: Completion<Batch, Filling>) {
        match completion {
            Completion::Accepted { token, result } => self.accepted(token, result),
            Completion::Connected { token, result } => {
                self.of_token(token, |session, services| {
                    session.connected(result, services)
                });
            }
            Completion::Received { token, data } => match Holder::of(token) {
                Holder::Session(key) if self.sessions.get_mut(key).is_some() => {
                    self.with_session(key, |session, services| session.received(data, services));
                }
                Holder::Session(_) | Holder::Listener(_) => self.services.driver.release(data),
            },
            Completion::ReceiveEnded { token, end } => {
                self.of_token(token, |session, services| {
                    session.receive_ended(&end, services)
                });
            }
            Completion::Filled {
                token,
                incoming,
                result,
            } => {
                self.of_token(token, |session, services| {
                    session.filled(incoming, result, services)
                });
            }
            Completion::Sent {
                token,
                outgoing,
                result,
            } => {
                self.of_token(token, |session, services| {
                    session.sent(outgoing, result, services)
                });
            }
            Completion::HungUp { token, .. } => self.of_token(token, Session::hung_up),
            Completion::Closed { token } => self.closed(token),
        }
    }

    fn of_token(
        &mut self,
        token: Token,
        call: impl FnOnce(&mut Session, &mut super::Services<D>) -> Fate,
    ) {
        if let Holder::Session(key) = Holder::of(token) {
            self.with_session(key, call);
        }
    }

    fn closed(&mut self, token: Token) {
        match Holder::of(token) {
            Holder::Session(key) => self.with_session(key, Session::closed),
            Holder::Listener(key) => {
                if let Some(gone) = self.listeners.remove(key) {
                    let closed = MonitorEventKind::Closed;
                    tell(&gone.socket.monitors, closed, gone.address.as_ref(), None);
                    let detached = SocketEvent::Detached {
                        attachment: gone.attachment,
                    };
                    gone.socket.tell(detached);
                }
            }
        }
    }

    /// A listener accepted a connection, or failed and stopped.
    fn accepted(&mut self, token: Token, result: io::Result<SocketId>) {
        let Holder::Listener(key) = Holder::of(token) else {
            return;
        };
        let listener = self
            .listeners
            .get_mut(key)
            .filter(|listener| !listener.closing);
        let (listener, socket) = match (listener, result) {
            (Some(listener), Ok(socket)) => (listener, socket),
            (Some(_), Err(error)) => return self.accepting_ended(key, token, &error),
            (None, Ok(socket)) => {
                // The listener is gone. Under its token, the end of this connection would pass for its own.
                self.services.driver.set_token(socket, NOBODY);
                self.services.driver.close(socket);
                return;
            }
            (None, Err(_)) => return,
        };
        let server = self.engines.choose(listener.config.engines_allowed);
        match server.filter(|engine| *engine != self.services.engine) {
            Some(engine) => {
                let adopt = Command::Adopt {
                    socket: Arc::clone(&listener.socket),
                    attachment: listener.attachment,
                    config: Arc::clone(&listener.config),
                    connection: self.services.driver.hand_over(socket),
                };
                let other = self.engines.get(engine);
                other.load.add();
                other.mailbox.send(adopt);
            }
            None => {
                let (owner, config) = (Arc::clone(&listener.socket), Arc::clone(&listener.config));
                let attachment = listener.attachment;
                self.load.add();
                self.serve_accepted(socket, owner, attachment, config);
            }
        }
    }

    /// Another engine accepted a connection that is to be served here.
    fn adopt(
        &mut self,
        owner: Arc<SocketShared>,
        attachment: AttachmentId,
        config: Arc<SessionConfig>,
        connection: Connection,
    ) {
        // Its socket may have been closed while the connection was on its way: nobody would end it then.
        let taken = if owner.is_closed() {
            None
        } else {
            self.services.driver.take_over(NOBODY, connection).ok()
        };
        match taken {
            Some(socket) => self.serve_accepted(socket, owner, attachment, config),
            None => self.load.remove(),
        }
    }

    /// Makes the session of an accepted connection.
    fn serve_accepted(
        &mut self,
        socket: SocketId,
        owner: Arc<SocketShared>,
        attachment: AttachmentId,
        config: Arc<SessionConfig>,
    ) {
        let now = self.services.driver.now();
        let link = Link::connected(socket, &config.wire, &self.services.bodies, now);
        let key = self.sessions.insert_with(|key| {
            let peer = owner.peers.next();
            Session::new(key, owner, peer, attachment, config).accepted(link, now)
        });
        self.services
            .driver
            .set_token(socket, self.services.session_token(key));
        self.stranger_came(now, key);
        self.with_session(key, |session, services| {
            session.tell_accepted(services);
            session.begin(services);
            Fate::Lives
        });
    }

    /// A listener stopped, because we asked for it or because the system refused it.
    fn accepting_ended(&mut self, key: Key, token: Token, error: &io::Error) {
        let Some(listener) = self.listeners.get_mut(key) else {
            return;
        };
        if listener.accepting == Accepting::On {
            listener.tell(
                MonitorEventKind::AcceptFailed(error.into()),
                &self.services.driver,
            );
            listener.socket.counters.accept_failures.add_shared(1);
            let at = self.services.driver.now().after(ACCEPT_PAUSE);
            listener.resume_at = Some(at);
            self.services.timers.add(at, token);
        }
        listener.accepting = Accepting::Off;
        self.go_on_accepting(key);
    }

    pub(super) fn pipe_ready(&mut self, event: Event) {
        let key = Key::from_bits(event.key);
        self.with_session(key, |session, services| match event.kind {
            EventKind::Readable => session.outbound_ready(services),
            EventKind::Writable => session.inbound_ready(services),
        });
    }

    pub(super) fn deadline_came(&mut self, at: Time, token: Token) {
        match Holder::of(token) {
            Holder::Session(key) => {
                self.with_session(key, |session, services| session.timer_due(at, services));
            }
            Holder::Listener(key) => {
                let listener = self.listeners.get_mut(key);
                let resumed = listener.filter(|listener| listener.resume_at == Some(at));
                if let Some(listener) = resumed {
                    listener.resume_at = None;
                    self.go_on_accepting(key);
                }
            }
        }
    }

    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Bind {
                socket,
                attachment,
                addresses,
                config,
            } => {
                self.bind(socket, attachment, &addresses, config);
            }
            Command::Resolved { session, result } => {
                self.with_session(session, |session, services| {
                    session.resolved(result, services)
                });
            }
            Command::Connect {
                socket,
                attachment,
                peer,
                to,
                config,
                outbound,
            } => {
                let key = self.sessions.insert_with(|key| {
                    let new = Session::new(key, socket, peer, attachment, config);
                    new.connecting(to, outbound)
                });
                self.with_session(key, Session::connect_now);
            }
            Command::Outbound {
                socket,
                session,
                outbound,
            } => self.give_outbound(&socket, session, outbound),
            Command::Refuse { session } => self.with_session(session, Session::turn_away),
            Command::Detach {
                socket,
                attachment,
                linger,
            } => {
                self.detach(&socket, attachment, linger);
            }
            Command::Close { socket, linger } => self.close_socket(socket, linger),
            Command::Marks {
                socket,
                send,
                receive,
            } => self.set_marks(socket, send, receive),
            Command::Engines(engines) => self.engines = Engines::new(engines),
            Command::Adopt {
                socket,
                attachment,
                config,
                connection,
            } => self.adopt(socket, attachment, config, connection),
            Command::Report(answer) => {
                // Whoever asked may have waited long enough.
                let _ = answer.send(self.report());
            }
            Command::Stop { at_once } => {
                self.stopping = true;
                if at_once {
                    self.close_listeners(|_| true);
                    self.end_sessions_of(|_| true, Some(Duration::ZERO));
                }
            }
        }
    }

    fn give_outbound(&mut self, socket: &SocketShared, session: Key, outbound: Reader) {
        if self.sessions.get_mut(session).is_none() {
            let dropped = outbound.leave();
            socket.counters.dropped_peer_gone.add_shared(dropped);
            return;
        }
        self.with_session(session, |session, services| {
            session.give_outbound(outbound, services)
        });
    }

    fn close_socket(&mut self, socket: u64, linger: Option<Duration>) {
        self.close_listeners(|listener| is_of(&listener.socket, socket));
        self.end_sessions_of(|session| is_of(&session.socket, socket), linger);
    }

    fn set_marks(&mut self, socket: u64, send: u32, receive: u32) {
        self.for_sessions(|session, services| {
            if is_of(&session.socket, socket) {
                session.set_marks(send, receive, services)
            } else {
                Fate::Lives
            }
        });
    }

    fn bind(
        &mut self,
        socket: Arc<SocketShared>,
        attachment: AttachmentId,
        addresses: &[Address],
        config: Arc<SessionConfig>,
    ) {
        let key = self.listeners.insert_with(|_| Listener {
            socket: Arc::clone(&socket),
            attachment,
            config: Arc::clone(&config),
            listening: None,
            address: None,
            accepting: Accepting::Off,
            resume_at: None,
            closing: false,
        });
        let token = self.services.listener_token(key);
        let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
        for address in addresses {
            result = self.services.driver.listen(token, address, &config.system);
            if result.is_ok() {
                break;
            }
        }
        let result = match (result, self.listeners.get_mut(key)) {
            (Ok((listening, address)), Some(listener)) => {
                listener.listening = Some(listening);
                listener.address = Some(address.clone());
                listener.accepting = Accepting::On;
                listener.tell(MonitorEventKind::Listening, &self.services.driver);
                Ok(address)
            }
            (Ok(_), None) => unreachable!("the listener was entered above"),
            (Err(error), _) => {
                self.listeners.remove(key);
                let failed = MonitorEventKind::BindFailed((&error).into());
                tell(&socket.monitors, failed, addresses.first(), None);
                Err(error)
            }
        };
        if !self.strangers.may_enter() {
            self.stop_accepting(key);
        }
        socket.tell(SocketEvent::Bound { attachment, result });
    }

    fn close_listeners(&mut self, mut selected: impl FnMut(&Listener) -> bool) -> usize {
        let mut closed = 0;
        let keys: Vec<Key> = self.listeners.keys().collect();
        for key in keys {
            let Some(listener) = self.listeners.get_mut(key) else {
                continue;
            };
            if listener.closing || !selected(listener) {
                continue;
            }
            listener.closing = true;
            closed += 1;
            if let Some(listening) = listener.listening {
                self.services.driver.close(listening);
            }
        }
        closed
    }

    /// Ends one bind or connect. A bind's connections stay; a connect's session flushes and goes.
    fn detach(
        &mut self,
        socket: &Arc<SocketShared>,
        attachment: AttachmentId,
        linger: Option<Duration>,
    ) {
        let id = socket.id;
        let mine =
            |listener: &Listener| is_of(&listener.socket, id) && listener.attachment == attachment;
        // The answer to an unbind is sent when the driver has let go of the address.
        if self.close_listeners(mine) == 0 {
            let mine =
                |session: &Session| is_of(&session.socket, id) && session.attachment == attachment;
            self.end_sessions_of(mine, linger);
            socket.tell(SocketEvent::Detached { attachment });
        }
    }
}
