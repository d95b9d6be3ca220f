//! Defaults, and every difference from libzmq, on one page. Nothing else is in this module.
//!
//! # Defaults
//!
//! Each option of libzmq that concerns the classic socket types over tcp, ipc and inproc, and the call that is its
//! like. [`ContextBuilder::libzmq_defaults`] gives the third column.
//!
//! | libzmq's option | here | libzmq's default | our default |
//! |---|---|---|---|
//! | `AFFINITY` | [`set_affinity`] | 0, all | the same |
//! | `BACKLOG` | [`set_backlog`] | 100 | **4 096** |
//! | `BINDTODEVICE` | [`set_device`] | none | the same |
//! | `CONFLATE` | [`set_conflate`] | 0 | the same |
//! | `CONNECT_ROUTING_ID` | [`set_connect_routing_id`] | none | the same |
//! | `CONNECT_TIMEOUT` | [`set_connect_timeout`] | the system's | the same |
//! | `EVENTS` | [`readiness`](crate::Socket::readiness) | | |
//! | `FD` | [`descriptor`](crate::Socket::descriptor) | | |
//! | `HANDSHAKE_IVL` | [`set_handshake_timeout`] | 30 s | **10 s** |
//! | `HEARTBEAT_IVL`, `_TIMEOUT` | [`set_heartbeat`] | never | the same |
//! | `HEARTBEAT_TTL` | [`set_heartbeat_ttl`] | 0, asks nothing | **the timeout** |
//! | `IMMEDIATE` | [`set_immediate`] | 0 | the same |
//! | `INVERT_MATCHING` | [`set_invert_matching`] | 0 | the same |
//! | `IPV6` | [`set_ipv6`], [`ContextBuilder::ipv6`] | 0 | **true** |
//! | `LAST_ENDPOINT` | [`last_endpoint`](crate::Socket::last_endpoint) | | |
//! | `LINGER` | [`set_linger`], [`ContextBuilder::linger`] | for ever; 0 for SUB, XSUB | the same |
//! | `MAXMSGSIZE` | [`set_message_bytes_max`] | no limit, per frame | **256 MiB, per message** |
//! | `ONLY_FIRST_SUBSCRIBE` | [`set_only_first_subscribe`] | 0 | the same |
//! | `PROBE_ROUTER` | [`set_probe_router`] | 0 | the same |
//! | `RCVHWM`, `SNDHWM` | [`set_receive_high_water_mark`], [`set_send_high_water_mark`] | 1 000 | the same |
//! | `RCVMORE` | [`Message::more`](crate::Message::more) | | |
//! | `RCVTIMEO`, `SNDTIMEO` | [`set_receive_timeout`], [`set_send_timeout`] | for ever | the same |
//! | `RECONNECT_IVL` | [`set_reconnect_interval`] | 100 ms | the same |
//! | `RECONNECT_IVL_MAX` | [`set_reconnect_interval`] | 0, no growth | **30 s** |
//! | `REQ_CORRELATE`, `REQ_RELAXED` | [`set_request_correlate`], [`set_request_relaxed`] | 0 | the same |
//! | `ROUTER_HANDOVER`, `_MANDATORY`, `_NOTIFY` | [`set_router_handover`], [`set_router_mandatory`], [`set_router_notify`] | 0 | the same |
//! | `ROUTING_ID` | [`set_routing_id`] | none | the same |
//! | `SNDBUF`, `RCVBUF` | [`set_kernel_buffers`] | the system's | the same |
//! | `SUBSCRIBE`, `UNSUBSCRIBE` | [`subscribe`](crate::Socket::subscribe), [`unsubscribe`](crate::Socket::unsubscribe) | none | the same |
//! | `TCP_KEEPALIVE`, `_CNT`, `_IDLE`, `_INTVL` | [`set_tcp_keepalive`] | the system's | the same |
//! | `TCP_MAXRT` | [`set_tcp_user_timeout`] | the system's | the same |
//! | `TOPICS_COUNT` | [`subscriptions`](crate::Socket::subscriptions) | | |
//! | `TOS` | [`set_type_of_service`] | 0 | the same |
//! | `TYPE` | [`socket_type`](crate::Socket::socket_type) | | |
//! | `XPUB_MANUAL`, `_MANUAL_LAST_VALUE` | [`set_manual`], [`set_manual_last_value`] | 0 | the same |
//! | `XPUB_NODROP` | [`set_no_drop`] | 0 | the same |
//! | `XPUB_VERBOSE`, `_VERBOSER` | [`set_verbose`], [`set_verboser`] | 0 | the same |
//! | `XPUB_WELCOME_MSG` | [`set_welcome_message`] | none | the same |
//! | context: `BLOCKY` | [`ContextBuilder::linger`] | 1 | the same |
//! | context: `IO_THREADS` | [`ContextBuilder::engines`], [`ContextBuilder::cores`] | 1 | the same |
//! | context: `IPV6` | [`ContextBuilder::ipv6`] | 0 | **true** |
//! | context: `MAX_MSGSZ` | [`ContextBuilder::message_bytes_max`] | stored, not enforced | **256 MiB** |
//! | context: `MAX_SOCKETS` | [`ContextBuilder::sockets_max`] | 1 023 | **no limit** |
//!
//! Only here: [`set_message_parts_max`] (65 536 frames; libzmq has no limit), [`ContextBuilder::driver`],
//! [`ContextBuilder::spin_pauses`].
//!
//! # Differences of options
//!
//! - **No option is taken without effect.** A setter refuses what means nothing to the socket's type
//!   ([`NotForThisType`](crate::OptionError::NotForThisType)), to the host ([`NotOnThisHost`](crate::OptionError::NotOnThisHost)), and values that nothing can be made
//!   of ([`BadValue`](crate::OptionError::BadValue)). libzmq stores most of them. So a PULL has no send timeout and no linger time, a SUB
//!   no send high-water mark, a PUSH or PUB no receive high-water mark.
//! - `IPV6` on, as here by default, lets `tcp://*:port` listen on both families, and falls back to IPv4 on a host that
//!   has no IPv6. Off, an IPv6 address is refused when it is read.
//! - The high-water mark of what is received is that many messages and one read more: it stops the next read.
//! - The longest message counts all its frames. Only frames count in libzmq, and commands of the handshake, too: there a
//!   small limit breaks all connections.
//! - The heartbeat's timeout is said with its interval. In libzmq it is the interval where it was not set. Any byte is a
//!   sign of life, not only a whole frame, and a socket that does not read for want of room times nobody out.
//! - The pause before a reconnect varies by a quarter to either side. libzmq adds up to as much again, and nothing where
//!   it grows. The pause starts over once a connection was *ready*, not when TCP connected. A pause of zero is one
//!   millisecond; in libzmq it is never. Without reconnects each address of a name is still tried once.
//! - A routing id that another peer has is an error of `connect`. libzmq ends the process.
//! - `ROUTER_NOTIFY` tells of a peer that this socket connected to once: it stays the same peer while its connection is
//!   made again. The message that tells that a peer is gone comes behind all that it sent.
//! - `CONFLATE` is for PUSH, PULL, PUB, SUB and DEALER; other types, and sockets that are bound or connected, refuse it.
//!   A message of several frames is refused where libzmq sends a part of it. A message is replaced until it is handed to
//!   the kernel. Over inproc it is refused for now.
//! - `TCP_MAXRT` is refused on hosts other than Linux, as is `BINDTODEVICE`.
//!
//! # Differences of behaviour
//!
//! - Over inproc types are checked: a connect to a name that is bound to a type that does not fit is an error, and one
//!   that came before the bind is refused and counted by it. libzmq lets any two types talk.
//! - A peer that breaks the protocol is counted and its connection is made again; libzmq gives it up for good and says
//!   nothing.
//! - `unbind` stops listening and keeps the connections that were accepted there. libzmq ends them.
//! - A second peer of a PAIR is refused and tries again: it takes over when the first one leaves. libzmq keeps its
//!   connection open and throws away what comes from it.
//! - A peer that announces a routing id which a living peer of a ROUTER has waits, unheard, until that one is gone.
//!   libzmq takes its first message for another routing id. With handover the old peer's connection ends here, and what
//!   it said before it left by itself can still be read.
//! - A reply that a REQ cannot read is dropped and counted; libzmq ends the connection. A relaxed REQ that finds no room
//!   for its next request still awaits the reply to its last one.
//! - With `IMMEDIATE`, what came before a connection ended can still be read. libzmq drops it.
//! - Subscriptions are not limited by high-water marks. Messages that an XSUB sends while a connection is not ready are
//!   not kept for it.
//! - Names are looked up in the background, each time a connection is made, and all their addresses are tried.
//! - Each message that is not delivered is counted, with the reason ([`Statistics`](crate::Statistics)).
//! - Errors are one small enumeration for each call; what could not be sent comes back in them.
//!
//! [`ContextBuilder::libzmq_defaults`]: crate::ContextBuilder::libzmq_defaults
//! [`ContextBuilder::ipv6`]: crate::ContextBuilder::ipv6
//! [`ContextBuilder::linger`]: crate::ContextBuilder::linger
//! [`ContextBuilder::engines`]: crate::ContextBuilder::engines
//! [`ContextBuilder::cores`]: crate::ContextBuilder::cores
//! [`ContextBuilder::driver`]: crate::ContextBuilder::driver
//! [`ContextBuilder::spin_pauses`]: crate::ContextBuilder::spin_pauses
//! [`ContextBuilder::message_bytes_max`]: crate::ContextBuilder::message_bytes_max
//! [`ContextBuilder::sockets_max`]: crate::ContextBuilder::sockets_max
//! [`set_affinity`]: crate::Socket::set_affinity
//! [`set_backlog`]: crate::Socket::set_backlog
//! [`set_connect_routing_id`]: crate::Socket::set_connect_routing_id
//! [`set_connect_timeout`]: crate::Socket::set_connect_timeout
//! [`set_device`]: crate::Socket::set_device
//! [`set_handshake_timeout`]: crate::Socket::set_handshake_timeout
//! [`set_heartbeat`]: crate::Socket::set_heartbeat
//! [`set_heartbeat_ttl`]: crate::Socket::set_heartbeat_ttl
//! [`set_immediate`]: crate::Socket::set_immediate
//! [`set_invert_matching`]: crate::Socket::set_invert_matching
//! [`set_ipv6`]: crate::Socket::set_ipv6
//! [`set_kernel_buffers`]: crate::Socket::set_kernel_buffers
//! [`set_linger`]: crate::Socket::set_linger
//! [`set_manual`]: crate::Socket::set_manual
//! [`set_manual_last_value`]: crate::Socket::set_manual_last_value
//! [`set_message_bytes_max`]: crate::Socket::set_message_bytes_max
//! [`set_message_parts_max`]: crate::Socket::set_message_parts_max
//! [`set_no_drop`]: crate::Socket::set_no_drop
//! [`set_only_first_subscribe`]: crate::Socket::set_only_first_subscribe
//! [`set_probe_router`]: crate::Socket::set_probe_router
//! [`set_receive_high_water_mark`]: crate::Socket::set_receive_high_water_mark
//! [`set_receive_timeout`]: crate::Socket::set_receive_timeout
//! [`set_reconnect_interval`]: crate::Socket::set_reconnect_interval
//! [`set_request_correlate`]: crate::Socket::set_request_correlate
//! [`set_request_relaxed`]: crate::Socket::set_request_relaxed
//! [`set_router_handover`]: crate::Socket::set_router_handover
//! [`set_router_mandatory`]: crate::Socket::set_router_mandatory
//! [`set_router_notify`]: crate::Socket::set_router_notify
//! [`set_routing_id`]: crate::Socket::set_routing_id
//! [`set_send_high_water_mark`]: crate::Socket::set_send_high_water_mark
//! [`set_send_timeout`]: crate::Socket::set_send_timeout
//! [`set_tcp_keepalive`]: crate::Socket::set_tcp_keepalive
//! [`set_tcp_user_timeout`]: crate::Socket::set_tcp_user_timeout
//! [`set_type_of_service`]: crate::Socket::set_type_of_service
//! [`set_verbose`]: crate::Socket::set_verbose
//! [`set_verboser`]: crate::Socket::set_verboser
//! [`set_welcome_message`]: crate::Socket::set_welcome_message
//! [`set_conflate`]: crate::Socket::set_conflate
