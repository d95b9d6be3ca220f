//! Addresses and options: what a socket is called, what it inherits, which paths come and go.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::{fs, io};

use ringmq_driver::{Address, Completion, Driver, SocketId, SocketOptions, UnixName};
use socket2::{Domain, SockRef, Socket, Type};

use super::{CLIENT, LISTENER, TestRing, connection, fresh_path, loopback, ring, until};

fn borrowed(ring: &TestRing, socket: SocketId) -> BorrowedFd<'_> {
    ring.lent.sockets.get(socket).fd.as_fd()
}

#[test]
fn every_socket_is_without_delay_and_closed_on_exec() {
    let mut ring = ring();
    let (listener, client, server) = connection(&mut ring);
    for socket in [listener, client, server] {
        let fd = borrowed(&ring, socket);
        assert!(SockRef::from(&fd).tcp_nodelay().expect("a TCP socket"));
        let fd = ring.descriptor(socket).expect("it has one");
        // SAFETY: F_GETFD takes no pointers.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    }
}

#[test]
fn accepted_sockets_inherit_the_buffers_of_their_listener() {
    let mut ring = ring();
    let options = SocketOptions {
        send_buffer_bytes: Some(96 * 1024),
        receive_buffer_bytes: Some(48 * 1024),
        ..SocketOptions::default()
    };
    let (_, real) = ring
        .listen(LISTENER, &loopback(), &options)
        .expect("a free port");
    let client = ring.connect(CLIENT, &real, &options).expect("a socket");
    let server = until(&mut ring, |_, completion| match completion {
        Completion::Accepted { result, .. } => result.ok(),
        _ => None,
    });
    for socket in [client, server] {
        let fd = borrowed(&ring, socket);
        let socket = SockRef::from(&fd);
        // The kernel doubles what was asked for, to pay for its own structures.
        assert_eq!(socket.send_buffer_size().expect("an option"), 192 * 1024);
        assert_eq!(socket.recv_buffer_size().expect("an option"), 96 * 1024);
    }
}

#[test]
fn peers_know_each_other_by_address() {
    let mut ring = ring();
    let (_, client, server) = connection(&mut ring);
    let fd = borrowed(&ring, client);
    let local = SockRef::from(&fd).local_addr().expect("it is bound");
    assert_eq!(
        ring.peer_address(server),
        local.as_socket().map(Address::Tcp)
    );
}

#[test]
fn a_connection_to_itself_is_refused() {
    let mut ring = ring();
    // Bound and connected to its own address: what a connect to a free ephemeral port meets by chance.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a free port");
    let own = socket.local_addr().expect("it is bound");
    let socket = ring.adopt(CLIENT, OwnedFd::from(socket));
    ring.arm_connect(socket, own);
    let error = until(&mut ring, |_, completion| match completion {
        Completion::Connected { result, .. } => result.err(),
        _ => None,
    });
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_socket_file_that_nobody_answers_is_replaced() {
    let path = fresh_path();
    drop(UnixListener::bind(&path).expect("a free path"));
    let mut ring = ring();
    let address = Address::Unix(UnixName::Path(path.clone()));
    ring.listen(LISTENER, &address, &SocketOptions::default())
        .expect("the stale file makes room");
    UnixStream::connect(&path).expect("somebody listens now");
}

#[test]
fn a_socket_file_that_somebody_answers_is_left_alone() {
    let path = fresh_path();
    let owner = UnixListener::bind(&path).expect("a free path");
    let mut ring = ring();
    let address = Address::Unix(UnixName::Path(path.clone()));
    let error = ring
        .listen(LISTENER, &address, &SocketOptions::default())
        .expect_err("the path is taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    UnixStream::connect(&path).expect("the owner still listens");
    drop(owner);
    fs::remove_file(&path).expect("the test's own file");
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let path = fresh_path();
    fs::write(&path, "somebody's data").expect("a free path");
    let mut ring = ring();
    let address = Address::Unix(UnixName::Path(path.clone()));
    let error = ring
        .listen(LISTENER, &address, &SocketOptions::default())
        .expect_err("the path is taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(
        fs::read_to_string(&path).expect("still there"),
        "somebody's data"
    );
    fs::remove_file(&path).expect("the test's own file");
}

#[test]
fn a_path_goes_with_its_listener_and_with_the_ring() {
    let mut ring = ring();
    let paths = [fresh_path(), fresh_path()];
    let [first, _second] = paths.clone().map(|path| {
        let address = Address::Unix(UnixName::Path(path));
        let (socket, _) = ring
            .listen(LISTENER, &address, &SocketOptions::default())
            .expect("a free path");
        socket
    });
    ring.close(first);
    assert!(!paths[0].exists(), "closed");
    assert!(paths[1].exists(), "open");
    drop(ring);
    assert!(!paths[1].exists(), "dropped");
}

#[test]
fn a_path_that_names_something_else_by_now_is_kept() {
    let path = fresh_path();
    let mut ring = ring();
    let address = Address::Unix(UnixName::Path(path.clone()));
    ring.listen(LISTENER, &address, &SocketOptions::default())
        .expect("a free path");
    fs::remove_file(&path).expect("it was made");
    fs::write(&path, "somebody's data").expect("a free path");
    drop(ring);
    assert!(path.exists());
    fs::remove_file(&path).expect("the test's own file");
}

#[test]
fn names_without_a_system_form_are_errors() {
    let mut ring = ring();
    let names = [
        UnixName::Unnamed,
        UnixName::Path("".into()),
        UnixName::Path("a\0b".into()),
        UnixName::Path("x".repeat(200).into()),
        UnixName::Abstract(vec![b'x'; 200]),
    ];
    for name in names {
        let address = Address::Unix(name);
        let options = SocketOptions::default();
        ring.listen(LISTENER, &address, &options)
            .expect_err("no such name");
        ring.connect(CLIENT, &address, &options)
            .expect_err("no such name");
    }
    assert_eq!(ring.lent.sockets.len(), 0);
}
