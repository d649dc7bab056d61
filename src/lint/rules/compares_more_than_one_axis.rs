//! # compares-more-than-one-axis (W0629)
//!
//! A check that compares two cases which differ in more than what it is about: in several axes, or
//! in one that changes the server and the load at once.
//!
//! ## Why it matters
//!
//! Whatever comes out, there is no telling what it came from. Layouts of one number of GPUs
//! (`tp = 4` against `tp = 2, dp = 2`) are compared on purpose, and so are those that the matrix
//! has in no other way, at one load.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { tp = [1, 2], clients = [4, 8] }
//!   server sut { engine = engines.builtin, layout { tp = tp } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   expect quick: at(tp = 2, clients = 8).steady.ttft.p50 <= at(tp = 1, clients = 4).steady.ttft.p50
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
//!   matrix { tp = [1, 2], clients = [4, 8] }
//!   server sut { engine = engines.builtin, layout { tp = tp } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   expect quick: at(tp = 2).steady.ttft.p50 <= at(tp = 1).steady.ttft.p50
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Cases, Value};
use crate::lint::ratio::Ratio;
use crate::lint::view::{View, warning};
use crate::load::spec::Pace;
use crate::scenario::{Case, ServerSpec};
use crate::units::number;

const RULE: Rule = ("W0629", "compares-more-than-one-axis");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let ratios = view.ratios();
    ratios.filter_map(|ratio| compared(view, ratio)).collect()
}

fn compared(view: &View<'_>, ratio: &Ratio) -> Option<Diagnostic> {
    let (left, right) = (&ratio.left.figure, &ratio.right.figure);
    if left.case.is_none() && right.case.is_none() {
        return None;
    }
    let a = view.case_of(left.case.as_deref())?;
    let b = view.case_of(right.case.as_deref())?;
    let axes = differing(&a.cases, &a.id, &b.id)?;
    match axes.as_slice() {
        [] => None,
        [axis] => at_once(&format!("the axis `{axis}` changes"), (a, b), ratio),
        several => {
            let same_gpus = gpus(a) == gpus(b) && loads_alike(a, b);
            if same_gpus {
                return None;
            }
            let named: Vec<String> = several.iter().map(|axis| format!("`{axis}`")).collect();
            let named = named.join(" and ");
            // one axis that is worked out of the other is no other axis
            if !nearer(&a.cases, &a.id, &b.id, several) {
                return at_once(&format!("the axes {named} change"), (a, b), ratio);
            }
            let message = format!("these cases differ in {} axes: {named}", several.len());
            Some(warning(RULE, ratio.span, message).help(
                "leave out of `at` what is to be the same on both sides: an axis that it does not name has the value of the case at hand",
            ))
        }
    }
}

/// Cases that differ in both a server and what is sent to it.
fn at_once(what: &str, (a, b): (&Case, &Case), ratio: &Ratio) -> Option<Diagnostic> {
    let load = other_load(a, b, &ratio.left.figure.query.phases())?;
    let server = other_server(a, b)?;
    let message = format!("{what} the server and the load: {server}, and {load}");
    Some(warning(RULE, ratio.span, message).help(
        "compare at the same load, or let the load have an axis of its own; if load is to grow with the server, say so: `# scn: allow(compares-more-than-one-axis) because …`",
    ))
}

/// The axes in which two cases differ, in order.
fn differing(cases: &Cases, a: &str, b: &str) -> Option<Vec<String>> {
    let (a, b) = (cases.row(a)?, cases.row(b)?);
    let differ = a.iter().filter(|(axis, value)| b.get(*axis) != Some(value));
    Some(differ.map(|(axis, _)| axis.clone()).collect())
}

/// Whether the matrix has a case between the two: with some of the differing axes as one has
/// them, and the others as the other.
fn nearer(cases: &Cases, a: &str, b: &str, axes: &[String]) -> bool {
    let (Some(a), Some(b)) = (cases.row(a), cases.row(b)) else {
        return false;
    };
    cases.rows.iter().any(|(row, _)| {
        let alike =
            |of: &indexmap::IndexMap<String, Value>, axis: &String| row.get(axis) == of.get(axis);
        let of_either = row.keys().all(|axis| alike(a, axis) || alike(b, axis));
        let as_a = axes.iter().filter(|axis| alike(a, axis)).count();
        of_either && as_a > 0 && as_a < axes.len()
    })
}

fn gpus(case: &Case) -> Vec<u64> {
    case.servers
        .iter()
        .map(|server| server.gpu_count())
        .collect()
}

fn loads_alike(a: &Case, b: &Case) -> bool {
    let paces = |case: &Case| {
        let loads = case.phases.iter().flat_map(|phase| &phase.loads);
        let named = loads.map(|load| (load.load.pace.clone(), load.workload.name.clone()));
        named.collect::<Vec<_>>()
    };
    paces(a) == paces(b)
}

/// In what the phases' loads press otherwise: `4 clients against 8`.
fn other_load(a: &Case, b: &Case, phases: &[std::sync::Arc<str>]) -> Option<String> {
    let loads = |case: &Case| {
        let read = case.phases.iter();
        let read = read.filter(|phase| phases.iter().any(|name| phase.name == **name));
        let loads = read.flat_map(|phase| phase.loads.iter().map(|load| load.load.pace.clone()));
        loads.collect::<Vec<_>>()
    };
    let (a, b) = (loads(a), loads(b));
    a.into_iter().zip(b).find_map(|pair| match pair {
        (Pace::Closed { concurrency: x, .. }, Pace::Closed { concurrency: y, .. }) if x != y => {
            Some(format!("{x} clients against {y}"))
        }
        (Pace::Open { rate_per_s: x, .. }, Pace::Open { rate_per_s: y, .. }) if x != y => {
            Some(format!("{} req/s against {}", number(x, 6), number(y, 6)))
        }
        (Pace::Closed { .. }, Pace::Open { .. }) | (Pace::Open { .. }, Pace::Closed { .. }) => {
            Some("a closed loop against an open one".to_string())
        }
        _ => None,
    })
}

/// In what the servers differ: `tp = 4 against tp = 2`.
fn other_server(a: &Case, b: &Case) -> Option<String> {
    let mut pairs = a.servers.iter().zip(&b.servers);
    let (x, y) = pairs.find(|(x, y)| !alike(x, y))?;
    let axes = |server: &ServerSpec| {
        let layout = server.layout;
        [
            ("tp", layout.tp),
            ("pp", layout.pp),
            ("dp", layout.dp),
            ("ep", layout.ep),
        ]
    };
    let differ = axes(x).into_iter().zip(axes(y)).find(|(x, y)| x != y);
    Some(match differ {
        Some(((axis, x), (_, y))) => format!("`{axis}` is {x} against {y}"),
        None => format!("`{}` is started otherwise", x.name),
    })
}

fn alike(a: &ServerSpec, b: &ServerSpec) -> bool {
    a.layout == b.layout && a.options == b.options && a.engine == b.engine && a.model == b.model
}
