//! Follows a guard from scn's side: what it says of its server, and what is left to do where
//! the guard itself was killed.

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use std::collections::BTreeSet;
use std::io;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;

use super::guard;
use super::process::GuardProgram;
use super::protocol::Event;
use super::server::{ExitInfo, KILL_PATIENCE};
use super::tree::{self, Lost, ProcessName};

/// Marks everything that a server starts, so that it is found where its guard was killed.
const MARK: &str = "SCN_SERVER";

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub exit: Option<ExitInfo>,
    pub gone: Option<Gone>,
}

/// Nothing of the server is left.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    pub grace_over: bool,
    pub killed: Vec<ProcessName>,
}

/// How to find what a guard has started, when the guard itself cannot say any more.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub guard: i32,
    value: String,
}

impl Trace {
    fn new(guard: i32) -> Self {
        let value = format!("{guard}-{:016x}", rand::random::<u64>());
        Self { guard, value }
    }

    /// The variable that the server and all it starts carry.
    pub fn variable(&self) -> (String, String) {
        (MARK.into(), self.value.clone())
    }

    /// What runs of it, and what waits for this process to reap it, the guard being gone.
    pub fn find(&self) -> (Vec<ProcessName>, Vec<i32>) {
        self.find_beside(&guards())
    }

    fn find_beside(&self, guards: &BTreeSet<i32>) -> (Vec<ProcessName>, Vec<i32>) {
        let lost = Lost {
            mark: &format!("{MARK}={}", self.value),
            session: self.guard,
            guards,
        };
        lost.find()
    }

    /// Kills what is left; returns what got the signal, and what waits to be reaped.
    fn kill(&self) -> (Vec<ProcessName>, Vec<i32>) {
        let guards = guards();
        let (live, ended) = self.find_beside(&guards);
        (tree::kill_each(live), ended)
    }
}

/// The guards that this process has started and not yet seen end. Locked while one is
/// started: one that is not yet listed would be taken for an orphan.
fn guards() -> MutexGuard<'static, BTreeSet<i32>> {
    static GUARDS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
    GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guard as scn's child.
pub(super) struct GuardChild {
    pub child: Child,
    pub trace: Trace,
}

impl GuardChild {
    /// Starts a guard; `output` becomes the server's output.
    pub fn spawn(program: &GuardProgram, output: io::PipeWriter) -> io::Result<Self> {
        let mut command = Command::new(&program.0);
        command
            .arg0(guard::NAME.to_string_lossy().as_ref())
            .arg(guard::SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(output));
        // SAFETY: setsid is async-signal-safe. Done here, not in the guard, so that there is no
        // moment in which the terminal's Ctrl-C reaches it.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                Ok(())
            });
        }
        let mut guards = guards();
        let child = command.spawn()?;
        let pid = child
            .id()
            .map(u32::cast_signed)
            .ok_or(nix::errno::Errno::ESRCH)?;
        guards.insert(pid);
        Ok(Self {
            child,
            trace: Trace::new(pid),
        })
    }
}

impl Drop for GuardChild {
    fn drop(&mut self) {
        guards().remove(&self.trace.guard);
    }
}

/// Follows what the guard says until it ends.
pub(super) struct Watcher {
    pub pid: i32,
    pub guard: GuardChild,
    pub started: Instant,
    pub state: watch::Sender<State>,
}

impl Watcher {
    pub async fn watch(mut self, mut events: Lines<BufReader<ChildStdout>>) {
        while let Ok(Some(text)) = events.next_line().await {
            match serde_json::from_str(&text) {
                Ok(Event::Exited { code, signal }) => self.exited(code, signal, false),
                Ok(Event::Gone { grace_over, killed }) => {
                    self.gone(grace_over, killed);
                    break;
                }
                _ => {}
            }
        }
        if self.state.borrow().gone.is_none() {
            self.clean_up_lost_guard().await;
        }
        let _ = self.guard.child.wait().await;
    }

    fn exited(&self, code: Option<i32>, signal: Option<i32>, guard_lost: bool) {
        let after = self.started.elapsed();
        self.state.send_modify(|state| {
            state.exit.get_or_insert(ExitInfo {
                code,
                signal,
                guard_lost,
                after,
            });
        });
    }

    fn gone(&self, grace_over: bool, killed: Vec<ProcessName>) {
        self.state
            .send_modify(|state| state.gone = Some(Gone { grace_over, killed }));
    }

    /// The guard was killed: its descendants have come to this process, or to the system's
    /// first one. Kills and reaps them until none is left.
    async fn clean_up_lost_guard(&mut self) {
        // One that only stopped talking must not go on beside us.
        let _ = self.guard.child.start_kill();
        let _ = self.guard.child.wait().await;
        let mut killed: Vec<ProcessName> = Vec::new();
        let mut ended = None;
        let give_up = Instant::now() + KILL_PATIENCE;
        loop {
            let trace = self.guard.trace.clone();
            let round = tokio::task::spawn_blocking(move || trace.kill());
            let (found, ended_now) = round.await.unwrap_or_default();
            if found.is_empty() && ended_now.is_empty() || Instant::now() > give_up {
                break;
            }
            for pid in ended_now {
                let status = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
                if pid == self.pid {
                    ended = status.ok();
                }
            }
            for one in found {
                if !killed.contains(&one) {
                    killed.push(one);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let (code, signal) = match ended {
            Some(WaitStatus::Exited(_, code)) => (Some(code), None),
            Some(WaitStatus::Signaled(_, signal, _)) => (None, Some(signal as i32)),
            _ => (None, None),
        };
        self.exited(code, signal, true);
        self.gone(false, killed);
    }
}
