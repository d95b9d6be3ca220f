//! ZeroMQ's routing: which pipe a message goes to, and from which one the next is taken.
//!
//! Patterns work on pipes alone. They know neither peers nor bytes on a wire.

mod fair_queue;
mod load_balancer;
mod slots;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "PUB and SUB use it next")
)]
mod subscriptions;

pub(crate) use fair_queue::{FairQueue, to_message};
pub(crate) use load_balancer::{LoadBalancer, Outgoing};
