//! `at(tp = 2)`: another case of the matrix, the one with these axis values and otherwise those
//! of the case at hand.

use super::{Evaluator, Fitted, Handle, Value};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{Arg, Ident};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// The cases of a scenario, and what of them can be read.
#[derive(Debug, Clone, Default)]
pub struct Cases {
    /// Axis values and id of every case.
    pub rows: Vec<(IndexMap<String, Value>, Arc<str>)>,
    /// Axes that may have other values, for there is a mistake in the matrix.
    pub unknown: HashSet<String>,
    /// There may be more axes than these.
    pub open: bool,
    /// Where their scenario is named.
    pub scenario: Span,
    pub phases: Vec<Arc<str>>,
    pub servers: Vec<Arc<str>>,
    /// A phase or a server lacks its name, which was reported.
    pub nameless: bool,
    /// Why cases cannot work, by their ids; those that can are not in it.
    pub infeasible: HashMap<Arc<str>, Arc<str>>,
    /// What `fit` says of their servers, by case and server.
    pub fits: HashMap<(Arc<str>, Arc<str>), Fitted>,
    /// Made when a case is first looked for.
    pub(crate) index: OnceLock<Index>,
}

/// Where cases stand in the rows, so that a check in each of many cases that reads another does not
/// go over all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    ids: HashMap<Arc<str>, usize>,
    /// By what the row reads as.
    rows: HashMap<String, Vec<usize>>,
    /// By axis, and by what the value reads as.
    values: HashMap<String, IndexMap<String, Vec<Value>>>,
}

impl Evaluator<'_> {
    pub(super) fn at(&self, args: &[(&Arg, Value)], span: Span) -> Value {
        let Some((cases, own)) = self.measurements.cases() else {
            let message =
                "`at` reads another case, which is known in checks, columns and ranks only";
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, span, message)
                    .help("compare in a check: expect scales: at(tp = 4).stress.request_rate >= 1.5 * at(tp = 2).stress.request_rate"),
            );
            return Value::Error;
        };
        let Some(mut row) = cases.row(&own).cloned() else {
            return Value::Error;
        };
        if row.is_empty() && cases.open {
            return Value::Error;
        }
        if args.is_empty() || row.is_empty() {
            let message = match row.is_empty() {
                true => "this scenario has no matrix, so there is no other case to read",
                false => "`at` needs the axes in which the other case differs",
            };
            self.report(
                Diagnostic::error(codes::BAD_ARGUMENT, span, message)
                    .help("it is called as at(axis = value, …)"),
            );
            return Value::Error;
        }
        for (arg, value) in args {
            let Some(name) = &arg.name else {
                let message = "`at` takes the values of axes by their names";
                self.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, arg.value.span, message)
                        .help("it is called as at(axis = value, …)"),
                );
                return Value::Error;
            };
            if let Value::Error = value {
                return Value::Error;
            }
            if !self.shapes && matches!(value, Value::Unknown(_) | Value::Between(_)) {
                let place = arg.value.span;
                self.say_measured(&format!("`{}`", name.text), place, self.read_within(place));
                return Value::Error;
            }
            match self.value_of(&cases, name, value, arg.value.span) {
                Some(value) => row.insert(name.text.clone(), value),
                None => return Value::Error,
            };
        }
        match cases.of_row(&row) {
            Some(case) => Value::Handle(Handle::Case { case: case.clone() }),
            None if cases.open || !cases.unknown.is_empty() => Value::Error,
            None => {
                let axes = row
                    .iter()
                    .map(|(axis, value)| format!("{axis}={}", value.shown().unwrap_or_default()));
                let axes: Vec<String> = axes.collect();
                let message = format!("the matrix has no case {}", axes.join(","));
                self.report(
                    Diagnostic::warning(codes::NO_SUCH_CASE, span, &message)
                        .help("it will have no data: give a check of it a `when`, or change what the matrix excludes"),
                );
                Value::Unavailable(message.into())
            }
        }
    }

    /// The value as the axis has it; none after it was reported that no case has it there.
    fn value_of(&self, cases: &Cases, name: &Ident, value: &Value, span: Span) -> Option<Value> {
        let Some(known) = cases.index().values.get(&name.text) else {
            if cases.open {
                return None;
            }
            let axes = cases.rows.first().map(|(row, _)| row.keys());
            let axes: Vec<&str> = axes.into_iter().flatten().map(String::as_str).collect();
            let message = format!("the matrix has no axis `{}`", name.text);
            let found = Diagnostic::error(codes::UNKNOWN_NAME, name.span, message);
            self.report(match nearest(&name.text, axes.iter().copied()) {
                Some(near) => found.help(format!("did you mean `{near}`?")).fix(
                    "the nearest name",
                    name.span,
                    near,
                    false,
                ),
                None => found.help(format!("it has: {}", axes.join(", "))),
            });
            return None;
        };
        let same = known.get(&text_of(value)).into_iter().flatten();
        let all = known.values().flatten();
        if let Some(one) = same.chain(all).find(|one| alike(one, value)) {
            return Some(one.clone());
        }
        if cases.unknown.contains(&name.text) {
            return None;
        }
        let shown = |value: &Value| match value {
            Value::Text(text) => format!("\"{text}\""),
            other => other.shown().unwrap_or_else(|| other.describe()),
        };
        let known: Vec<String> = known.values().flatten().map(shown).collect();
        let message = format!("no case has {} = {}", name.text, shown(value));
        let found = Diagnostic::error(codes::UNKNOWN_CASE, span, message)
            .help(format!("the axis has: {}", known.join(", ")));
        // a check that was inherited is right where it stands
        self.report(match cases.scenario.file == span.file {
            true => found,
            false => found.label(
                cases.scenario,
                "in the cases of this scenario, which has it from there",
            ),
        });
        None
    }

    /// A phase or a server of another case, and whether it can work at all.
    pub(super) fn of_case(&self, case: Arc<str>, field: &Ident) -> Value {
        let name = field.text.as_str();
        let cases = self.measurements.cases().map(|(cases, _)| cases);
        let cases = cases.unwrap_or_default();
        let is = |known: &Vec<Arc<str>>| known.iter().find(|one| one.as_ref() == name).cloned();
        let of = match (is(&cases.phases), is(&cases.servers)) {
            (Some(phase), _) => Handle::Phase { phase },
            (None, Some(server)) => Handle::Server { server },
            (None, None) if name == FEASIBLE => {
                return Value::Bool(!cases.infeasible.contains_key(&case));
            }
            (None, None) => {
                let known = cases.phases.iter().chain(&cases.servers);
                let known = known.map(AsRef::as_ref).chain([FEASIBLE]);
                let known: Vec<&str> = known.collect();
                if cases.nameless && nearest(name, known.iter().copied()).is_none() {
                    return Value::Error;
                }
                let message = format!("a case has no phase or server `{name}`");
                return self.unknown(codes::UNKNOWN_NAME, field, message, &known, "it has");
            }
        };
        elsewhere(&case, Value::Handle(of))
    }

    /// Evaluates with every figure read from that case; what is no figure yet stays of it.
    pub(super) fn in_case(&self, case: &Arc<str>, eval: impl FnOnce() -> Value) -> Value {
        let before = self.elsewhere.replace(Some(case.clone()));
        let value = eval();
        self.elsewhere.replace(before);
        elsewhere(case, value)
    }
}

impl Cases {
    /// The axes of a case; none where there is no such case.
    pub fn row(&self, id: &str) -> Option<&IndexMap<String, Value>> {
        let at = self.index().ids.get(id)?;
        self.rows.get(*at).map(|(row, _)| row)
    }

    /// The id of the case with these axes.
    fn of_row(&self, row: &IndexMap<String, Value>) -> Option<&Arc<str>> {
        let alike = self.index().rows.get(&text_of_row(row))?;
        let mut alike = alike.iter().filter_map(|at| self.rows.get(*at));
        let same = alike.find(|(other, _)| other == row);
        same.map(|(_, case)| case)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (at, (row, id)) in self.rows.iter().enumerate() {
                index.ids.entry(id.clone()).or_insert(at);
                index.rows.entry(text_of_row(row)).or_default().push(at);
                for (axis, value) in row {
                    let values = index.values.entry(axis.clone()).or_default();
                    let alike = values.entry(text_of(value)).or_default();
                    if !alike.contains(value) {
                        alike.push(value.clone());
                    }
                }
            }
            index
        })
    }
}

/// What tells most values apart: those that are equal have the same, but for records that are
/// [`alike`].
fn text_of(value: &Value) -> String {
    value.shown().unwrap_or_else(|| value.describe())
}

/// The same of a row, whatever the order of its axes.
fn text_of_row(row: &IndexMap<String, Value>) -> String {
    let mut axes: Vec<String> = (row.iter())
        .map(|(axis, value)| format!("{axis}={}", text_of(value)))
        .collect();
    axes.sort_unstable();
    axes.join(",")
}

/// Whether a case can work, of `at(…)` and of `case`.
pub const FEASIBLE: &str = "feasible";

/// Whether an axis's value is the one that is asked for. A record of attributes, as a layout, is
/// the same where they are the same once defaults are filled in: `{ tp = 4 }` is
/// `{ tp = 4, pp = 1 }`.
fn alike(axis: &Value, asked: &Value) -> bool {
    let (Value::Record(a), Value::Record(b)) = (axis, asked) else {
        return axis == asked;
    };
    let named = || a.keys().chain(b.keys());
    let of = |kind: &&schema::Kind| named().all(|name| default_of(kind, name).is_some());
    let kind = schema::kinds().find(of);
    let value = |fields: &IndexMap<String, Value>, name: &String| {
        let filled = || default_of(kind?, name);
        fields.get(name).cloned().or_else(filled)
    };
    named().all(|name| value(a, name) == value(b, name))
}

/// The default of an attribute where it is a whole number, as a layout's are.
fn default_of(kind: &schema::Kind, name: &str) -> Option<Value> {
    let attribute = kind.attribute(name)?;
    let whole = matches!(attribute.ty, schema::Type::Int(_));
    let number = attribute.default.filter(|_| whole)?.parse().ok()?;
    Some(Value::plain(number))
}

fn elsewhere(case: &Arc<str>, value: Value) -> Value {
    match value {
        Value::Handle(Handle::Of { .. } | Handle::Case { .. }) => value,
        Value::Handle(of) => Value::Handle(Handle::Of {
            case: case.clone(),
            of: Box::new(of),
        }),
        value => value,
    }
}
