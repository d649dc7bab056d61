//! What can go wrong in the world during a run, as results keep it.

use crate::engine::launch::LaunchError;
use crate::engine::process::StartError;
use crate::engine::ready::NotReady;
use crate::report::model::WorldError;
use crate::scenario::{ServerSpec, Start};
use crate::store::StoreError;

/// A run that could not go on at all: nothing can be written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot prepare the run: {0}")]
    Setup(String),
}

impl RunError {
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
        LaunchError::Start(_) => plain("server_not_started", None),
        LaunchError::Port(_) | LaunchError::PortsTaken { .. } => plain("no_port", None),
        LaunchError::Interrupted(_) => plain("interrupted", None),
        LaunchError::NotReady { why, .. } => {
            let (kind, tail, help) = match why {
                NotReady::Exited { tail, .. } => {
                    ("server_exited", tail.as_slice(), "read the end of its log")
                }
                NotReady::Timeout { tail, .. } => (
                    "server_not_ready",
                    tail.as_slice(),
                    "raise `ready { timeout = … }` in the server block if it only needs longer",
                ),
                _ => ("server_not_ready", &[][..], "see the server's log"),
            };
            let message = why.to_string();
            WorldError {
                kind: kind.into(),
                // the tail has a field of its own
                message: format!(
                    "the server `{}`: {}",
                    server.name,
                    message.lines().next().unwrap_or_default()
                ),
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
