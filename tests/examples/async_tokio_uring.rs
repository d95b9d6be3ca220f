//! Asynchronous sockets under tokio-uring, whose ring and ours live side by side in one process: what a file holds is
//! read by its ring and sent by ours.
//!
//! `cargo run -p ringmq-tests --example async_tokio_uring`

use std::error::Error;

#[cfg(target_os = "linux")]
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    linux::run()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    Err("tokio-uring is for Linux alone".into())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::io;
    use std::path::Path;

    use ringmq::{AsyncSocket, Context, SocketType};
    use tokio_uring::fs::File;

    /// The bytes of one message.
    const PIECE_BYTES: usize = 16 << 10;

    pub(super) fn run() -> Result<(), Box<dyn Error>> {
        let path = std::env::current_exe()?;
        tokio_uring::start(async {
            let context = Context::new()?;
            let mut pull = context.socket(SocketType::Pull)?.into_async();
            let endpoint = pull.bind("tcp://127.0.0.1:*").await?.to_string();
            let mut push = context.socket(SocketType::Push)?.into_async();
            push.connect(&endpoint)?;

            let sent = std::fs::metadata(&path)?.len();
            let sending = tokio_uring::spawn(async move { send_file(&mut push, &path).await });
            let mut received = 0;
            loop {
                let piece = pull.recv().await?;
                if piece.is_empty() {
                    break;
                }
                received += piece.len() as u64;
            }
            sending.await??;
            println!("{received} bytes came over the {}", context.driver());
            assert_eq!(received, sent);
            Ok(())
        })
    }

    /// Sends a file in pieces; an empty one is its end.
    async fn send_file(push: &mut AsyncSocket, path: &Path) -> io::Result<()> {
        let file = File::open(path).await?;
        let mut at = 0;
        loop {
            let (read, piece) = file.read_at(Vec::with_capacity(PIECE_BYTES), at).await;
            let read = read?;
            at += read as u64;
            push.send(piece).await.map_err(io::Error::other)?;
            if read == 0 {
                return file.close().await;
            }
        }
    }
}
