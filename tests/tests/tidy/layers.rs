//! Who may know whom. The compiler holds the borders between crates; this holds those inside `engine/src/`, and what
//! of the standard library and of other people's crates a layer may name.

use crate::finding::{Finding, exactly, none};
use crate::paths::{is_inside, paths};
use crate::tree::{Source, sources};

/// What a place must not name.
#[derive(Debug)]
struct Layer {
    /// Where the rule holds; see [`Source::is_under`].
    place: &'static str,
    /// Paths it must not name.
    must_not_know: &'static [&'static str],
    /// Why, and what to do instead.
    mend: &'static str,
}

/// Crates that reach the operating system.
const OS_CRATES: &[&str] = &[
    "libc",
    "mio",
    "socket2",
    "io_uring",
    "rustix",
    "nix",
    "core_affinity",
];

const LAYERS: &[Layer] = &[
    Layer {
        place: "engine/wire/src/",
        must_not_know: &[
            "std::net",
            "std::io",
            "std::os",
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "ringmq",
            "ringmq_driver",
            "ringmq_shim_epoll",
            "libc",
            "mio",
            "socket2",
            "io_uring",
        ],
        mend: "the wire is sans-IO: bytes and time come in as arguments, what to send goes out as bytes",
    },
    Layer {
        place: "engine/driver/src/",
        must_not_know: &[
            "std::os",
            "std::fs",
            "std::process",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "ringmq",
            "ringmq_wire",
            "ringmq_shim_epoll",
            "libc",
            "mio",
            "socket2",
            "io_uring",
        ],
        mend: "the contract knows no operating system and no ZeroMQ; drivers do the first, sessions the second",
    },
    Layer {
        place: "shim-epoll/src/",
        must_not_know: &["ringmq", "ringmq_wire", "io_uring"],
        mend: "the shim keeps the driver contract and knows nothing above it",
    },
    Layer {
        place: "engine/src/memory/",
        must_not_know: &[
            "crate::pipe",
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::transport",
            "crate::context",
            "crate::ring",
            "crate::message",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "memory is below everything: give it bytes and owners, not users",
    },
    Layer {
        place: "engine/src/pipe/",
        must_not_know: &[
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::transport",
            "crate::context",
            "crate::ring",
            "crate::message",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "a pipe knows two halves and an owner to wake, not who they are",
    },
    Layer {
        place: "engine/src/message",
        must_not_know: &[
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::transport",
            "crate::context",
            "crate::ring",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "a message is a body and where it came from; it does not act",
    },
    Layer {
        place: "engine/src/ring/",
        must_not_know: &[
            "crate::memory",
            "crate::pipe",
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::transport",
            "crate::context",
            "crate::message",
            "ringmq_wire",
            "ringmq_shim_epoll",
            "mio",
        ],
        mend: "the ring keeps the driver contract and knows nothing above it",
    },
    Layer {
        place: "engine/src/transport",
        must_not_know: &[
            "crate::pipe",
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::context",
            "crate::ring",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "a transport says how to listen and connect; the reactor loops, the session talks",
    },
    Layer {
        place: "engine/src/session",
        must_not_know: &[
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::context",
            "crate::ring",
            "std::thread",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
            "socket2",
            "libc",
        ],
        mend: "a session joins pipes to one wire connection over any driver; what turns it stands above it",
    },
    Layer {
        place: "engine/src/pattern",
        must_not_know: &[
            "crate::session",
            "crate::reactor",
            "crate::transport",
            "crate::context",
            "crate::ring",
            "ringmq_driver",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
            "socket2",
            "libc",
            "std::thread",
            "std::net",
        ],
        mend: "a pattern chooses among pipes: it writes, reads and asks whether it could, and nothing else",
    },
    Layer {
        place: "engine/src/reactor",
        must_not_know: &["crate::socket", "crate::pattern"],
        mend: "a reactor knows the pipes' other ends only as owners to wake",
    },
    Layer {
        place: "engine/src/monitor/",
        must_not_know: &[
            "crate::session",
            "crate::reactor",
            "crate::socket",
            "crate::pattern",
            "crate::context",
            "crate::ring",
            "ringmq_driver",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "a monitor is told; who tells it is above",
    },
    Layer {
        place: "engine/src/poller/",
        must_not_know: &[
            "crate::session",
            "crate::reactor",
            "crate::pattern",
            "crate::transport",
            "crate::context",
            "crate::ring",
            "ringmq_driver",
            "ringmq_shim_epoll",
            "io_uring",
        ],
        mend: "a poller sees of a socket its handle and its owner; the engine behind them is not its business",
    },
    Layer {
        place: "engine/src/socket",
        must_not_know: &[
            "crate::session",
            "crate::ring",
            "ringmq_shim_epoll",
            "io_uring",
            "mio",
        ],
        mend: "a socket reaches its peers through pipes, and reactors by mailbox",
    },
];

/// What may be named all the same: plain data that one layer hands to the next, and what a session is turned with.
const HANDED_DOWN: &[(&str, &str)] = &[
    ("engine/src/session", "crate::socket::Options"),
    ("engine/src/session", "crate::socket::Arrival"),
    ("engine/src/session", "crate::socket::SocketEvent"),
    ("engine/src/session", "crate::socket::SocketShared"),
    ("engine/src/session", "crate::reactor::AttachmentId"),
    ("engine/src/session", "crate::reactor::Key"),
    ("engine/src/session", "crate::reactor::SessionAddress"),
    ("engine/src/session", "crate::reactor::Services"),
    ("engine/src/reactor", "crate::socket::SocketEvent"),
    ("engine/src/reactor", "crate::socket::SocketShared"),
    ("engine/src/socket", "crate::session::SessionConfig"),
];

fn is_handed_down(source: &Source, path: &str) -> bool {
    HANDED_DOWN
        .iter()
        .any(|(place, data)| source.is_under(&[place]) && is_inside(path, data))
}

fn breaches(source: &Source, layers: &[Layer]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let held: Vec<_> = layers
        .iter()
        .filter(|layer| source.is_under(&[layer.place]))
        .collect();
    if held.is_empty() {
        return findings;
    }
    let paths = paths(source);
    for layer in held {
        for (line, path) in paths
            .iter()
            .filter(|(_, path)| !is_handed_down(source, path))
        {
            if let Some(known) = layer
                .must_not_know
                .iter()
                .find(|known| is_inside(path, known))
            {
                let what = format!(
                    "names `{path}`, but {} must not know `{known}`",
                    layer.place
                );
                findings.push(Finding::at(&source.path, *line, what, layer.mend));
            }
        }
    }
    findings
}

/// The operating system's crates, by name, outside the engine's places for them.
fn os_crates(source: &Source) -> Vec<Finding> {
    let engine = source.path.starts_with("engine/src/");
    if !engine
        || source.is_under(&[
            "engine/src/ring/",
            "engine/src/reactor",
            "engine/src/transport",
            "engine/src/context",
            // Its callers' descriptors, which no driver knows.
            "engine/src/poller/descriptors.rs",
        ])
    {
        return Vec::new();
    }
    let mend = "leave the operating system to the drivers, the transports and the engine's thread";
    let named = paths(source).into_iter().filter_map(|(line, path)| {
        let found = OS_CRATES.iter().find(|name| is_inside(&path, name))?;
        Some(Finding::at(
            &source.path,
            line,
            format!("names `{found}`"),
            mend,
        ))
    });
    named.collect()
}

#[test]
fn no_layer_names_what_it_must_not_know() {
    none(
        &sources()
            .iter()
            .flat_map(|source| breaches(source, LAYERS))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_operating_system_is_named_only_at_the_edge() {
    none(&sources().iter().flat_map(os_crates).collect::<Vec<_>>());
}

#[test]
fn a_layer_that_names_what_it_must_not_know_is_found() {
    let wire =
        "use std::fmt;\nuse std::{io, time::Instant};\nlet x: core::net::IpAddr;\n// std::fs\n";
    exactly(
        &breaches(&Source::new("engine/wire/src/frame.rs", wire), LAYERS),
        &[2, 2, 3],
    );
    let pipe = "use crate::memory::Chunk;\nuse super::super::reactor::Turn;\nlet s = crate::session::Session::new();\n";
    exactly(
        &breaches(&Source::new("engine/src/pipe/writer.rs", pipe), LAYERS),
        &[2, 3],
    );
    let driver = "use std::net::SocketAddr;\nuse std::net::TcpStream;\n";
    exactly(
        &breaches(
            &Source::new("engine/driver/src/fake/mod.rs", driver),
            LAYERS,
        ),
        &[2],
    );
    exactly(
        &breaches(
            &Source::new(
                "shim-epoll/src/lib.rs",
                "use ringmq_driver::Time;\nuse ringmq_wire::Frame;\n",
            ),
            LAYERS,
        ),
        &[2],
    );
}

#[test]
fn a_layer_may_name_only_what_it_is_handed() {
    let session = "use crate::socket::{Options, Socket};\nuse crate::reactor::Reactor;\n";
    exactly(
        &breaches(&Source::new("engine/src/session/mod.rs", session), LAYERS),
        &[1, 2],
    );
    exactly(
        &breaches(
            &Source::new("engine/src/pipe/mod.rs", "use crate::socket::Options;\n"),
            LAYERS,
        ),
        &[1],
    );
}

#[test]
fn a_system_crate_in_the_middle_of_the_engine_is_found() {
    exactly(
        &os_crates(&Source::new(
            "engine/src/pipe/owner.rs",
            "use libc::c_int;\n",
        )),
        &[1],
    );
    exactly(
        &os_crates(&Source::new(
            "engine/src/ring/send.rs",
            "use libc::c_int;\n",
        )),
        &[],
    );
}
