//! `tcp://host:port`: IPv4, IPv6 (in brackets or bare, with or without a zone), host names, and `*` for any host or port
//! when listening. An interface of this host stands for its addresses, IPv4 first; before a `;` and a peer, an address
//! of this host says where to connect from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use ringmq_driver::Address;

use super::{EndpointError, HostName, Names, Peer};

/// The longest name that the domain name system has, in characters.
const NAME_CHARS_MAX: usize = 253;

/// Where `rest` says that a peer is, and where to connect from.
pub(super) fn peer(rest: &str, ipv6: bool) -> Result<(Peer, Option<SocketAddr>), EndpointError> {
    let (to, from) = match rest.split_once(';') {
        Some((from, to)) => (destination(to)?, source(from)?),
        None => (destination(rest)?, None),
    };
    let is_ipv6 = matches!(to, Peer::At(Address::Tcp(SocketAddr::V6(_))))
        || from.is_some_and(|from| from.is_ipv6());
    if is_ipv6 && !ipv6 {
        return Err(EndpointError::Ipv6Off);
    }
    Ok((to, from))
}

/// An address of this host; none where any will do.
fn source(text: &str) -> Result<Option<SocketAddr>, EndpointError> {
    let (host, port) = split(text)?;
    let port = port.unwrap_or_default();
    if host == "*" {
        let any = number(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port, 0);
        return Ok((port != 0).then_some(any));
    }
    match read_host(host)? {
        Host::Number(ip, zone) => Ok(Some(number(ip, port, zone))),
        Host::Name(name) => {
            let own = interface(name, port).into_iter().next();
            own.map(Some).ok_or(EndpointError::UnknownHost)
        }
    }
}

/// The addresses of an interface of this host, IPv4 first.
fn interface(name: &str, port: u16) -> Vec<SocketAddr> {
    // Where the system does not tell its interfaces, none is known.
    let mut found: Vec<_> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| interface.name == name)
        .map(|interface| {
            let is_local = matches!(interface.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
            let zone = interface.index.filter(|_| is_local).unwrap_or_default();
            number(interface.ip(), port, zone)
        })
        .collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found
}

fn destination(rest: &str) -> Result<Peer, EndpointError> {
    let (host, port) = split(rest)?;
    if host == "*" || port == Some(0) || port.is_none() {
        return Err(EndpointError::WildcardPeer);
    }
    let port = port.unwrap_or_default();
    Ok(match read_host(host)? {
        Host::Number(ip, zone) => Peer::At(Address::Tcp(number(ip, port, zone))),
        Host::Name(name) => Peer::Named(HostName {
            name: name.to_owned(),
            port,
        }),
    })
}

/// Where `rest` says to listen.
pub(super) fn listening(
    rest: &str,
    names: &dyn Names,
    ipv6: bool,
) -> Result<Vec<Address>, EndpointError> {
    let mut found = all_listening(rest, names)?;
    if !ipv6 {
        found.retain(SocketAddr::is_ipv4);
    }
    if found.is_empty() {
        return Err(EndpointError::Ipv6Off);
    }
    Ok(found.into_iter().map(Address::Tcp).collect())
}

fn all_listening(rest: &str, names: &dyn Names) -> Result<Vec<SocketAddr>, EndpointError> {
    let (host, port) = split(rest)?;
    let port = port.unwrap_or_default();
    if host == "*" {
        // A host without IPv6 refuses the first, which stands for both families.
        let both = number(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port, 0);
        return Ok(vec![
            both,
            number(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port, 0),
        ]);
    }
    match read_host(host)? {
        Host::Number(ip, zone) => Ok(vec![number(ip, port, zone)]),
        Host::Name(name) => {
            let mut found = interface(name, port);
            if found.is_empty() {
                let name = name.to_owned();
                let named = names.addresses(&HostName { name, port });
                found = named.map_err(|_| EndpointError::UnknownHost)?;
            }
            if found.is_empty() {
                return Err(EndpointError::UnknownHost);
            }
            Ok(found)
        }
    }
}

/// Host and port; no port is any port, `*`.
fn split(rest: &str) -> Result<(&str, Option<u16>), EndpointError> {
    let (host, port) = rest.rsplit_once(':').ok_or(EndpointError::BadPort)?;
    if port == "*" {
        return Ok((host, None));
    }
    // `parse` takes a sign, which no port has.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EndpointError::BadPort);
    }
    let port = port.parse().map_err(|_| EndpointError::BadPort)?;
    Ok((host, Some(port)))
}

#[derive(Debug)]
enum Host<'a> {
    /// An address, and the zone of one that is not the whole network's (0: none).
    Number(IpAddr, u32),
    /// The resolver's to know.
    Name(&'a str),
}

fn read_host(host: &str) -> Result<Host<'_>, EndpointError> {
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let bare = bracketed.unwrap_or(host);
    let (ip, zone) = match bare.split_once('%') {
        Some((ip, zone)) => (ip, Some(zone)),
        None => (bare, None),
    };
    match (ip.parse::<IpAddr>(), zone) {
        (Ok(IpAddr::V4(_)), _) if bracketed.is_some() => Err(EndpointError::UnknownHost),
        (Ok(ip), None) => Ok(Host::Number(ip, 0)),
        (Ok(ip @ IpAddr::V6(_)), Some(zone)) => match zone.parse() {
            Ok(zone) => Ok(Host::Number(ip, zone)),
            // The name of an interface, which the resolver knows to take for a zone.
            Err(_) if is_name(zone) => Ok(Host::Name(bare)),
            Err(_) => Err(EndpointError::UnknownHost),
        },
        (Err(_), None) if bracketed.is_none() && is_name(bare) => Ok(Host::Name(bare)),
        (Ok(IpAddr::V4(_)) | Err(_), _) => Err(EndpointError::UnknownHost),
    }
}

/// Whether this could be the name of a host or an interface. What is none is an error at once; what could be one is
/// looked up, now or again later.
fn is_name(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.bytes().all(is_good)
}

const fn number(ip: IpAddr, port: u16, zone: u32) -> SocketAddr {
    match ip {
        IpAddr::V4(_) => SocketAddr::new(ip, port),
        IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, zone)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SystemNames;
    use super::*;

    fn at(text: &str) -> Result<String, EndpointError> {
        peer(text, true).map(|(peer, _)| match peer {
            Peer::At(address) => address.to_string(),
            Peer::Named(host) => format!("{} at {}", host.port, host.name),
        })
    }

    fn listen(text: &str) -> Result<String, EndpointError> {
        listening(text, &SystemNames, true).map(|found| found[0].to_string())
    }

    #[test]
    fn numbers_are_read() {
        for (text, meaning) in [
            ("127.0.0.1:5555", "tcp://127.0.0.1:5555"),
            ("[::1]:5555", "tcp://[::1]:5555"),
            ("::1:5555", "tcp://[::1]:5555"),
            ("[fe80::1%3]:1", "tcp://[fe80::1%3]:1"),
            ("fe80::1%3:1", "tcp://[fe80::1%3]:1"),
            ("[::ffff:10.0.0.1]:80", "tcp://[::ffff:10.0.0.1]:80"),
        ] {
            assert_eq!(at(text).unwrap(), meaning, "{text}");
            assert_eq!(listen(text).unwrap(), meaning, "{text}");
        }
    }

    #[test]
    fn names_to_connect_to_are_read_and_not_looked_up() {
        for (text, meaning) in [
            ("localhost:5555", "5555 at localhost"),
            ("no-such-host.invalid:1", "1 at no-such-host.invalid"),
            ("a_b.c-d.e.:1", "1 at a_b.c-d.e."),
            ("[fe80::1%eth0]:1", "1 at fe80::1%eth0"),
            ("300.1.1.1:1", "1 at 300.1.1.1"),
        ] {
            assert_eq!(at(text).unwrap(), meaning, "{text}");
        }
    }

    #[test]
    fn wildcards_are_for_listening_alone() {
        assert_eq!(listen("*:5555").unwrap(), "tcp://[::]:5555");
        assert_eq!(listen("*:*").unwrap(), "tcp://[::]:0");
        assert_eq!(listen("127.0.0.1:*").unwrap(), "tcp://127.0.0.1:0");
        assert_eq!(listen("127.0.0.1:0").unwrap(), "tcp://127.0.0.1:0");
        assert_eq!(listen("[::]:*").unwrap(), "tcp://[::]:0");
        for text in ["*:5555", "127.0.0.1:*", "127.0.0.1:0", "*:*", "localhost:0"] {
            assert_eq!(at(text), Err(EndpointError::WildcardPeer), "{text}");
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in [
            "127.0.0.1",
            "127.0.0.1:65536",
            "127.0.0.1:",
            "127.0.0.1:+1",
            "127.0.0.1:-1",
            "127.0.0.1:http",
            "host",
            "",
        ] {
            assert_eq!(at(text), Err(EndpointError::BadPort), "{text}");
            assert_eq!(listen(text), Err(EndpointError::BadPort), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_at_once() {
        let long = format!("{}:1", "x".repeat(NAME_CHARS_MAX + 1));
        for text in [
            ":1",
            "[]:1",
            "[::1:1",
            "::1]:1",
            "[127.0.0.1]:1",
            "[localhost]:1",
            "a b:1",
            "a/b:1",
            "höst:1",
            "127.0.0.1%eth0:1",
            "[fe80::1%]:1",
            "[fe80::1%e/0]:1",
            "host%eth0:1",
            "user@host:1",
            &long,
        ] {
            assert_eq!(at(text), Err(EndpointError::UnknownHost), "{text}");
            assert_eq!(listen(text), Err(EndpointError::UnknownHost), "{text}");
        }
    }

    #[test]
    fn a_source_stands_before_its_peer() {
        let from =
            |text| peer(text, true).map(|(_, source)| source.map(|source| source.to_string()));
        for (text, meaning) in [
            ("10.0.0.1:7;h:1", Some("10.0.0.1:7")),
            ("10.0.0.1:*;h:1", Some("10.0.0.1:0")),
            ("10.0.0.1:0;h:1", Some("10.0.0.1:0")),
            ("*:7;h:1", Some("0.0.0.0:7")),
            ("*:*;h:1", None),
            ("[::1]:0;[::1]:1", Some("[::1]:0")),
        ] {
            assert_eq!(from(text).unwrap().as_deref(), meaning, "{text}");
            assert!(at(text).unwrap().starts_with(['1', 't']), "{text}");
        }
        assert_eq!(from("no-such-nic:0;h:1"), Err(EndpointError::UnknownHost));
        assert_eq!(from("10.0.0.1;h:1"), Err(EndpointError::BadPort));
        assert_eq!(from("10.0.0.1:0;h:0"), Err(EndpointError::WildcardPeer));
        assert_eq!(
            from("1.1.1.1:0;2.2.2.2:0;h:1"),
            Err(EndpointError::UnknownHost)
        );
        assert_eq!(listen("10.0.0.1:0;h:1"), Err(EndpointError::UnknownHost));
    }

    #[test]
    fn an_interface_stands_for_its_addresses() {
        let interfaces = if_addrs::get_if_addrs().unwrap();
        let loopback = interfaces.iter().find(|interface| interface.is_loopback());
        let name = &loopback.expect("each host has one").name;
        assert_eq!(listen(&format!("{name}:*")).unwrap(), "tcp://127.0.0.1:0");
        assert_eq!(listen(&format!("{name}:5")).unwrap(), "tcp://127.0.0.1:5");
        let (_, source) = peer(&format!("{name}:*;h:1"), true).unwrap();
        assert_eq!(source.unwrap().to_string(), "127.0.0.1:0");
    }

    #[test]
    fn without_ipv6_its_addresses_are_refused_and_the_wildcard_is_ipv4() {
        for text in ["[::1]:5", "::1:5", "[::]:5"] {
            let refused = listening(text, &SystemNames, false);
            assert_eq!(refused, Err(EndpointError::Ipv6Off), "{text}");
            assert!(peer(text, false).is_err(), "{text}");
        }
        assert_eq!(peer("[::1]:0;h:1", false), Err(EndpointError::Ipv6Off));
        let any = listening("*:5", &SystemNames, false).unwrap();
        assert_eq!(any.len(), 1);
        assert_eq!(any[0].to_string(), "tcp://0.0.0.0:5");
        let named = listening("localhost:5", &SystemNames, false).unwrap();
        assert!(named.iter().all(|at| at.to_string() == "tcp://127.0.0.1:5"));
    }

    #[test]
    fn names_to_listen_at_are_looked_up() {
        assert!(listen("localhost:5555").unwrap().ends_with(":5555"));
    }
}
