//! A ROUTER that sends each message back, and says what its peers cost it in memory.

use ringmq::{Socket, SocketType};

use crate::Failure;
use crate::arguments::{Arguments, commands};
use crate::idle::resident_kib;

/// `peers=N`: answers one message of a first peer, then one each of so many, and says by how much each made the
/// process grow.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let peers = arguments.number("peers", 1_000)?;
    let context = arguments.context()?;
    let mut router = context.socket(SocketType::Router)?;
    println!("bound {}", router.bind("tcp://127.0.0.1:*")?);
    let commands = commands();
    echo(&mut router)?;
    let before_kib = resident_kib()?;
    println!("warm");
    for _ in 0..peers {
        echo(&mut router)?;
    }
    let grown = (resident_kib()? - before_kib) * 1_024;
    println!("resident {}", grown / peers);
    // The peers stay until the other side has seen all answers.
    commands.recv()?;
    Ok(())
}

fn echo(router: &mut Socket) -> Result<(), Failure> {
    let message = router.recv_multipart()?;
    router.send_multipart(message)?;
    Ok(())
}
