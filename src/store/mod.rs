//! The run folder: an append-only record that survives a kill. Its layout: docs/run_folder.md.

mod answers;
mod case;
mod error;
mod events;
mod folder;
pub mod host;
mod lines;
mod read;
mod read_rows;
mod requests;
mod rows;
mod samples;
mod write;

pub use crate::redact::{REDACTED, Redactor};
pub use crate::scenario::folder_name;
pub use answers::AnswerLine;
pub use case::{CaseFolder, case_path};
pub use error::StoreError;
pub use events::{Event, Events, read_events};
pub use folder::RunFolder;
pub use host::{ClientScheduling, HostFacts};
pub use lines::LineLog;
pub use read::RunState;
pub use requests::RequestLog;
pub use samples::SampleLog;
pub(crate) use write::{pretty, write_whole, write_whole_json};
