//! # rows-not-told-apart (W0720)
//!
//! A table of several cases, of which no column tells one case from another.
//!
//! ## Why it matters
//!
//! A table has a row for each case. Where two rows differ in nothing but what was measured, nobody
//! who reads the file later can tell which is which. Cases of several scenarios in one file get a
//! column `scenario` by themselves; what tells the cases of one scenario apart is its own to say.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   report speed { columns = [steady.ttft.p50, steady.output_throughput], to = "speed.csv" }
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   report speed {
//!     columns = [case.name, steady.ttft.p50, steady.output_throughput]
//!     to      = "speed.csv"
//!   }
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Evaluator, Handle, Params, Value};
use crate::lint::view::{place, warning};
use crate::report::model::ReportFormat;
use crate::resolve::{Flat, Program};
use crate::scenario::{Case, ReportSpec, Unmeasured};
use std::collections::{HashMap, HashSet};

const RULE: Rule = ("W0720", "rows-not-told-apart");

pub fn check(program: &Program, params: &Params, flat: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    if cases.len() < 2 {
        return Vec::new();
    }
    // by report and file: what its rows have before anything is measured, and of which case
    let mut rows: HashMap<(&str, &str), HashMap<Vec<String>, &str>> = HashMap::new();
    let mut said: HashSet<&str> = HashSet::new();
    let mut found = Vec::new();
    for case in cases {
        let unmeasured = Unmeasured::of(case);
        let eval = Evaluator::new(program, params, &unmeasured);
        for report in case.reports.iter().filter(|report| is_table(report)) {
            if said.contains(report.name.as_str()) {
                continue;
            }
            let Some(row) = known(&eval, case, report) else {
                continue;
            };
            for path in &report.to {
                let rows = rows.entry((&report.name, path)).or_default();
                let Some(other) = rows.insert(row.clone(), &case.id) else {
                    continue;
                };
                if said.insert(&report.name) {
                    found.extend(untold(flat, report, path, [other, &case.id]));
                }
            }
        }
    }
    found
}

fn is_table(report: &ReportSpec) -> bool {
    let format = matches!(
        report.format,
        ReportFormat::Csv | ReportFormat::Markdown | ReportFormat::Json
    );
    format && !report.columns.is_empty()
}

/// What the columns of a case's row hold that is known before anything is measured. None where one
/// that is measured has something of the case in it too, or is not known.
fn known(eval: &Evaluator<'_>, case: &Case, report: &ReportSpec) -> Option<Vec<String>> {
    let mut out = Vec::new();
    for (_, column) in &report.columns {
        match eval.eval(&column.expr, &column.scope) {
            Value::Error => return None,
            // how a case ends is the same in many
            Value::Handle(Handle::Ending(_)) => {}
            Value::Unknown(_) | Value::Unavailable(_) | Value::Handle(_) => {
                let read = eval.names_of_case(&column.expr, &column.scope);
                if read.contains("case") || case.axes.keys().any(|axis| read.contains(axis)) {
                    return None;
                }
            }
            value => out.push(value.shown().unwrap_or_default()),
        }
    }
    Some(out)
}

fn untold(flat: &Flat, report: &ReportSpec, path: &str, cases: [&str; 2]) -> Option<Diagnostic> {
    let mut blocks = flat.children_of("report");
    let block = blocks.find(|block| block.title() == report.name)?;
    let own = block.attrs.get("columns");
    let span = match own.is_some_and(|attr| attr.module == block.module) {
        true => place(block, "columns"),
        false => block.head(),
    };
    let [one, other] = cases;
    let message = format!("no column of `{path}` tells the row of `{one}` from that of `{other}`");
    let help =
        "put what tells them apart in front: `case.name`, or the axes in which the cases differ";
    Some(warning(RULE, span, message).help(help))
}
