//! Making sockets: listening, connecting, accepting. Set-up calls only; no bytes move here.

use std::io;
use std::net::SocketAddr;

use ringmq_driver::{Address, SocketOptions, UnixName};
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};

use crate::address;
use crate::path::{self, BoundPath};

/// What a connect call left behind.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Established already, as unix sockets always are.
    Done,
    /// The kernel works on it; a writable edge tells the end.
    Pending,
    /// Refused at once.
    Failed(io::Error),
}

/// A listening socket, its real address, and the file it made.
pub(crate) fn listen(
    requested: &Address,
    options: &SocketOptions,
) -> io::Result<(Socket, Address, Option<BoundPath>)> {
    let system = address::to_system(requested)?;
    let io = make(&system, options)?;
    if system.domain() != Domain::UNIX {
        // A restarted server gets its port back while old connections linger in TIME_WAIT.
        io.set_reuse_address(true)?;
    }
    if let Address::Tcp(SocketAddr::V6(local)) = requested {
        // All addresses are those of both families, whatever the system's default is.
        io.set_only_v6(!local.ip().is_unspecified())?;
    }
    let bound_path = bind(&io, requested, &system)?;
    io.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    let real = address::from_system(&io.local_addr()?).unwrap_or_else(|| requested.clone());
    Ok((io, real, bound_path))
}

fn bind(io: &Socket, requested: &Address, system: &SockAddr) -> io::Result<Option<BoundPath>> {
    let Address::Unix(UnixName::Path(path)) = requested else {
        return io.bind(system).map(|()| None);
    };
    match io.bind(system) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if !path::remove_stale(path, system)? {
                return Err(error);
            }
            io.bind(system)?;
        }
        result => result?,
    }
    Ok(Some(BoundPath::new(path)))
}

/// A socket that connects.
pub(crate) fn connect(remote: &Address, options: &SocketOptions) -> io::Result<(Socket, Attempt)> {
    let system = address::to_system(remote)?;
    let io = make(&system, options)?;
    if let Some(source) = options.source {
        // A fixed port is free again for the next attempt while the last connection lingers in TIME_WAIT.
        io.set_reuse_address(true)?;
        io.bind(&SockAddr::from(source))?;
    }
    let attempt = match io.connect(&system) {
        Ok(()) => outcome(&io).map_or(Attempt::Done, Attempt::Failed),
        Err(error) if is_in_progress(&error) => Attempt::Pending,
        Err(error) => Attempt::Failed(error),
    };
    Ok((io, attempt))
}

/// How a pending connect stands after a writable edge; `None` while the kernel still works on it.
pub(crate) fn connected(io: &Socket) -> Option<io::Result<()>> {
    match io.take_error() {
        Ok(None) => {}
        Ok(Some(error)) | Err(error) => return Some(Err(error)),
    }
    match io.peer_addr() {
        Ok(_) => Some(outcome(io).map_or(Ok(()), Err)),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
        Err(error) => Some(Err(error)),
    }
}

/// Takes one connection from a listener.
pub(crate) fn accept(listener: &Socket) -> io::Result<Socket> {
    let (io, peer) = listener.accept()?;
    io.set_nonblocking(true)?;
    if !peer.is_unix() {
        set_nodelay(&io)?;
    }
    Ok(io)
}

/// Whether an accept failed for the one connection that it would have taken, and not for the listener.
/// Linux also hands over the network errors that the new connection met before it was accepted.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
    )
}

fn make(address: &SockAddr, options: &SocketOptions) -> io::Result<Socket> {
    // Close-on-exec, and on hosts without MSG_NOSIGNAL also SO_NOSIGPIPE, come with `new` and `accept`.
    let io = Socket::new(address.domain(), Type::STREAM, None)?;
    io.set_nonblocking(true)?;
    if let Some(bytes) = options.send_buffer_bytes {
        io.set_send_buffer_size(bytes as usize)?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        io.set_recv_buffer_size(bytes as usize)?;
    }
    if address.domain() != Domain::UNIX {
        set_nodelay(&io)?;
        set_tcp_options(&io, address.domain() == Domain::IPV6, options)?;
    }
    Ok(io)
}

/// Sets what is TCP's own.
///
/// # Errors
/// Those of setsockopt(2).
fn set_tcp_options(socket: &Socket, is_v6: bool, options: &SocketOptions) -> io::Result<()> {
    if let Some(keepalive) = &options.keepalive {
        let mut system = TcpKeepalive::new();
        if let Some(idle) = keepalive.idle {
            system = system.with_time(idle);
        }
        if let Some(interval) = keepalive.interval {
            system = system.with_interval(interval);
        }
        if let Some(probes) = keepalive.probes {
            system = system.with_retries(probes);
        }
        socket.set_tcp_keepalive(&system)?;
    }
    if options.type_of_service != 0 {
        let service = u32::from(options.type_of_service);
        if is_v6 {
            socket.set_tclass_v6(service)?;
        }
        // A socket of both families marks its IPv4 packets with this one.
        if !is_v6 || cfg!(target_os = "linux") {
            socket.set_tos_v4(service)?;
        }
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        if let Some(timeout) = options.tcp_user_timeout {
            socket.set_tcp_user_timeout(Some(timeout))?;
        }
        if let Some(device) = &options.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
    }
    Ok(())
}

/// Batching is the engine's work, above the socket; Nagle's would only add delay.
fn set_nodelay(io: &Socket) -> io::Result<()> {
    match io.set_tcp_nodelay(true) {
        // Some hosts say so when the peer has reset the connection already: the next read tells it better.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// A connect to a free local port can meet itself (both ends choose the same port, and a simultaneous open
/// succeeds). Nobody listens there, and that is what the caller is told.
fn outcome(io: &Socket) -> Option<io::Error> {
    let (Ok(local), Ok(peer)) = (io.local_addr(), io.peer_addr()) else {
        return None;
    };
    let is_self = local.as_socket().is_some() && local.as_socket() == peer.as_socket();
    is_self.then(|| io::ErrorKind::ConnectionRefused.into())
}

fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddr};

    use socket2::{Domain, SockAddr, Socket, Type};

    use super::connected;

    #[test]
    fn a_connect_that_met_itself_is_refused() {
        let io = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        io.bind(&SockAddr::from(any)).unwrap();
        let own = io.local_addr().unwrap();
        io.connect(&own).unwrap();
        let error = connected(&io).unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
