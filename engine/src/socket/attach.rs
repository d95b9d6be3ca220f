//! Binding and connecting, and undoing both.

use std::net::SocketAddr;
use std::sync::Arc;

use super::attachments::Leaving;
use super::{Arrival, BindError, ConnectError, DetachError, Socket};
use crate::memory::Pool;
use crate::peer::PeerId;
use crate::pipe::{Owner, PipeConfig, Reader, Role, Writer, newest_pipe, pipe};
use crate::reactor::{AttachmentId, Command, SessionAddress};
use crate::session::SessionConfig;
use crate::transport::{self, Endpoint, EndpointError, Use};

impl Socket {
    /// Listens on an endpoint: `tcp://host:port` (`*` for any host or a free port; an interface, as `eth0`, for its first
    /// address), `ipc://path` (`*` for a fresh one), on Linux `ipc://@name`, or `inproc://name` for sockets of the same
    /// context. Returns the endpoint it really got. Peers may come and go at any time.
    ///
    /// A peer over inproc is answered whenever a call of this socket looks at its news, and hears nothing before.
    ///
    /// Without CURVE anybody who can reach the endpoint can connect: bind to 127.0.0.1 unless the network is
    /// trusted.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// let mut pull = context.socket(SocketType::Pull)?;
    /// let endpoint = pull.bind("tcp://127.0.0.1:*")?;
    /// println!("listening on port {}", endpoint.tcp().expect("it is tcp").port());
    ///
    /// let mut second = context.socket(SocketType::Pull)?;
    /// let refused = second.bind(&endpoint.to_string());
    /// assert!(matches!(refused, Err(ringmq::BindError::Io(_))), "in use");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The endpoint cannot be read, the system refused it, or the context was shut down.
    pub fn bind(&mut self, endpoint: &str) -> Result<Endpoint, BindError> {
        let attachment = self.start_bind(endpoint)?;
        loop {
            if let Some(result) = self.bind_result(attachment) {
                return result;
            }
            self.wait(None);
        }
    }

    /// Asks for a bind without waiting for its result.
    pub(crate) fn start_bind(&mut self, endpoint: &str) -> Result<AttachmentId, BindError> {
        self.look();
        if self.terminated {
            return Err(BindError::Terminated);
        }
        if let Some(name) = transport::name(endpoint).map_err(BindError::Endpoint)? {
            self.may_be_inproc().map_err(BindError::Endpoint)?;
            return self.bind_name(endpoint, name);
        }
        let addresses =
            transport::listening(endpoint, self.options.ipv6).map_err(BindError::Endpoint)?;
        let engine = self.host.place(self.options.engines_allowed);
        let attachment = self.attachments.add(Use::Listen, endpoint);
        self.attachments.goes_to(attachment, engine);
        self.host.command(
            engine,
            Command::Bind {
                socket: Arc::clone(&self.shared),
                attachment,
                addresses,
                config: self.session_config(None),
            },
        );
        Ok(attachment)
    }

    /// The result of a bind, once there is one.
    pub(crate) fn bind_result(
        &mut self,
        attachment: AttachmentId,
    ) -> Option<Result<Endpoint, BindError>> {
        self.look();
        match self.attachments.take_answer(attachment) {
            Some(Ok(endpoint)) => {
                self.attachments.settle(attachment, &endpoint);
                Some(Ok(endpoint))
            }
            Some(Err(error)) => {
                self.attachments.detached(attachment);
                Some(Err(BindError::Io(error)))
            }
            None if self.terminated => Some(Err(BindError::Terminated)),
            None => None,
        }
    }

    /// Takes back a bind whose result was not asked for.
    pub(super) fn abandon_bind(&mut self, attachment: AttachmentId) {
        if let Some((endpoint, engine)) = self.attachments.abandon(attachment)
            && !self.detach_name(attachment, Use::Listen, None, &endpoint)
        {
            self.tell_to_detach(attachment, engine);
        }
    }

    /// Connects to an endpoint, and keeps connecting whenever the connection is lost. Returns at once: the peer
    /// need not exist yet, and messages may be sent meanwhile, up to the high-water mark.
    ///
    /// `tcp://source:port;host:port` connects from the source, an address or an interface of this host; its port may be
    /// `*` for any.
    ///
    /// A host name is looked up in the background, before the first attempt and again before each that follows when
    /// all its addresses failed, in the resolver's order, or a connection was lost: a peer that moves is found again.
    /// A name that nobody knows is no error, but a peer that does not exist yet; failed look-ups are counted in
    /// [`Statistics::lookup_failures`](crate::Statistics::lookup_failures).
    ///
    /// `inproc://name` reaches the socket of this context that is bound to the name, now or later. It is no connection
    /// that is made again: once that socket is closed, connect anew.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// let context = Context::new()?;
    /// let mut asks = context.socket(SocketType::Req)?;
    /// asks.connect("inproc://answers")?;
    /// asks.send("ready?")?;
    /// let mut answers = context.socket(SocketType::Rep)?;
    /// answers.bind("inproc://answers")?;
    /// assert_eq!(&answers.recv()?[..], b"ready?");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The endpoint cannot be read, the socket that is bound to that inproc name is of a type that does not fit, the
    /// routing id chosen for the peer is another's, or the context was shut down.
    pub fn connect(&mut self, endpoint: &str) -> Result<(), ConnectError> {
        self.look();
        if self.terminated {
            return Err(ConnectError::Terminated);
        }
        if let Some(name) = transport::name(endpoint).map_err(ConnectError::Endpoint)? {
            self.may_be_inproc().map_err(ConnectError::Endpoint)?;
            return self.connect_name(endpoint, name);
        }
        let (to, source) =
            transport::peer(endpoint, self.options.ipv6).map_err(ConnectError::Endpoint)?;
        let Some((attachment, peer)) = self.admit_connect(endpoint)? else {
            return Ok(());
        };
        let engine = self.host.place(self.options.engines_allowed);
        self.host.engines().get(engine).load.add();
        self.attachments.goes_to(attachment, engine);
        let at_once = self.socket_type.sends() && !self.options.immediate;
        let outbound = at_once.then(|| self.make_outbound(peer, engine));
        self.host.command(
            engine,
            Command::Connect {
                socket: Arc::clone(&self.shared),
                attachment,
                peer,
                to,
                config: self.session_config(source),
                outbound,
            },
        );
        Ok(())
    }

    const fn may_be_inproc(&self) -> Result<(), EndpointError> {
        if self.options.conflate {
            Err(EndpointError::NoConflate)
        } else {
            Ok(())
        }
    }

    /// Notes a connect; `None` if nothing comes of it.
    pub(super) fn admit_connect(
        &mut self,
        endpoint: &str,
    ) -> Result<Option<(AttachmentId, PeerId)>, ConnectError> {
        if self.socket_type.connects_once() && self.attachments.has(Use::Connect, endpoint) {
            return Ok(None);
        }
        let peer = self.shared.peers.next();
        if let Some(id) = self.options.connect_routing_id.take()
            && !self.pattern.expect(peer, id.as_bytes())
        {
            return Err(ConnectError::RoutingIdInUse);
        }
        let attachment = self.attachments.add(Use::Connect, endpoint);
        self.attachments.last = Some(endpoint.to_owned());
        self.attachments.reaches(attachment, peer);
        if !self.pattern.admits(peer) {
            // PAIR has its peer: as in ZeroMQ, the connect is noted and comes to nothing.
            self.shared.counters.refused_peers.add_shared(1);
            return Ok(None);
        }
        Ok(Some((attachment, peer)))
    }

    /// The endpoint of the last bind that succeeded, as [`Self::bind`] returned it, or of the last connect, as it was
    /// given, whichever was later.
    #[must_use]
    pub fn last_endpoint(&self) -> Option<&str> {
        self.attachments.last.as_deref()
    }

    /// Stops listening on an endpoint, named as it was bound or as [`Self::bind`] returned it. Connections that
    /// were accepted stay.
    ///
    /// # Errors
    /// The socket is not bound there, or the context was shut down.
    pub fn unbind(&mut self, endpoint: &str) -> Result<(), DetachError> {
        self.detach(Use::Listen, endpoint)
    }

    /// Ends a connect: nothing more is sent there, and what came from there and was not received is dropped. What is
    /// queued for that peer still leaves, within the linger time; the rest of a message that was begun there is dropped.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// let mut push = context.socket(SocketType::Push)?;
    /// push.connect("inproc://somewhere")?;
    /// push.disconnect("inproc://somewhere")?;
    /// let twice = push.disconnect("inproc://somewhere");
    /// assert_eq!(twice, Err(ringmq::DetachError::NotAttached));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The socket is not connected there, or the context was shut down.
    pub fn disconnect(&mut self, endpoint: &str) -> Result<(), DetachError> {
        self.detach(Use::Connect, endpoint)
    }

    fn detach(&mut self, kind: Use, endpoint: &str) -> Result<(), DetachError> {
        let attachment = self.start_detach(kind, endpoint)?;
        loop {
            if let Some(result) = self.detach_result(attachment) {
                return result;
            }
            self.wait(None);
        }
    }

    /// The result of [`Self::start_detach`], once there is one.
    pub(super) fn detach_result(
        &mut self,
        attachment: AttachmentId,
    ) -> Option<Result<(), DetachError>> {
        self.look_if_called();
        if !self.attachments.holds(attachment) {
            Some(Ok(()))
        } else if self.terminated {
            Some(Err(DetachError::Terminated))
        } else {
            None
        }
    }

    /// Asks for the end of a bind or connect without waiting for it.
    pub(crate) fn start_detach(
        &mut self,
        kind: Use,
        endpoint: &str,
    ) -> Result<AttachmentId, DetachError> {
        self.look();
        if self.terminated {
            return Err(DetachError::Terminated);
        }
        let Leaving {
            attachment,
            peer,
            engine,
        } = self
            .attachments
            .leave(kind, endpoint)
            .ok_or(DetachError::NotAttached)?;
        // Before the session hears of it: what is sent from now on must not go there.
        if let Some(peer) = peer {
            self.pattern.remove_peer(peer);
            self.count_lost();
        }
        if !self.detach_name(attachment, kind, peer, endpoint) {
            self.tell_to_detach(attachment, engine);
        }
        Ok(attachment)
    }

    fn tell_to_detach(&self, attachment: AttachmentId, engine: usize) {
        let socket = Arc::clone(&self.shared);
        let linger = self.options.linger;
        self.host.command(
            engine,
            Command::Detach {
                socket,
                attachment,
                linger,
            },
        );
    }

    /// A peer's connection is ready.
    pub(super) fn peer_arrived(&mut self, arrival: Arrival) {
        let Arrival {
            peer,
            session,
            presence,
            epoch,
            routing_id,
            reader,
            wants_outbound,
        } = arrival;
        if !self.pattern.admits(peer) {
            let SessionAddress { engine, key } = session;
            self.host.command(engine, Command::Refuse { session: key });
            return;
        }
        // A peer that is gone by now would swallow the next message.
        if wants_outbound && presence.strong_count() > 0 {
            let outbound = self.make_outbound(peer, session.engine);
            self.host.command(
                session.engine,
                Command::Outbound {
                    socket: Arc::clone(&self.shared),
                    session: session.key,
                    outbound,
                },
            );
        }
        self.pattern.connected(peer, epoch);
        if let Some(mut reader) = reader {
            // The mark may have changed while this was on its way: a reader with a higher one than its writer gives
            // credit too late.
            reader.set_high_water_mark(self.options.receive_high_water_mark);
            self.pattern.add_reader(peer, reader, &routing_id);
            self.count_lost();
        }
    }

    /// A pipe from this socket to a session: its writer joins the pattern, its reader is for the session.
    pub(super) fn make_outbound(&mut self, peer: PeerId, engine: usize) -> Reader {
        let config = PipeConfig {
            high_water_mark: self.options.send_high_water_mark,
            reader_role: Role::Engine,
        };
        let session = self.host.engines().get(engine).owner.clone();
        if self.options.conflate && self.socket_type.sends_messages() {
            return self.add_writer(peer, |pool, owner, key| {
                newest_pipe(pool, owner, key, session, 0)
            });
        }
        self.add_writer(peer, |pool, owner, key| {
            pipe(config, pool, owner, key, session, 0)
        })
    }

    /// Adds a pipe's writer to the pattern; returns its other end. `make` gets whose pipe it is, and the key.
    pub(super) fn add_writer<R>(
        &mut self,
        peer: PeerId,
        make: impl FnOnce(Pool, Owner, u64) -> (Writer, R),
    ) -> R {
        let probes = self.options.probe_router;
        let (pool, owner) = (self.pool.clone(), self.owner.clone());
        let mut other_end = None;
        self.pattern.add_writer(peer, |key| {
            let (mut writer, reader) = make(pool, owner, key);
            if probes {
                writer.write_frame(false, &[]);
                writer.publish();
            }
            other_end = Some(reader);
            writer
        });
        other_end.expect("adding a pipe makes it")
    }

    fn session_config(&self, source: Option<SocketAddr>) -> Arc<SessionConfig> {
        Arc::new(SessionConfig::new(
            self.socket_type.on_the_wire(),
            &self.options,
            source,
        ))
    }
}
