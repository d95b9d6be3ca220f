//! Asynchronous sockets under tokio: a ROUTER serves several DEALERs, each in a task of its own, and stops when it is
//! told to.
//!
//! `cargo run -p ringmq --example async_tokio`

use std::error::Error;

use ringmq::{AsyncSocket, Context, Multipart, SocketType};
use tokio::sync::oneshot;

type AnyError = Box<dyn Error + Send + Sync>;

const CLIENTS: u64 = 4;
const REQUESTS: u64 = 100;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let context = Context::new()?;
    let mut router = context.socket(SocketType::Router)?.into_async();
    let endpoint = router.bind("tcp://127.0.0.1:*").await?.to_string();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(router, stopped));

    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut dealer = context.socket(SocketType::Dealer)?.into_async();
        dealer.connect(&endpoint)?;
        clients.push(tokio::spawn(ask(dealer, number)));
    }
    for client in clients {
        client.await??;
    }
    let _ = stop.send(());
    let served = server.await??;
    println!("{served} requests of {CLIENTS} clients were served");
    assert_eq!(served, CLIENTS * REQUESTS);
    Ok(())
}

/// Sends each request back to whoever sent it. That a receive is dropped when the other branch wins loses nothing.
async fn serve(
    mut router: AsyncSocket,
    mut stopped: oneshot::Receiver<()>,
) -> Result<u64, AnyError> {
    let mut served = 0;
    loop {
        tokio::select! {
            request = router.recv_multipart() => {
                router.send_multipart(request?).await?;
                served += 1;
            }
            _ = &mut stopped => return Ok(served),
        }
    }
}

async fn ask(mut dealer: AsyncSocket, number: u64) -> Result<(), AnyError> {
    for i in 0..REQUESTS {
        let request = Multipart::from(vec![format!("client {number}"), format!("request {i}")]);
        dealer.send_multipart(request.clone()).await?;
        assert_eq!(dealer.recv_multipart().await?, request);
    }
    Ok(())
}
