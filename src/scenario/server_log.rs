//! `log` of a server: where a copy of its log goes.

use super::context::Context;
use super::{Case, Start};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use std::collections::HashMap;
use std::sync::Arc;

/// Server and path, of the servers that say one.
pub(super) fn all(cx: &Context<'_>, case: &Case) -> Vec<(String, String)> {
    let blocks = cx.flat.children_of("server");
    let blocks = blocks.filter(|block| block.attrs.contains_key("log"));
    blocks
        .filter_map(|block| Some((block.title().to_string(), one(cx, block, case)?)))
        .collect()
}

fn one(cx: &Context<'_>, flat: &Arc<Flat>, case: &Case) -> Option<String> {
    let place = cx.place(flat, "log");
    let wrong = |rule, message: String, help: &str| {
        let found = Diagnostic::error(rule, place, message);
        cx.eval.report(found.help(help));
        None
    };
    let path = match cx.inside(flat).of_paths(case).attr(flat, "log") {
        Value::Text(path) => path.to_string(),
        _ => return None,
    };
    let server = case.servers.iter().find(|s| s.name == flat.title());
    let runs_already = server.is_some_and(|s| matches!(s.start, Start::Running { .. }));
    if runs_already && is_whole(flat) {
        return wrong(
            codes::CONTRADICTION,
            format!("`{}` runs already: scn does not have its log", flat.title()),
            "leave out `log`, or have scn start the server",
        );
    }
    let outside = path.starts_with('/') || path.split('/').any(|part| part == "..");
    if outside || path.trim().is_empty() || path.ends_with('/') {
        return wrong(
            codes::BAD_ARGUMENT,
            format!("a log cannot be copied to `{path}`"),
            "logs go below the run's `reports` folder: write a path without `..` and without a `/` at its head",
        );
    }
    Some(path)
}

/// Finds paths to which the logs of several starts would go.
pub(super) fn shared(flat: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut taken: HashMap<&str, (&Case, &str)> = HashMap::new();
    for case in cases {
        for (server, path) in &case.logs {
            let Some((first, name)) = taken.insert(path, (case, server)) else {
                continue;
            };
            let one = name == server && first.servers == case.servers && !case.isolate;
            let block = flat.children_of("server").find(|b| b.title() == server);
            let (false, Some(block)) = (one, block) else {
                continue;
            };
            let place = block.attrs.get("log").map_or(block.head(), |a| a.expr.span);
            let message = format!(
                "the logs of several servers would go to `{path}`: those of `{}` and of `{}`",
                first.id, case.id
            );
            found.push(
                Diagnostic::error(codes::REPORT_FILES, place, message)
                    .help("name the case: `log = \"logs/${case.name}.log\"`"),
            );
            return found;
        }
    }
    found
}
