//! One option's value against the type, range, choices and pattern of its `option` block.

use super::context::{Context, as_text};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Scope, Shape, Value};
use crate::resolve::Flat;
use crate::schema::Type;
use crate::source::Span;
use crate::units::{Dimension, Quantity, display_precise, number};

/// What the word after `type` means: what a value must be, and how a number is passed.
pub(super) struct Sort {
    pub name: &'static str,
    ty: Type,
    /// Of its numbers, bounds included; none where it has no numbers.
    dimension: Option<Dimension>,
    /// How many base units one of the flag's own is.
    pub factor: f64,
    /// What is written behind the number.
    pub unit: &'static str,
}

const fn sort(name: &'static str, ty: Type, dimension: Option<Dimension>) -> Sort {
    Sort {
        name,
        ty,
        dimension,
        factor: 1.0,
        unit: "",
    }
}

const fn passed(factor: f64, unit: &'static str, sort: Sort) -> Sort {
    Sort {
        factor,
        unit,
        ..sort
    }
}

const PLAIN: Option<Dimension> = Some(Dimension::NONE);
const TIME: Dimension = Dimension::TIME;
const DATA: Dimension = Dimension::DATA;
const PER_REQUEST: Dimension = Dimension::DATA.per(Dimension::REQUESTS);
const PER_TOKEN: Dimension = Dimension::DATA.per(Dimension::TOKENS);
const PER_IMAGE: Dimension = Dimension::DATA.per(Dimension::IMAGES);
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Every type that an option can have; the first is what it has where it says none.
const SORTS: &[Sort] = &[
    sort("string", Type::SecretText, None),
    sort("secret", Type::SecretText, None),
    sort("bool", Type::Bool, None),
    sort("int", Type::Int(i64::MIN), PLAIN),
    sort("number", Type::Any, PLAIN),
    sort("ratio", Type::Ratio, PLAIN),
    sort(
        "tok",
        Type::Count(Dimension::TOKENS),
        Some(Dimension::TOKENS),
    ),
    sort("s", Type::Quantity(TIME), Some(TIME)),
    passed(1.0, "s", sort("duration", Type::Quantity(TIME), Some(TIME))),
    passed(GIB, "", sort("GiB", Type::Quantity(DATA), Some(DATA))),
    passed(1.0, "B", sort("data", Type::Quantity(DATA), Some(DATA))),
    passed(
        1.0,
        "B/req",
        sort("data/req", Type::Quantity(PER_REQUEST), Some(PER_REQUEST)),
    ),
    passed(
        1.0,
        "B/tok",
        sort("data/tok", Type::Quantity(PER_TOKEN), Some(PER_TOKEN)),
    ),
    passed(
        1.0,
        "B/img",
        sort("data/img", Type::Quantity(PER_IMAGE), Some(PER_IMAGE)),
    ),
    sort("list", Type::Many(&Type::Any), None),
    sort("record", Type::Record, None),
];

/// The sort that an `option` block's `type` names.
pub(super) fn sort_of(cx: &Context<'_>, option: &Flat) -> &'static Sort {
    sort_by_name(cx.text(option, "type"))
}

fn sort_by_name(name: Option<String>) -> &'static Sort {
    let named = |sort: &&Sort| name.as_deref() == Some(sort.name);
    SORTS.iter().find(named).unwrap_or(&SORTS[0])
}

/// What an expression of the engine's block sees of an option, whatever a server sets it to.
pub(super) fn shape(eval: &Evaluator<'_>, option: &Flat, scope: &Scope) -> Value {
    let sort = sort_by_name(written(eval, option, "type", scope));
    Value::Unknown(match (sort.dimension, sort.ty) {
        // one of the choices may be a text beside its numbers
        _ if option.attrs.contains_key("choices") => Shape::Any,
        (Some(dimension), _) => Shape::Number(dimension),
        (None, Type::Bool) => Shape::Bool,
        (None, _) => Shape::Any,
    })
}

/// Holds what an `option` block says of its own values to its type, also where no server sets it.
pub(super) fn check_shapes(eval: &Evaluator<'_>, option: &Flat, scope: &Scope) {
    let sort = sort_by_name(written(eval, option, "type", scope));
    for name in ["default", "value", "min", "above", "max"] {
        let Some(attr) = option.attrs.get(name) else {
            continue;
        };
        let value = eval.eval(&attr.expr, &scope.in_module(attr.module));
        let plain = matches!(&value, Value::Number(q) if q.dimension.is_none());
        match value {
            Value::Text(_) if option.attrs.contains_key("choices") => {}
            value if sort.name == "number" && !plain && is_known(&value) => {
                let message = format!("`{name}` takes a bare number, this is {}", value.describe());
                let place = attr.expr.span;
                eval.report(Diagnostic::error(codes::TYPE_MISMATCH, place, message));
            }
            value if is_known(&value) => {
                eval.typed(name, sort.ty, value, attr.expr.span);
            }
            _ => {}
        }
    }
}

fn is_known(value: &Value) -> bool {
    matches!(value, Value::Number(_) | Value::Text(_) | Value::Bool(_))
}

fn written(eval: &Evaluator<'_>, block: &Flat, name: &str, scope: &Scope) -> Option<String> {
    let attr = block.attrs.get(name)?;
    as_text(&eval.eval(&attr.expr, &scope.in_module(attr.module)))
}

/// The value as it is passed on; `Error` after what is wrong with it has been reported.
pub(super) fn typed(cx: &Context<'_>, option: &Flat, value: Value, span: Span) -> Value {
    let sort = sort_of(cx, option);
    let (value, found) = cx.eval.apart(|| checked(cx, option, sort, value, span));
    for diagnostic in found {
        cx.eval.report(match &option.doc {
            // what the option is for says what it takes
            Some(doc) if diagnostic.span() == span => {
                let doc = super::context::one_line(doc);
                diagnostic.help(format!("{}: {doc}", option.title()))
            }
            None if diagnostic.help.is_empty() => diagnostic.help(format!(
                "the engine's block `option {}` says so",
                option.title()
            )),
            _ => diagnostic,
        });
    }
    value
}

fn checked(cx: &Context<'_>, option: &Flat, sort: &Sort, value: Value, span: Span) -> Value {
    let name = option.title();
    let choices = cx.texts(option, "choices");
    if let Value::Text(text) = &value
        && !choices.is_empty()
    {
        if choices.iter().any(|choice| choice == text.as_ref()) {
            return value;
        }
        return not_a_choice(cx, sort, name, text, &choices, span);
    }
    if let (Value::Number(q), Some(dimension)) = (&value, sort.dimension) {
        let fits = q.dimension == dimension
            || (q.dimension.is_none() && matches!(sort.ty, Type::Count(_)));
        let range = Range::of(cx, option, sort, dimension);
        let whole = !matches!(sort.ty, Type::Int(_) | Type::Count(_)) || q.value.fract() == 0.0;
        if fits && whole && !range.holds(q.value) {
            let shown = range.shown(Quantity::new(q.value, dimension));
            let message = format!("`{name}` is {range}, this is {shown}");
            cx.eval
                .report(Diagnostic::error(codes::OUT_OF_RANGE, span, message));
            return Value::Error;
        }
        // a number that stands for something else: -1 for "off"
        if fits && whole && q.value < 0.0 && range.least.is_some() {
            return Value::Number(Quantity::new(q.value, dimension));
        }
    }
    if sort.name == "number" && !matches!(&value, Value::Number(q) if q.dimension.is_none()) {
        let message = format!("`{name}` takes a bare number, this is {}", value.describe());
        return refuse(cx, Diagnostic::error(codes::TYPE_MISMATCH, span, message));
    }
    match cx.eval.typed(name, sort.ty, value, span) {
        Value::Text(text) if sort.name != "secret" => {
            if matches_pattern(cx, option, &text) {
                return Value::Text(text);
            }
            let message = format!("`{name}` cannot be \"{text}\"");
            refuse(cx, Diagnostic::error(codes::BAD_CHOICE, span, message))
        }
        Value::Text(text) | Value::Secret(text) => {
            if text.as_ref() == crate::eval::UNKNOWN_SECRET {
                return Value::Secret(text);
            }
            if matches_pattern(cx, option, &text) {
                return cx.eval.secret(&text);
            }
            let what = if text.is_empty() {
                "empty"
            } else {
                "this text"
            };
            let message = format!("`{name}` cannot be {what}");
            refuse(cx, Diagnostic::error(codes::BAD_CHOICE, span, message))
        }
        value => value,
    }
}

fn refuse(cx: &Context<'_>, diagnostic: Diagnostic) -> Value {
    cx.eval.report(diagnostic);
    Value::Error
}

fn not_a_choice(
    cx: &Context<'_>,
    sort: &Sort,
    name: &str,
    text: &str,
    choices: &[String],
    span: Span,
) -> Value {
    let message = format!("`{name}` cannot be \"{text}\"");
    let diagnostic = Diagnostic::error(codes::BAD_CHOICE, span, message);
    let also = match sort.dimension {
        Some(dimension) => format!("{}, or ", dimension.describe()),
        None => String::new(),
    };
    refuse(
        cx,
        match crate::check::nearest(text, choices.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
            None => diagnostic.help(format!("it is {also}one of: {}", choices.join(", "))),
        },
    )
}

fn matches_pattern(cx: &Context<'_>, option: &Flat, text: &str) -> bool {
    let Some(pattern) = cx.text(option, "pattern") else {
        return true;
    };
    match regex::Regex::new(&pattern) {
        Ok(regex) => regex.is_match(text),
        Err(error) => {
            cx.eval.bad_pattern(&error, cx.place(option, "pattern"));
            true
        }
    }
}

/// What an option's numbers may be, in base units.
#[derive(Default)]
struct Range {
    least: Option<Quantity>,
    above: Option<Quantity>,
    most: Option<Quantity>,
    ratio: bool,
}

impl Range {
    fn of(cx: &Context<'_>, option: &Flat, sort: &Sort, dimension: Dimension) -> Self {
        let bound = |name: &str| match cx.attr(option, name) {
            Value::Number(q) if q.dimension == dimension => Some(q),
            Value::Number(q) if q.dimension.is_none() && matches!(sort.ty, Type::Count(_)) => {
                Some(Quantity::new(q.value, dimension))
            }
            Value::None | Value::Error => None,
            other => {
                let message = format!(
                    "`{name}` is in the option's own unit ({}), this is {}",
                    dimension.describe(),
                    other.describe()
                );
                let place = cx.place(option, name);
                let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, place, message).help(
                    format!("the option has `type = \"{}\"`: give both alike", sort.name),
                );
                cx.eval.report(diagnostic);
                None
            }
        };
        Self {
            least: bound("min"),
            above: bound("above"),
            most: bound("max"),
            ratio: sort.ty == Type::Ratio,
        }
    }

    fn holds(&self, value: f64) -> bool {
        self.least.is_none_or(|least| value >= least.value)
            && self.above.is_none_or(|above| value > above.value)
            && self.most.is_none_or(|most| value <= most.value)
    }

    fn shown(&self, q: Quantity) -> String {
        match (self.ratio, q.dimension.is_none()) {
            (true, _) => format!("{}%", number(q.value * 100.0, 6)),
            (false, true) => number(q.value, 15),
            (false, false) => display_precise(q),
        }
    }
}

/// `from 0% to 100%`
impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |q: Option<Quantity>| q.map(|q| self.shown(q));
        match (shown(self.least), shown(self.above), shown(self.most)) {
            (Some(least), None, Some(most)) => write!(f, "from {least} to {most}"),
            (least, above, most) => {
                let parts = [("at least", least), ("more than", above), ("at most", most)];
                let parts = parts
                    .into_iter()
                    .filter_map(|(word, bound)| Some(format!("{word} {}", bound?)));
                f.write_str(&parts.collect::<Vec<_>>().join(" and "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_lists_the_types_that_there_are() {
        let option = crate::schema::kind("option").unwrap();
        let Type::Choice(choices) = option.attribute("type").unwrap().ty else {
            panic!("a type is a choice");
        };
        let names: Vec<&str> = SORTS.iter().map(|sort| sort.name).collect();
        assert_eq!(choices, names);
    }

    #[test]
    fn ranges_read_as_sentences() {
        let q = |value| Some(Quantity::plain(value));
        let shown = |least, above, most, ratio| {
            let range = Range {
                least,
                above,
                most,
                ratio,
            };
            range.to_string()
        };
        assert_eq!(shown(q(0.0), None, q(1.0), true), "from 0% to 100%");
        assert_eq!(shown(q(1.0), None, None, false), "at least 1");
        assert_eq!(
            shown(None, q(0.0), q(1.0), true),
            "more than 0% and at most 100%"
        );
    }
}
