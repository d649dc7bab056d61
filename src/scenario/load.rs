//! A load: how it is paced, what it asks of which server, and when it ends.

use super::by_name::Servers;
use super::context::{Context, as_number, as_whole, drawn};
use super::workload::Overrides;
use super::{LoadSpec, ServerSpec, WorkloadSpec, accepts, phase};
use crate::check::{SEVERAL_SERVERS, is_whole};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Handle, Value};
use crate::load::random::Random;
use crate::load::spec::{Arrival, Load, Pace};
use crate::resolve::FlatAttr;
use crate::resolve::{Flat, is_hidden};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident};
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::Duration;

/// A load's attributes; one of several in a phase takes the phase's `duration` and `drain` where it
/// has none.
/// `absent`: this case leaves out its phase.
pub(super) fn lower(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    phase: Option<&Flat>,
    absent: bool,
    servers: &Servers<'_>,
) -> Option<LoadSpec> {
    // each is looked at whatever is wrong with the others
    let server = server(cx, flat, servers);
    let workload = workload(cx, flat);
    let pace = pace(cx, flat);
    // one without even a row that is none has rows that are wrong
    let known = workload
        .as_ref()
        .filter(|(workload, _)| !workload.rows.is_empty());
    let rows = known.map(|(workload, _)| rows(workload));
    let bounds = bounds(cx, flat, phase, (pace.as_ref(), rows));
    // a phase that this case leaves out sends nothing that the server could not take
    let taken = match (&workload, server) {
        (Some((workload, _)), Some(server)) if !absent => {
            let fine = [
                accepts::api(cx, flat, server, workload),
                accepts::modalities(cx, flat, server, workload),
                accepts::context(cx, flat, server, workload),
            ];
            fine.iter().all(Option::is_some)
        }
        _ => true,
    };
    let ((workload, fine), server) = (workload?, server?);
    let (mut pace, (requests, duration)) = (pace?, bounds?);
    if !taken || !fine {
        return None;
    }
    if let Pace::Open {
        rate_per_s,
        ramp: Some(ramp),
        ..
    } = &mut pace
    {
        *rate_per_s = ramp.mean_per_s();
    }
    let timeout = cx.timeout(
        flat,
        "every request would be late at once",
        "write how long an answer may take: `timeout = 60s`; or leave it out",
    )?;
    let seed = cx.whole(flat, "seed").unwrap_or(0);
    Some(LoadSpec {
        load: Load {
            name: phase.map(|_| flat.title().to_string()),
            pace,
            requests,
            duration,
            drain: cx
                .duration(flat, "drain")
                .or_else(|| phase.and_then(|phase| cx.duration(phase, "drain"))),
            timeout: timeout.unwrap_or(Duration::from_secs(600)),
            seed,
            lengths_seed: seed,
        },
        seeded: flat.attrs.contains_key("seed"),
        server: server.name.clone(),
        workload,
    })
}

/// How many rows a workload has; none of one that has none.
fn rows(workload: &WorkloadSpec) -> Option<u64> {
    let own = |row: &&Value| !matches!(row, Value::None);
    let count = workload.rows.iter().filter(own).count() as u64;
    Some(count).filter(|count| *count > 0)
}

/// What ends a load: so many requests, a time, or both.
type Bounds = (Option<u64>, Option<Duration>);

/// What ends a load; none after what is wrong with it was reported. `pace` is none where that is
/// wrong in itself, and `rows` where the workload is: else how many it has.
fn bounds(
    cx: &Context<'_>,
    flat: &Flat,
    phase: Option<&Flat>,
    (pace, rows): (Option<&Pace>, Option<Option<u64>>),
) -> Option<Bounds> {
    if pace == Some(&Pace::Batch) {
        let size = cx.whole(flat, "batch")?;
        return not_none(cx, flat, (Some(size), None));
    }
    // a batch that is wrong has nothing else to end it
    if flat.attrs.contains_key("batch") {
        return None;
    }
    let requests = as_number(&cx.attr(flat, "requests")).map(|n| n.round() as u64);
    let own = cx.duration(flat, "duration");
    let duration = own.or_else(|| phase.and_then(|phase| cx.duration(phase, "duration")));
    let ends = |flat: &Flat| {
        ["requests", "duration"]
            .iter()
            .any(|name| flat.attrs.contains_key(*name))
    };
    // clients that ask rows ask each once where nothing else is said
    let unsaid = !ends(flat) && !phase.is_some_and(ends);
    // also where how many they are is wrong
    let clients = pace.is_none() && flat.attrs.contains_key("concurrency");
    // what is not known may have been to say it
    if unsaid && !is_whole(flat) {
        return None;
    }
    if unsaid && (clients || matches!(pace, Some(Pace::Closed { .. }))) {
        match rows {
            Some(Some(rows)) => return Some((Some(rows), None)),
            Some(None) => {}
            None => return None,
        }
    }
    if requests.is_none() && duration.is_none() {
        if ends(flat) || phase.is_some_and(ends) || !is_whole(flat) {
            return None;
        }
        cx.eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                format!("the load of {} never ends", flat.quoted()),
            )
            .help(
                "say `requests = 200`, or `duration = 60s`, or both: whichever comes first ends it",
            ),
        );
        return None;
    }
    let bounds = not_none(cx, flat, (requests, duration))?;
    let ramps = matches!(pace, Some(Pace::Open { ramp: Some(_), .. }));
    if ramps && duration.is_none() && !flat.attrs.contains_key("duration") {
        cx.eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                cx.place(flat, "rate"),
                "a ramp is over the load's `duration`, and there is none",
            )
            .help("say how long it takes: `duration = 60s`"),
        );
        return None;
    }
    Some(bounds)
}

/// The bounds, unless one of them is 0: then that is reported.
fn not_none(cx: &Context<'_>, flat: &Flat, bounds: Bounds) -> Option<Bounds> {
    let (requests, duration) = bounds;
    let name = match (requests, duration) {
        (Some(0), _) => "requests",
        (_, Some(Duration::ZERO)) => "duration",
        _ => return Some(bounds),
    };
    cx.eval.report(
        Diagnostic::error(
            codes::OUT_OF_RANGE,
            cx.place(flat, name),
            format!("`{name}` is more than 0"),
        )
        .help(format!("write a larger one, or leave `{name}` out")),
    );
    None
}

/// So many loads are shown where several name none of the servers.
const PLACES: usize = 6;

/// So many servers are named where a load names none of them.
const SERVERS_NAMED: usize = 8;

/// More is a slip of the pen: there are fewer ports, and no machine sends as many.
const MOST_CLIENTS: u64 = 100_000;
const MOST_RATE: f64 = 1e6;

fn too_much(cx: &Context<'_>, flat: &Flat, name: &str, most: &str) {
    let message = format!("`{name}` is at most {most}");
    cx.eval.report(
        Diagnostic::error(codes::OUT_OF_RANGE, cx.place(flat, name), message)
            .help("write a smaller one; several machines make a larger load"),
    );
}

fn pace(cx: &Context<'_>, flat: &Flat) -> Option<Pace> {
    let (rate, concurrency) = (cx.attr(flat, "rate"), cx.attr(flat, "concurrency"));
    let contradiction = |name: &str, other: &str| {
        cx.eval.report(
            Diagnostic::error(codes::CONTRADICTION, cx.place(flat, name), format!("`{name}` and `{other}` cannot both be said"))
                .label(cx.place(flat, other), format!("`{other}`"))
                .help("`concurrency` (and `think`) make a closed loop, `rate` (and `arrival`) an open one"),
        );
    };
    if flat.attrs.contains_key("batch") {
        let others = [
            "rate",
            "arrival",
            "concurrency",
            "think",
            "requests",
            "duration",
        ];
        if let Some(other) = others.iter().find(|name| flat.attrs.contains_key(**name)) {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    cx.place(flat, "batch"),
                    format!("`batch` and `{other}` cannot both be said"),
                )
                .label(cx.place(flat, other), format!("`{other}`"))
                .help("a batch is so many requests at once, and then it is over; `repeat` sends it again"),
            );
            return None;
        }
        let size = cx.whole(flat, "batch")?;
        if size > MOST_CLIENTS {
            let most = "100000, as each request takes a connection of its own";
            too_much(cx, flat, "batch", most);
            return None;
        }
        return Some(Pace::Batch);
    }
    // what contradicts does so whatever the values are
    if !matches!(rate, Value::None) {
        let closed = ["concurrency", "think"];
        if let Some(name) = closed.iter().find(|name| flat.attrs.contains_key(**name)) {
            contradiction(name, "rate");
            return None;
        }
    }
    if matches!(rate, Value::Error) || matches!(concurrency, Value::Error) {
        return None;
    }
    let ramp = match &rate {
        Value::Ramp(ramp) => Some(*ramp),
        _ => None,
    };
    let highest = ramp.map(|ramp| ramp.from_per_s.max(ramp.to_per_s));
    match as_number(&rate).or(highest) {
        Some(rate) => {
            if rate <= 0.0 {
                cx.eval.report(
                    Diagnostic::error(
                        codes::OUT_OF_RANGE,
                        cx.place(flat, "rate"),
                        "`rate` is more than 0",
                    )
                    .help("write at least a little: 0.1 req/s"),
                );
                return None;
            }
            if rate > MOST_RATE {
                too_much(
                    cx,
                    flat,
                    "rate",
                    "1000000 req/s, which no client here can send",
                );
                return None;
            }
            let arrival = match cx.attr(flat, "arrival") {
                Value::Arrival(arrival) => arrival,
                _ => Arrival::Poisson,
            };
            Some(Pace::Open {
                rate_per_s: rate,
                arrival,
                ramp,
            })
        }
        None => {
            if flat.attrs.contains_key("arrival") {
                cx.eval.report(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        cx.place(flat, "arrival"),
                        "`arrival` is for an open loop",
                    )
                    .help("give it a rate: `rate = 10 req/s`"),
                );
                return None;
            }
            let concurrency = as_whole(&concurrency).unwrap_or(1);
            if concurrency > MOST_CLIENTS {
                let most = "100000, as each client takes a connection of its own";
                too_much(cx, flat, "concurrency", most);
                return None;
            }
            Some(Pace::Closed {
                concurrency,
                think: drawn(&cx.attr(flat, "think"))
                    .unwrap_or_else(|| Random::from(Duration::ZERO)),
            })
        }
    }
}

fn server<'s>(cx: &Context<'_>, flat: &Flat, servers: &Servers<'s>) -> Option<&'s ServerSpec> {
    if let Some(attr) = flat.attrs.get("server") {
        return match cx.eval.eval(&attr.expr, &cx.scope.in_module(attr.module)) {
            Value::Handle(Handle::Server { server }) => servers.get(&server),
            Value::Error => None,
            other => {
                let message = format!(
                    "`server` names a server of the scenario, this is {}",
                    other.describe()
                );
                cx.eval.report(Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    attr.expr.span,
                    message,
                ));
                None
            }
        };
    }
    if servers.names.len() > 1 {
        if servers.none_named.replace(true) {
            return None;
        }
        let shown = servers.names.iter().filter(|name| !is_hidden(name));
        let names: Vec<&str> = shown.copied().take(SERVERS_NAMED).collect();
        cx.eval.report(
            which_server(cx, flat)
                .help(format!("say `server = {}`", names.join("`, or `server = "))),
        );
        return None;
    }
    servers.first
}

/// That loads name none of several servers: said once of all of a scenario, at the first.
fn which_server(cx: &Context<'_>, flat: &Flat) -> Diagnostic {
    let names_none = |one: &&Arc<Flat>| !one.attrs.contains_key("server");
    let mut places = Vec::new();
    for phase in cx.flat.children_of("phase") {
        match phase.child("load").is_some() {
            true => places.extend(phase.children_of("load").filter(names_none)),
            false if !phase::is_quiet(phase) => places.extend(Some(phase).filter(names_none)),
            false => {}
        }
    }
    let heads: Vec<Span> = places.iter().map(|one| one.head()).collect();
    let (first, others) = match heads.split_first() {
        Some((first, others)) => (*first, others),
        None => (flat.head(), &[][..]),
    };
    let loads = match others.len() {
        0 => "this load names none".to_string(),
        many => format!("{} loads name none", many + 1),
    };
    let message = format!("{SEVERAL_SERVERS}, and {loads}");
    let found = Diagnostic::error(codes::MISSING_ATTRIBUTE, first, message);
    let others = others.iter().take(PLACES - 1);
    others.fold(found, |found, place| {
        found.label(*place, "nor does this one")
    })
}

fn workload(cx: &Context<'_>, flat: &Flat) -> Option<(Arc<WorkloadSpec>, bool)> {
    let over = Overrides::of(cx, flat);
    match cx.attr(flat, "workload") {
        Value::Block(block) => cx.shared.workload(cx, block, over),
        Value::Record(fields) => cx.shared.workload(cx, as_block(cx, flat, &fields), over),
        Value::None if !is_whole(flat) => None,
        Value::None => {
            cx.eval.report(
                Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("{} says no `workload`", flat.quoted()))
                    .help("define one: `workload hello { prompt = \"Say hello.\", output = 16 }`, and name it: `workload = hello`"),
            );
            None
        }
        Value::Error => None,
        other => {
            let message = format!(
                "`workload` names a workload block, this is {}",
                other.describe()
            );
            cx.eval.report(Diagnostic::error(
                codes::TYPE_MISMATCH,
                cx.place(flat, "workload"),
                message,
            ));
            None
        }
    }
}

/// `workload = { prompt = "…" }`: a record does for a block, its values standing as attributes.
fn as_block(cx: &Context<'_>, flat: &Flat, fields: &IndexMap<String, Value>) -> Arc<BlockValue> {
    let span = cx.place(flat, "workload");
    let ident = |text: &str| Ident {
        text: text.to_string(),
        span,
    };
    let attr = |name: &String| {
        Arc::new(FlatAttr {
            name: ident(name),
            doc: None,
            expr: Arc::new(Expr {
                span,
                kind: ExprKind::Name(name.clone()),
            }),
            module: flat.module,
            block: None,
        })
    };
    let mut block = Flat::empty(ident("workload"), flat.module);
    block.name = Some(ident(flat.title()));
    block.attrs = fields
        .keys()
        .map(|name| (name.clone(), attr(name)))
        .collect();
    let values = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    Arc::new(BlockValue {
        scope: cx.scope.with_values(values),
        flat: Arc::new(block),
    })
}
