//! What goes wrong on purpose in the words of HTTP; what any world has is in [`sim`]. Pure.

use crate::sim;
use serde::{Deserialize, Serialize};

/// The faults that concern single requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Those that any world has.
    pub common: sim::Faults,
    pub not_sse: bool,
    pub garbage: bool,
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Answered, with data that is not JSON if so declared.
    Answer { garbage: bool },
    /// Refused with this status.
    Refuse(u16),
    /// Answered with a web page.
    WebPage,
    /// Headers, then nothing.
    Stall,
    /// Dropped after so many tokens, at least one where the answer has two.
    Cut { after: u64 },
}

/// Where `--spawn-child` puts its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ChildPlace {
    /// Our process group.
    Group,
    /// A session, and so a group, of its own.
    Session,
}

impl Faults {
    /// The fate of the request with this index (in order of arrival, from 0), when `answered`
    /// requests were answered before it and its answer has `tokens` tokens.
    pub fn fate(&self, index: u64, answered: u64, tokens: u64, stream: bool) -> Fate {
        match self.common.fate(index, answered, tokens) {
            sim::Fate::Stall => Fate::Stall,
            sim::Fate::Refuse(status) => Fate::Refuse(status),
            _ if self.not_sse && stream => Fate::WebPage,
            sim::Fate::Cut { after } => Fate::Cut { after },
            sim::Fate::Answer => Fate::Answer {
                garbage: self.garbage,
            },
        }
    }

    /// Whether the process is to die now that `answered` requests were answered.
    pub fn dies(&self, answered: u64) -> bool {
        self.common.dies(answered)
    }
}
