//! Asynchronous sockets, on each driver and under each executor: no executor may be special to them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attaching;
mod calls;
mod cancelling;
mod crowds;
mod streams;
mod wakers;

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringmq::{AsyncSocket, Context, DriverChoice, SocketType};

/// How long a test may take that hangs.
const PATIENCE: Duration = Duration::from_secs(300);

const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

#[derive(Clone, Copy, Debug)]
enum Executor {
    /// No runtime at all: this thread sleeps until the future is woken.
    BlockOn,
    TokioCurrentThread,
    TokioMultiThread,
}

impl Executor {
    const ALL: [Self; 3] = [
        Self::BlockOn,
        Self::TokioCurrentThread,
        Self::TokioMultiThread,
    ];

    fn run(self, future: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::BlockOn => pollster::block_on(future),
            Self::TokioCurrentThread => tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(future),
            Self::TokioMultiThread => {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .build()
                    .unwrap();
                // On one of its workers, which may hand it to the other.
                runtime.block_on(runtime.spawn(future)).unwrap();
            }
        }
    }
}

/// Runs a test on a thread of its own, and fails if it hangs.
fn within_patience(test: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        let _ = ended.send(());
    });
    match end.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().unwrap(),
    }
}

fn context(driver: DriverChoice) -> Context {
    Context::builder().driver(driver).build().unwrap()
}

/// Runs a test on each driver, under each executor.
fn everywhere<F, T>(test: F)
where
    F: Fn(Context) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    within_patience(move || {
        for driver in DRIVERS {
            for executor in Executor::ALL {
                println!("{driver:?}, {executor:?}");
                executor.run(test(context(*driver)));
            }
        }
    });
}

fn socket(context: &Context, socket_type: SocketType) -> AsyncSocket {
    context.socket(socket_type).unwrap().into_async()
}

/// Two sockets, the second connected to the first over tcp, with so many messages on the way at most in each pipe.
async fn pair(
    context: &Context,
    types: [SocketType; 2],
    high_water_mark: u32,
) -> (AsyncSocket, AsyncSocket) {
    pair_at("tcp://127.0.0.1:*", context, types, high_water_mark).await
}

/// [`pair`] at another endpoint.
async fn pair_at(
    endpoint: &str,
    context: &Context,
    types: [SocketType; 2],
    high_water_mark: u32,
) -> (AsyncSocket, AsyncSocket) {
    let [mut bound, mut connected] = types.map(|socket_type| socket(context, socket_type));
    for socket in [&mut bound, &mut connected] {
        if !matches!(socket.socket_type(), SocketType::Pull | SocketType::Sub) {
            let set = socket.get_mut().set_send_high_water_mark(high_water_mark);
            set.unwrap();
        }
        if socket.socket_type() != SocketType::Push {
            let set = socket
                .get_mut()
                .set_receive_high_water_mark(high_water_mark);
            set.unwrap();
        }
    }
    let endpoint = bound.bind(endpoint).await.unwrap();
    connected.connect(&endpoint.to_string()).unwrap();
    (bound, connected)
}

/// The number in a message.
fn number(frame: &[u8]) -> u64 {
    u64::from_le_bytes(frame.try_into().unwrap())
}
