//! Builds the libzmq that `ringmq-bench` measures against, with the options that distributions build
//! it with, in the optimisation level of the profile at hand.

use std::env;

/// What libzmq's own build scripts find on Linux and the source crate leaves out, as far as it has a
/// price: waking through eventfd instead of a socket pair, and queue chunks aligned to cache lines.
const LINUX_DEFINES: &str = "-DZMQ_HAVE_EVENTFD=1 -DZMQ_HAVE_EVENTFD_CLOEXEC=1 \
     -DZMQ_HAVE_SOCK_CLOEXEC=1 -DHAVE_POSIX_MEMALIGN=1 -DZMQ_CACHELINE_SIZE=64";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let own = env::var("CXXFLAGS").unwrap_or_default();
        // SAFETY: this build script has started no other thread that could read the environment.
        unsafe { env::set_var("CXXFLAGS", format!("{own} {LINUX_DEFINES}")) };
    }
    zeromq_src::Build::new().build();
}
