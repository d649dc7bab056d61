//! Lets the client's threads run when they have something to do, on machines that the server
//! keeps busy.
//!
//! Where server and client share few cores, the kernel may let a woken thread wait for tens of
//! milliseconds while the server computes. What waits is then not the answer but its time stamp:
//! with an engine on two cores a TTFT of 7 ms was read as 70 ms, and all chunks at once.

use nix::errno::Errno;
use nix::libc;

/// Puts the calling thread before ordinary ones. It must sleep nearly all the time. Needs the
/// right to (root, `CAP_SYS_NICE`, or a limit set for real-time priority); without it, nothing
/// changes.
///
/// # Errors
/// What the system says where it is not allowed.
pub(super) fn raise() -> nix::Result<()> {
    // SAFETY: an all-zero parameter is valid, whatever fields the system has besides.
    let mut parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    parameter.sched_priority = 1;
    // What this thread might start does not inherit it.
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread, and the parameter lives during the call.
    let answer = unsafe { libc::sched_setscheduler(0, policy, &raw const parameter) };
    Errno::result(answer).map(drop)
}
