//! A report block: its format, where it goes, and its columns.

use super::by_name::Stretches;
use super::checks::{Used, doubtful};
use super::context::{Context, as_text, one_line};
use super::report_columns::columns;
use super::{Case, ReportSpec, report_parts as parts, report_series as series};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Handle, Value};
use crate::report::model::{Figure, Part, ReportFormat, Template};
use crate::report::std_templates;
use crate::resolve::{Flat, FlatAttr};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use indexmap::{IndexMap, IndexSet};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A case's reports, one for each file that its part goes to; no two reports write one file.
pub(super) fn all(cx: &Context<'_>, case: &Case) -> Vec<ReportSpec> {
    let stretches = Stretches::of(case);
    let mut written: HashMap<String, Span> = HashMap::new();
    let mut out = Vec::new();
    for block in cx.flat.children_of("report") {
        let specs = lower(cx, block, &stretches);
        let place = cx.place(block, "to");
        let paths: IndexSet<&String> = specs.iter().flat_map(|spec| &spec.to).collect();
        for path in &paths {
            match written.get(*path) {
                Some(before) if *path != SUMMARY => cx.eval.report(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        place,
                        format!("two reports are written to `{path}`"),
                    )
                    .label(*before, "the first")
                    .help("give one of them another file"),
                ),
                _ => {}
            }
        }
        for path in paths {
            written.entry(path.clone()).or_insert(place);
        }
        out.extend(specs);
    }
    out
}

/// The file of the standard page.
pub(super) const SUMMARY_FILE: &str = "summary.md";

/// What scenarios get that ask for no report at all, as `report summary extends reports.summary {}`
/// gives it.
pub(super) fn summary() -> Option<ReportSpec> {
    let name = "std:summary.md.j2".to_string();
    let text = crate::report::std_template(&name)?.to_string();
    Some(ReportSpec {
        name: "summary".into(),
        format: ReportFormat::Template,
        part: None,
        to: vec![SUMMARY_FILE.into()],
        template: Some(Arc::new(Template { name, text })),
        columns: Vec::new(),
        across: BTreeMap::new(),
        series: Vec::new(),
        note: None,
    })
}

/// The step summary, to which several reports may add.
pub(super) const SUMMARY: &str = "github:summary";

/// What is the same in all files of a report.
struct Form {
    template: Option<Arc<Template>>,
    /// What is the same in all of them is wrong, which was reported.
    broken: bool,
}

fn lower(cx: &Context<'_>, flat: &Arc<Flat>, case: &Stretches<'_>) -> Vec<ReportSpec> {
    let mut form = Form {
        template: None,
        broken: false,
    };
    if let Some(name) = cx.text(flat, "template") {
        form.template = template(cx, flat, name).map(|one| cx.shared.template(one));
        form.broken |= form.template.is_none();
    }
    // where its parts are wrong, it is looked at as one
    let parts = parts::of(cx, flat, case.case);
    let phase = parts
        .as_ref()
        .and_then(|parts| parts::phase(cx, flat, case.case, parts));
    form.broken |= parts.is_none();
    let unknown = [("phase", Value::Error), ("round", Value::Error)];
    let unknown = parts.is_none().then_some(unknown);
    let mut out = Vec::new();
    for part in parts.unwrap_or_else(|| vec![None]) {
        let scope = parts::scope(cx, part.as_ref(), phase.as_ref());
        let at = cx.at(&scope.with_values(unknown.clone().into_iter().flatten()));
        let of_part = one(&at.inside(flat), flat, part, (&form, case));
        // the others would say the same
        if of_part.is_empty() {
            return Vec::new();
        }
        out.extend(of_part);
    }
    out
}

/// The reports of one part: one for each format that its files have. None after a mistake.
fn one(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    part: Option<Part>,
    (form, case): (&Form, &Stretches<'_>),
) -> Vec<ReportSpec> {
    let value = cx.of_paths(case.case).attr(flat, "to");
    let to: Vec<String> = match &value {
        Value::List(items) => items.iter().filter_map(as_text).collect(),
        _ => Vec::new(),
    };
    let broken = matches!(value, Value::Error | Value::None);
    let columns = flat
        .attrs
        .get("columns")
        .map_or_else(Vec::new, |attr| columns(cx, attr));
    let mut across = BTreeMap::new();
    for (index, (_, thunk)) in columns.iter().enumerate() {
        cx.eval.take_trace();
        let value = cx.eval.eval(&thunk.expr, &thunk.scope);
        if !matches!(value, Value::Handle(Handle::Ending(_))) {
            cx.eval.not_one_figure(&value, &thunk.expr);
        }
        no_record(cx, &value, &thunk.expr);
        let read = cx.eval.take_trace();
        // what is of one round was asked for by whoever wants to see it
        if part.as_ref().is_none_or(|part| part.phase.is_none()) {
            doubtful(cx, case, thunk, &read, Used::Shown);
        }
        let reads = cx.across_of(&read, &[thunk], &case.case.id);
        if reads.is_some() && part.as_ref().is_some_and(|part| part.round.is_some()) {
            let message = "a column of one round reads that round, and no other case";
            cx.eval.report(
                Diagnostic::error(codes::MISPLACED, thunk.expr.span, message)
                    .help("`at` is for columns of whole cases: `each = \"case\"`"),
            );
        }
        across.extend(reads.map(|reads| (index, reads)));
    }
    let series = series::all(cx, flat);
    let note = series::note(cx, flat);
    let named = cx.attr(flat, "format");
    let template = flat.attrs.contains_key("template");
    if matches!(named, Value::Error) || !is_whole(flat) {
        return Vec::new();
    }
    let listed =
        |attr: &Arc<FlatAttr>| matches!(attr.expr.kind, ExprKind::List(_) | ExprKind::Record(_));
    let holds = (
        !columns.is_empty() || flat.attrs.get("columns").is_some_and(|attr| !listed(attr)),
        series.as_ref().is_none_or(|series| !series.is_empty()),
    );
    // the form is looked at whatever is wrong with the file's name; one without a name may be a
    // base that others should have extended
    let written = flat.attrs.contains_key("to");
    let said = written && (template || !matches!(named, Value::None));
    let formats = match broken && !said {
        true => None,
        false => formats(cx, flat, &to, template, holds),
    };
    if broken {
        return Vec::new();
    }
    if to.is_empty() || to.iter().any(|path| path.trim().is_empty()) {
        cx.eval.report(
            Diagnostic::error(
                codes::BAD_ARGUMENT,
                cx.place(flat, "to"),
                "this report is written nowhere",
            )
            .help("name a file: `to = \"summary.md\"`"),
        );
        return Vec::new();
    }
    for path in &to {
        let outside = path.starts_with('/') || path.split('/').any(|part| part == "..");
        if outside {
            cx.eval.report(
                Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    cx.place(flat, "to"),
                    format!("a report cannot be written to `{path}`"),
                )
                .help("reports go below the run's `reports` folder: write a path without `..` and without a `/` at its head"),
            );
            return Vec::new();
        }
    }
    let (Some(formats), Some(series), false) = (formats, series, form.broken) else {
        return Vec::new();
    };
    // files of one format are one report
    let mut files: IndexMap<ReportFormat, Vec<String>> = IndexMap::new();
    for (path, format) in to.into_iter().zip(formats) {
        files.entry(format).or_default().push(path);
    }
    let spec = |(format, to)| ReportSpec {
        name: flat.title().to_string(),
        format,
        part: part.clone(),
        to,
        template: form.template.clone(),
        columns: columns.clone(),
        across: across.clone(),
        series: series.clone(),
        note: note.clone(),
    };
    files.into_iter().map(spec).collect()
}

/// Reports a column of a record that has what no cell can show, as `case` has.
fn no_record(cx: &Context<'_>, value: &Value, expr: &Expr) {
    let Value::Record(fields) = value else {
        return;
    };
    if fields.values().any(|one| matches!(one, Value::Handle(_))) {
        let text = one_line(&cx.program.sources.shown(expr.span));
        let message = format!("`{text}` is a record, and a column shows one value");
        let known = fields.keys().map(|key| format!("{text}.{key}"));
        let known: Vec<String> = known.collect();
        cx.eval.report(
            Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message)
                .help(format!("name what of it: {}", known.join(", "))),
        );
    }
}

/// The format that an ending stands for.
fn of_ending(path: &str) -> Option<ReportFormat> {
    match path.rsplit_once('.')?.1 {
        "csv" => Some(ReportFormat::Csv),
        "md" => Some(ReportFormat::Markdown),
        "json" => Some(ReportFormat::Json),
        "xml" => Some(ReportFormat::Junit),
        _ => None,
    }
}

/// The format of each file: the one that is written, or the one of its ending. A file whose
/// ending says none has that of the first whose does. None after a mistake.
fn formats(
    cx: &Context<'_>,
    flat: &Flat,
    to: &[String],
    template: bool,
    holds: (bool, bool),
) -> Option<Vec<ReportFormat>> {
    let named = cx.text(flat, "format");
    let named = match (template, named.as_deref()) {
        (true, _) => Some(ReportFormat::Template),
        (_, Some("csv")) => Some(ReportFormat::Csv),
        (_, Some("markdown" | "md")) => Some(ReportFormat::Markdown),
        (_, Some("json")) => Some(ReportFormat::Json),
        (_, Some("junit")) => Some(ReportFormat::Junit),
        (_, Some("environment")) => Some(ReportFormat::Environment),
        _ => None,
    };
    let of_endings = to.iter().find_map(|path| of_ending(path));
    // where the files are a block's own and the format is what it builds on, endings say more
    let (named, of_others) = match named.filter(|format| yields(flat, *format, to)) {
        Some(format) => (None, Some(format)),
        None => (named, None),
    };
    let first = named.or(of_others).or(of_endings);
    let Some(first) = first else {
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("the {} says neither a template nor a format", flat.called()))
                .help("`template = \"std:summary.md.j2\"`, or `format = \"csv\"`, or a `to` that ends in .csv, .md, .json or .xml"),
        );
        return None;
    };
    let of = |path: &String| named.or_else(|| of_ending(path)).unwrap_or(first);
    let formats: Vec<ReportFormat> = to.iter().map(of).collect();
    let different: IndexSet<ReportFormat> = formats.iter().copied().chain([first]).collect();
    let noted = |format: &ReportFormat| {
        matches!(format, ReportFormat::Template | ReportFormat::Markdown)
            || (holds.1 && *format == ReportFormat::Json)
    };
    if flat.attrs.contains_key("note") && !different.iter().any(noted) {
        let message = format!("the file of `{}` has no place for a note", flat.title());
        let found = Diagnostic::error(codes::CONTRADICTION, cx.place(flat, "note"), message)
            .help("Markdown, a template's page and the JSON of series have one");
        cx.eval.report(found);
        return None;
    }
    let fit = to.iter().enumerate().all(|(at, path)| {
        is_written(cx, (flat, at), named, path) && ending_fits(cx, flat, named, path)
    });
    let hold = different
        .iter()
        .all(|format| can_hold(cx, flat, *format, holds));
    (fit && hold).then_some(formats)
}

/// Whether a table's format is inherited, and the files are not, which end in those of tables.
fn yields(flat: &Flat, named: ReportFormat, to: &[String]) -> bool {
    let is_table = |format| {
        matches!(
            format,
            ReportFormat::Csv | ReportFormat::Markdown | ReportFormat::Json
        )
    };
    let own = |name: &str| {
        let attr = flat.attrs.get(name);
        attr.is_some_and(|attr| {
            let (at, whole) = (attr.name.span, flat.span);
            at.file == whole.file && whole.start <= at.start && at.end <= whole.end
        })
    };
    let endings = || to.iter().filter_map(|path| of_ending(path));
    is_table(named) && !own("format") && own("to") && endings().all(is_table)
}

/// Endings of what only other programs write, or a template.
const OF_OTHERS: [&str; 12] = [
    "xlsx", "xls", "ods", "parquet", "pdf", "docx", "png", "svg", "html", "yaml", "yml", "zip",
];

/// Whether a file's ending is none of those that promise what no report holds.
fn is_written(
    cx: &Context<'_>,
    (flat, at): (&Flat, usize),
    named: Option<ReportFormat>,
    path: &str,
) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    // one without an ending has that of the first
    let Some((_, ending)) = name.rsplit_once('.').filter(|_| path != SUMMARY) else {
        return true;
    };
    let of_others = OF_OTHERS.contains(&ending.to_ascii_lowercase().as_str());
    let fine = !of_others || named == Some(ReportFormat::Template);
    if !fine {
        let message = format!("`{path}` ends in .{ending}, which is not written");
        let written = flat.attrs.get("to").map(|attr| &attr.expr.kind);
        let own = match written {
            Some(ExprKind::List(items)) => items.get(at).map(|item| item.span),
            _ => None,
        };
        let place = own.unwrap_or_else(|| cx.place(flat, "to"));
        let found = Diagnostic::error(codes::BAD_ARGUMENT, place, message);
        cx.eval.report(found.help(
            "a report is written as .csv, .md, .json or .xml (JUnit's); a `template` writes any other text, as .html",
        ));
    }
    fine
}

/// Whether a file's ending promises what it will hold. A template may write anything, and so may
/// what is known of the machine.
fn ending_fits(cx: &Context<'_>, flat: &Flat, named: Option<ReportFormat>, path: &str) -> bool {
    let free = [ReportFormat::Template, ReportFormat::Environment];
    let (Some(named), Some(ending)) = (named, of_ending(path)) else {
        return true;
    };
    if named == ending || free.contains(&named) {
        return true;
    }
    let message = format!(
        "`{path}` would hold {}, and its ending says {}",
        shown(named),
        shown(ending)
    );
    let help = "leave `format` out, or say `format = none` where it is inherited, and each file has the format of its ending; or give the file another ending";
    let place = cx.place(flat, "to");
    let found = Diagnostic::error(codes::CONTRADICTION, place, message).help(help);
    cx.eval.report(match flat.attrs.get("format") {
        Some(format) => found.label(format.expr.span, "the format"),
        None => found,
    });
    false
}

fn shown(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Csv => "CSV",
        ReportFormat::Markdown => "Markdown",
        ReportFormat::Json => "JSON",
        ReportFormat::Junit => "JUnit's XML",
        ReportFormat::Template => "a template's page",
        ReportFormat::Environment => "the environment",
    }
}

/// Whether the columns or the series of a report can be written in a format.
fn can_hold(
    cx: &Context<'_>,
    flat: &Flat,
    format: ReportFormat,
    (columns, series): (bool, bool),
) -> bool {
    let title = flat.title();
    let text = matches!(format, ReportFormat::Csv | ReportFormat::Json);
    if series && (columns || !text) {
        let message = match columns {
            true => format!("the report `{title}` has columns and series"),
            false => format!("the series of `{title}` can be written as CSV or JSON only"),
        };
        let found = Diagnostic::error(codes::CONTRADICTION, cx.place(flat, "series"), message);
        cx.eval.report(found.help("write a report for each: `report readings { series = [sut.memory], to = \"readings.csv\" }`"));
        return false;
    }
    let table = matches!(format, ReportFormat::Csv | ReportFormat::Markdown);
    if table && !columns && !series {
        let message = format!("the table `{title}` has no columns");
        let found = Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), message);
        cx.eval
            .report(found.help("columns = [case.name, stress.ttft.p50, stress.output_throughput]"));
        return false;
    }
    true
}

fn template(cx: &Context<'_>, flat: &Flat, name: String) -> Option<Template> {
    let place = cx.place(flat, "template");
    if name.starts_with("std:") {
        return match crate::report::std_template(&name) {
            Some(text) => Some(Template {
                name,
                text: text.to_string(),
            }),
            None => {
                let message = format!("the standard library has no template `{name}`");
                cx.eval.report(
                    Diagnostic::error(codes::MISSING_FILE, place, message)
                        .help(format!("it has {}", std_templates().join(", "))),
                );
                None
            }
        };
    }
    let path = super::launch::existing(cx, flat, "template", &name)?;
    let text = match &cx.program.kept {
        None => crate::resolve::read(&path, true)
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other)),
        Some(kept) => {
            let text = kept.template(cx.flat.title(), &name);
            text.map(Into::into)
                .ok_or_else(|| std::io::Error::other("it was not kept"))
        }
    };
    match text {
        Ok(text) => match crate::report::check_template(&name, &text) {
            Ok(()) => Some(Template { name, text }),
            Err(error) => {
                let message = format!("the template cannot be read: {error}");
                let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
                cx.eval
                    .report(Diagnostic::error(codes::BAD_ARGUMENT, place, message).help(
                        "templates are Jinja: {{ value }}, {% for case in cases %} … {% endfor %}",
                    ));
                None
            }
        },
        Err(error) => {
            cx.eval.report(Diagnostic::error(
                codes::FILE_UNREADABLE,
                place,
                format!("cannot read `{name}`: {error}"),
            ));
            None
        }
    }
}

/// A value as results keep it. `ratio` says that a bare number is a share.
pub fn figure(value: &Value, ratio: bool) -> Figure {
    match value {
        Value::Number(q) if ratio => Figure::ratio(q.value),
        Value::Number(q) => Figure::quantity(*q),
        Value::Unavailable(reason) => Figure::unavailable(reason.as_ref()),
        Value::Unknown(_) | Value::Handle(_) => Figure::unavailable("it was not measured"),
        Value::Error => Figure::unavailable("the expression could not be evaluated"),
        Value::Link(link) => Figure::link(link.text.as_ref(), link.url.as_ref()),
        other => Figure::text(
            as_text(other)
                .or_else(|| other.shown())
                .unwrap_or_else(|| "***".into()),
        ),
    }
}
