//! Reports: the result model, templates, CSV, JUnit and the step summary.

mod columns;
mod context;
mod ending;
mod environment;
mod error;
mod failed;
mod figures;
mod filters;
mod github;
mod group;
mod junit;
mod logs;
mod markdown;
pub mod model;
mod part;
mod places;
pub mod rank;
pub(crate) mod reached;
mod same;
mod series;
mod table;
mod tables;
mod tally;
mod template;
pub mod terminal;
pub mod text;
mod transcript;
mod warned;
pub mod worlds;
mod write;

pub use ending::Ending;
pub use error::{Clash, ReportError, ReportErrors, TemplateError};
pub use tally::Tally;
pub use template::{check_template, std_template, std_templates};
pub use transcript::wants_answers;
pub use write::{as_stored, write_all, write_folder};
