//! How many checks ended how, in one line; and the sign of a verdict.

use super::model::{CaseResult, CheckResult, Verdict};
use crate::syntax::ast::CheckLevel;
use serde::Serialize;
use std::fmt;

/// The verdicts of many checks, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub cases: usize,
    pub checks: usize,
    pub passed: usize,
    pub failed: usize,
    /// `warn` checks that do not hold.
    pub warned: usize,
    pub errors: usize,
    pub no_data: usize,
    pub inconclusive: usize,
    pub not_decided: usize,
    pub skipped: usize,
    pub interrupted: usize,
    /// Cases in which the world failed.
    pub broken_cases: usize,
    /// Cases that cannot work.
    pub infeasible_cases: usize,
    /// Cases that were stopped, or cut, before all of them was decided.
    pub interrupted_cases: usize,
}

impl Tally {
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a CaseResult>) -> Self {
        let mut tally = Self::default();
        for case in cases {
            tally.cases += 1;
            tally.broken_cases += usize::from(case.verdict == Verdict::Error);
            tally.infeasible_cases += usize::from(case.infeasible.is_some());
            tally.interrupted_cases += usize::from(case.verdict == Verdict::Interrupted);
            case.checks.iter().for_each(|check| tally.add(check));
        }
        tally
    }

    fn add(&mut self, check: &CheckResult) {
        self.checks += 1;
        let count = match check.verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail if check.level == CheckLevel::Warn => &mut self.warned,
            Verdict::Fail => &mut self.failed,
            Verdict::Error => &mut self.errors,
            Verdict::NoData => &mut self.no_data,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::NotDecided => &mut self.not_decided,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Interrupted => &mut self.interrupted,
        };
        *count += 1;
    }
}

impl fmt::Display for Tally {
    /// `12 checks: 10 passed, 1 failed, 1 no data; 1 case with an error`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = if self.checks == 1 { "check" } else { "checks" };
        write!(f, "{} {checks}", self.checks)?;
        let parts = [
            (self.passed, "passed"),
            (self.failed, "failed"),
            (
                self.warned,
                if self.warned == 1 {
                    "warning"
                } else {
                    "warnings"
                },
            ),
            (
                self.errors,
                if self.errors == 1 { "error" } else { "errors" },
            ),
            (self.no_data, "no data"),
            (self.inconclusive, "inconclusive"),
            (self.not_decided, "not decided"),
            (self.skipped, "skipped"),
            (self.interrupted, "interrupted"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
        if !parts.is_empty() {
            write!(f, ": {}", parts.join(", "))?;
        }
        match self.broken_cases {
            0 => {}
            1 => f.write_str("; 1 case with an error")?,
            n => write!(f, "; {n} cases with an error")?,
        }
        match self.infeasible_cases {
            0 => Ok(()),
            1 => f.write_str("; 1 case not feasible"),
            n => write!(f, "; {n} cases not feasible"),
        }
    }
}

/// Which sign stands before a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Good,
    Bad,
    Warning,
    Unknown,
    Left,
}

impl Sign {
    pub(super) fn of(verdict: Verdict, level: CheckLevel) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Fail if level == CheckLevel::Warn => Self::Warning,
            Verdict::Fail | Verdict::Error => Self::Bad,
            Verdict::NoData | Verdict::Inconclusive => Self::Unknown,
            Verdict::NotDecided | Verdict::Skipped | Verdict::Interrupted => Self::Left,
        }
    }

    pub(super) fn unicode(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Warning => "!",
            Self::Unknown => "?",
            Self::Left => "–",
        }
    }

    pub(super) fn ascii(self) -> &'static str {
        match self {
            Self::Good => "+",
            Self::Bad => "x",
            Self::Warning => "!",
            Self::Unknown => "?",
            Self::Left => "-",
        }
    }

    /// Shown in colour by the pages that render Markdown.
    pub(super) fn emoji(self) -> &'static str {
        match self {
            Self::Good => "✅",
            Self::Bad => "❌",
            Self::Warning => "⚠️",
            Self::Unknown => "❔",
            Self::Left => "➖",
        }
    }
}
