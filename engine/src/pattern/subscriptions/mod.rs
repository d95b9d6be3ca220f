//! Who wants which messages: the subscriptions of PUB and XPUB, by peer, and of SUB and XSUB, by reference.
//!
//! A subscription is a topic, and a topic matches every message that starts with it; the empty one matches all. Both
//! stores are one radix trie with a number at each topic:
//!
//! ```text
//!  SUB   Topics        topic ─ trie ─▶ how often the application subscribed
//!
//!  PUB   Subscribers   topic ─ trie ─▶ one peer, or a set of peers
//!                      peer ──────────▶ the places of its topics in the trie
//! ```
//!
//! What peers send is stored here, so a peer must not be able to buy more than it pays for: memory follows the bytes
//! stored, time follows the bytes of the topic at hand, nothing recurses, and a peer that leaves costs its own topics
//! and not those of others. The stores know neither pipes nor frames nor what a subscription looks like on a wire.

mod peer_set;
mod place_set;
mod subscribers;
mod topics;
mod trie;

#[cfg(test)]
mod tests;

pub(crate) use peer_set::PeerIndex;
pub(crate) use subscribers::{Added, Left, Subscribers};
pub(crate) use topics::{Removed, Topics};
