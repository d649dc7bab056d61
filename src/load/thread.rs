//! The thread on which all loads run: apart from what else the process does, and alone.
//!
//! One thread reads 64 streams with about half the CPU time that a pool of workers needs (they
//! wake each other for every event), and its time stamps are not delayed by probes or reports.

use crate::load::priority;
use nix::unistd::{Pid, gettid};
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

/// The load's thread.
struct Started {
    handle: Handle,
    id: Pid,
    /// Whether it comes before ordinary threads; the system's answer where not.
    realtime: Result<(), String>,
}

/// The load thread's runtime; the caller's own where no thread can be had.
fn handle() -> Handle {
    started().map_or_else(Handle::current, |started| started.handle.clone())
}

/// The thread's id; none where no thread can be had.
pub(super) fn id() -> Option<Pid> {
    started().map(|started| started.id)
}

/// Whether the system lets the load's thread come before ordinary ones.
///
/// # Errors
/// What the system said where it does not.
pub fn realtime() -> Result<(), String> {
    match started() {
        Some(started) => started.realtime.clone(),
        None => Err("the client has no thread of its own".into()),
    }
}

fn started() -> Option<&'static Started> {
    static THREAD: OnceLock<Option<Started>> = OnceLock::new();
    THREAD.get_or_init(start).as_ref()
}

fn start() -> Option<Started> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("load".into())
        .spawn(move || {
            let realtime = priority::raise().map_err(|errno| errno.desc().to_string());
            // nobody is there to hear it only where the process ends
            let _ = tell.send((gettid(), realtime));
            runtime.block_on(std::future::pending::<()>());
        })
        .ok()?;
    let (id, realtime) = told.recv().ok()?;
    Some(Started {
        handle,
        id,
        realtime,
    })
}
