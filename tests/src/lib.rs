//! What the test programs under `tests/` share: where the workspace is.
//!
//! The tests themselves are programs of their own, one per subject, and see RingMQ only as its users do.

use std::path::Path;

/// The root of the workspace: the folder of the top `Cargo.toml`.
///
/// # Panics
/// If the crate was moved out of the workspace's `tests/` folder.
#[must_use]
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("`tests/` lies inside the workspace")
}

/// Compiles the programs that the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
