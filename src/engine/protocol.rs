//! What scn and the guard of a server say to each other: one JSON value per line.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::tree::ProcessName;

/// From scn to the guard, on its standard input. The input's end means that scn is gone.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Comes first, once.
    Start(Spec),
    /// Signal the server's process group, and kill what is left when the grace is over.
    Stop { signal: i32, grace_ms: u64 },
}

/// What to start. Travels here, not in the guard's arguments, which every user can read.
#[derive(Serialize, Deserialize)]
pub(super) struct Spec {
    pub argv: Vec<String>,
    /// Added to the guard's own environment.
    pub env: Vec<(String, String)>,
    pub cwd: Option<PathBuf>,
    /// How long descendants may outlive a server that ended.
    pub leftover_ms: u64,
}

/// From the guard to scn, on its standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Started {
        pid: i32,
    },
    /// The server could not be started; the guard ends.
    Failed {
        errno: Option<i32>,
        message: String,
    },
    /// The server itself ended; descendants may still be there.
    Exited {
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// Nothing is left below the guard, which now ends.
    Gone {
        /// The server was still there when the grace given to it was over.
        grace_over: bool,
        killed: Vec<ProcessName>,
    },
}

/// One message as a line.
pub(super) fn line(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}
