//! A PUSH socket and a PULL socket of this crate, on each driver and transport.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ringmq::{Context, DriverChoice, Message, Multipart, SocketType};

fn endpoint(transport: &str, name: &str) -> String {
    match transport {
        "tcp" => "tcp://127.0.0.1:*".to_owned(),
        _ => {
            let path = std::env::temp_dir().join(format!("ringmq-{name}-{}", std::process::id()));
            format!("ipc://{}", path.display())
        }
    }
}

fn exchange(driver: DriverChoice, transport: &str) {
    let context = Context::builder().driver(driver).build().unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let bound = pull
        .bind(&endpoint(transport, &format!("{driver:?}")))
        .unwrap();
    let mut push = context.socket(SocketType::Push).unwrap();
    push.connect(&bound.to_string()).unwrap();
    for size in [
        0,
        1,
        33,
        34,
        255,
        256,
        4_096,
        4_097,
        8_191,
        8_192,
        8_193,
        70_000,
        1 << 20,
    ] {
        let body: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        push.send(body.clone()).unwrap();
        let got = pull.recv().unwrap();
        assert_eq!(got.len(), size);
        assert_eq!(&got[..], &body[..], "{size}");
    }
    let whole = Multipart::from_iter((0..100u32).map(|i| Message::from(vec![i as u8; i as usize])));
    push.send_multipart(whole.clone()).unwrap();
    assert_eq!(pull.recv_multipart().unwrap(), whole);
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
#[test]
fn messages_of_all_sizes_arrive_on_the_ring() {
    exchange(DriverChoice::Ring, "tcp");
    exchange(DriverChoice::Ring, "ipc");
}

#[test]
fn messages_of_all_sizes_arrive_on_the_shim() {
    exchange(DriverChoice::Shim, "tcp");
    exchange(DriverChoice::Shim, "ipc");
}

fn flood(driver: DriverChoice) {
    const COUNT: u64 = 200_000;
    let context = Context::builder().driver(driver).build().unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    let bound = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
    let mut push = context.socket(SocketType::Push).unwrap();
    let sender = std::thread::spawn(move || {
        push.connect(&bound).unwrap();
        for i in 0..COUNT {
            let mut body = [0; 64];
            body[..8].copy_from_slice(&i.to_le_bytes());
            push.send_bytes(&body[..8 + (i % 57) as usize]).unwrap();
        }
    });
    let mut buffer = [0; 64];
    for i in 0..COUNT {
        let len = pull.recv_bytes(&mut buffer).unwrap();
        assert_eq!(len, 8 + (i % 57) as usize);
        assert_eq!(buffer[..8], i.to_le_bytes());
    }
    sender.join().unwrap();
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
#[test]
fn a_flood_arrives_in_order_on_the_ring() {
    flood(DriverChoice::Ring);
}

#[test]
fn a_flood_arrives_in_order_on_the_shim() {
    flood(DriverChoice::Shim);
}
