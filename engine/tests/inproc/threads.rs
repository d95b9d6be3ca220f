//! Sockets in threads of their own: they block, wake each other and lose nothing.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringmq::{RecvError, SendError, SocketType};

use crate::{on_each_driver, socket};

const NAME: &str = "inproc://threads";

#[test]
fn a_million_messages_pass_between_two_threads_in_order() {
    const COUNT: u64 = 1_000_000;
    on_each_driver(|context| {
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(NAME).unwrap();
        let mut push = socket(context, SocketType::Push);
        let sending = thread::spawn(move || {
            push.connect(NAME).unwrap();
            for serial in 0..COUNT {
                push.send_bytes(&serial.to_le_bytes()).unwrap();
            }
            push.statistics().messages_sent
        });
        let mut body = [0; 16];
        for serial in 0..COUNT {
            assert_eq!(pull.recv_bytes(&mut body).unwrap(), 8);
            assert_eq!(body[..8], serial.to_le_bytes());
        }
        assert_eq!(sending.join().unwrap(), COUNT);
        assert_eq!(pull.statistics().messages_received, COUNT);
        assert!(pull.try_recv().is_err());
    });
}

#[test]
fn two_threads_that_block_in_both_directions_answer_each_other_at_the_smallest_marks() {
    const COUNT: u32 = 20_000;
    on_each_driver(|context| {
        for mark in [1, 2, 7] {
            let [mut asks, mut answers] = [(); 2].map(|()| {
                let mut dealer = socket(context, SocketType::Dealer);
                dealer.set_send_high_water_mark(mark).unwrap();
                dealer.set_receive_high_water_mark(mark).unwrap();
                dealer
            });
            asks.connect(NAME).unwrap();
            let echo = thread::spawn(move || {
                answers.bind(NAME).unwrap();
                for _ in 0..COUNT {
                    let message = answers.recv_multipart().unwrap();
                    answers.send_multipart(message).unwrap();
                }
                answers
            });
            let mut next = 0;
            for serial in 0..COUNT {
                asks.send_multipart(vec![serial.to_le_bytes().to_vec(), vec![7; 300]])
                    .unwrap();
                // Both pipes may be full at once, never more than that.
                while serial - next >= 2 * mark {
                    let answer = asks.recv_multipart().unwrap();
                    assert_eq!(answer[0][..], next.to_le_bytes());
                    next += 1;
                }
            }
            while next < COUNT {
                let answer = asks.recv_multipart().unwrap();
                assert_eq!(answer[0][..], next.to_le_bytes());
                assert_eq!(answer[1].len(), 300);
                next += 1;
            }
            drop(echo.join().unwrap());
        }
    });
}

#[test]
fn many_threads_connect_to_a_name_while_it_is_being_bound() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 500;
    on_each_driver(|context| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let mut push = socket(context, SocketType::Push);
                thread::spawn(move || {
                    push.connect(NAME).unwrap();
                    for serial in 0..EACH {
                        push.send([sender.to_le_bytes(), serial.to_le_bytes()].concat())
                            .unwrap();
                    }
                })
            })
            .collect();
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(NAME).unwrap();
        let mut next = [0; SENDERS as usize];
        for _ in 0..SENDERS * EACH {
            let message = pull.recv().unwrap();
            let number = |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().unwrap());
            let sender = &mut next[number(0) as usize];
            assert_eq!(number(8), *sender);
            *sender += 1;
        }
        assert_eq!(next, [EACH; SENDERS as usize]);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
        assert_eq!(pull.statistics().connections, SENDERS);
    });
}

#[test]
fn a_blocked_send_goes_to_another_peer_when_the_first_closes() {
    on_each_driver(|context| {
        let mut push = socket(context, SocketType::Push);
        push.set_send_high_water_mark(1).unwrap();
        push.bind(NAME).unwrap();
        let mut first = socket(context, SocketType::Pull);
        first.set_receive_high_water_mark(1).unwrap();
        first.connect(NAME).unwrap();
        let (full, is_full) = mpsc::channel();
        let sending = thread::spawn(move || {
            push.send("0").unwrap();
            push.send("1").unwrap();
            full.send(()).unwrap();
            push.send("2").unwrap();
            push
        });
        is_full.recv().unwrap();
        drop(first);
        let mut second = socket(context, SocketType::Pull);
        second.connect(NAME).unwrap();
        assert_eq!(&second.recv().unwrap()[..], b"2");
        let push = sending.join().unwrap();
        assert_eq!(push.statistics().messages_sent, 3);
        assert_eq!(push.statistics().connections, 2);
    });
}

#[test]
fn whoever_is_blocked_is_woken_when_the_context_is_shut_down() {
    on_each_driver(|context| {
        let (ready, is_ready) = mpsc::channel();
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(NAME).unwrap();
        let mut push = socket(context, SocketType::Push);
        push.set_send_high_water_mark(1).unwrap();
        push.connect("inproc://nobody").unwrap();
        push.send("x").unwrap();
        let told = ready.clone();
        let receiving = thread::spawn(move || {
            told.send(()).unwrap();
            pull.recv().map(drop)
        });
        let sending = thread::spawn(move || {
            ready.send(()).unwrap();
            let refused = push.send("y");
            assert!(matches!(refused, Err(SendError::Terminated(_))));
        });
        is_ready.recv().unwrap();
        is_ready.recv().unwrap();
        context.shutdown();
        assert_eq!(receiving.join().unwrap(), Err(RecvError::Terminated));
        sending.join().unwrap();
    });
}

#[test]
fn a_send_that_waits_for_a_bind_times_out_without_one_and_ends_with_one() {
    on_each_driver(|context| {
        let mut push = socket(context, SocketType::Push);
        push.set_send_high_water_mark(1).unwrap();
        push.connect(NAME).unwrap();
        push.send("0").unwrap();
        let late = push.send_timeout("1", Duration::from_millis(1));
        assert!(matches!(late, Err(SendError::TimedOut(_))));
        let sending = thread::spawn(move || {
            push.send("1").unwrap();
            push
        });
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(NAME).unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"0");
        assert_eq!(&pull.recv().unwrap()[..], b"1");
        assert_eq!(sending.join().unwrap().statistics().messages_sent, 2);
    });
}
