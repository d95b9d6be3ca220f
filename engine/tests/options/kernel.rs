//! What the kernel knows of this process's TCP sockets.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// The three sockets of one connection and its listener.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) listener: OwnedFd,
    pub(crate) accepted: OwnedFd,
    pub(crate) connecting: OwnedFd,
}

impl Sockets {
    /// Finds them by the address of the listener.
    pub(crate) fn at(endpoint: SocketAddr) -> Self {
        let (mut listener, mut accepted, mut connecting) = (None, None, None);
        for socket in own_sockets() {
            let io = SockRef::from(&socket);
            let Some(local) = io.local_addr().ok().and_then(|local| local.as_socket()) else {
                continue;
            };
            let peer = io.peer_addr().ok().and_then(|peer| peer.as_socket());
            if local == endpoint {
                match peer {
                    None => listener = Some(socket),
                    Some(_) => accepted = Some(socket),
                }
            } else if peer == Some(endpoint) {
                connecting = Some(socket);
            }
        }
        Self {
            listener: listener.expect("it listens"),
            accepted: accepted.expect("it was accepted"),
            connecting: connecting.expect("it is connected"),
        }
    }

    /// Asks all three.
    pub(crate) fn each(&self, ask: impl Fn(&str, &Socket)) {
        for (name, socket) in [
            ("listener", &self.listener),
            ("accepted", &self.accepted),
            ("connecting", &self.connecting),
        ] {
            ask(name, &SockRef::from(socket));
        }
    }
}

/// Duplicates of all descriptors of this process, of whatever kind, that can be had.
fn own_sockets() -> Vec<OwnedFd> {
    let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let numbers = fs::read_dir("/proc/self/fd").unwrap();
    numbers
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|number: i32| pidfd_getfd(&own, number, PidfdGetfdFlags::empty()).ok())
        .collect()
}

/// The local ports from which connects to a port are under way (proc(5), `/proc/net/tcp`).
pub(crate) fn ports_connecting_to(port: u16) -> Vec<u16> {
    const SYN_SENT: &str = "02";
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port_of = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let rows = table.lines().skip(1).filter_map(|row| {
        let mut columns = row.split_whitespace().skip(1);
        let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
        (port_of(remote)? == port && state == SYN_SENT).then(|| port_of(local))?
    });
    rows.collect()
}

/// How many connections may wait at a listener of IPv4 (sock_diag(7)): what `ss -l` shows as Send-Q.
pub(crate) fn backlog(port: u16) -> u32 {
    const NETLINK: i32 = 16;
    const SOCK_DIAG: i32 = 4;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_DUMP: u16 = 0x301;
    const LISTEN: u32 = 1 << 10;
    let mut socket = Socket::new(
        Domain::from(NETLINK),
        Type::DGRAM,
        Some(Protocol::from(SOCK_DIAG)),
    )
    .unwrap();
    // struct nlmsghdr, then struct inet_diag_req_v2 with an empty socket id.
    let mut request = Vec::new();
    request.extend(72u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(REQUEST_DUMP.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([2, 6, 0, 0]);
    request.extend(LISTEN.to_ne_bytes());
    request.resize(72, 0);
    socket.write_all(&request).unwrap();
    let mut answer = vec![0; 64 << 10];
    loop {
        let bytes = socket.read(&mut answer).unwrap();
        let mut rest = &answer[..bytes];
        while rest.len() >= 16 {
            let len = u32::from_ne_bytes(rest[..4].try_into().unwrap()) as usize;
            let kind = u16::from_ne_bytes(rest[4..6].try_into().unwrap());
            assert_eq!(kind, SOCK_DIAG_BY_FAMILY, "the listener is not among them");
            // struct inet_diag_msg: the port at 4, the queue at 60.
            let row = &rest[16..len];
            if row[4..6] == port.to_be_bytes() {
                return u32::from_ne_bytes(row[60..64].try_into().unwrap());
            }
            rest = &rest[len.next_multiple_of(4).min(rest.len())..];
        }
    }
}
