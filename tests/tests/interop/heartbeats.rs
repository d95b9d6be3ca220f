//! Heartbeats of libzmq while our reader is stalled.

use ringmq::Multipart;

use super::content::numbered;
use super::stage::{DRIVERS, PATIENCE, await_true, context, pull};

const INTERVAL_MS: i32 = 200;
const TIMEOUT_MS: i32 = 600;
/// Several times what libzmq waits for an answer before it gives a peer up.
const STALL_MS: i32 = 3_000;
/// Few enough to wait in the kernel, so that libzmq's PINGs leave, and more than our queue takes.
const MESSAGES: u32 = 2_000;

/// The queue is full before libzmq's first PING comes, so we know of no interval.
#[test]
fn a_libzmq_peer_with_heartbeats_stays_while_our_reader_is_stalled() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        pull.set_receive_high_water_mark(10).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();

        let libzmq = zmq::Context::new();
        let push = libzmq.socket(zmq::PUSH).unwrap();
        push.set_sndhwm(0).unwrap();
        push.set_sndtimeo(PATIENCE.as_millis() as i32).unwrap();
        push.set_heartbeat_ivl(INTERVAL_MS).unwrap();
        push.set_heartbeat_timeout(TIMEOUT_MS).unwrap();
        let lost = zmq::SocketEvent::DISCONNECTED.to_raw();
        push.monitor("inproc://news", i32::from(lost)).unwrap();
        let news = libzmq.socket(zmq::PAIR).unwrap();
        news.connect("inproc://news").unwrap();
        news.set_rcvtimeo(STALL_MS).unwrap();
        push.connect(&endpoint).unwrap();
        for number in 0..MESSAGES {
            push.send_multipart(numbered(number), 0).unwrap();
        }
        await_true("it is met", || pull.statistics().connections == 1);

        // Nothing is read, and for as long as that nothing must happen.
        let event = news.recv_msg(0).map(|event| event.to_vec());
        assert_eq!(event, Err(zmq::Error::EAGAIN), "{driver:?}: it gave us up");
        for number in 0..MESSAGES {
            let received = pull.recv_multipart().unwrap();
            assert_eq!(received, Multipart::from(numbered(number)), "{driver:?}");
        }
        assert!(pull.try_recv().is_err(), "{driver:?}: one came twice");
        assert_eq!(pull.statistics().connections, 1);
    }
}
