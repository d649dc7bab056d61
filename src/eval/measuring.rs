//! Builtins over measurements: percentiles, growth, peak and increase.

use super::builtins::Bound;
use super::{Evaluator, Handle, Query, SeriesRef, Shape, Stretch, Value, Window};
use crate::diagnostics::{Diagnostic, codes};
use std::sync::Arc;

impl Evaluator<'_> {
    /// The figure that a builtin over measurements asks for; `None` for other builtins.
    pub(super) fn measuring(&self, name: &str, bound: &Bound<'_>) -> Option<Value> {
        let first = bound.values.first().and_then(Option::as_ref);
        Some(match name {
            "percentile" => self.percentile(bound),
            "fit" => self.fit(bound),
            "growth" | "peak" | "mean" | "increase" => {
                let (value, expr) = first?;
                let Some(series) = series_of(value) else {
                    let message = format!("`{name}` reads a series, this is {}", value.describe());
                    self.report(
                        Diagnostic::error(codes::BAD_ARGUMENT, expr.span, message)
                            .help("series are those of a server: sut.memory, sut.gpu_memory, sut.roles.worker.memory"),
                    );
                    return Some(Value::Error);
                };
                match name {
                    "growth" => self.growth(series, bound),
                    "mean" => self.over(bound, |during| Query::Mean { series, during }),
                    "peak" => self.over(bound, |during| Query::Peak { series, during }),
                    _ => self.over(bound, |during| Query::Increase { series, during }),
                }
            }
            _ => return None,
        })
    }

    fn percentile(&self, bound: &Bound<'_>) -> Value {
        let [Some((of, of_expr)), Some((share, share_expr))] = bound.values.as_slice() else {
            return Value::Error;
        };
        let Value::Handle(Handle::Distribution {
            phase,
            load,
            metric,
        }) = of
        else {
            let message = format!(
                "`percentile` reads a distribution, this is {}",
                of.describe()
            );
            self.report(
                Diagnostic::error(codes::BAD_ARGUMENT, of_expr.span, message).help(
                    "distributions are those of a phase: stress.ttft, stress.itl, stress.e2e",
                ),
            );
            return Value::Error;
        };
        match share {
            Value::Number(q) if q.dimension.is_none() && (0.0..=1.0).contains(&q.value) => {
                let of = Stretch {
                    phase: phase.clone(),
                    load: load.clone(),
                };
                self.read(
                    Query::Percentile {
                        of,
                        metric,
                        share: q.value,
                    },
                    bound.span,
                )
            }
            // any share will do where shapes alone are looked at
            Value::Unknown(Shape::Any) if self.shapes => Value::Unknown(Shape::Any),
            Value::Unknown(Shape::Number(d)) if self.shapes && d.is_none() => {
                let of = Stretch {
                    phase: phase.clone(),
                    load: load.clone(),
                };
                let share = 0.5;
                self.read(Query::Percentile { of, metric, share }, bound.span)
            }
            _ => {
                self.report(
                    Diagnostic::error(
                        codes::BAD_ARGUMENT,
                        share_expr.span,
                        "a percentile is a share from 0% to 100%",
                    )
                    .help("write 99.9%, or 0.999"),
                );
                Value::Error
            }
        }
    }

    fn growth(&self, series: SeriesRef, bound: &Bound<'_>) -> Value {
        // all of them before giving up: what is wrong is said of each
        let phases: Vec<_> = (1..4).map(|index| self.phase(bound, index)).collect();
        let phases: Option<Vec<Option<Arc<str>>>> = phases.into_iter().collect();
        let Some(phases) = phases else {
            return Value::Error;
        };
        let window = match phases.as_slice() {
            [Some(from), Some(to), None] => Window::Between {
                from: from.clone(),
                to: to.clone(),
            },
            [None, None, Some(phase)] => Window::During {
                phase: phase.clone(),
            },
            _ => {
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, bound.span, "`growth` needs the phases between which it is taken")
                        .help("growth(sut.memory, from = baseline, to = cooldown), or during = phase for the repetitions of one"),
                );
                return Value::Error;
            }
        };
        self.read(Query::Growth { series, window }, bound.span)
    }

    fn over(&self, bound: &Bound<'_>, query: impl FnOnce(Option<Arc<str>>) -> Query) -> Value {
        match self.phase(bound, 1) {
            Some(during) => self.read(query(during), bound.span),
            None => Value::Error,
        }
    }

    /// The phase that an argument names: `Some(None)` where it was not given, `None` after an error.
    fn phase(&self, bound: &Bound<'_>, index: usize) -> Option<Option<Arc<str>>> {
        match bound.values.get(index).and_then(Option::as_ref) {
            None => Some(None),
            Some((Value::Handle(Handle::Phase { phase }), _)) => Some(Some(phase.clone())),
            Some((other, expr)) => {
                let message = format!("a phase is due here, this is {}", other.describe());
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, expr.span, message)
                        .help("name a phase of the scenario, without quotes"),
                );
                None
            }
        }
    }
}

fn series_of(value: &Value) -> Option<SeriesRef> {
    match value {
        Value::Handle(Handle::Series {
            server,
            series,
            dimension,
        }) => Some(SeriesRef {
            server: server.clone(),
            name: series.clone(),
            dimension: *dimension,
        }),
        _ => None,
    }
}
