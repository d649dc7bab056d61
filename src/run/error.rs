//! What can go wrong in the world during a run, as results keep it.

use crate::engine::launch::LaunchError;
use crate::engine::port::PortError;
use crate::engine::process::StartError;
use crate::engine::ready::NotReady;
use crate::report::model::WorldError;
use crate::scenario::{ServerSpec, Start};
use crate::store::StoreError;

pub const SEE_LOG: &str = "read the end of its log; the whole is in the case's folder";

pub const NOT_OURS: &str =
    "scn did not start it: what it wrote at its end is where its output goes";

/// A run that could not go on at all: nothing can be written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot prepare the run: {0}")]
    Setup(String),
}

impl RunError {
    /// Whether the command named a folder that a run cannot have.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Store(
                StoreError::Finished { .. }
                    | StoreError::NotARunFolder { .. }
                    | StoreError::NotADirectory { .. }
                    | StoreError::NotFound { .. }
            )
        )
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => Some(error.help()),
            Self::Setup(_) => None,
        }
    }
}

/// An error of the store, while a case runs.
pub fn of_store(error: &StoreError, phase: Option<&str>) -> WorldError {
    WorldError {
        kind: error.kind().into(),
        message: error.to_string(),
        help: Some(error.help().into()),
        log_tail: None,
        phase: phase.map(Into::into),
    }
}

/// A server that could not be started or never got ready.
pub fn of_launch(error: &LaunchError, server: &ServerSpec) -> WorldError {
    let plain = |kind: &str, help: Option<String>| WorldError {
        kind: kind.into(),
        message: format!("the server `{}`: {error}", server.name),
        help,
        ..WorldError::default()
    };
    match error {
        LaunchError::Start(StartError::NotFound { .. }) => {
            plain("program_missing", Some(missing_help(server)))
        }
        // its log is a file of the run folder, and fails like the others
        LaunchError::Start(StartError::Log { path, source }) => {
            let source = match source.raw_os_error() {
                Some(number) => std::io::Error::from_raw_os_error(number),
                None => std::io::Error::other(source.to_string()),
            };
            of_store(
                &StoreError::io("write the server's log", path, source),
                None,
            )
        }
        LaunchError::Start(_) => plain("server_not_started", None),
        LaunchError::Port(PortError::Taken { .. }) => plain(
            "no_port",
            Some("give the server another `port`, or none so that scn picks a free one".into()),
        ),
        LaunchError::Port(_) | LaunchError::PortsTaken { .. } => plain("no_port", None),
        LaunchError::Interrupted(_) => plain("interrupted", None),
        LaunchError::NotReady { why, .. } => {
            // the log's tail has a field of its own
            let (kind, what, tail, help) = match why {
                NotReady::Exited { exit, tail, .. } => (
                    "server_exited",
                    format!("{exit}, before it was ready"),
                    tail.as_slice(),
                    SEE_LOG,
                ),
                NotReady::Timeout {
                    after, last, tail, ..
                } => (
                    "server_not_ready",
                    format!("was not ready within {:.0} s: {last}", after.as_secs_f64()),
                    tail.as_slice(),
                    "raise `ready { timeout = … }` in the server block if it only needs longer",
                ),
                other => (
                    "server_not_ready",
                    format!("did not get ready: {other}"),
                    &[][..],
                    SEE_LOG,
                ),
            };
            WorldError {
                kind: kind.into(),
                message: format!("the server `{}` {what}", server.name),
                help: Some(help.into()),
                log_tail: (!tail.is_empty()).then(|| tail.join("\n")),
                phase: None,
            }
        }
    }
}

fn missing_help(server: &ServerSpec) -> String {
    match &server.start {
        Start::Launch {
            setup: Some(script),
            ..
        } => {
            format!("install it first: `bash {}`", script.display())
        }
        _ => format!(
            "install {}, or say where it is: `program = \"/path/to/it\"` in the server block",
            server.engine
        ),
    }
}

/// Any other error of a case.
pub fn other(kind: &str, message: impl Into<String>, help: Option<&str>) -> WorldError {
    WorldError {
        kind: kind.into(),
        message: message.into(),
        help: help.map(Into::into),
        ..WorldError::default()
    }
}
