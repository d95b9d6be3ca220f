//! What the kernel must offer: features and operations, asked for by name, never by version number.

use io_uring::{IoUring, Probe, opcode};

use super::setup::RingRefused;

/// The operations the ring uses.
const OPERATIONS: [(u8, &str); 7] = [
    (opcode::AcceptMulti::CODE, "ACCEPT"),
    (opcode::Connect::CODE, "CONNECT"),
    (opcode::Recv::CODE, "RECV"),
    (opcode::Send::CODE, "SEND"),
    (opcode::SendMsg::CODE, "SENDMSG"),
    (opcode::AsyncCancel2::CODE, "ASYNC_CANCEL"),
    (opcode::Read::CODE, "READ"),
];

/// Checks features and operations.
///
/// # Errors
/// The first one that is missing, or the failure of the probe itself.
pub(super) fn check(io: &IoUring) -> Result<(), RingRefused> {
    let params = io.params();
    let features = [
        (params.is_feature_nodrop(), "NODROP"),
        (params.is_feature_submit_stable(), "SUBMIT_STABLE"),
        (params.is_feature_fast_poll(), "FAST_POLL"),
        (params.is_feature_ext_arg(), "EXT_ARG"),
    ];
    for (present, feature) in features {
        if !present {
            return Err(RingRefused::Feature(feature));
        }
    }
    let mut probe = Probe::new();
    io.submitter()
        .register_probe(&mut probe)
        .map_err(RingRefused::Probe)?;
    for (code, operation) in OPERATIONS {
        if !probe.is_supported(code) {
            return Err(RingRefused::Operation(operation));
        }
    }
    Ok(())
}
