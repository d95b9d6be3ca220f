//! Asynchronous sockets without a runtime: a request and its reply, driven by the smallest executor there is.
//!
//! `cargo run -p ringmq --example async_block_on`

use std::error::Error;

use futures_util::future::try_join;
use ringmq::{AsyncSocket, Context, SocketType};

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(async {
        let context = Context::new()?;
        let mut server = context.socket(SocketType::Rep)?.into_async();
        let mut client = context.socket(SocketType::Req)?.into_async();
        let endpoint = server.bind("tcp://127.0.0.1:*").await?;
        client.connect(&endpoint.to_string())?;
        let (answer, ()) = try_join(ask(&mut client), answer(&mut server)).await?;
        println!("{answer}");
        assert_eq!(answer, "hello, world");
        Ok(())
    })
}

async fn ask(client: &mut AsyncSocket) -> Result<String, Box<dyn Error>> {
    client.send("world").await?;
    let answer = client.recv().await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn answer(server: &mut AsyncSocket) -> Result<(), Box<dyn Error>> {
    let name = server.recv().await?;
    let answer = [b"hello, ", &name[..]].concat();
    server.send(answer).await?;
    Ok(())
}
