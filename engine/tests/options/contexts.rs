//! What a context gives its sockets to start with, and how many there may be.

use std::time::Duration;

use ringmq::{Context, ContextError, SocketType};

use crate::{bind, drivers, eventually, nowhere, socket};

#[test]
fn more_sockets_than_allowed_are_refused_until_one_is_closed() {
    for driver in drivers() {
        let built = Context::builder()
            .driver(driver)
            .sockets_max(Some(2))
            .build();
        let context = built.unwrap();
        let make = || context.socket(SocketType::Pair);
        let first = make().unwrap();
        let _second = make().unwrap();
        assert!(matches!(make(), Err(ContextError::TooManySockets)));
        drop(first);
        make().unwrap();
    }
}

#[test]
fn sockets_start_without_ipv6_where_the_context_says_so() {
    for driver in drivers() {
        let built = Context::builder().driver(driver).ipv6(false).build();
        let mut pull = built.unwrap().socket(SocketType::Pull).unwrap();
        let bound = pull.bind("tcp://*:*").unwrap();
        assert!(bound.tcp().unwrap().is_ipv4());
    }
}

#[test]
fn sockets_start_with_the_contexts_longest_message() {
    for driver in drivers() {
        let builder = Context::builder().driver(driver);
        let context = builder.message_bytes_max(Some(10)).build().unwrap();
        let mut pull = socket(&context, SocketType::Pull);
        let endpoint = bind(&mut pull);
        let mut push = socket(&context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        push.send("eleven byte").unwrap();
        eventually("it is a breach", || pull.statistics().protocol_errors == 1);
    }
}

#[test]
fn a_context_whose_sockets_do_not_linger_ends_at_once() {
    for driver in drivers() {
        let builder = Context::builder().driver(driver);
        let context = builder.linger(Some(Duration::ZERO)).build().unwrap();
        let (_held, endpoint) = nowhere();
        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint).unwrap();
        push.send("for nobody").unwrap();
        drop(push);
        // With the default it would wait for ever.
        drop(context);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn libzmqs_defaults_are_those_of_libzmq() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).libzmq_defaults().build();
        let context = context.unwrap();
        let mut pull = socket(&context, SocketType::Pull);
        let bound = pull.bind("tcp://*:*").unwrap().tcp().unwrap();
        assert!(bound.is_ipv4(), "IPV6 is 0");
        assert_eq!(crate::kernel::backlog(bound.port()), 100, "BACKLOG");
        let sockets: Vec<_> = (1..1_023)
            .map(|_| context.socket(SocketType::Pair).unwrap())
            .collect();
        let refused = context.socket(SocketType::Pair);
        assert!(matches!(refused, Err(ContextError::TooManySockets)));
        drop(sockets);
    }
}
