//! The socket's options, typed.
//!
//! Buffers, limits and intervals apply to the binds and connects that follow; high-water marks, timeouts and linger
//! apply at once.

use std::time::Duration;

use ringmq_wire::RoutingId;

use super::{OptionError, Socket, SocketType};
use crate::message::Message;
use crate::pattern::{Setting, Subscriptions, UpstreamModes};
use crate::reactor::Command;

/// Options.
impl Socket {
    /// How many whole messages may wait for each peer before `send` blocks; 0 is no limit. Default 1 000. Applies at
    /// once, to present peers, too.
    pub fn set_send_high_water_mark(&mut self, messages: u32) {
        self.options.send_high_water_mark = messages;
        self.pattern
            .for_each_writer(|writer| writer.set_high_water_mark(messages));
        self.tell_marks();
    }

    /// How many whole messages may wait from each peer before the engine stops reading from it (what it read in
    /// one go still comes); 0 is no limit. Default 1 000. Applies at once, to present peers, too.
    pub fn set_receive_high_water_mark(&mut self, messages: u32) {
        self.options.receive_high_water_mark = messages;
        self.pattern
            .for_each_reader(|reader| reader.set_high_water_mark(messages));
        self.tell_marks();
    }

    fn tell_marks(&self) {
        if self.attachments.is_empty() {
            return;
        }
        self.host.tell_all(|| Command::Marks {
            socket: self.shared.id,
            send: self.options.send_high_water_mark,
            receive: self.options.receive_high_water_mark,
        });
    }

    /// How long `send` waits for a peer; `None` is for ever, which is the default.
    pub const fn set_send_timeout(&mut self, timeout: Option<Duration>) {
        self.options.send_timeout = timeout;
    }

    /// How long `recv` waits for a message; `None` is for ever, which is the default.
    pub const fn set_receive_timeout(&mut self, timeout: Option<Duration>) {
        self.options.receive_timeout = timeout;
    }

    /// How long a closed socket keeps trying to send what it had accepted; `None` is for ever, which is the
    /// default as in ZeroMQ.
    pub const fn set_linger(&mut self, linger: Option<Duration>) {
        self.options.linger = linger;
    }

    /// The pause before a lost connection is made again, and how far it may double while that fails. It varies
    /// by a quarter, so that many clients of one server do not return in step. Defaults 100 ms and 30 s.
    pub fn set_reconnect_interval(&mut self, first: Duration, longest: Duration) {
        self.options.reconnect_interval = first;
        self.options.reconnect_interval_max = longest;
    }

    /// How long the whole handshake of a connection may take; `None` is for ever. Default 10 s.
    pub const fn set_handshake_timeout(&mut self, timeout: Option<Duration>) {
        self.options.handshake_timeout = timeout;
    }

    /// How long a connect may take before it is tried again; `None` leaves it to the system, which is the
    /// default.
    pub const fn set_connect_timeout(&mut self, timeout: Option<Duration>) {
        self.options.connect_timeout = timeout;
    }

    /// Asks a silent peer every `interval` whether it lives and gives the connection up when no byte came for
    /// `timeout` after that. `None` never asks, which is the default.
    pub const fn set_heartbeat(&mut self, interval: Option<Duration>, timeout: Duration) {
        self.options.heartbeat_interval = interval;
        self.options.heartbeat_timeout = timeout;
    }

    /// The longest message to accept, all its frames together, in bytes; a peer that sends a longer one is
    /// disconnected. `None` is no limit. Default 256 MiB.
    pub const fn set_message_bytes_max(&mut self, bytes: Option<u64>) {
        self.options.message_bytes_max = bytes;
    }

    /// The most frames of one message to accept; `None` is no limit. Default 65 536.
    pub const fn set_message_parts_max(&mut self, parts: Option<u32>) {
        self.options.parts_max = parts;
    }

    /// The sizes of the kernel's buffers (SO_SNDBUF, SO_RCVBUF; socket(7)), in bytes; `None` leaves them to the
    /// kernel, which is the default and usually best.
    pub const fn set_kernel_buffers(&mut self, send: Option<u32>, receive: Option<u32>) {
        self.options.send_buffer_bytes = send;
        self.options.receive_buffer_bytes = receive;
    }

    /// How many connections may wait to be accepted (listen(2)). Default 4 096.
    pub const fn set_backlog(&mut self, connections: u32) {
        self.options.backlog = connections;
    }
}

/// Options of some socket types.
impl Socket {
    /// Wants messages that start with `topic`; an empty topic is every message. On an XPUB in manual mode: grants the
    /// topic to the peer whose subscription was received last.
    ///
    /// Subscriptions count: one made twice must be taken back twice.
    ///
    /// # Errors
    /// The type does not subscribe.
    pub fn subscribe(&mut self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.look();
        self.set(Setting::Subscribe(topic.as_ref()))
    }

    /// Takes one [`Self::subscribe`] back.
    ///
    /// # Errors
    /// The type does not subscribe.
    pub fn unsubscribe(&mut self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.look();
        self.set(Setting::Unsubscribe(topic.as_ref()))
    }

    /// ROUTER: refuses a message for an unknown peer ([`SendError::Unroutable`](crate::SendError::Unroutable)), and
    /// waits for room at a known one, instead of dropping it. Default false.
    ///
    /// # Errors
    /// The socket is no ROUTER.
    pub fn set_router_mandatory(&mut self, mandatory: bool) -> Result<(), OptionError> {
        self.set(Setting::RouterMandatory(mandatory))
    }

    /// ROUTER: a peer that announces a routing id which another one has takes it over; the other one is let go of.
    /// Default false: it is not heard until the other one is gone.
    ///
    /// # Errors
    /// The socket is no ROUTER.
    pub fn set_router_handover(&mut self, handover: bool) -> Result<(), OptionError> {
        self.set(Setting::RouterHandover(handover))
    }

    /// REQ: each request carries a number, and only a reply that repeats it is taken. Default false.
    ///
    /// # Errors
    /// The socket is no REQ.
    pub fn set_request_correlate(&mut self, correlate: bool) -> Result<(), OptionError> {
        self.set(Setting::RequestCorrelate(correlate))
    }

    /// REQ: a request may be sent before the reply to the last one came. Use it with
    /// [`Self::set_request_correlate`], or a late reply may be taken for that to the new request. Default false.
    ///
    /// # Errors
    /// The socket is no REQ.
    pub fn set_request_relaxed(&mut self, relaxed: bool) -> Result<(), OptionError> {
        self.set(Setting::RequestRelaxed(relaxed))
    }

    /// PUB, XPUB: a message that some subscriber has no room for is refused, instead of dropped for that subscriber.
    /// Default false.
    ///
    /// # Errors
    /// The socket does not publish.
    pub fn set_no_drop(&mut self, no_drop: bool) -> Result<(), OptionError> {
        self.set(Setting::NoDrop(no_drop))
    }

    /// PUB, XPUB, SUB: messages go where they match no subscription. Set it on both sides. Default false.
    ///
    /// # Errors
    /// The socket neither publishes nor subscribes.
    pub fn set_invert_matching(&mut self, invert: bool) -> Result<(), OptionError> {
        self.set(Setting::InvertMatching(invert))
    }

    /// XPUB, XSUB: only the first frame of a message may be a subscription. Default false.
    ///
    /// # Errors
    /// The socket is neither XPUB nor XSUB.
    pub fn set_only_first_subscribe(&mut self, only: bool) -> Result<(), OptionError> {
        self.set(Setting::OnlyFirstSubscribe(only))
    }

    /// XPUB: a message that each new peer gets first; `None` for none, which is the default.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_welcome_message(&mut self, message: Option<Message>) -> Result<(), OptionError> {
        self.set(Setting::Welcome(message))
    }

    /// XPUB: also hands out subscriptions to topics that somebody else is subscribed to already. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_verbose(&mut self, verbose: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| modes.verbose_subscribe = verbose)
    }

    /// XPUB: also hands out each subscription and each unsubscription. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_verboser(&mut self, verboser: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| {
            modes.verbose_subscribe = verboser;
            modes.verbose_unsubscribe = verboser;
        })
    }

    /// XPUB: peers get what [`Self::subscribe`] grants them, not what they ask for. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_manual(&mut self, manual: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| modes.manual = manual)
    }

    /// How much this SUB or XSUB, or the peers of this PUB or XPUB, are subscribed to. `None` for other types.
    pub fn subscriptions(&mut self) -> Option<Subscriptions> {
        self.look();
        self.pattern.subscriptions()
    }

    /// REQ, DEALER, ROUTER: the name that peers get to know this socket by: 1 to 255 bytes, the first not zero; empty
    /// for none, which is the default. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The id is too long or starts with a zero byte, or the type has none.
    pub fn set_routing_id(&mut self, id: impl AsRef<[u8]>) -> Result<(), OptionError> {
        if !self.socket_type.on_the_wire().announces_routing_id() {
            return Err(OptionError::NotForThisType);
        }
        self.options.routing_id = routing_id(id.as_ref())?;
        Ok(())
    }

    /// ROUTER: the name that the peer of the next [`connect`](Socket::connect) is known by, whatever it calls itself,
    /// so that messages can be sent to it at once.
    ///
    /// # Errors
    /// The id is empty, too long or starts with a zero byte, or the socket is no ROUTER.
    pub fn set_connect_routing_id(&mut self, id: impl AsRef<[u8]>) -> Result<(), OptionError> {
        if self.socket_type != SocketType::Router {
            return Err(OptionError::NotForThisType);
        }
        if id.as_ref().is_empty() {
            return Err(OptionError::BadRoutingId);
        }
        self.options.connect_routing_id = Some(routing_id(id.as_ref())?);
        Ok(())
    }

    /// REQ, DEALER, ROUTER: sends an empty message first to each new peer, so that a ROUTER learns of this socket
    /// before it says anything. Default false. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The type does not probe.
    pub fn set_probe_router(&mut self, probe: bool) -> Result<(), OptionError> {
        if !self.socket_type.on_the_wire().announces_routing_id() {
            return Err(OptionError::NotForThisType);
        }
        self.options.probe_router = probe;
        Ok(())
    }

    /// Which engines of the context may serve this socket's peers: bit n allows engine n of those that
    /// [`ContextBuilder::cores`](crate::ContextBuilder::cores) or
    /// [`ContextBuilder::engines`](crate::ContextBuilder::engines) started; 0, the default, allows all. Each peer goes
    /// to the allowed engine that has the fewest, and stays there. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The context has none of these engines.
    pub fn set_affinity(&mut self, engines: u64) -> Result<(), OptionError> {
        if !self.host.engines().allows_any(engines) {
            return Err(OptionError::NoSuchEngine);
        }
        self.options.engines_allowed = engines;
        Ok(())
    }

    /// Queues messages only for peers whose connection is ready, instead of for every connect; what is queued for a
    /// connection that is lost is dropped. Default false. Applies to the connects that follow.
    pub const fn set_immediate(&mut self, immediate: bool) {
        self.options.immediate = immediate;
    }

    fn set(&mut self, setting: Setting<'_>) -> Result<(), OptionError> {
        if self.pattern.set(setting) {
            Ok(())
        } else {
            Err(OptionError::NotForThisType)
        }
    }

    fn change_upstream(
        &mut self,
        change: impl FnOnce(&mut UpstreamModes),
    ) -> Result<(), OptionError> {
        let mut modes = self
            .pattern
            .upstream_modes()
            .ok_or(OptionError::NotForThisType)?;
        change(&mut modes);
        self.set(Setting::Upstream(modes))
    }
}

fn routing_id(id: &[u8]) -> Result<RoutingId, OptionError> {
    if id.first() == Some(&0) {
        return Err(OptionError::BadRoutingId);
    }
    RoutingId::new(id).map_err(|_| OptionError::BadRoutingId)
}
