//! How a server's replicas share its requests out, and in which worlds a scenario runs: only the
//! simulator is told the first.

use super::context::{Context, as_text, as_whole};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::report::model::World;
use crate::resolve::Flat;
use crate::sim::Balance;
use crate::source::Span;

/// The worlds that a scenario names.
pub(super) fn worlds(cx: &Context<'_>) -> Vec<World> {
    let names = cx.texts(cx.flat, "worlds");
    let worlds: Vec<World> = (names.iter())
        .filter_map(|name| World::ALL.into_iter().find(|world| world.name() == name))
        .collect();
    if matches!(cx.attr(cx.flat, "worlds"), Value::List(names) if names.is_empty()) {
        let message = "this scenario runs in no world";
        cx.eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, cx.place(cx.flat, "worlds"), message)
                .help("name one: `worlds = [\"sim\"]`; or leave it out for all"),
        );
    }
    worlds
}

/// Whether it says itself where it may run.
pub(super) fn says_worlds(cx: &Context<'_>) -> bool {
    cx.flat.attrs.contains_key("worlds")
}

/// What the layout of a server says; what is wrong with it is reported.
pub(super) fn lower(cx: &Context<'_>, server: &Flat, layout: &Value, replicas: u64) -> Balance {
    let Value::Record(fields) = layout else {
        return Balance::LeastLoaded;
    };
    let named = fields.get("balance").and_then(as_text);
    let weights = match fields.get("weights") {
        Some(Value::List(items)) => Some(items.iter().filter_map(as_whole).collect::<Vec<u64>>()),
        _ => None,
    };
    let wrong = |name: &str, message: String, help: &str| {
        let place = place(cx, server, name);
        cx.eval
            .report(Diagnostic::error(codes::CONTRADICTION, place, message).help(help));
    };
    let weighted = named.as_deref() == Some("weighted");
    match &weights {
        Some(_) if !weighted => wrong(
            "weights",
            "`weights` say nothing without `balance = \"weighted\"`".into(),
            "say both, or drop the weights",
        ),
        None if weighted => wrong(
            "balance",
            "`weighted` needs the weight of each replica".into(),
            "add them, one for each of `dp`: weights = [2, 1]",
        ),
        Some(weights) if weights.len() as u64 != replicas => wrong(
            "weights",
            format!(
                "there are {} weights, and dp = {replicas} replicas",
                weights.len()
            ),
            "write one weight for each replica",
        ),
        _ => {}
    }
    if named.is_some() && worlds(cx).contains(&World::Real) {
        wrong(
            "balance",
            "only the simulator is told how replicas share requests out, and this scenario may run for real".into(),
            "say `worlds = [\"sim\"]` in the scenario; or drop `balance`: engines share them out as they do",
        );
    }
    match (named.as_deref(), weights) {
        (Some("round_robin"), _) => Balance::RoundRobin,
        (Some("prefix"), _) => Balance::Prefix,
        (Some("weighted"), Some(weights)) => {
            Balance::Weighted(weights.into_iter().map(|weight| weight as f64).collect())
        }
        _ => Balance::LeastLoaded,
    }
}

/// Where an attribute of a server's layout is written, or the layout.
fn place(cx: &Context<'_>, server: &Flat, name: &str) -> Span {
    let attr = server.attrs.get("layout");
    let block = attr.and_then(|attr| attr.block.as_ref());
    match server.child("layout").or(block) {
        Some(block) => cx.place(block, name),
        None => cx.place(server, "layout"),
    }
}
