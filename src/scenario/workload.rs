//! A workload: its rows as requests, and when an answer is accepted.

use super::context::{Context, as_bool, as_number, as_text, drawn};
use super::nones::{Nones, nothing_in, sent};
use super::{Asks, PartSpec, RequestSpec, Thunk, WorkloadSpec, judged};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Part, Scope, Value};

use crate::check::is_whole;
use crate::load::random::{Law, Random};
use crate::load::spec::Media;
use crate::resolve::Flat;
use crate::source::Span;
use std::path::Path;
use std::sync::Arc;

/// What a load says in place of its workload; `none` where it does not.
pub(super) struct Overrides {
    /// Each with its place.
    values: [(&'static str, Value, Span); 4],
}

/// Whether they say the same, wherever they say it.
impl PartialEq for Overrides {
    fn eq(&self, other: &Self) -> bool {
        let mut values = self.values.iter().zip(&other.values);
        let alike = |((_, a, _), (_, b, _)): (&(&str, Value, Span), &(&str, Value, Span))| a == b;
        values.all(alike)
    }
}

impl Overrides {
    /// Those of a load; what is wrong with one was reported, and stands as such.
    pub fn of(cx: &Context<'_>, flat: &Flat) -> Self {
        Self {
            values: OVERRIDES.map(|name| (name, cx.attr(flat, name), cx.place(flat, name))),
        }
    }

    /// What is said in place of the workload's own, and where.
    fn get(&self, name: &str) -> Option<(&Value, Span)> {
        let mut said = self.values.iter().filter(|(own, _, _)| *own == name);
        let (_, value, place) = said.next()?;
        (!matches!(value, Value::None)).then_some((value, *place))
    }

    /// The workload's name, and what is other than it says: `chat with output = 5 tok`.
    fn name(&self, of: &str) -> String {
        let said = OVERRIDES.iter().filter_map(|name| {
            let value = self.get(name)?.0.shown()?;
            Some(format!("{name} = {value}"))
        });
        let said: Vec<String> = said.collect();
        match said.as_slice() {
            [] => of.to_string(),
            said => format!("{of} with {}", said.join(", ")),
        }
    }
}

/// Attributes that a load may say in place of its workload.
pub(super) const OVERRIDES: [&str; 4] = ["input", "output", "temperature", "ignore_eos"];

/// The longest prompt or answer, in tokens: more than any context.
const MOST_TOKENS: f64 = 1e7;

/// A workload, and whether it is right: what is wrong is left out of it, so that a server can be
/// asked whether it takes the rest.
pub(super) fn lower(
    cx: &Context<'_>,
    block: &Arc<BlockValue>,
    over: &Overrides,
) -> Option<(WorkloadSpec, bool)> {
    let flat = &block.flat;
    let once = block.scope.without(
        &["row", "answer", "finish_reason"],
        "only `prompt`, `content` and `system` are made for each row, and `accept` for each answer",
    );
    let constant = |name: &str| {
        let said = over.get(name).map(|(value, _)| value.clone());
        said.unwrap_or_else(|| cx.attr_in(flat, name, &once))
    };
    let rows = rows(cx, flat, constant("rows"));
    let tokens = |name: &str| match constant(name) {
        Value::None => Some(None),
        value => {
            let place = over.get(name).map(|(_, place)| place);
            let place = place.unwrap_or_else(|| cx.place(flat, name));
            Some(Some(tokens(cx, name, &value, place)?))
        }
    };
    let (input, output) = (tokens("input"), tokens("output"));
    let random = !matches!(constant("input"), Value::None);
    let mut texts = ["prompt", "content"].into_iter();
    let other = texts.find(|name| flat.attrs.contains_key(*name));
    let contradicts = match (over.get("input"), other) {
        (Some((_, place)), Some(_)) => {
            let message = format!("the {} has a text of its own", flat.called());
            let found = Diagnostic::error(codes::CONTRADICTION, place, message);
            cx.eval.report(found.label(flat.head(), "asked here").help(
                "`input` is in place of another `input`: leave it out, or name a workload that has one",
            ));
            true
        }
        (None, Some(other)) if random => {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    cx.place(flat, "input"),
                    format!("`input` and `{other}` cannot both be said"),
                )
                .label(cx.place(flat, other), format!("`{other}`"))
                .help("`input` makes the whole prompt of random words; words of your own are for `prompt` or `content`"),
            );
            true
        }
        _ => false,
    };
    let asks = Asks {
        input: input.clone().flatten(),
        max_tokens: output.clone().flatten(),
        temperature: as_number(&constant("temperature")),
        ignore_eos: as_bool(&constant("ignore_eos")).unwrap_or(false),
        stream: as_bool(&constant("stream")).unwrap_or(true),
    };
    let body = cx.json(flat, "body", &once).into();
    // what is wrong in a row is found also where its lengths are wrong
    let requests: Option<Vec<RequestSpec>> = rows.as_ref().and_then(|rows| {
        let mut requests = Vec::with_capacity(rows.len());
        let each = block.scope.without(
            &["answer", "finish_reason"],
            "an answer is known in `accept`",
        );
        let mut nones = Nones::default();
        for (at, row) in rows.iter().enumerate() {
            cx.eval.take_nones();
            let Some(request) = request(cx, &block.flat, (&each, at, row), random) else {
                nones.say(cx, sent);
                return None;
            };
            nones.take(cx, at, row);
            requests.push(request);
        }
        nones.say(cx, sent);
        Some(requests)
    });
    let accept = flat.attrs.get("accept").map(|attr| Thunk {
        expr: attr.expr.clone(),
        scope: block.scope.in_module(attr.module),
    });
    if let Some(accept) = &accept {
        judged::check(cx, flat, accept, rows.as_ref().map(|rows| rows.as_slice()));
    }
    let api = as_text(&constant("api"))?;
    let fine = input.is_some() && output.is_some() && requests.is_some() && !contradicts;
    let spec = WorkloadSpec {
        name: over.name(flat.title()),
        api,
        body,
        asks,
        requests: Arc::new(requests.unwrap_or_else(|| vec![RequestSpec::empty()])),
        rows: rows.unwrap_or_default(),
        accept,
    };
    Some((spec, fine))
}

/// The rows that requests are made of; one without a value where there are none to be. None after
/// a mistake.
fn rows(cx: &Context<'_>, flat: &Flat, value: Value) -> Option<Arc<Vec<Value>>> {
    match value {
        Value::List(rows) if rows.is_empty() => {
            let message = format!("the {} has no rows, so nothing to ask", flat.called());
            cx.eval.report(
                Diagnostic::error(codes::OUT_OF_RANGE, cx.place(flat, "rows"), message)
                    .help("give it rows (`rows = [{ … }]`, or a data file that has some), or none: each request is then the same"),
            );
            None
        }
        Value::List(rows) => Some(rows),
        Value::Error => None,
        // they may be what could not be read of it
        _ if !is_whole(flat) => Some(Arc::new(vec![Value::Error])),
        _ => Some(Arc::new(vec![Value::None])),
    }
}

/// The names that `accept` sees.
pub fn answered(scope: &Scope, answer: Value, finish_reason: Value, row: &Value) -> Scope {
    scope.with_values([
        ("answer", answer),
        ("finish_reason", finish_reason),
        ("row", row.clone()),
    ])
}

/// One row's request; `random` says that the prompt is of random words, be their number right or not.
fn request(
    cx: &Context<'_>,
    flat: &Flat,
    (scope, at, row): (&Scope, usize, &Value),
    random: bool,
) -> Option<RequestSpec> {
    let scope = match row {
        Value::None => scope.without(&["row"], "the workload has no rows: rows = [{ … }, { … }]"),
        row => scope.with_value("row", row.clone()),
    };
    let (prompt, content) = (
        cx.attr_in(flat, "prompt", &scope),
        cx.attr_in(flat, "content", &scope),
    );
    // of just the size: what is cut off of so many would not be used again
    let mut parts = Vec::new();
    match (&prompt, &content) {
        (Value::None, Value::None) if random => {}
        (Value::Error, _) | (_, Value::Error) => return None,
        (Value::Text(text), Value::None) => {
            parts.reserve_exact(1);
            parts.push(PartSpec::Text(text.clone()));
        }
        (Value::None, Value::List(items)) if !items.is_empty() => {
            let place = cx.place(flat, "content");
            parts.reserve_exact(items.len());
            for item in items.iter() {
                parts.push(part(cx, item, place)?);
            }
        }
        (Value::None, Value::None | Value::List(_)) => {
            if !is_whole(flat) || nothing_in(cx, flat, (&content, at, row)) {
                return None;
            }
            cx.eval.report(
                Diagnostic::error(
                    codes::MISSING_ATTRIBUTE,
                    flat.head(),
                    format!("the {} asks nothing", flat.called()),
                )
                .help(
                    "give it `prompt = \"…\"`, or `content = [text(\"…\"), image(\"photo.jpg\")]`, or random words: `input = 1024 tok`",
                ),
            );
            return None;
        }
        _ => {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    cx.place(flat, "content"),
                    "`prompt` and `content` cannot both be said",
                )
                .label(cx.place(flat, "prompt"), "the prompt")
                .help("put the text into the content: text(\"…\")"),
            );
            return None;
        }
    }
    let system = match cx.attr_in(flat, "system", &scope) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    Some(RequestSpec {
        system,
        content: parts.into(),
    })
}

/// So many tokens, one or more: a number, or a distribution.
fn tokens(cx: &Context<'_>, name: &str, value: &Value, place: Span) -> Option<Random> {
    let random = drawn(value)?;
    let (least, most) = (random.least(), random.most());
    // what a bell's low side reaches is 1 token then
    let none = match random.law {
        Law::Normal { .. } | Law::Lognormal { .. } => most.is_some_and(|most| most < 1.0),
        _ => least < 1.0,
    };
    if none {
        let message = match random.fixed() {
            Some(_) => format!("`{name}` is more than 0 tokens"),
            None => format!("`{name}` is more than 0 tokens, also the least that is drawn"),
        };
        cx.eval
            .report(Diagnostic::error(codes::OUT_OF_RANGE, place, message).help("write 1 or more"));
        return None;
    }
    if random.reach() > MOST_TOKENS {
        let message = format!("`{name}` is at most 10 million tokens, which no model takes");
        cx.eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, place, message)
                .help("write a smaller one; `max = …` bounds a normal or lognormal distribution"),
        );
        return None;
    }
    Some(random)
}

fn part(cx: &Context<'_>, value: &Value, place: Span) -> Option<PartSpec> {
    match value {
        Value::Part(Part::Text(text)) | Value::Text(text) => Some(PartSpec::Text(text.clone())),
        Value::Part(Part::Media { kind, source, base }) => {
            let kind = *kind;
            if ["http://", "https://", "data:"]
                .iter()
                .any(|scheme| source.starts_with(scheme))
            {
                let url = source.clone();
                return Some(PartSpec::Url { kind, url });
            }
            if !known_ending(cx, kind, source, place) {
                return None;
            }
            let path = base.clone().unwrap_or_default().join(source.as_ref());
            if path.is_file() {
                let path = path.into();
                return Some(PartSpec::File { kind, path });
            }
            missing(cx, source, &path, place);
            None
        }
        Value::Error => None,
        other => {
            let message = format!(
                "`content` is made of text(…), image(…), audio(…) and video(…), this is {}",
                other.describe()
            );
            cx.eval
                .report(Diagnostic::error(codes::TYPE_MISMATCH, place, message));
            None
        }
    }
}

/// Sound and videos are sent as what the file's name says that they are.
fn known_ending(cx: &Context<'_>, kind: Media, source: &str, place: Span) -> bool {
    let known = kind.endings();
    if known.is_empty() || kind.media_type(Path::new(source)).is_some() {
        return true;
    }
    let endings: Vec<String> = known
        .iter()
        .map(|(ending, _)| format!(".{ending}"))
        .collect();
    let message = format!("`{source}` has no ending of {}", kind.noun());
    cx.eval.report(
        Diagnostic::error(codes::BAD_ARGUMENT, place, message).help(format!(
            "name the file by its format: {}",
            endings.join(", ")
        )),
    );
    false
}

fn missing(cx: &Context<'_>, source: &str, path: &Path, place: Span) {
    cx.eval.report(
        Diagnostic::error(
            codes::MISSING_FILE,
            place,
            format!("there is no file `{source}`"),
        )
        .help(format!("looked for {}", path.display()))
        .help("paths are relative to the file that names them"),
    );
}

/// Attributes of the workload kind, to keep this file and the schema together.
#[cfg(test)]
mod tests {
    #[test]
    fn request_stage_attributes_are_those_evaluated_per_row() {
        let kind = crate::schema::kind("workload").unwrap();
        let per_row: Vec<&str> = kind
            .attributes
            .iter()
            .filter(|a| a.stage == crate::schema::Stage::Request)
            .map(|a| a.name)
            .collect();
        assert_eq!(per_row, ["prompt", "content", "system", "accept"]);
    }
}
