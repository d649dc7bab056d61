//! What can go wrong while reports are written.

use crate::store::StoreError;
use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ReportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("report `{report}`: cannot write to `{to}`: {why}")]
    Path {
        report: String,
        to: String,
        why: String,
    },
    #[error(transparent)]
    Clash(Box<Clash>),
    #[error("report `{report}`: there is no template called `{name}`{near}")]
    NoTemplate {
        report: String,
        name: String,
        /// `; did you mean …?`, or nothing.
        near: String,
    },
    #[error("report `{report}`: {error}")]
    Template {
        report: String,
        error: Box<TemplateError>,
    },
    #[error("cannot put {what} into words: {why}")]
    Data { what: String, why: String },
}

impl ReportError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Store(error) => error.help().into(),
            Self::Path { .. } => {
                "name a path below the run folder's reports/, such as `summary.md`".into()
            }
            Self::Clash(_) => "give one of them another `to`".into(),
            Self::NoTemplate { .. } => {
                "name a file of the pack, or one of the standard templates".into()
            }
            Self::Template { error, .. } => error
                .help
                .clone()
                .unwrap_or_else(|| "docs/run_folder.md lists what a template is given".into()),
            Self::Data { .. } => "look at the result.json files of the run folder".into(),
        }
    }
}

/// Two reports that differ and want to write one file.
#[derive(Debug, Error)]
#[error(
    "`{to}` is written by report `{first}` ({scenario_first}) and by report `{second}` \
     ({scenario_second}), which differ in their {differ}"
)]
pub struct Clash {
    pub to: String,
    pub first: String,
    pub scenario_first: String,
    pub second: String,
    pub scenario_second: String,
    pub differ: &'static str,
}

/// A mistake in a template, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's name: a file of the pack, or `std:…`.
    pub name: String,
    /// From 1; none where the engine does not say.
    pub line: Option<usize>,
    /// In characters, from 1.
    pub column: Option<usize>,
    pub message: String,
    /// The line of the template.
    pub source_line: Option<String>,
    pub help: Option<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        match &self.source_line {
            Some(line) => write!(f, "\n    {}", line.trim()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Some reports could not be written; the others were.
#[derive(Debug)]
pub struct ReportErrors {
    pub written: Vec<PathBuf>,
    /// At least one.
    pub errors: Vec<ReportError>,
}

impl fmt::Display for ReportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            let line_end = if i == 0 { "" } else { "\n" };
            write!(f, "{line_end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ReportErrors {}
