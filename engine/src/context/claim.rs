//! Who is pinned to which core: engines that share one slow each other down, and nobody would notice.
//!
//! A claim is a name in the kernel that ends with its process, so a crash leaves nothing behind. Hosts without such
//! names, and processes in network namespaces of their own, do not see each other's claims.

/// A core that an engine is pinned to, for as long as it lives.
#[derive(Debug)]
pub(super) struct Claim {
    /// Holds the name.
    #[cfg(all(target_os = "linux", not(ringmq_portable)))]
    #[expect(dead_code, reason = "what it is for is its life")]
    name: std::os::unix::net::UnixDatagram,
}

impl Claim {
    /// Claims a core; says so once where somebody has it already.
    #[cfg(all(target_os = "linux", not(ringmq_portable)))]
    pub(super) fn of_core(core: usize) -> Option<Self> {
        use std::io::ErrorKind;
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};

        let address = SocketAddr::from_abstract_name(format!("ringmq/core/{core}")).ok()?;
        match UnixDatagram::bind_addr(&address) {
            Ok(name) => Some(Self { name }),
            Err(error) => {
                if error.kind() == ErrorKind::AddrInUse {
                    eprintln!("ringmq: another engine is pinned to core {core} already");
                }
                None
            }
        }
    }

    /// This host has no names that end with their process.
    #[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
    pub(super) const fn of_core(_core: usize) -> Option<Self> {
        None
    }
}
