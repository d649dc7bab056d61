//! What other tools call a figure, and how it is read here.

use super::{Evaluator, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::syntax::ast::Ident;

/// Words for a server's series.
const SERIES: [(&str, &str); 9] = [
    ("rss", "memory"),
    ("ram", "memory"),
    ("resident", "memory"),
    ("vmrss", "memory"),
    ("cpu_memory", "memory"),
    ("process_memory", "memory"),
    ("vram", "gpu_memory"),
    ("gpu_mem", "gpu_memory"),
    ("cuda_memory", "gpu_memory"),
];

impl Evaluator<'_> {
    /// Says what was meant by a figure that a phase does not have: `ttft_p95`, `p95_ttft`.
    pub(super) fn joined_statistic(&self, field: &Ident, message: &str) -> Option<Value> {
        let name = &field.text;
        let is = |metric: &str, stat: &str| {
            let distribution = schema::phase_metric(metric)
                .is_some_and(|metric| metric.shape == schema::Shape::Distribution);
            let stat = match stat {
                "avg" | "average" => "mean",
                "median" => "p50",
                stat => stat,
            };
            let known = schema::DISTRIBUTION_STATS.contains(&stat);
            (distribution && known).then(|| format!("{metric}.{stat}"))
        };
        let behind = name
            .rsplit_once('_')
            .and_then(|(metric, stat)| is(metric, stat));
        let before = || {
            name.split_once('_')
                .and_then(|(stat, metric)| is(metric, stat))
        };
        let right = behind.or_else(before)?;
        self.say_meant(field, message, &right);
        Some(Value::Error)
    }

    /// The same of a series that a server does not have: `rss`.
    pub(super) fn other_series(&self, field: &Ident, message: &str) -> Option<Value> {
        let (_, right) = SERIES.iter().find(|(word, _)| field.text == *word)?;
        self.say_meant(field, message, right);
        Some(Value::Error)
    }

    fn say_meant(&self, field: &Ident, message: &str, right: &str) {
        self.report(
            Diagnostic::error(codes::UNKNOWN_METRIC, field.span, message)
                .help(format!("did you mean `{right}`?"))
                .fix("the nearest name", field.span, right, false),
        );
    }
}
