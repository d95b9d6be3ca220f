//! `tcp://host:port`: IPv4, bracketed IPv6, host names, and `*` for any host or port when listening.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use ringmq_driver::Address;

use super::{EndpointError, Use};

/// Reads `host:port` and resolves the host; every address it has, in the resolver's order.
pub(super) fn resolve(rest: &str, purpose: Use) -> Result<Vec<Address>, EndpointError> {
    let (host, port) = rest.rsplit_once(':').ok_or(EndpointError::BadPort)?;
    let port = match (port, purpose) {
        ("*", Use::Listen) => 0,
        ("*", Use::Connect) => return Err(EndpointError::WildcardPeer),
        (digits, _) => digits.parse::<u16>().map_err(|_| EndpointError::BadPort)?,
    };
    if port == 0 && purpose == Use::Connect {
        return Err(EndpointError::WildcardPeer);
    }
    if host == "*" {
        return match purpose {
            Use::Listen => Ok(vec![tcp(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)]),
            Use::Connect => Err(EndpointError::WildcardPeer),
        };
    }
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![tcp(ip, port)]);
    }
    let found = (bare, port)
        .to_socket_addrs()
        .map_err(|_| EndpointError::UnknownHost)?;
    let found: Vec<Address> = found.map(Address::Tcp).collect();
    if found.is_empty() {
        Err(EndpointError::UnknownHost)
    } else {
        Ok(found)
    }
}

const fn tcp(ip: IpAddr, port: u16) -> Address {
    Address::Tcp(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, purpose: Use) -> Result<String, EndpointError> {
        resolve(text, purpose).map(|found| found[0].to_string())
    }

    #[test]
    fn numbers_and_wildcards_are_read() {
        assert_eq!(
            one("127.0.0.1:5555", Use::Connect).unwrap(),
            "tcp://127.0.0.1:5555"
        );
        assert_eq!(one("[::1]:5555", Use::Connect).unwrap(), "tcp://[::1]:5555");
        assert_eq!(one("*:5555", Use::Listen).unwrap(), "tcp://0.0.0.0:5555");
        assert_eq!(
            one("127.0.0.1:*", Use::Listen).unwrap(),
            "tcp://127.0.0.1:0"
        );
    }

    #[test]
    fn what_cannot_be_reached_is_refused() {
        assert_eq!(
            one("*:5555", Use::Connect),
            Err(EndpointError::WildcardPeer)
        );
        assert_eq!(
            one("127.0.0.1:*", Use::Connect),
            Err(EndpointError::WildcardPeer)
        );
        assert_eq!(
            one("127.0.0.1:0", Use::Connect),
            Err(EndpointError::WildcardPeer)
        );
        assert_eq!(one("127.0.0.1", Use::Connect), Err(EndpointError::BadPort));
        assert_eq!(
            one("127.0.0.1:65536", Use::Listen),
            Err(EndpointError::BadPort)
        );
        assert_eq!(one("127.0.0.1:", Use::Listen), Err(EndpointError::BadPort));
    }

    #[test]
    fn names_are_looked_up() {
        let found = resolve("localhost:5555", Use::Connect).unwrap();
        assert!(
            found
                .iter()
                .any(|address| address.to_string().ends_with(":5555"))
        );
    }
}
