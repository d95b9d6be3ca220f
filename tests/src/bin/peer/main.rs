//! A RingMQ process for the tests to start, stop, kill and watch: it does what its arguments say, obeys lines on
//! standard input and answers in lines on standard output. It ends when standard input does, so that no test leaves
//! one behind.
//!
//! ```text
//! peer push|pull|idle|echo|flood|refused|descriptors|crowd key=value ...
//! ```

mod allocator;
mod arguments;
#[path = "../../../tests/support_peer/content.rs"]
mod content;
mod descriptors;
mod echo;
mod flood;
mod idle;
mod pull;
mod push;
#[cfg(target_os = "linux")]
mod refused;
#[cfg(target_os = "linux")]
mod seccomp;

use std::error::Error;
use std::process::ExitCode;

use arguments::Arguments;

/// Why a peer gave up.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let role = words.next().unwrap_or_default();
    match run(&role, &Arguments::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("failed {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(role: &str, arguments: &Arguments) -> Result<(), Failure> {
    match role {
        "push" => push::run(arguments),
        "pull" => pull::run(arguments),
        "idle" => idle::run(arguments),
        "echo" => echo::run(arguments),
        "flood" => flood::run(arguments),
        #[cfg(target_os = "linux")]
        "refused" => refused::run(arguments),
        "descriptors" => descriptors::run(arguments),
        "crowd" => descriptors::crowd(arguments),
        _ => Err(format!("no role is called '{role}'").into()),
    }
}
