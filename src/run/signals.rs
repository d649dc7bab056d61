//! Ctrl-C, SIGTERM and a closed terminal: the first asks the run to finish and report, the second
//! to stop now.

use super::Shared;
use super::progress::Event;
use crate::stop::{StopLevel, Stopper};
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Raises the stop level with every signal, from now on; runs until it is aborted.
///
/// # Errors
/// The system refuses to hand signals over.
pub(super) fn watch(stopper: Stopper, shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        for level in [StopLevel::Finish, StopLevel::Now] {
            let name = tokio::select! {
                Some(()) = next(&mut interrupt) => "SIGINT",
                Some(()) = next(&mut terminate) => "SIGTERM",
                Some(()) = next(&mut hangup) => "SIGHUP",
                else => return,
            };
            stopper.raise(level);
            shared.log(
                "interrupted",
                serde_json::json!({ "signal": name, "now": level == StopLevel::Now }),
            );
            shared.progress.event(Event::Interrupting { level });
        }
    }))
}

/// Listens to a signal; none where whoever started scn has it ignored (`nohup`, a shell's job in
/// the background), which is then left so.
fn listen(kind: SignalKind) -> std::io::Result<Option<Signal>> {
    if is_ignored(kind) {
        Ok(None)
    } else {
        signal(kind).map(Some)
    }
}

async fn next(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => None,
    }
}

fn is_ignored(kind: SignalKind) -> bool {
    let mut now = std::mem::MaybeUninit::<nix::libc::sigaction>::zeroed();
    // SAFETY: asks only; `now` is valid for writing, and all zeroes are a valid value of it.
    unsafe {
        nix::libc::sigaction(kind.as_raw_value(), std::ptr::null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == nix::libc::SIG_IGN
    }
}
