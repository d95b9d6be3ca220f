//! What the kernel's sockets were told.

use std::time::Duration;

use ringmq::{BindError, Context, Keepalive, OptionError, Socket, SocketType};

use crate::kernel::{self, Sockets};
use crate::{on_each_driver, socket};

/// A PUSH and a PULL that `set` was shown, connected, and their sockets.
fn connected(context: &Context, at: &str, set: impl Fn(&mut Socket)) -> (Socket, Socket, Sockets) {
    let mut pull = socket(context, SocketType::Pull);
    set(&mut pull);
    let bound = pull.bind(at).unwrap();
    let mut push = socket(context, SocketType::Push);
    set(&mut push);
    push.connect(&bound.to_string()).unwrap();
    push.send("hello").unwrap();
    pull.recv().unwrap();
    let sockets = Sockets::at(bound.tcp().unwrap());
    (pull, push, sockets)
}

#[test]
fn kernel_buffers_have_the_size_that_was_asked_for() {
    on_each_driver(|context| {
        let set = |socket: &mut Socket| socket.set_kernel_buffers(Some(40_000), Some(50_000));
        let (_pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", set);
        sockets.each(|name, socket| {
            // Linux doubles them.
            assert_eq!(socket.send_buffer_size().unwrap(), 80_000, "{name}");
            assert_eq!(socket.recv_buffer_size().unwrap(), 100_000, "{name}");
        });
    });
}

#[test]
fn a_listener_has_the_backlog_that_was_asked_for() {
    on_each_driver(|context| {
        for backlog in [7, 123] {
            let mut pull = socket(context, SocketType::Pull);
            pull.set_backlog(backlog);
            let port = pull
                .bind("tcp://127.0.0.1:*")
                .unwrap()
                .tcp()
                .unwrap()
                .port();
            assert_eq!(kernel::backlog(port), backlog);
        }
    });
}

#[test]
fn tcp_probes_silent_connections_as_it_was_told() {
    let keepalive = Keepalive {
        idle: Some(Duration::from_secs(61)),
        interval: Some(Duration::from_secs(7)),
        probes: Some(5),
    };
    on_each_driver(|context| {
        let set = |socket: &mut Socket| socket.set_tcp_keepalive(Some(keepalive)).unwrap();
        let (_pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", set);
        sockets.each(|name, socket| {
            assert!(socket.keepalive().unwrap(), "{name}");
            assert_eq!(Some(socket.tcp_keepalive_time().unwrap()), keepalive.idle);
            assert_eq!(
                Some(socket.tcp_keepalive_interval().unwrap()),
                keepalive.interval
            );
            assert_eq!(
                Some(socket.tcp_keepalive_retries().unwrap()),
                keepalive.probes
            );
        });
        let (_pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", |_| ());
        sockets.each(|name, socket| assert!(!socket.keepalive().unwrap(), "{name}"));
        let mut push = socket(context, SocketType::Push);
        for bad in [Duration::ZERO, Duration::from_millis(1_500)] {
            let bad = Keepalive {
                idle: Some(bad),
                ..keepalive
            };
            let refused = push.set_tcp_keepalive(Some(bad)).unwrap_err();
            assert!(matches!(refused, OptionError::BadValue { .. }));
        }
    });
}

#[test]
fn tcp_gives_unacknowledged_bytes_up_as_it_was_told() {
    let timeout = Some(Duration::from_millis(4_321));
    on_each_driver(|context| {
        let set = |socket: &mut Socket| socket.set_tcp_user_timeout(timeout).unwrap();
        let (_pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", set);
        sockets.each(|name, socket| {
            assert_eq!(socket.tcp_user_timeout().unwrap(), timeout, "{name}");
        });
    });
}

#[test]
fn packets_are_marked_as_was_asked_for() {
    const SERVICE: u8 = 0x28;
    on_each_driver(|context| {
        let set = |socket: &mut Socket| socket.set_type_of_service(SERVICE);
        let (_pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", set);
        sockets.each(|name, socket| {
            assert_eq!(socket.tos_v4().unwrap(), u32::from(SERVICE), "{name}");
        });
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            let (_pull, _push, sockets) = connected(context, "tcp://[::1]:*", set);
            sockets.each(|name, socket| {
                assert_eq!(socket.tclass_v6().unwrap(), u32::from(SERVICE), "{name}");
            });
        }
    });
}

#[test]
fn sockets_keep_to_the_interface_that_was_named() {
    on_each_driver(|context| {
        let set = |socket: &mut Socket| socket.set_device(Some("lo")).unwrap();
        let (mut pull, _push, sockets) = connected(context, "tcp://127.0.0.1:*", set);
        sockets.each(|name, socket| {
            let device = socket.device().unwrap();
            assert_eq!(device.as_deref(), Some(&b"lo"[..]), "{name}");
        });
        pull.set_device(Some("no-such-nic")).unwrap();
        let refused = pull.bind("tcp://127.0.0.1:*").unwrap_err();
        assert!(matches!(refused, BindError::Io(_)), "{refused}");
        let refused = pull.set_device(Some("sixteen-letters-")).unwrap_err();
        assert!(matches!(refused, OptionError::BadValue { .. }));
    });
}
