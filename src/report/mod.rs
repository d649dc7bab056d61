//! Reports: the result model, templates, CSV, JUnit and the step summary.

pub mod model;
pub mod text;
