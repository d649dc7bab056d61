//! One check: its verdict, the evidence, and why, in one line.

use super::words::{compares, is_share};
use super::{Evaluated, Judge};
use crate::eval::{Reading, Value};
use crate::measure::case::{Lack, LackKind};
use crate::report::model::{CheckResult, Evidence, Figure, Verdict};
use crate::scenario::{CheckSpec, Thunk, figure, not_feasible};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::Quantity;

/// What a condition came to.
pub(super) enum Outcome {
    Decided(bool),
    /// With the part that has no figure to rest on.
    Lacking(Option<Reading>, Lack),
    /// What was wrong with it.
    Broken(String),
}

impl Judge<'_> {
    pub(super) fn check(&self, spec: &CheckSpec) -> CheckResult {
        let left_out = spec.when.as_ref().and_then(|when| self.when(when));
        let (verdict, mut why, evidence) = left_out.unwrap_or_else(|| self.decide(&spec.expr));
        if let Some(across) = spec.across.as_ref().filter(|_| !evidence.is_empty()) {
            let mut cases: Vec<&str> = Vec::new();
            for (case, _) in &across.reads {
                if !cases.contains(&case.as_ref()) {
                    cases.push(case);
                }
            }
            // a side that was not reached may be what reads the other cases
            if !cases.is_empty() {
                why = format!("{why} (cases {})", cases.join("; "));
            }
        }
        result(spec, verdict, why, evidence)
    }

    /// Why a check's `when` leaves it out, or leaves it open; none where it holds.
    fn when(&self, when: &Thunk) -> Option<(Verdict, String, Vec<Evidence>)> {
        let text = self.text(when.expr.span);
        let (verdict, why) = match self.outcome(&self.evaluate(&self.trusted, when)) {
            Outcome::Decided(true) => return None,
            Outcome::Decided(false) => (Verdict::Skipped, format!("`{text}` does not hold")),
            Outcome::Lacking(_, lack) => (
                verdict_of(lack.kind),
                format!("whether `{text}` holds is not known: {}", lack.reason),
            ),
            Outcome::Broken(wrong) => (
                Verdict::NoData,
                format!("`{text}` could not be evaluated: {wrong}"),
            ),
        };
        let read = self.evaluate(&self.every, when);
        Some((verdict, why, self.readings(&read.trace)))
    }

    fn decide(&self, thunk: &Thunk) -> (Verdict, String, Vec<Evidence>) {
        let trusted = self.evaluate(&self.trusted, thunk);
        let outcome = self.outcome(&trusted);
        let all = self.evaluate(&self.every, thunk);
        let mut evidence = self.readings(&all.trace);
        self.add_sides(&thunk.expr, thunk, &mut evidence);
        let (verdict, why) = match outcome {
            Outcome::Decided(holds) => {
                let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
                let why = self.explain(thunk, holds);
                let few = self.few(&trusted.trace, &why);
                (verdict, why + &self.unsettled(&all.trace) + &few)
            }
            Outcome::Lacking(reading, lack) => {
                let why = self.lacking(reading.as_ref(), &lack, thunk);
                (verdict_of(lack.kind), why)
            }
            Outcome::Broken(wrong) => (
                Verdict::NoData,
                format!("it could not be evaluated: {wrong}"),
            ),
        };
        (verdict, why, evidence)
    }

    pub(super) fn outcome(&self, evaluated: &Evaluated) -> Outcome {
        match &evaluated.value {
            Value::Bool(holds) => Outcome::Decided(*holds),
            Value::Unavailable(reason) => {
                let (reading, lack) = self.lack(reason, &evaluated.trace);
                Outcome::Lacking(reading, lack)
            }
            other => Outcome::Broken(match &evaluated.wrong {
                Some(wrong) => wrong.clone(),
                None => format!("it is {}, neither true nor false", other.describe()),
            }),
        }
    }

    /// `stress.ttft.p99 = 812 ms, must be at most 900 ms, but p99 needs at least 100 requests, there
    /// were 20`
    fn lacking(&self, reading: Option<&Reading>, lack: &Lack, thunk: &Thunk) -> String {
        let reason = &lack.reason;
        let limit = |reading: &Reading| self.limit(thunk, reading.span);
        match (reading, lack.kind) {
            (Some(reading), LackKind::TooFew) if limit(reading).is_some() => {
                format!("{}, but {reason}", limit(reading).unwrap_or_default())
            }
            (Some(reading), LackKind::Missing) => {
                format!("{}: {reason}", self.text(reading.span))
            }
            (Some(reading), LackKind::TooFew) => {
                let (text, value) = (
                    self.text(reading.span),
                    self.data.figure_of(reading.case.as_deref(), &reading.query),
                );
                format!("{text} = {}, but {reason}", value.text)
            }
            (Some(reading), LackKind::Unsettled) => {
                let text = self.text(reading.span);
                match limit(reading) {
                    Some(limit) => format!("{limit}, but {text} is {reason}"),
                    None => format!("{text} is {reason}"),
                }
            }
            _ => reason.clone(),
        }
    }

    /// Of the percentiles of too few values that decided a condition, and so stand in what is said of
    /// it: why they could.
    fn few(&self, trace: &[Reading], why: &str) -> String {
        let mut said: Vec<String> = Vec::new();
        let decided = |reading: &&Reading| why.contains(&self.text(reading.span));
        for reading in trace.iter().filter(decided) {
            let case = reading.case.as_deref();
            let lack = self.data.doubt_of(case, &reading.query);
            let ends = (self.data.answer_of(case, &reading.query).ok())
                .and_then(|found| found.at_any_rate)
                .zip(lack.filter(|lack| lack.kind == LackKind::TooFew));
            let Some(((least, most), lack)) = ends else {
                continue;
            };
            let (word, end) = match least.is_finite() {
                true => ("at least", least),
                false => ("at most", most),
            };
            let end = Quantity::new(end, reading.query.dimension());
            let one = format!("; {}, and all are {word} {end}", lack.reason);
            if !said.contains(&one) {
                said.push(one);
            }
        }
        said.concat()
    }

    /// What a decided condition reads that did not settle: it is so on all that it may be.
    fn unsettled(&self, trace: &[Reading]) -> String {
        let mut said: Vec<String> = Vec::new();
        for reading in trace {
            let lack = self.data.doubt_of(reading.case.as_deref(), &reading.query);
            if let Some(lack) = lack.filter(|lack| lack.kind == LackKind::Unsettled) {
                let one = format!("; {} is {}", self.text(reading.span), lack.reason);
                if !said.contains(&one) {
                    said.push(one);
                }
            }
        }
        said.concat()
    }

    /// Every figure that was read, once.
    fn readings(&self, trace: &[Reading]) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for reading in trace {
            let phases = reading.query.phases();
            let place = (!phases.is_empty()).then(|| phases.join(" to "));
            let place = match (place, &reading.case) {
                (Some(phase), Some(case)) => Some(format!("{phase} in {case}")),
                (None, Some(case)) => Some(case.to_string()),
                (phase, None) => phase,
            };
            let one = Evidence {
                text: self.text(reading.span),
                value: self.data.figure_of(reading.case.as_deref(), &reading.query),
                phase: place,
            };
            if !evidence.contains(&one) {
                evidence.push(one);
            }
        }
        evidence
    }

    /// Both sides of every comparison, where a side is computed from what was measured.
    fn add_sides(&self, expr: &Expr, thunk: &Thunk, evidence: &mut Vec<Evidence>) {
        let ExprKind::Binary {
            op, left, right, ..
        } = &expr.kind
        else {
            return;
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            self.add_sides(left, thunk, evidence);
            self.add_sides(right, thunk, evidence);
        }
        if !compares(*op) {
            return;
        }
        for expr in [left, right] {
            let side = Thunk {
                expr: expr.as_ref().clone().into(),
                scope: thunk.scope.clone(),
            };
            let evaluated = self.evaluate(&self.all, &side);
            let read_as_it_is = evaluated.trace.iter().any(|r| r.span == expr.span);
            if !evaluated.trace.is_empty() && !read_as_it_is {
                let share = is_share(&evaluated.value, &evaluated.trace);
                let value = match evaluated.wrong {
                    Some(wrong) => Figure::unavailable(wrong),
                    None => figure(&evaluated.value, share),
                };
                let bounds = value.value.and_then(|_| self.bounds(&side));
                let one = Evidence {
                    text: self.text(expr.span),
                    value: match bounds {
                        Some(bounds) => value.with_bounds(bounds),
                        None => value,
                    },
                    phase: None,
                };
                if !evidence.contains(&one) {
                    evidence.push(one);
                }
            }
        }
    }
}

/// Why a check across cases has no verdict while they run.
pub const PENDING: &str = "it reads other cases, and the run ended before all of them had";

/// A check of a case that cannot work: it may hold, of what follows from the file alone; where it
/// does not, it is left out with its case.
pub(super) fn of_infeasible(check: CheckResult, why: &str) -> CheckResult {
    match check.verdict {
        Verdict::Pass | Verdict::Skipped => check,
        _ => CheckResult {
            verdict: Verdict::Skipped,
            why: not_feasible(why),
            ..check
        },
    }
}

/// A check of which it is not known yet what it comes to.
pub(super) fn pending(spec: &CheckSpec) -> CheckResult {
    result(spec, Verdict::NoData, PENDING.into(), Vec::new())
}

fn result(spec: &CheckSpec, verdict: Verdict, why: String, evidence: Vec<Evidence>) -> CheckResult {
    CheckResult {
        name: spec.name.clone(),
        level: spec.level,
        verdict,
        text: spec.text.clone(),
        when: spec.when_text.clone(),
        because: spec.because.clone(),
        place: spec.place.clone(),
        evidence,
        why,
    }
}

fn verdict_of(kind: LackKind) -> Verdict {
    match kind {
        LackKind::Skipped => Verdict::Skipped,
        LackKind::Elsewhere => Verdict::NotDecided,
        LackKind::Interrupted => Verdict::Interrupted,
        LackKind::NotRun | LackKind::Missing => Verdict::NoData,
        LackKind::TooFew | LackKind::Unsettled => Verdict::Inconclusive,
    }
}
