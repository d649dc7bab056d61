//! The thread on which all loads run: apart from what else the process does, and alone.
//!
//! One thread reads 64 streams with about half the CPU time that a pool of workers needs (they
//! wake each other for every event), and its time stamps are not delayed by probes or reports.

use crate::load::priority;
use std::future::Future;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

/// Runs `future` on the load's thread, and returns what it returns; a panic goes on here.
/// Dropping this drops `future`, though not at once.
pub(super) async fn run_there<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut task = AbortOnDrop(handle().spawn(future));
    match (&mut task.0).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only `drop` below aborts it, and the thread never ends before the process.
            Err(error) => unreachable!("the load's thread ended: {error}"),
        },
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The load thread's runtime; the caller's own where no thread can be had.
fn handle() -> Handle {
    static THREAD: OnceLock<Option<Handle>> = OnceLock::new();
    THREAD
        .get_or_init(start)
        .clone()
        .unwrap_or_else(Handle::current)
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("load".into())
        .spawn(move || {
            priority::raise();
            runtime.block_on(std::future::pending::<()>());
        })
        .ok()?;
    Some(handle)
}
