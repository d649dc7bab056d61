//! Checks that say nothing: that hold or fail whatever is measured, and that read a figure which
//! the case cannot have.

use super::by_name::Stretches;
use super::context::{Context, one_line};
use super::itself;
use super::{EngineMetric, Formula, LoadSpec, PhaseSpec, RequestSpec, ServerSpec, Start};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Query, Reading, Scope, Stretch, Value, Window};
use crate::load::spec::{Media, Pace};
use crate::measure::floors::at_checkpoints;
use crate::resolve::FlatCheck;
use crate::syntax::ast::Expr;

/// Reports a condition that is decided before anything runs.
pub(super) fn decided(cx: &Context<'_>, check: &FlatCheck, value: &Value, scope: &Scope) {
    let Value::Bool(holds) = value else {
        itself::with_itself(cx, &check.expr, scope);
        return;
    };
    let rests = cx.eval.rests(&check.expr, scope);
    // what is given from outside may be what is checked; with other values it may be measured
    // one that builds on this one may say its `let`s anew
    let base = cx.program.is_base(cx.flat.module, cx.flat.title());
    let may_hold = rests.case || rests.set && base;
    let may_fail = rests.case || rests.set;
    // `expect tail: true` drops what the extended scenario expects by that name
    let dropped = check.replaces && *holds;
    // nor is it known what a scenario builds on that has lost its head
    let lost = cx.flat.lost_its_head();
    if dropped || lost || rests.outside || may_fail && *holds || may_hold && rests.measured {
        return;
    }
    let text = one_line(&cx.program.sources.shown(check.expr.span));
    let why = match rests.measured {
        true => "whatever is measured",
        false => "for it reads nothing that is measured",
    };
    let span = check.expr.span;
    let diagnostic = match holds {
        true => Diagnostic::warning(
            codes::ALWAYS_HOLDS,
            span,
            format!("`{text}` always holds, {why}"),
        ),
        false => Diagnostic::error(
            codes::NEVER_HOLDS,
            span,
            format!("`{text}` never holds, {why}"),
        ),
    };
    cx.eval.report(diagnostic.help(
        "compare a figure of a phase or a server with a limit: steady.ttft.p95 <= 800ms, sut.memory.max <= 2GB",
    ));
}

/// Reports a `when` that holds in no case, and with nothing that is given from outside.
pub(super) fn never_judged(
    cx: &Context<'_>,
    check: &FlatCheck,
    when: &Expr,
    value: &Value,
    scope: &Scope,
) {
    let rests = cx.eval.rests(when, scope);
    let base = cx.program.is_base(cx.flat.module, cx.flat.title());
    // with other values it may be judged; a check that takes another's place turns it off
    let may_hold = rests.case || rests.outside || rests.measured || rests.set && base;
    if !matches!(value, Value::Bool(false)) || may_hold || check.replaces {
        return;
    }
    let text = one_line(&cx.program.sources.shown(when.span));
    let message = format!("`{text}` never holds, so this check is never judged");
    cx.eval.report(
        Diagnostic::error(codes::NEVER_HOLDS, when.span, message)
            .help("let `when` read an axis of the matrix or a parameter, or leave the check out"),
    );
}

/// Reports figures that a check reads and that this case will not have.
pub(super) fn without_data(cx: &Context<'_>, case: &Stretches<'_>, trace: &[Reading]) {
    for reading in trace {
        let found = match &reading.query {
            Query::Scalar { of, metric } => no_requests(case, of, metric, reading)
                .or_else(|| no_accept(case, of, metric, reading))
                .or_else(|| no_media(case, of, metric, reading))
                .or_else(|| not_streamed(case, of, metric, reading))
                .or_else(|| not_together(case, of, metric, reading)),
            Query::Statistic { of, metric, .. } | Query::Percentile { of, metric, .. } => {
                no_requests(case, of, metric, reading)
                    .or_else(|| not_streamed(case, of, metric, reading))
                    .or_else(|| one_token(case, of, metric, reading))
            }
            Query::Growth { series, window } => {
                of_metric(case, reading).or_else(|| no_floor(case, &series.name, window, reading))
            }
            _ => of_metric(case, reading),
        };
        found.into_iter().for_each(|d| cx.eval.report(d));
    }
}

/// What a metric of the engine cannot be asked, or not of the version that the server is of, or of
/// one that is set up so.
pub(super) fn of_metric(case: &Stretches<'_>, reading: &Reading) -> Option<Diagnostic> {
    let series = reading.query.series()?;
    let server = case.server(&series.server)?;
    let named = |name: &str| server.metrics.iter().find(|metric| metric.name == name);
    let metric = named(&series.name)?;
    let counters = metric.formula.iter().flat_map(Formula::counters);
    let counters: Vec<&EngineMetric> = counters.filter_map(named).collect();
    let wrong = match metric.formula {
        Some(_) => not_a_mean(server, metric, reading).or_else(|| {
            let mut counters = counters.iter();
            let mut found = counters.find_map(|one| not_in_version(server, one, reading))?;
            found.message += &format!("; `{}` is worked out of it", metric.name);
            Some(found)
        }),
        None => not_in_version(server, metric, reading),
    };
    wrong.or_else(|| turned_off(server, metric, &counters, reading))
}

/// Another figure than the mean of a metric that is worked out of counters.
fn not_a_mean(server: &ServerSpec, metric: &EngineMetric, reading: &Reading) -> Option<Diagnostic> {
    let mean = match &reading.query {
        Query::SeriesStat { stat, .. } => stat.as_ref() == "mean",
        query => matches!(query, Query::Mean { .. }),
    };
    if mean {
        return None;
    }
    let message = format!(
        "`{}` is worked out of what counters rise by: it has a mean, and nothing else",
        metric.name
    );
    let help = format!(
        "read `{0}.{1}.mean`, or of one phase: mean({0}.{1}, during = …)",
        server.name, metric.name
    );
    Some(Diagnostic::error(codes::NO_VALUES, reading.span, message).help(help))
}

/// A metric in which a server has nothing to say as it is set up: itself, or a counter that it is
/// worked out of.
fn turned_off(
    server: &ServerSpec,
    metric: &EngineMetric,
    counters: &[&EngineMetric],
    reading: &Reading,
) -> Option<Diagnostic> {
    // how one that runs already was started is not known
    if !matches!(server.start, Start::Launch { .. }) {
        return None;
    }
    let mut read = std::iter::once(&metric).chain(counters);
    let why = read.find_map(|one| one.off.as_ref())?;
    let message = format!("`{}` has no `{}`: {why}", server.name, metric.name);
    Some(
        Diagnostic::warning(codes::METRIC_TURNED_OFF, reading.span, message)
            .help("turn it on in the server's options, or read another figure"),
    )
}

/// A metric that no version of those has that the server is said to be of.
fn not_in_version(
    server: &ServerSpec,
    metric: &EngineMetric,
    reading: &Reading,
) -> Option<Diagnostic> {
    let stated = server.stated.as_ref()?;
    if !metric.lacking(stated) {
        return None;
    }
    let has = metric.series.iter();
    let has: Vec<String> = has
        .filter_map(|s| Some(s.versions.as_ref()?.to_string()))
        .collect();
    let message = format!(
        "{} {stated} has no `{}`: it is there in {}",
        server.engine,
        metric.name,
        has.join(" and ")
    );
    Some(
        Diagnostic::error(codes::METRIC_NOT_IN_VERSION, reading.span, message)
            .help("read another figure, or check it only where it is there: `when`; or is the server's `version` wrong?"),
    )
}

/// The loads of a stretch; none of a phase that is not known or does not run.
fn loads<'c>(case: &Stretches<'c>, of: &Stretch) -> Option<Vec<&'c LoadSpec>> {
    Some(case.loads(case.running(&of.phase)?, of))
}

fn no_requests(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    // counts are known: there are none
    let counted = matches!(metric, "requests" | "completed" | "failed");
    let quiet = loads(case, of)?.is_empty() && of.load.is_none();
    (quiet && !counted).then(|| {
        let message = format!("`{}` sends no requests, so it has no {metric}", of.phase);
        Diagnostic::error(codes::NO_REQUESTS, reading.span, message)
            .help("read a phase that has a load, or give this one: `workload = …, requests = 200`")
    })
}

fn no_accept(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    let loads = loads(case, of)?;
    if metric != "accept_rate" || loads.iter().any(|load| load.workload.accepts()) {
        return None;
    }
    let workload = &loads.first()?.workload.name;
    let message = format!(
        "no answer of `{}` is judged: the workload `{workload}` has no `accept`",
        of.phase
    );
    Some(
        Diagnostic::error(codes::NO_ACCEPT, reading.span, message).help(
            "say in the workload what a right answer is: accept = contains_any(answer, [\"yes\"]); or read success_rate",
        ),
    )
}

fn not_streamed(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    let of_streams = ["ttft", "ttfa", "itl", "tpot", "tokens_per_chunk"];
    if !of_streams.contains(&metric) && !APART.contains(&metric) {
        return None;
    }
    let loads = loads(case, of)?;
    if loads.iter().any(|load| load.workload.asks.stream) {
        return None;
    }
    let workload = &loads.first()?.workload.name;
    let message = format!(
        "no answer of `{}` is streamed, so it has no {metric}: `{workload}` says `stream = false`",
        of.phase
    );
    Some(
        Diagnostic::error(codes::NOT_STREAMED, reading.span, message)
            .help("drop `stream = false`, or read e2e"),
    )
}

/// Figures of prefill and decode, each alone.
const APART: [&str; 2] = ["prefill_throughput", "decode_throughput"];

/// Prefill and decode apart, of a load whose clients each send one request after the other: there
/// prompts and answers overlap.
fn not_together(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    if !APART.contains(&metric) {
        return None;
    }
    let one_by_one = |load: &&&LoadSpec| match &load.load.pace {
        Pace::Closed { concurrency, .. } => load.load.requests.is_none_or(|n| n > *concurrency),
        Pace::Open { .. } | Pace::Batch => false,
    };
    let loads = loads(case, of)?;
    loads.iter().find(one_by_one)?;
    let message = format!(
        "the requests of `{}` are not sent all at once, so it has no {metric}",
        of.phase
    );
    let other = match metric {
        "prefill_throughput" => "input_throughput",
        _ => "output_throughput",
    };
    Some(
        Diagnostic::error(codes::NO_VALUES, reading.span, message).help(format!(
            "read {other}, which is over the whole phase; or send a batch: `batch = 8`"
        )),
    )
}

/// A rate of what no request of the phase holds.
fn no_media(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    let kind = match metric {
        "image_rate" => Media::Image,
        "audio_rate" => Media::Audio,
        "video_rate" => Media::Video,
        _ => return None,
    };
    let loads = loads(case, of)?;
    let mut requests = loads.iter().flat_map(|load| load.workload.requests.iter());
    let holds = |r: &RequestSpec| r.content.iter().any(|part| part.media() == Some(kind));
    if requests.any(holds) {
        return None;
    }
    let workload = &loads.first()?.workload.name;
    let message = format!(
        "no request of `{}` has {} in it, so it has no {metric}: `{workload}` sends none",
        of.phase,
        kind.noun()
    );
    Some(
        Diagnostic::error(codes::NO_VALUES, reading.span, message).help(format!(
            "read request_rate, or send them: content = [text(\"…\"), {}(\"…\")]",
            kind.name()
        )),
    )
}

/// Times between tokens of answers that have one.
fn one_token(
    case: &Stretches<'_>,
    of: &Stretch,
    metric: &str,
    reading: &Reading,
) -> Option<Diagnostic> {
    if !matches!(metric, "tpot" | "itl") {
        return None;
    }
    let loads = loads(case, of)?;
    let most = |load: &&LoadSpec| load.workload.asks.max_tokens.as_ref()?.most();
    if !loads
        .iter()
        .all(|load| most(load).is_some_and(|most| most < 2.0))
    {
        return None;
    }
    let workload = &loads.first()?.workload.name;
    let message = format!(
        "answers of `{}` have one token, so it has no {metric}: `{workload}` says `output = 1`",
        of.phase
    );
    Some(
        Diagnostic::error(codes::NO_VALUES, reading.span, message)
            .help("ask for longer answers, or read ttft"),
    )
}

/// A growth is between floors, and a floor is read where nothing is in flight.
fn no_floor(
    case: &Stretches<'_>,
    series: &str,
    window: &Window,
    reading: &Reading,
) -> Option<Diagnostic> {
    let error = |message: String, help: &str| {
        Some(Diagnostic::error(codes::NO_FLOOR, reading.span, message).help(help))
    };
    let no_quiet_end = |phases: &[&PhaseSpec]| match phases {
        [] => None,
        [phase] => error(
            format!(
                "`{}` has no quiet end in which what it holds could be read",
                phase.name
            ),
            "give it `quiesce = true`, or name a phase that has: phase cooldown { quiesce = true }",
        ),
        phases => {
            let names: Vec<String> = phases.iter().map(|p| format!("`{}`", p.name)).collect();
            error(
                format!(
                    "{} have no quiet end in which what they hold could be read",
                    names.join(" and ")
                ),
                "give both `quiesce = true`, or name phases that have: phase baseline { quiesce = true }",
            )
        }
    };
    match window {
        Window::Between { from, to } => {
            // a checkpoint is taken at the end of every phase
            if at_checkpoints(series) {
                return None;
            }
            let mut ends = vec![from];
            ends.extend(Some(to).filter(|to| *to != from));
            let noisy = |phase: &&PhaseSpec| !phase.loads.is_empty() && !phase.quiesce;
            let ends = ends.into_iter().filter_map(|name| case.running(name));
            no_quiet_end(&ends.filter(noisy).collect::<Vec<_>>())
        }
        Window::During { phase: name } => {
            let phase = case.running(name)?;
            if phase.repeat < 2 {
                return error(
                    format!(
                        "`{name}` runs once, and growth during a phase is between its repetitions"
                    ),
                    "give it `repeat = 2` or more, or name two phases: growth(…, from = baseline, to = cooldown)",
                );
            }
            let noisy = !phase.loads.is_empty() || at_checkpoints(series);
            match noisy && !phase.quiesce {
                true => no_quiet_end(&[phase]),
                false => None,
            }
        }
    }
}
