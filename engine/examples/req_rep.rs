//! REQ and REP: ask, then receive the answer; receive a question, then answer it. Every call waits.
//!
//! Neither side can get out of step: a call that is not its turn is refused with `OutOfTurn`, and changes nothing.
//! This is also the simplest way to run: blocking calls, one thread for each socket, and a shutdown that ends the
//! thread which waits for ever.
//!
//! Run it: `cargo run -p ringmq --example req_rep`

use std::error::Error;
use std::thread;

use ringmq::{Context, RecvError, SendError, Socket, SocketType};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Answers until the context is shut down.
fn serve(mut server: Socket) -> Outcome {
    loop {
        let question = match server.recv() {
            Ok(question) => question,
            Err(RecvError::Terminated) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        server.send(question.as_str()?.to_uppercase())?;
    }
}

fn ask(context: &Context, endpoint: &str, name: &str) -> Outcome {
    let mut client = context.socket(SocketType::Req)?;
    // The server need not be there yet: a connect is made in the background and kept.
    client.connect(endpoint)?;
    for word in ["ring", "queue"] {
        client.send(format!("{name}: {word}"))?;
        let answer = client.recv()?;
        println!("{}", answer.as_str()?);
    }
    Ok(())
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut server = context.socket(SocketType::Rep)?;
    let endpoint = server.bind("tcp://127.0.0.1:*")?.to_string();
    // Errors are values, and what was not sent comes back in them.
    match server.send("too early") {
        Err(SendError::OutOfTurn(message)) => println!("not sent: \"{}\"", message.as_str()?),
        other => other?,
    }
    let serving = thread::spawn(move || serve(server));

    let asking = ["first", "second"].map(|name| {
        let (context, endpoint) = (context.clone(), endpoint.clone());
        thread::spawn(move || ask(&context, &endpoint, name))
    });
    for client in asking {
        client.join().expect("a client does not panic")?;
    }
    context.shutdown();
    serving.join().expect("the server does not panic")?;
    println!("the server ended");
    Ok(())
}
