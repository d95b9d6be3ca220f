//! The tidy test: the rules of the house that a machine can hold.
//!
//! It reads every text file of the workspace once and asks one question per `#[test]`; a finding names the file and
//! the line and says how to mend it. It owns rules, not taste, and knows nothing of what the code does. What rustc
//! and clippy can hold is left to them: here it is only checked that they are still told to.
//!
//! | module | holds |
//! |---|---|
//! | [`files`] | sizes, the opening `//!`, the layout of the top level |
//! | [`names`] | words that say nothing about the field, modules that would collect anything |
//! | [`leftovers`] | unfinished or skipped work, sleeping, the clock |
//! | [`unsafety`] | where `unsafe` may stand, and that it says why it is sound |
//! | [`orderings`] | that each memory ordering says what it pairs with |
//! | [`layers`] | who may know whom |
//! | [`manifests`] | a reason per dependency, the lints, who may depend on whom |
//! | [`packages`] | licences and duplicate versions of the whole graph |
//! | [`provenance`] | no trace of the machine a file was written on |
//!
//! [`tree`] reads the files, [`lexer`] tells code from comments and literals, [`paths`] finds what code names, and
//! [`finding`] is how a rule complains. Each rule is also run on a bad sample, so that it can fail.

mod files;
mod finding;
mod layers;
mod leftovers;
mod lexer;
mod manifests;
mod names;
mod orderings;
mod packages;
mod paths;
mod provenance;
mod tree;
mod unsafety;
