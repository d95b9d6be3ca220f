//! Many sockets in one task: what they cost is what is ready.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::{Stream, StreamExt, stream};
use ringmq::SocketType::{Pull, Push};
use ringmq::{AsyncSocket, Multipart};

use super::{everywhere, number, pair, socket};

const SOCKETS: usize = 200;
const MESSAGES: usize = 1_000;

/// A socket that counts how often it is polled.
struct Counted {
    socket: AsyncSocket,
    polls: Arc<AtomicUsize>,
}

impl Stream for Counted {
    type Item = Multipart;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Multipart>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        let next = self.socket.poll_next_unpin(cx);
        next.map(|next| Some(next?.unwrap()))
    }
}

#[test]
fn of_many_sockets_in_one_task_only_those_are_polled_that_have_something() {
    everywhere(|context| async move {
        let polls = Arc::new(AtomicUsize::new(0));
        let mut senders = Vec::new();
        let mut receivers = Vec::new();
        for _ in 0..SOCKETS {
            let mut pull = socket(&context, Pull);
            let endpoint = pull.bind("tcp://127.0.0.1:*").await.unwrap();
            let mut push = socket(&context, Push);
            push.connect(&endpoint.to_string()).unwrap();
            senders.push(push);
            let polls = Arc::clone(&polls);
            receivers.push(Counted {
                socket: pull,
                polls,
            });
        }
        let mut all = stream::select_all(receivers);
        // Once round, so that each is connected and waits.
        for sender in &mut senders {
            sender.send(&u64::MAX.to_le_bytes()).await.unwrap();
        }
        for _ in 0..SOCKETS {
            all.next().await.unwrap();
        }
        polls.store(0, Ordering::Relaxed);
        for i in 0..MESSAGES {
            let sender = &mut senders[i * 7 % SOCKETS];
            sender.send(&(i as u64).to_le_bytes()).await.unwrap();
            let message = all.next().await.unwrap();
            assert_eq!(number(&message[0]), i as u64);
        }
        let polls = polls.load(Ordering::Relaxed);
        println!("{SOCKETS} sockets, {MESSAGES} messages: {polls} polls");
        // One to learn that it is there, one to learn that no other is, and some for nothing.
        assert!(polls < 5 * MESSAGES, "{polls} polls");
    });
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_socket_that_always_has_something_lets_other_tasks_run() {
    const COUNT: u64 = 20_000;
    everywhere(|context| async move {
        let (mut pull, mut push) = pair(&context, [Pull, Push], 0).await;
        for i in 0..COUNT {
            push.send(&i.to_le_bytes()).await.unwrap();
        }
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let (mut received, mut in_a_row, mut longest) = (0, 0, 0);
        while received < COUNT {
            match pull.poll_recv(&mut Context::from_waker(&waker)) {
                Poll::Ready(message) => {
                    assert_eq!(number(&message.unwrap()), received);
                    received += 1;
                    in_a_row += 1;
                    longest = longest.max(in_a_row);
                }
                Poll::Pending => {
                    in_a_row = 0;
                    // Whatever it waits for wakes: more messages, or its next turn.
                    while woken.0.swap(0, Ordering::Relaxed) == 0 {
                        std::thread::yield_now();
                    }
                }
            }
        }
        println!("at most {longest} messages in a row");
        assert!(longest <= 128);
    });
}
