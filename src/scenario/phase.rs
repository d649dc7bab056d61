//! A phase: quiet, or one load, or several.

use super::by_name::Servers;
use super::context::Context;
use super::workload::OVERRIDES;
use super::{LoadSpec, PhaseSpec, load};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::schema;
use std::sync::Arc;
use std::time::Duration;

/// What loads take from their phase where they do not say it.
const SHARED: &[&str] = &["duration", "drain"];

/// What a load has beside what makes it one: a phase of several has it for none of them.
const BESIDE: &[&str] = &["timeout", "seed"];

/// Whether it sends nothing, nor says what only a load has.
pub(super) fn is_quiet(flat: &Flat) -> bool {
    let loads = |name: &String| schema::LOADING.contains(&name.as_str());
    flat.child("load").is_none() && !flat.attrs.keys().any(loads)
}

pub(super) fn lower(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    servers: &Servers<'_>,
) -> Option<PhaseSpec> {
    let cx = &cx.inside(flat);
    let when = cx.attr(flat, "when");
    let skipped = match &when {
        Value::Bool(false) => flat.attrs.get("when").map(|attr| {
            format!(
                "`{}` does not hold",
                super::context::one_line(&cx.program.sources.shown(attr.expr.span))
            )
        }),
        _ => None,
    };
    let idle = cx.duration(flat, "idle");
    let children: Vec<&Arc<Flat>> = flat.children_of("load").collect();
    let beside = |name: &str| BESIDE.contains(&name) || OVERRIDES.contains(&name);
    let of_loads = |name: &str| !children.is_empty() && beside(name);
    // what a phase says for those of its loads that do not say it themselves
    let shared = |name: &str| !children.is_empty() && SHARED.contains(&name);
    let mut names = flat.attrs.keys().filter(|name| !shared(name));
    let own = names.find(|name| schema::LOADING.contains(&name.as_str()) || of_loads(name));
    // what contradicts is said, and the loads are looked at all the same
    let mut broken = false;
    if let (Some(_), [first, ..]) = (flat.attrs.get("idle"), children.as_slice()) {
        cx.eval.report(
            Diagnostic::error(
                codes::CONTRADICTION,
                cx.place(flat, "idle"),
                "a phase either is idle or has a load",
            )
            .label(first.head(), "a load block")
            .help("make two phases of it"),
        );
        broken = true;
    }
    if let (Some(own), [first, ..]) = (own, children.as_slice()) {
        cx.eval.report(
            Diagnostic::error(
                codes::CONTRADICTION,
                cx.place(flat, own),
                "this phase has a load of its own and `load` blocks",
            )
            .label(first.head(), "a load block")
            .help("move the attributes into another `load name { … }`"),
        );
        broken = true;
    }
    let loads = if children.is_empty() {
        match (own, idle) {
            (None, _) => Vec::new(),
            (Some(own), Some(_)) => {
                cx.eval.report(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        cx.place(flat, own),
                        "a phase either is idle or has a load",
                    )
                    .label(cx.place(flat, "idle"), "idle")
                    .help("make two phases of it"),
                );
                broken = true;
                match flat.attrs.contains_key("workload") {
                    true => vec![load::lower(cx, flat, None, skipped.is_some(), servers)?],
                    false => Vec::new(),
                }
            }
            (Some(_), None) => vec![load::lower(cx, flat, None, skipped.is_some(), servers)?],
        }
    } else {
        let loads: Vec<Option<LoadSpec>> = children
            .iter()
            .map(|child| {
                let absent = skipped.is_some();
                load::lower(&cx.inside(child), child, Some(flat), absent, servers)
            })
            .collect();
        loads.into_iter().collect::<Option<Vec<LoadSpec>>>()?
    };
    if broken {
        return None;
    }
    let quiet = flat.attrs.contains_key("idle") || cx.flag(flat, "quiesce").unwrap_or(true);
    if loads.is_empty() && !quiet && is_whole(flat) {
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("the {} does nothing", flat.called()))
                .help("give it a load: `workload = …, requests = 20, concurrency = 4`; or quiet: `idle = 10s`"),
        );
        return None;
    }
    Some(PhaseSpec {
        name: flat.title().to_string(),
        doc: flat.doc.clone(),
        skipped,
        measured: cx.flag(flat, "measured").unwrap_or(true),
        idle,
        quiesce: cx.flag(flat, "quiesce").unwrap_or(false),
        flush: cx.flag(flat, "flush").unwrap_or(false),
        repeat: cx.whole(flat, "repeat").unwrap_or(1).max(1),
        pause: cx.duration(flat, "pause").unwrap_or(Duration::ZERO),
        loads,
    })
}
