//! The wire protocol from outside: whole connections on a virtual clock, scripted peers of every version, every
//! stream fed again split at every byte, attacks, and the scanner against an independent slow decoder.

mod attacks;
mod greetings;
mod handshakes;
mod heartbeats;
mod limits;
mod pair;
mod pairs;
mod reader;
mod scans;
mod script;
mod slow;
mod splits;
