//! Ctrl-C, SIGTERM and a closed terminal: the first asks the run to finish and report, the second
//! to stop now.

use super::Shared;
use super::progress::Event;
use crate::stop::{StopLevel, Stopper};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

/// Raises the stop level with every signal, from now on; runs until it is aborted.
///
/// # Errors
/// The system refuses to hand signals over.
pub(super) fn watch(stopper: Stopper, shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        for level in [StopLevel::Finish, StopLevel::Now] {
            let name = tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
                _ = hangup.recv() => "SIGHUP",
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
