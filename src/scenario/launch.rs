//! How a server comes to run: the words of its command, its environment, or its URL.

use super::context::Context;
use super::{Start, Word};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Scope, Value};
use crate::resolve::Flat;
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use indexmap::IndexMap;
use std::path::PathBuf;

/// A command's words: lists are spliced in, `none` is left out.
pub(super) fn words(cx: &Context<'_>, value: &Value, place: Span, out: &mut Vec<Word>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| words(cx, item, place, out)),
        Value::None | Value::Error => {}
        Value::Secret(text) => out.push(Word::secret(text.as_ref())),
        Value::Text(text) => out.push(Word::plain(text.as_ref())),
        Value::Bool(b) => out.push(Word::plain(b.to_string())),
        Value::Number(q)
            if q.dimension.is_none() || q.dimension == crate::units::Dimension::TOKENS =>
        {
            out.push(Word::plain(crate::units::number(q.value, 15)));
        }
        other => cx.eval.report(
            Diagnostic::error(
                codes::TYPE_MISMATCH,
                place,
                format!("{} cannot be a word of a command", other.describe()),
            )
            .help("words are texts and bare numbers"),
        ),
    }
}

/// Whether a command has the model's path as one of its words.
fn needs_model(command: &Expr) -> bool {
    let ExprKind::List(words) = &command.kind else {
        return false;
    };
    words.iter().any(|word| match &word.kind {
        ExprKind::Field { base, field } => {
            field.text == "path" && matches!(&base.kind, ExprKind::Name(name) if name == "model")
        }
        _ => false,
    })
}

/// One word of an environment or header; `None` where there is none, or it is wrong.
fn word(cx: &Context<'_>, value: &Value, place: Span) -> Option<Word> {
    if let Value::List(_) = value {
        cx.eval.report(
            Diagnostic::error(codes::TYPE_MISMATCH, place, "a list is not one word")
                .help("join it: join(list, \",\")"),
        );
        return None;
    }
    let mut one = Vec::new();
    words(cx, value, place, &mut one);
    one.pop()
}

/// `options` are the variables that options are passed in: the engine's own may not hide them,
/// the server's may.
pub(super) fn launched(
    cx: &Context<'_>,
    flat: &Flat,
    engine: &Flat,
    scope: &Scope,
    options: Vec<(String, Word)>,
) -> Option<Start> {
    if flat.attrs.contains_key("pid") {
        cx.eval.report(
            Diagnostic::error(
                codes::CONTRADICTION,
                cx.place(flat, "pid"),
                "`pid` is for a server that already runs",
            )
            .help("give its `url` too, or leave the pid out"),
        );
    }
    let command = cx.attr_in(engine, "command", scope);
    if matches!(command, Value::Error) {
        return None;
    }
    if matches!(command, Value::None) {
        cx.eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                format!("{} is not launched by scn", engine.title()),
            )
            .help("say where the server runs: `url = \"http://127.0.0.1:8000\"`"),
        );
        return None;
    }
    if let Some(attr) = engine.attrs.get("command")
        && needs_model(&attr.expr)
        && matches!(cx.attr(flat, "model"), Value::None)
        && is_whole(flat)
    {
        let message = format!(
            "{} is launched with a model, and {} has none",
            engine.title(),
            flat.quoted()
        );
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), message)
                .help("say which: `model = { path = \"/models/qwen3-8b\" }`, or the name of a `model` block"),
        );
        return None;
    }
    let mut out = Vec::new();
    words(cx, &command, cx.place(engine, "command"), &mut out);
    if let Some(program) = cx.text(flat, "program") {
        let program = pack_path(cx, flat, "program", &home(&program));
        match out.first_mut() {
            Some(first) => *first = Word::plain(program),
            None => out.push(Word::plain(program)),
        }
    }
    for word in &mut out {
        word.text = home(&word.text);
    }
    let mut environment = IndexMap::new();
    let mut options = Some(options);
    for (block, scope) in [
        (engine.child("environment"), scope.clone()),
        (flat.child("environment"), cx.scope.clone()),
    ] {
        for (name, attr) in block.iter().flat_map(|block| &block.attrs) {
            let of = format!("`{name}`");
            let scope = scope.in_module(attr.module);
            let value = cx.eval.known(&of, &attr.expr, &scope);
            match word(cx, &value, attr.expr.span) {
                Some(word) => environment.insert(name.clone(), word),
                None => environment.shift_remove(name),
            };
        }
        environment.extend(options.take().into_iter().flatten());
    }
    if let Some(attr) = flat.attrs.get("environment") {
        let scope = cx.scope.in_module(attr.module);
        let value = cx.eval.known("`environment`", &attr.expr, &scope);
        let value = cx
            .eval
            .typed("environment", schema::Type::Record, value, attr.expr.span);
        if let Value::Record(fields) = &value {
            for (name, value) in fields.iter() {
                environment
                    .extend(word(cx, value, attr.expr.span).map(|word| (name.clone(), word)));
            }
        }
    }
    let port = cx.whole(flat, "port");
    if port.is_some_and(|port| port > 65535) {
        let place = cx.place(flat, "port");
        let found = Diagnostic::error(codes::OUT_OF_RANGE, place, "a port is at most 65535")
            .help("leave `port` out, and a free one is taken");
        cx.eval.report(found);
    }
    Some(Start::Launch {
        command: out,
        environment: environment.into_iter().collect(),
        port: port.and_then(|port| u16::try_from(port).ok()),
        setup: cx
            .text(flat, "setup")
            .and_then(|path| existing(cx, flat, "setup", &path)),
    })
}

pub(super) fn running(cx: &Context<'_>, flat: &Flat, url: String) -> Option<Start> {
    for block in &flat.children {
        if matches!(block.kind.text.as_str(), "options" | "environment") {
            let message = format!("`{}` are for a server that scn launches", block.kind.text);
            let message = message.replace("`environment` are", "an `environment` is");
            cx.eval.report(
                Diagnostic::error(codes::CONTRADICTION, block.head(), message)
                    .label(cx.place(flat, "url"), "this one already runs")
                    .help(format!("drop `{} {{ … }}`, or `url`", block.kind.text)),
            );
        }
    }
    for name in [
        "program",
        "setup",
        "port",
        "gpu",
        "cluster",
        "arguments",
        "options",
        "environment",
    ] {
        if let Some(attr) = flat.attrs.get(name) {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    attr.name.span,
                    format!("`{name}` is for a server that scn launches"),
                )
                .label(cx.place(flat, "url"), "this one already runs")
                .help(format!("drop `{name}`, or `url`")),
            );
        }
    }
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        cx.eval.report(
            Diagnostic::error(
                codes::BAD_ARGUMENT,
                cx.place(flat, "url"),
                format!("`{url}` is not a URL"),
            )
            .help("write `http://host:port`"),
        );
        return None;
    }
    if url.ends_with("/v1") {
        let message = "the `url` of a server ends before `/v1`: its engine's paths begin with it";
        cx.eval.report(
            Diagnostic::error(codes::BAD_ARGUMENT, cx.place(flat, "url"), message)
                .help(format!("write `{}`", url.trim_end_matches("/v1"))),
        );
        return None;
    }
    let pid = cx.whole(flat, "pid").map(i32::try_from);
    if let Some(Err(_)) = pid {
        cx.eval.report(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                cx.place(flat, "pid"),
                "no process has such a number",
            )
            .help("give the number that `ps` shows of the server's main process"),
        );
        return None;
    }
    let pid = pid.and_then(Result::ok);
    Some(Start::Running { url, pid })
}

pub(super) fn headers(cx: &Context<'_>, flat: &Flat) -> Vec<(String, Word)> {
    let mut out = Vec::new();
    if let Value::Record(fields) = cx.attr(flat, "headers") {
        for (name, value) in fields.iter() {
            let word = word(cx, value, cx.place(flat, "headers"));
            out.extend(word.map(|word| (name.clone(), word)));
        }
    }
    match cx.attr(flat, "api_key") {
        Value::Secret(key) | Value::Text(key) => {
            out.push((
                "Authorization".into(),
                Word {
                    text: format!("Bearer {key}"),
                    secret: true,
                },
            ));
        }
        _ => {}
    }
    out
}

/// `~/x` below the home folder.
pub(super) fn home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{}/{rest}", home.trim_end_matches('/')),
        _ => path.to_string(),
    }
}

/// A path with a folder in it is relative to the file that names it.
pub(super) fn pack_path(cx: &Context<'_>, flat: &Flat, name: &str, path: &str) -> String {
    if path.starts_with('/') || !path.contains('/') {
        return path.to_string();
    }
    let file = cx.place(flat, name).file;
    match cx.program.sources.get(file).folder() {
        Some(folder) => folder.join(path).display().to_string(),
        None => path.to_string(),
    }
}

/// A file of the pack that must be there.
pub(super) fn existing(cx: &Context<'_>, flat: &Flat, name: &str, path: &str) -> Option<PathBuf> {
    let place = cx.place(flat, name);
    let folder = cx
        .program
        .sources
        .get(place.file)
        .folder()
        .map(PathBuf::from)
        .unwrap_or_default();
    let full = folder.join(home(path));
    // what a run kept is read again where the files may be gone
    if full.is_file() || cx.program.kept.is_some() {
        return Some(full);
    }
    cx.eval.report(
        Diagnostic::error(
            codes::MISSING_FILE,
            place,
            format!("there is no file `{path}`"),
        )
        .help(format!("looked for {}", full.display()))
        .help("paths are relative to the file that names them"),
    );
    None
}
