//! The examples do what they say.

#[path = "../../examples/async_block_on.rs"]
mod async_block_on;
#[path = "../../examples/async_tokio.rs"]
mod async_tokio;

#[test]
fn the_example_without_a_runtime_runs() {
    super::within_patience(|| async_block_on::main().unwrap());
}

#[test]
fn the_example_under_tokio_runs() {
    super::within_patience(|| async_tokio::main().unwrap());
}
