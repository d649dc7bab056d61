//! Judges checks over what was measured, with evidence, and evaluates the columns of reports.
//! Pure: it asks the measurements, and nothing else.
//!
//! A check is evaluated twice. First over trusted figures alone, where a percentile of too few
//! requests or a figure of a phase that was cut short counts as unavailable: what this decides
//! stands, for `and` and `or` decide where one side is enough, and a percentile of too few values is
//! over a limit where all its values are. Where it decides nothing, the reason says the verdict. Then over all figures, for the evidence: there both sides are read.

mod check;
mod facts;
mod rounds;
mod verdict;
mod words;

pub use check::PENDING;
pub use facts::Answers;
pub use verdict::{case_verdict, exit_code};

use crate::diagnostics::Severity;
use crate::eval::{
    Between, Cases, Evaluator, Fitted, Handle, Measurements, Params, Query, Reading, Value,
};
use crate::measure::case::{CaseData, Lack, LackKind, Measured, needed};
use crate::measure::distribution::Support;
use crate::report::model::{Bounds, CheckResult, Figure, RankValue, ReportData};
use crate::resolve::Program;
use crate::scenario::{Case, CheckSpec, RankSpec, Reads, ReportSpec, Thunk, figure, one_line};
use crate::source::Span;
use crate::units::Dimension;
use facts::{Facts, Kept};
use std::collections::HashMap;
use std::sync::Arc;

/// What a case's checks and reports came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    pub checks: Vec<CheckResult>,
    pub reports: Vec<ReportData>,
    pub ranks: Vec<RankValue>,
    /// Columns that could not be evaluated, and why.
    pub notes: Vec<String>,
}

/// Judges the checks of a case, and evaluates the columns of its reports.
pub fn judge(case: &Case, data: &CaseData, program: &Program, params: &Params) -> Judged {
    let trusted = Trusted(data);
    let judge = Judge {
        program,
        data,
        trusted: Evaluator::new(program, params, &trusted),
        all: Evaluator::new(program, params, data),
        every: Evaluator::new(program, params, data).reading_all(),
    };
    let check = |spec: &CheckSpec| match (&spec.across, &case.infeasible) {
        (None, None) => judge.check(spec),
        (None, Some(why)) => check::of_infeasible(judge.check(spec), why),
        (Some(_), _) => check::pending(spec),
    };
    let mut judged = Judged {
        checks: case.checks.iter().map(check).collect(),
        ..Judged::default()
    };
    for spec in &case.reports {
        let report = match rounds::limited(spec, data) {
            None => judge.report(spec, &mut judged.notes),
            Some(data) => {
                let trusted = Trusted(&data);
                let judge = Judge {
                    program,
                    data: &data,
                    trusted: Evaluator::new(program, params, &trusted),
                    all: Evaluator::new(program, params, &data),
                    every: Evaluator::new(program, params, &data).reading_all(),
                };
                let mut report = judge.report(spec, &mut judged.notes);
                rounds::add_figures(&mut report, &data);
                report
            }
        };
        judged.reports.push(report);
    }
    // one that cannot work is none of those that are compared
    let ranks = case.ranks.iter().filter(|_| case.infeasible.is_none());
    let rank = |spec: &RankSpec| match spec.across {
        None => judge.rank(spec),
        Some(_) => judge.ranked(spec, Figure::unavailable(PENDING)),
    };
    judged.ranks = ranks.map(rank).collect();
    judged
}

/// What of a case reads others too. Places are those in the case's own lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Across {
    pub checks: Vec<CheckResult>,
    /// Report and column.
    pub columns: Vec<(usize, usize, Figure)>,
    pub ranks: Vec<(usize, RankValue)>,
    /// Columns that could not be evaluated, and why.
    pub notes: Vec<String>,
}

/// Judges the checks of a case that read others too, and evaluates such columns and ranks, once all
/// have run. `answers` is what was kept of the scenario's cases, by their ids. Only what `wanted`
/// holds for, given what it reads.
pub fn judge_across(
    case: &Case,
    answers: &HashMap<String, Answers>,
    (program, params): (&Program, &Params),
    wanted: &dyn Fn(&Reads) -> bool,
) -> Across {
    let facts = Kept { case, answers };
    let trusted = Trusted(&facts);
    let judge = Judge {
        program,
        data: &facts,
        trusted: Evaluator::new(program, params, &trusted),
        all: Evaluator::new(program, params, &facts),
        every: Evaluator::new(program, params, &facts).reading_all(),
    };
    let mut out = Across::default();
    let checks = case.checks.iter();
    let across = checks.filter(|spec| spec.across.as_ref().is_some_and(|a| wanted(&a.reads)));
    out.checks = across.map(|spec| judge.check(spec)).collect();
    for (at, spec) in case.reports.iter().enumerate() {
        for (&column, _) in spec.across.iter().filter(|(_, reads)| wanted(reads)) {
            let (header, thunk) = &spec.columns[column];
            let figure = judge.column(spec, header, thunk, &mut out.notes);
            out.columns.push((at, column, figure));
        }
    }
    let ranks = case.ranks.iter().enumerate();
    let ranks = ranks.filter(|(_, spec)| spec.across.as_ref().is_some_and(wanted));
    let ranks = ranks.filter(|_| case.infeasible.is_none());
    out.ranks = ranks.map(|(at, spec)| (at, judge.rank(spec))).collect();
    out
}

/// Only the figures on which a verdict can rest.
struct Trusted<'a>(&'a dyn Facts);

impl Measurements for Trusted<'_> {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.0.loads(phase)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.0.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.0.roles(server)
    }

    fn measure(&self, query: &Query) -> Value {
        let answer = || self.0.answer_of(None, query);
        trusted(
            self.0.measure(query),
            self.0.doubt_of(None, query),
            query,
            answer,
        )
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        self.0.fit(server)
    }

    fn cases(&self) -> Option<(Arc<Cases>, Arc<str>)> {
        self.0.cases()
    }

    fn measure_at(&self, case: &str, query: &Query) -> Value {
        let doubt = self.0.doubt_of(Some(case), query);
        let answer = || self.0.answer_of(Some(case), query);
        trusted(self.0.measure_at(case, query), doubt, query, answer)
    }
}

/// A figure as far as it is trusted: one that is doubted is none, or lies between its bounds.
fn trusted(
    value: Value,
    doubt: Option<Lack>,
    query: &Query,
    answer: impl Fn() -> Result<Measured, Lack>,
) -> Value {
    match (value, doubt) {
        (Value::Number(_), Some(lack)) if lack.kind == LackKind::Unsettled => {
            let bounds = answer().ok().and_then(|found| found.between);
            let why: Arc<str> = lack.reason.into();
            bounds.map_or(Value::Unavailable(why.clone()), |bounds| {
                Value::Between(Arc::new(Between {
                    least: bounds.least,
                    most: bounds.most,
                    dimension: query.dimension(),
                    why,
                }))
            })
        }
        (Value::Number(_), Some(lack)) => {
            let why: Arc<str> = lack.reason.into();
            let found = answer().ok().filter(|_| lack.kind == LackKind::TooFew);
            let ends = found.and_then(|found| found.at_any_rate);
            ends.map_or(Value::Unavailable(why.clone()), |(least, most)| {
                Value::Between(Arc::new(Between {
                    least,
                    most,
                    dimension: query.dimension(),
                    why,
                }))
            })
        }
        (value, _) => value,
    }
}

struct Judge<'a> {
    program: &'a Program,
    data: &'a dyn Facts,
    trusted: Evaluator<'a>,
    all: Evaluator<'a>,
    /// Over all figures, and what `and` and `or` need not read is read too.
    every: Evaluator<'a>,
}

/// What an expression came to, and the figures that it read.
struct Evaluated {
    value: Value,
    trace: Vec<Reading>,
    /// What was wrong with it.
    wrong: Option<String>,
}

impl Judge<'_> {
    fn evaluate(&self, eval: &Evaluator<'_>, thunk: &Thunk) -> Evaluated {
        eval.take_trace();
        eval.take_found();
        let value = eval.eval(&thunk.expr, &thunk.scope);
        let mut found = eval.take_found().into_iter();
        Evaluated {
            value,
            trace: eval.take_trace(),
            wrong: (found.find(|d| d.severity == Severity::Error)).map(|d| d.message),
        }
    }

    /// The reading that a reason comes from, and what sort of lack it is.
    fn lack(&self, reason: &str, trace: &[Reading]) -> (Option<Reading>, Lack) {
        let of_reason = |reading: &&Reading| match &reading.value {
            Value::Unavailable(why) => why.as_ref() == reason,
            Value::Between(between) => between.why.as_ref() == reason,
            _ => false,
        };
        let reading = trace.iter().find(of_reason);
        let lack = reading.and_then(|reading| {
            match self.data.answer_of(reading.case.as_deref(), &reading.query) {
                Err(lack) => Some(lack),
                Ok(_) => self.data.doubt_of(reading.case.as_deref(), &reading.query),
            }
        });
        let lack = lack.unwrap_or_else(|| Lack::missing(reason));
        (reading.cloned(), lack)
    }

    fn text(&self, span: Span) -> String {
        one_line(&self.program.sources.shown(span))
    }

    fn report(&self, spec: &ReportSpec, notes: &mut Vec<String>) -> ReportData {
        let columns = spec
            .columns
            .iter()
            .enumerate()
            .map(|(at, (header, thunk))| {
                let figure = match spec.across.contains_key(&at) {
                    false => self.column(spec, header, thunk, notes),
                    true => Figure::unavailable(PENDING),
                };
                (header.clone(), figure)
            })
            .collect();
        ReportData {
            name: spec.name.clone(),
            format: spec.format,
            part: spec.part.clone(),
            to: spec.to.clone(),
            template: spec.template.clone(),
            columns,
            series: spec.series.clone(),
            note: spec.note.as_ref().map(|thunk| {
                let evaluated = self.evaluate(&self.all, thunk);
                self.figure(&evaluated).text
            }),
        }
    }

    fn column(
        &self,
        spec: &ReportSpec,
        header: &str,
        thunk: &Thunk,
        notes: &mut Vec<String>,
    ) -> Figure {
        let evaluated = self.evaluate(&self.all, thunk);
        if let (Value::Error, Some(why)) = (&evaluated.value, &evaluated.wrong) {
            notes.push(format!("report `{}`, column `{header}`: {why}", spec.name));
        }
        let figure = self.figure(&evaluated);
        let there = figure.unavailable.is_none();
        let figure = figure.with_cut(there.then(|| self.cut(&evaluated.trace)).flatten());
        let bounds =
            (figure.between.is_none() && figure.value.is_some()).then(|| self.bounds(thunk));
        match bounds.flatten() {
            Some(bounds) => figure.with_bounds(bounds),
            None => figure,
        }
    }

    /// Why a figure that was read is of a phase that did not wholly run.
    fn cut(&self, trace: &[Reading]) -> Option<String> {
        let lacks = trace.iter().filter_map(|reading| {
            let case = reading.case.as_deref();
            self.data.doubt_of(case, &reading.query)
        });
        let cut = |lack: &Lack| matches!(lack.kind, LackKind::NotRun | LackKind::Interrupted);
        lacks.filter(cut).map(|lack| lack.reason).next()
    }

    fn rank(&self, spec: &RankSpec) -> RankValue {
        let value = |thunk: &Thunk| self.figure(&self.evaluate(&self.all, thunk));
        self.ranked(spec, value(&spec.by))
    }

    fn ranked(&self, spec: &RankSpec, by: Figure) -> RankValue {
        let value = |thunk: &Thunk| self.figure(&self.evaluate(&self.all, thunk));
        let within = spec.within.iter();
        RankValue {
            name: spec.name.clone(),
            metric: spec.text.clone(),
            highest: spec.highest,
            within: within.map(|(text, of)| (text.clone(), value(of))).collect(),
            value: by,
        }
    }

    /// A value as results keep it; one that was read as it is keeps what is known of it.
    fn figure(&self, evaluated: &Evaluated) -> Figure {
        match (&evaluated.value, evaluated.trace.as_slice()) {
            (Value::Error, _) => {
                let why = evaluated.wrong.as_deref();
                Figure::unavailable(why.unwrap_or("the expression could not be evaluated"))
            }
            (Value::Handle(Handle::Ending(word)), _) => {
                Figure::ending(*word, "the case has not ended")
            }
            (Value::Number(_), [reading]) if reading.value == evaluated.value => {
                self.data.figure_of(reading.case.as_deref(), &reading.query)
            }
            (Value::Unavailable(why), [reading]) => Figure {
                dimension: Some(reading.query.dimension()),
                needed: needed(&reading.query),
                ..Figure::unavailable(why.as_ref())
            },
            (value, trace) => {
                let made = figure(value, words::is_share(value, trace));
                match self.weakest(trace) {
                    Some(support) if made.value.is_some() => made.with_support(support),
                    _ => made,
                }
            }
        }
    }

    /// Between what a value lies that is computed from what did not settle.
    fn bounds(&self, thunk: &Thunk) -> Option<Bounds> {
        match self.evaluate(&self.trusted, thunk).value {
            // of a percentile of too few values its mark says it, not its bounds
            Value::Between(between) if !between.least.is_finite() || !between.most.is_finite() => {
                None
            }
            Value::Between(between) => Some(Bounds {
                least: between.least,
                most: between.most,
                why: between.why.to_string(),
            }),
            _ => None,
        }
    }

    /// Of the percentiles that an expression reads, the one with the fewest of the values that it
    /// needs: what is computed from them can be told no better.
    fn weakest(&self, trace: &[Reading]) -> Option<Support> {
        let supports = trace.iter().filter_map(|reading| {
            let support = self
                .data
                .answer_of(reading.case.as_deref(), &reading.query)
                .ok()?
                .support?;
            Some((support, support.samples as f64 / support.needed? as f64))
        });
        let weakest = supports.min_by(|a, b| a.1.total_cmp(&b.1));
        weakest.map(|(support, _)| support)
    }
}
