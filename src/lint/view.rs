//! One case as a rule sees it: what runs, where that is written, and what its checks compare.

use super::ratio::{Ratio, ratios};
use crate::diagnostics::Diagnostic;
use crate::eval::{Evaluator, Params, Query, Reading, Stretch, Value, Window};
use crate::measure::requests::share_of;
use crate::resolve::{Flat, Program};
use crate::scenario::{Case, CheckSpec, LoadSpec, PhaseSpec, ServerSpec, Start, Thunk, Unmeasured};
use crate::source::{Sources, Span};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

/// A case, the scenario that it is of, and what its checks compare.
pub struct View<'a> {
    pub case: &'a Case,
    pub flat: &'a Flat,
    sources: &'a Sources,
    /// All cases of the scenario.
    pub cases: &'a [Case],
    /// What its checks compare with constants.
    comparisons: Vec<Comparison>,
    /// What its checks compare with each other.
    ratios: Vec<Ratio>,
    /// Where a figure rests on a price that is not known, and why it is not.
    unpriced: Vec<(Span, String)>,
}

/// One figure compared with a constant: `figure op limit`, however it is written.
pub struct Comparison {
    pub op: BinaryOp,
    pub figure: Reading,
    /// In base units: seconds, bytes, requests, tokens.
    pub limit: f64,
    pub limit_span: Span,
    pub span: Span,
    /// Whether the case fails where it does not hold: no `or` and no measured `when` stands over it.
    pub certain: bool,
}

/// Metrics of time that requests take.
pub const LATENCIES: [&str; 5] = ["ttft", "ttfa", "itl", "tpot", "e2e"];

impl<'a> View<'a> {
    pub fn new(
        program: &'a Program,
        params: &Params,
        flat: &'a Flat,
        (case, cases): (&'a Case, &'a [Case]),
    ) -> Self {
        let unmeasured = Unmeasured::of(case);
        let eval = Evaluator::new(program, params, &unmeasured);
        let (mut comparisons, mut of_each_other) = (Vec::new(), Vec::new());
        for check in &case.checks {
            let when = check.when.as_ref();
            let holds = when.map(|when| eval.eval(&when.expr, &when.scope));
            if matches!(holds, Some(Value::Bool(false))) {
                continue;
            }
            let certain = matches!(holds, None | Some(Value::Bool(true)));
            let expr = &check.expr.expr;
            compared(&eval, check, expr, certain, &mut comparisons);
            ratios(&eval, flat, check, certain, &mut of_each_other);
        }
        let unpriced = match case.price() {
            Ok(_) => Vec::new(),
            Err(why) => unpriced(&eval, case, &why),
        };
        Self {
            case,
            flat,
            sources: &program.sources,
            cases,
            unpriced,
            comparisons,
            ratios: of_each_other,
        }
    }

    /// What is written at a place.
    pub fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }

    /// Where a word stands in a part of the text, if it does so once.
    pub fn word(&self, within: Span, word: &str) -> Option<Span> {
        let text = self.text(within);
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let mut places = text.match_indices(word).filter(|(at, _)| {
            let behind = &text[at + word.len()..];
            !text[..*at].ends_with(is_letter) && !behind.starts_with(is_letter)
        });
        let (at, _) = places.next()?;
        let start = within.start as usize + at;
        let once = places.next().is_none();
        once.then(|| Span::new(within.file, start, start + word.len()))
    }

    /// The phases that run, each with the block that it is from.
    pub fn phases(&self) -> impl Iterator<Item = (&'a PhaseSpec, &'a Flat)> {
        let running = self.case.phases.iter().filter(|p| p.skipped.is_none());
        running.filter_map(|phase| {
            let mut blocks = self.flat.children_of("phase");
            Some((phase, &**blocks.find(|block| block.title() == phase.name)?))
        })
    }

    pub fn phase(&self, name: &str) -> Option<(&'a PhaseSpec, &'a Flat)> {
        self.phases().find(|(phase, _)| phase.name == name)
    }

    /// The phases before one that put load on a server.
    pub fn loaded_before(&self, name: &str, server: &str) -> Vec<&'a PhaseSpec> {
        let before = self.phases().take_while(|(phase, _)| phase.name != name);
        let loads = |p: &PhaseSpec| p.loads.iter().any(|load| load.server == server);
        before.map(|(p, _)| p).filter(|p| loads(p)).collect()
    }

    /// The loads of a stretch, each with the block that holds its attributes.
    pub fn loads(&self, of: &Stretch) -> Vec<(&'a LoadSpec, &'a Flat)> {
        let Some((phase, block)) = self.phase(&of.phase) else {
            return Vec::new();
        };
        let loads = phase.loads.iter();
        let chosen =
            loads.filter(|l| of.load.is_none() || l.load.name.as_deref() == of.load.as_deref());
        chosen
            .map(|load| {
                let name = load.load.name.as_deref();
                let mut own = block.children_of("load");
                let own = own.find(|child| Some(child.title()) == name);
                (load, own.map_or(block, |own| &**own))
            })
            .collect()
    }

    pub fn server(&self, name: &str) -> Option<&'a ServerSpec> {
        self.case.servers.iter().find(|server| server.name == name)
    }

    /// Whether a server is started here and works on GPUs: it compiles and allocates as it is used.
    pub fn starts_on_gpus(&self, name: &str) -> bool {
        let server = self.server(name);
        server.is_some_and(|s| s.gpus > 0 && matches!(s.start, Start::Launch { .. }))
    }

    /// A case of the scenario by its id; without one, the case at hand.
    pub fn case_of(&self, id: Option<&str>) -> Option<&'a Case> {
        let Some(id) = id else { return Some(self.case) };
        self.cases.iter().find(|case| case.id == id)
    }

    /// Where a check, a rank or a column rests on a price that is not known, and why it is not.
    pub fn unpriced(&self) -> &[(Span, String)] {
        &self.unpriced
    }

    /// The figures that its checks compare with each other.
    pub fn ratios(&self) -> impl Iterator<Item = &Ratio> {
        self.ratios.iter()
    }

    /// All comparisons of the case's checks.
    pub fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter()
    }

    /// Comparisons with a limit from above of a latency, each with its phase.
    pub fn latency_limits(&self) -> impl Iterator<Item = (&Comparison, &Stretch)> {
        let limits = self.comparisons().filter(|c| c.at_most());
        limits.filter_map(|c| {
            let (of, metric, _) = c.statistic()?;
            LATENCIES.contains(&metric).then_some((c, of))
        })
    }

    /// Comparisons with a limit from above of what a server holds more than before.
    pub fn growth_limits(&self) -> impl Iterator<Item = (&Comparison, &str, &Window)> {
        let limits = self.comparisons().filter(|c| c.at_most());
        limits.filter_map(|c| match &c.figure.query {
            Query::Growth { series, window } => Some((c, &*series.name, window)),
            _ => None,
        })
    }
}

impl Comparison {
    /// Whether the figure has to be small.
    pub fn at_most(&self) -> bool {
        matches!(self.op, BinaryOp::Less | BinaryOp::LessEqual)
    }

    /// Whether the figure has to reach the limit.
    pub fn at_least(&self) -> bool {
        matches!(
            self.op,
            BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Equal
        )
    }

    /// Of a statistic or a percentile: the phase, the metric and what statistic.
    pub fn statistic(&self) -> Option<(&Stretch, &'static str, Stat<'_>)> {
        match &self.figure.query {
            Query::Statistic { of, metric, stat } => Some((
                of,
                metric,
                share_of(stat).map_or(Stat::Named(stat), Stat::Percentile),
            )),
            Query::Percentile { of, metric, share } => Some((of, metric, Stat::Percentile(*share))),
            _ => None,
        }
    }

    /// Of one figure of a whole phase: the phase and the metric.
    pub fn scalar(&self) -> Option<(&Stretch, &'static str)> {
        match &self.figure.query {
            Query::Scalar { of, metric } => Some((of, metric)),
            _ => None,
        }
    }
}

/// What is read of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat<'a> {
    /// The share below it, from 0 to 1.
    Percentile(f64),
    /// `mean`, `max`, …
    Named(&'a str),
}

/// Where an attribute of a block is written, or the block's head.
pub fn place(flat: &Flat, name: &str) -> Span {
    let written = flat.attrs.get(name);
    written.map_or(flat.head(), |attr| attr.name.span.to(attr.expr.span))
}

/// Where the value of an attribute is written, if it is.
pub fn value(flat: &Flat, name: &str) -> Option<Span> {
    flat.attrs.get(name).map(|attr| attr.expr.span)
}

/// A finding of a rule: its place, and what is wrong there.
pub fn warning(
    rule: (&'static str, &'static str),
    span: Span,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::warning(rule, span, message)
}

fn unpriced(eval: &Evaluator<'_>, case: &Case, why: &str) -> Vec<(Span, String)> {
    let checks = case.checks.iter().map(|check| &check.expr);
    let ranks = case.ranks.iter().map(|rank| &rank.by);
    let columns = case.reports.iter().flat_map(|report| &report.columns);
    let figures = checks.chain(ranks).chain(columns.map(|(_, column)| column));
    let rests = |figure: &&Thunk| {
        let value = eval.eval(&figure.expr, &figure.scope);
        matches!(value, Value::Unavailable(reason) if *reason == *why)
    };
    let spans = figures.filter(rests).map(|figure| figure.expr.span);
    spans.map(|span| (span, why.to_string())).collect()
}

fn compared(
    eval: &Evaluator<'_>,
    spec: &CheckSpec,
    expr: &Expr,
    certain: bool,
    out: &mut Vec<Comparison>,
) {
    let ExprKind::Binary {
        op, left, right, ..
    } = &expr.kind
    else {
        return;
    };
    if matches!(op, BinaryOp::And | BinaryOp::Or) {
        let certain = certain && *op == BinaryOp::And;
        compared(eval, spec, left, certain, out);
        compared(eval, spec, right, certain, out);
        return;
    }
    if !op.compares() || matches!(op, BinaryOp::In | BinaryOp::NotIn) {
        return;
    }
    let side = |expr: &Expr| {
        eval.take_trace();
        (eval.eval(expr, &spec.expr.scope), eval.take_trace())
    };
    let ((left_value, left_read), (right_value, right_read)) = (side(left), side(right));
    let (op, read, limit, limited) = match (left_value, right_value) {
        (Value::Unknown(_), Value::Number(limit)) => (*op, left_read, limit, (left, right)),
        (Value::Number(limit), Value::Unknown(_)) => {
            (turned(*op), right_read, limit, (right, left))
        }
        _ => return,
    };
    // of a figure itself, and of nothing that is computed from it
    let plain = !matches!(
        limited.0.kind,
        ExprKind::Binary { .. } | ExprKind::If { .. }
    );
    if let ([figure], true) = (read.as_slice(), plain) {
        out.push(Comparison {
            op,
            figure: figure.clone(),
            limit: limit.value,
            limit_span: limited.1.span,
            span: expr.span,
            certain,
        });
    }
}

/// The comparison with its sides changed.
pub fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}
