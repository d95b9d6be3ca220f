//! What is refused at once, with the reason, and what a shut-down context says.

use ringmq::{
    BindError, ConnectError, Context, ContextError, DriverChoice, EndpointError, Readiness,
    RecvError, SendError, SocketType,
};

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

#[test]
fn a_core_that_no_machine_has_is_refused() {
    for driver in DRIVERS {
        let refused = Context::builder().driver(*driver).cores([5_000]).build();
        assert!(matches!(refused, Err(ContextError::Core(5_000))));
    }
}

#[test]
fn an_ipc_path_with_a_zero_byte_is_refused() {
    let context = Context::new().unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    for endpoint in ["ipc:///run/ringmq\0.sock", "ipc://\0"] {
        let bound = pull.bind(endpoint).unwrap_err();
        assert!(matches!(bound, BindError::Endpoint(EndpointError::NoPath)));
        let connected = pull.connect(endpoint).unwrap_err();
        assert!(matches!(
            connected,
            ConnectError::Endpoint(EndpointError::NoPath)
        ));
    }
}

#[test]
fn a_socket_is_ready_for_everything_once_its_context_was_shut_down() {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        let mut push = context.socket(SocketType::Push).unwrap();
        let mut pull = context.socket(SocketType::Pull).unwrap();
        for socket in [&mut push, &mut pull] {
            let readiness = socket.readiness();
            assert_eq!((readiness.readable, readiness.writable), (false, false));
        }
        context.shutdown();
        for socket in [&mut push, &mut pull] {
            let Readiness {
                readable, writable, ..
            } = socket.readiness();
            assert_eq!((readable, writable), (true, true));
        }
        assert!(matches!(push.send("late"), Err(SendError::Terminated(_))));
        assert!(matches!(pull.recv(), Err(RecvError::Terminated)));
    }
}
