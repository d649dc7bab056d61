//! Ctrl-C and SIGTERM: the first asks the run to finish and report, the second to stop now.

use super::Shared;
use super::progress::Event;
use crate::stop::{StopLevel, Stopper};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Raises the stop level with every signal; runs until it is aborted.
pub(super) async fn watch(stopper: Stopper, shared: Arc<Shared>) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    for level in [StopLevel::Finish, StopLevel::Now] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopper.raise(level);
        shared.log(
            "interrupted",
            serde_json::json!({ "now": level == StopLevel::Now }),
        );
        shared.progress.event(Event::Interrupting { level });
    }
    std::future::pending::<()>().await;
}
