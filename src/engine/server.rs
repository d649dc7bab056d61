//! A started server: what runs of it, how it ended, stopping it in order or killing it.

use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::watch;

use super::log::{Drain, LogSummary};
use super::protocol::{Order, line};
use super::tree::{self, ProcessName};
use super::watch::{State, Trace};
use crate::redact::Redactor;
use crate::stop::{Stop, StopLevel};

/// How long killed processes may take to be gone before they are reported as left.
pub(super) const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How long the log may take to be whole after the last process ended.
const LOG_PATIENCE: Duration = Duration::from_secs(10);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExitInfo {
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Its guard was killed, which ends the server too; how it ended may be unknown.
    pub guard_lost: bool,
    /// From its start.
    pub after: Duration,
}

impl std::fmt::Display for ExitInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "ended with exit status {code}")?,
            (None, Some(number)) => match nix::sys::signal::Signal::try_from(number) {
                Ok(signal) => write!(f, "was ended by {signal}")?,
                Err(_) => write!(f, "was ended by signal {number}")?,
            },
            (None, None) => f.write_str("ended in a way that could not be seen")?,
        }
        if self.guard_lost {
            f.write_str(" because its guard process was killed")?;
        }
        write!(f, " after {:.1} s", self.after.as_secs_f64())
    }
}

/// How a stop went.
#[derive(Debug, Clone, Serialize)]
pub struct StopReport {
    /// None where the server did not end.
    pub exit: Option<ExitInfo>,
    /// From the request to when nothing was left.
    pub took: Duration,
    /// The server was still there when its grace was over, and was killed.
    pub grace_over: bool,
    /// What had to be killed, the server included.
    pub killed: Vec<ProcessName>,
    /// What could not be killed (yet).
    pub left: Vec<ProcessName>,
    pub log: LogSummary,
}

/// A started server. Dropping it kills it, with everything it started.
pub struct Server {
    pub(super) pid: i32,
    pub(super) trace: Trace,
    pub(super) started: Instant,
    /// Its end makes the guard kill everything.
    pub(super) orders: ChildStdin,
    pub(super) state: watch::Receiver<State>,
    pub(super) drain: Drain,
    pub(super) redactor: Redactor,
    pub(super) log: PathBuf,
}

impl Server {
    /// The server's process id; the guard's is its parent's.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The process ids of the server and all it started that run now. Reads all of `/proc`:
    /// about a millisecond.
    pub fn tree(&self) -> Vec<i32> {
        self.processes().iter().map(|one| one.pid).collect()
    }

    /// As [`Server::tree`], with names.
    pub fn processes(&self) -> Vec<ProcessName> {
        let (gone, exit) = {
            let state = self.state.borrow();
            (state.gone.is_some(), state.exit)
        };
        match exit {
            Some(exit) if exit.guard_lost => self.trace.find().0,
            _ if gone => Vec::new(),
            _ => tree::below(self.trace.guard),
        }
    }

    /// How the server ended, if it has.
    pub fn exited(&self) -> Option<ExitInfo> {
        self.state.borrow().exit
    }

    /// Waits for the server's own end, and for its last output. May be dropped at any time.
    pub async fn wait_exit(&mut self) -> ExitInfo {
        let exit = match self.state.wait_for(|state| state.exit.is_some()).await {
            Ok(state) => state.exit,
            // The runtime goes down.
            Err(_) => None,
        };
        let Some(exit) = exit else {
            return std::future::pending().await;
        };
        self.drain.settle(Duration::from_millis(500)).await;
        exit
    }

    /// Resolves when the server itself has ended; without waiting for its last output.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.state.clone();
        async move {
            if state.wait_for(|state| state.exit.is_some()).await.is_err() {
                // The runtime goes down.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until the output of a server that has ended is in its log, as long as may be useful.
    pub async fn settle_log(&self) {
        self.drain.settle(Duration::from_millis(500)).await;
    }

    /// The last lines of its output, for messages.
    pub fn log_tail(&self, lines: usize) -> Vec<String> {
        self.drain.tail(lines)
    }

    pub fn log_summary(&self) -> LogSummary {
        self.drain.summary()
    }

    /// The text with the launch's secrets blotted out.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.text(text)
    }

    /// Sends the signal to the server's process group, and SIGKILL to everything that is left
    /// when the grace is over. Waits until nothing is left.
    pub async fn stop(self, signal: i32, grace: Duration) -> StopReport {
        self.stop_until(signal, grace, std::future::pending()).await
    }

    /// As [`Server::stop`]; the grace ends at once when the run is asked to stop now.
    pub async fn stop_or_hurry(self, signal: i32, grace: Duration, stop: &Stop) -> StopReport {
        let mut stop = stop.clone();
        let now = async move { stop.reached(StopLevel::Now).await };
        self.stop_until(signal, grace, now).await
    }

    /// SIGKILL to everything, and waits until nothing is left.
    pub async fn kill(self) -> StopReport {
        let kill = nix::libc::SIGKILL;
        self.stop(kill, Duration::ZERO).await
    }

    /// As dropping it: the guard kills everything, nobody waits for it.
    pub fn kill_now(self) {}

    async fn stop_until(
        mut self,
        signal: i32,
        grace: Duration,
        hurry: impl Future<Output = ()>,
    ) -> StopReport {
        let asked = Instant::now();
        self.order_stop(signal, grace).await;
        let mut state = self.state.clone();
        let gone = state.wait_for(|state| state.gone.is_some());
        tokio::pin!(gone);
        let in_time = tokio::select! {
            _ = &mut gone => true,
            () = tokio::time::sleep(grace) => false,
            () = hurry => {
                self.order_stop(nix::libc::SIGKILL, Duration::ZERO).await;
                false
            }
        };
        if !in_time {
            let _ = tokio::time::timeout(KILL_PATIENCE, gone).await;
        }
        let took = asked.elapsed();
        let now = self.state.borrow().clone();
        if now.gone.is_some() {
            self.drain.settle(LOG_PATIENCE).await;
        }
        StopReport {
            exit: now.exit,
            took,
            grace_over: now.gone.as_ref().is_none_or(|gone| gone.grace_over),
            killed: now.gone.map(|gone| gone.killed).unwrap_or_default(),
            left: self.processes(),
            log: self.drain.summary(),
        }
    }

    async fn order_stop(&mut self, signal: i32, grace: Duration) {
        let order = Order::Stop {
            signal,
            grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
        };
        if let Ok(line) = line(&order) {
            // Fails where the guard is gone, which is then seen as such.
            let _ = self.orders.write_all(&line).await;
        }
    }
}
