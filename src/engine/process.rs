//! Starting one server as a local process: below a guard, its output drained to a log.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::watch;

use super::log::{Drain, LogLimit};
use super::protocol::{Event, Order, Spec, line};
pub use super::server::{ExitInfo, Server, StopReport};
use super::watch::{GuardChild, State, Watcher};
use crate::redact::Redactor;

/// How long descendants may outlive a server that ended.
const LEFTOVER: Duration = Duration::from_secs(2);

/// How long a guard may take to say that the server was started, on a busy machine.
const GUARD_PATIENCE: Duration = Duration::from_secs(60);

/// What to start.
#[derive(Clone)]
pub struct Launch {
    /// The program, looked up in `PATH` where it has no slash, and its arguments.
    pub program_and_args: Vec<String>,
    /// Added to scn's own environment. Values are not shown by `Debug`.
    pub env: Vec<(String, String)>,
    /// Where it runs; where scn runs if none.
    pub cwd: Option<PathBuf>,
    /// Standard output and error are appended to this file.
    pub log: PathBuf,
    pub log_limit: LogLimit,
    /// Texts that are blotted out of the log and of messages.
    pub secrets: Vec<String>,
}

impl std::fmt::Debug for Launch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let redactor = Redactor::new(self.secrets.iter().cloned());
        let args = self.program_and_args.iter().map(|arg| redactor.text(arg));
        f.debug_struct("Launch")
            .field("program_and_args", &args.collect::<Vec<_>>())
            .field(
                "env",
                &self.env.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .field("cwd", &self.cwd)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// The program that is run as guard: scn itself, with a hidden subcommand.
#[derive(Debug, Clone)]
pub struct GuardProgram(pub PathBuf);

impl GuardProgram {
    /// The running program, also where its file was replaced since it was started.
    pub fn this() -> Self {
        Self("/proc/self/exe".into())
    }
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("there is no program to start: the command is empty")]
    Empty,
    #[error("cannot start `{program}`: {why}")]
    NotFound { program: String, why: String },
    #[error(
        "cannot start `{program}`: it is not executable; try `chmod +x`, or name the program that runs it"
    )]
    NotExecutable { program: String },
    #[error("cannot start `{program}` in {}: {source}; the folder must exist and be accessible", cwd.display())]
    Folder {
        program: String,
        cwd: PathBuf,
        source: io::Error,
    },
    #[error("cannot write the server's log {}: {source}", path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("cannot start `{program}`: {why}")]
    Refused { program: String, why: String },
    #[error("cannot start the guard process of `{program}`: {why}")]
    Guard { program: String, why: String },
}

/// Starts a server below a guard of its own. Must run on a tokio runtime with I/O and time.
///
/// # Errors
/// See [`StartError`]. Nothing is left running.
pub async fn start(launch: &Launch, program: &GuardProgram) -> Result<Server, StartError> {
    let Some(name) = launch
        .program_and_args
        .first()
        .filter(|name| !name.is_empty())
    else {
        return Err(StartError::Empty);
    };
    let failed = |what: &str, error: &dyn std::fmt::Display| StartError::Guard {
        program: name.clone(),
        why: format!("{what}: {error}"),
    };
    if let Some(cwd) = &launch.cwd {
        check_folder(name, cwd)?;
    }
    let redactor = Redactor::new(launch.secrets.iter().cloned());
    let (output, input) = io::pipe().map_err(|e| failed("no pipe for its output", &e))?;
    let drain = Drain::start(output, &launch.log, launch.log_limit, redactor.clone()).map_err(
        |source| StartError::Log {
            path: launch.log.clone(),
            source,
        },
    )?;
    let mut guard =
        GuardChild::spawn(program, input).map_err(|e| failed("it was not started", &e))?;
    let (Some(mut orders), Some(events)) = (guard.child.stdin.take(), guard.child.stdout.take())
    else {
        return Err(failed("it was not started", &"it has no pipes"));
    };
    let trace = guard.trace.clone();
    let mut env = launch.env.clone();
    env.push(trace.variable());
    let spec = line(&Order::Start(Spec {
        argv: launch.program_and_args.clone(),
        env,
        cwd: launch.cwd.clone(),
        leftover_ms: u64::try_from(LEFTOVER.as_millis()).unwrap_or(u64::MAX),
    }))
    .map_err(|e| failed("the command cannot be passed on", &e))?;
    let mut events = BufReader::new(events).lines();
    let first = tokio::time::timeout(GUARD_PATIENCE, async {
        orders.write_all(&spec).await?;
        events.next_line().await
    });
    let started = Instant::now();
    let first = match first.await {
        Ok(Ok(Some(text))) => {
            serde_json::from_str(&text).map_err(|e| failed("it answered strangely", &e))?
        }
        Ok(Ok(None)) => return Err(failed("it ended at once", &drain_text(&drain).await)),
        Ok(Err(error)) => return Err(failed("it cannot be talked to", &error)),
        Err(_) => return Err(failed("it did not answer", &format!("{GUARD_PATIENCE:?}"))),
    };
    let pid = match first {
        Event::Started { pid } => pid,
        Event::Failed { errno, message } => return Err(start_error(launch, name, errno, message)),
        other => return Err(failed("it answered strangely", &format!("{other:?}"))),
    };
    let (state_in, state) = watch::channel(State::default());
    let watcher = Watcher {
        pid,
        guard,
        started,
        state: state_in,
    };
    tokio::spawn(watcher.watch(events));
    Ok(Server {
        pid,
        trace,
        started,
        orders,
        state,
        drain,
        redactor,
        log: launch.log.clone(),
    })
}

fn check_folder(program: &str, cwd: &Path) -> Result<(), StartError> {
    let checked = std::fs::metadata(cwd).and_then(|found| {
        if found.is_dir() {
            Ok(())
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    });
    checked.map_err(|source| StartError::Folder {
        program: program.into(),
        cwd: cwd.into(),
        source,
    })
}

async fn drain_text(drain: &Drain) -> String {
    drain.settle(Duration::from_secs(1)).await;
    drain.tail(5).join(" | ")
}

fn start_error(launch: &Launch, name: &str, errno: Option<i32>, message: String) -> StartError {
    let program = name.to_string();
    let path = launch.cwd.as_deref().unwrap_or(Path::new("")).join(name);
    match errno {
        Some(nix::libc::ENOENT) => {
            let why = if !name.contains('/') {
                "no program of this name is in PATH; install it, or give its path"
            } else if path.exists() {
                "the file is there, but the interpreter that its first line names is not"
            } else {
                "there is no such file"
            };
            StartError::NotFound {
                program,
                why: why.into(),
            }
        }
        Some(nix::libc::EACCES) => StartError::NotExecutable { program },
        _ => StartError::Refused {
            program,
            why: message,
        },
    }
}
