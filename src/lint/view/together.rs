//! All cases of a scenario, and what their checks read of one another.

use crate::eval::Query;
use crate::scenario::Case;
use crate::source::Span;
use std::collections::HashMap;

/// The cases that run of a scenario.
pub struct Together<'a> {
    /// By their ids.
    pub(super) cases: HashMap<&'a str, &'a Case>,
    /// By the case that it is of, what checks that read several cases read.
    pub(super) read: HashMap<&'a str, Vec<Across<'a>>>,
}

/// A figure that a check reads by `at`, or beside what it reads so.
pub(super) struct Across<'a> {
    pub(super) query: &'a Query,
    /// The check's condition.
    pub(super) span: Span,
    /// The case that the check stands in.
    pub(super) stands: &'a str,
}

impl<'a> Together<'a> {
    pub fn of(cases: &'a [Case]) -> Self {
        let mut read: HashMap<&str, Vec<Across<'_>>> = HashMap::new();
        for case in cases {
            for check in &case.checks {
                let across = check.across.iter().flat_map(|across| &across.reads);
                for (of, query) in across {
                    read.entry(of).or_default().push(Across {
                        query,
                        span: check.span,
                        stands: &case.id,
                    });
                }
            }
        }
        Self {
            cases: cases.iter().map(|case| (case.id.as_str(), case)).collect(),
            read,
        }
    }
}
