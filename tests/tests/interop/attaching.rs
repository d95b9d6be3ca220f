//! Binding, unbinding, connecting, disconnecting: what works, what is refused and how.

use ringmq::{BindError, ConnectError, DetachError, EndpointError};

use super::stage::{DRIVERS, Place, TRANSPORTS, bound_pull, context, pull, push};

#[test]
fn endpoints_that_mean_nothing_are_refused_with_the_reason() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        let long = format!("ipc:///{}", "x".repeat(107));
        for (endpoint, reason) in [
            ("", EndpointError::NoTransport),
            ("127.0.0.1:5555", EndpointError::NoTransport),
            ("carrier-pigeon://roof", EndpointError::UnsupportedTransport),
            ("tcp://127.0.0.1", EndpointError::BadPort),
            ("tcp://127.0.0.1:99999", EndpointError::BadPort),
            ("ipc://", EndpointError::NoPath),
            (long.as_str(), EndpointError::PathTooLong),
        ] {
            match pull.bind(endpoint) {
                Err(BindError::Endpoint(error)) => assert_eq!(error, reason, "{endpoint}"),
                other => panic!("bind {endpoint}: {other:?}"),
            }
            match pull.connect(endpoint) {
                Err(ConnectError::Endpoint(error)) => assert_eq!(error, reason, "{endpoint}"),
                other => panic!("connect {endpoint}: {other:?}"),
            }
        }
        let wildcard = pull.connect("tcp://127.0.0.1:*").unwrap_err();
        assert!(matches!(
            wildcard,
            ConnectError::Endpoint(EndpointError::WildcardPeer)
        ));
    }
}

#[test]
fn an_address_in_use_is_refused_until_it_is_unbound() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut first, endpoint) = bound_pull(&context);
        let mut second = pull(&context);
        match second.bind(&endpoint) {
            Err(BindError::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse),
            other => panic!("{driver:?}: {other:?}"),
        }
        first.unbind(&endpoint).unwrap();
        assert_eq!(second.bind(&endpoint).unwrap().to_string(), endpoint);
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        push.send("to the second").unwrap();
        assert_eq!(&second.recv().unwrap()[..], b"to the second");
    }
}

#[test]
fn a_socket_binds_again_where_it_was_bound() {
    for driver in DRIVERS {
        let context = context(*driver);
        for transport in TRANSPORTS {
            let place = Place::new(transport);
            let mut pull = pull(&context);
            let bound = pull.bind(place.text()).unwrap().to_string();
            for _ in 0..20 {
                pull.unbind(&bound).unwrap();
                assert_eq!(pull.bind(&bound).unwrap().to_string(), bound);
            }
            let mut push = push(&context);
            push.connect(&bound).unwrap();
            push.send("here").unwrap();
            assert_eq!(&pull.recv().unwrap()[..], b"here");
        }
    }
}

#[test]
fn a_wildcard_port_becomes_a_real_one() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        let first = pull.bind("tcp://127.0.0.1:*").unwrap().tcp().unwrap();
        let second = pull.bind("tcp://127.0.0.1:*").unwrap().tcp().unwrap();
        assert!(first.port() != 0 && second.port() != 0 && first != second);
    }
}

#[test]
fn what_was_not_attached_cannot_be_detached() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let unknown = "tcp://127.0.0.1:1";
        assert_eq!(pull.unbind(unknown), Err(DetachError::NotAttached));
        assert_eq!(pull.disconnect(unknown), Err(DetachError::NotAttached));
        // A bind is no connect.
        assert_eq!(pull.disconnect(&endpoint), Err(DetachError::NotAttached));
        assert_eq!(pull.unbind(&endpoint), Ok(()));
        assert_eq!(pull.unbind(&endpoint), Err(DetachError::NotAttached));
    }
}
