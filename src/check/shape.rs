//! Blocks and attributes against the schema: kinds that exist, where they may stand, attributes
//! that are known and those that must be there.

use super::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Flat, FlatAttr, Program};
use crate::schema::{self, Kind, Naming};
use crate::source::Span;
use crate::syntax::ast::Ident;

/// The first findings, and how many there were besides.
pub(super) fn check(program: &Program, most: usize) -> (Vec<Diagnostic>, usize) {
    let (mut found, mut dropped) = (Vec::new(), 0);
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            if let DefinitionKind::Block(flat) = &definition.kind {
                // what others extend need not be whole, and reports here are there to be extended
                let base = program.is_base(id, name) || flat.kind.text == "report";
                block(flat, "file", base, &mut found);
                dropped += found.len().saturating_sub(most);
                found.truncate(most);
            }
        }
    }
    (found, dropped)
}

/// Whether nothing in a block is wrong by itself: only then is something surely missing.
pub fn is_whole(flat: &Flat) -> bool {
    let Some(kind) = schema::kind(&flat.kind.text) else {
        return false;
    };
    let known = |name: &String| kind.attribute(name).is_some() || is_child(name);
    !flat.incomplete
        && (kind.free.is_some() || flat.attrs.keys().all(known))
        && (flat.children.iter())
            .all(|child| schema::kind_in(&child.kind.text, kind.name).is_some())
}

fn block(flat: &Flat, parent: &str, base: bool, found: &mut Vec<Diagnostic>) {
    let Some(kind) = schema::kind_in(&flat.kind.text, parent) else {
        found.push(unknown_kind(&flat.kind, parent));
        return;
    };
    let in_node = without_node(kind, flat);
    if flat.is_nameless() && in_node.is_none() && !flat.lost_its_head() {
        found.push(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.kind.span,
                format!("this `{}` has no name", kind.name),
            )
            .help(format!("write `{} some_name {{ … }}`", kind.name)),
        );
    }
    if let (Naming::Never, Some(name)) = (kind.naming, &flat.name) {
        found.push(
            Diagnostic::error(
                codes::MISPLACED,
                name.span,
                format!("a `{}` block has no name", kind.name),
            )
            .fix("drop the name", name.span, "", true),
        );
    }
    found.extend(in_node.as_ref().map(|(one, _)| one.clone()));
    let said = |name: &str| in_node.iter().any(|(_, names)| names.contains(&name));
    for attr in flat.attrs.values().filter(|attr| !said(&attr.name.text)) {
        if kind.free.is_none()
            && kind.attribute(&attr.name.text).is_none()
            && !(is_child(&attr.name.text)
                && kind.children().any(|child| child.name == attr.name.text))
        {
            found.push(match is_binding_word(&attr.name.text) {
                true => nameless(&attr.name),
                false => unknown_attribute(kind, flat, &attr.name.text, attr.name.span),
            });
        }
    }
    for attribute in kind.attributes.iter().filter(|a| a.required) {
        if !flat.attrs.contains_key(attribute.name) && !base && is_whole(flat) {
            found.push(
                Diagnostic::error(
                    codes::MISSING_ATTRIBUTE,
                    flat.head(),
                    format!("this `{}` says no `{}`", kind.name, attribute.name),
                )
                .help(match (kind.name, attribute.name) {
                    ("report", "to") => "say where to write, below the run's `reports` folder: `to = \"results.csv\"`; or extend one that says so: `report summary extends reports.summary {}`".to_string(),
                    (_, name) => format!("write `{name} = …`: {}", attribute.doc),
                }),
            );
        }
    }
    if !kind.checks {
        for check in &flat.checks {
            found.push(
                Diagnostic::error(codes::MISPLACED, check.span, format!("a check cannot stand in a `{}`", kind.name))
                    .help("move it into the scenario, where it can read every phase: `stress.ttft.p95 <= 800ms`"),
            );
        }
    }
    if kind.name != "matrix" {
        for (expr, _) in &flat.excludes {
            found.push(
                Diagnostic::error(
                    codes::MISPLACED,
                    expr.span,
                    "`exclude when` stands only in a matrix",
                )
                .help("move it into the scenario's `matrix { … }`"),
            );
        }
    }
    for one in flat.attrs.values().filter_map(|attr| attr.block.as_ref()) {
        block(one, one.stands_in(), false, found);
    }
    for child in &flat.children {
        block(child, kind.name, base, found);
    }
}

/// `cluster lab { gpu = …, gpus = 8 }`: its node was left out. What is said of it, and of which
/// attributes.
fn without_node<'f>(kind: &Kind, flat: &'f Flat) -> Option<(Diagnostic, Vec<&'f str>)> {
    let node = schema::kind("node").filter(|_| kind.name == "cluster")?;
    if flat.children_of("node").next().is_some() {
        return None;
    }
    let of_node = |name: &&FlatAttr| node.attribute(&name.name.text).is_some();
    let attrs: Vec<&FlatAttr> = flat
        .attrs
        .values()
        .map(AsRef::as_ref)
        .filter(of_node)
        .collect();
    let (first, rest) = attrs.split_first()?;
    let names: Vec<&str> = attrs.iter().map(|attr| attr.name.text.as_str()).collect();
    let message = format!(
        "a `cluster` has no attribute `{}`: a node of it has",
        names[0]
    );
    let mut found = Diagnostic::error(codes::UNKNOWN_ATTRIBUTE, first.name.span, message);
    for attr in rest {
        found = found.label(attr.name.span, "this one too");
    }
    let inside = names.join(" = …, ");
    let name = if flat.is_nameless() {
        "some_name"
    } else {
        flat.title()
    };
    let help = format!("write `cluster {name} {{ node here {{ {inside} = … }} }}`");
    Some((found.help(help), names))
}

/// Blocks for which a record does: `layout = { tp = 4 }`.
pub fn is_child(name: &str) -> bool {
    matches!(
        name,
        "layout"
            | "options"
            | "environment"
            | "compute"
            | "efficiency"
            | "all_reduce"
            | "moe"
            | "mla"
            | "vision"
            | "audio"
    )
}

/// The kind that a block of an unknown one must have been meant as, at its place.
pub fn meant_kind(name: &str, parent: &str) -> Option<&'static str> {
    if schema::kind_in(name, parent).is_some() {
        return None;
    }
    let here = || schema::kinds().filter(|kind| kind.parents.contains(&parent));
    let plural = |kind: &&Kind| kind.name.strip_suffix('s') == Some(name);
    match schema::kind(name) {
        // it exists elsewhere, and is the wrong one here only if an `s` was left out
        Some(_) => here().find(plural).map(|kind| kind.name),
        None => nearest(name, here().map(|kind| kind.name)),
    }
}

/// `let` and `param`, which are attributes where `=` follows at once.
pub fn is_binding_word(name: &str) -> bool {
    matches!(name, "let" | "param")
}

/// `let = 3`
pub fn nameless(word: &Ident) -> Diagnostic {
    let message = format!("expected a name after `{}`, found `=`", word.text);
    Diagnostic::error(codes::SYNTAX, word.span, message)
        .says("this gives a value a name")
        .help(format!("write `{} some_name = …`", word.text))
}

/// A block that cannot stand where it does.
pub fn unknown_kind(kind: &Ident, parent: &str) -> Diagnostic {
    let name = &kind.text;
    let span = kind.span;
    let place = if parent == "file" {
        "at the top level of a file".to_string()
    } else {
        format!("in a `{parent}`")
    };
    let meant = meant_kind(name, parent);
    if let Some(kind) = schema::kind(name).filter(|_| meant.is_none()) {
        let parents: Vec<String> = kind
            .parents
            .iter()
            .map(|p| {
                if *p == "file" {
                    "at the top level".to_string()
                } else {
                    format!("in a `{p}`")
                }
            })
            .collect();
        return Diagnostic::error(
            codes::MISPLACED,
            span,
            format!("a `{name}` cannot stand {place}"),
        )
        .help(format!("it stands {}", parents.join(" or ")));
    }
    let known: Vec<&str> = schema::kinds()
        .filter(|k| k.parents.contains(&parent))
        .map(|k| k.name)
        .collect();
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_BLOCK,
        span,
        format!("there is no block `{name}` {place}"),
    );
    match meant {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
            "the nearest kind",
            span,
            near,
            false,
        ),
        None if known.is_empty() => diagnostic.help(format!("a `{parent}` holds no blocks")),
        None => {
            let checks = schema::kind(parent).is_some_and(|kind| kind.checks);
            let checks = if checks { CHECKS_TOO } else { "" };
            diagnostic.help(format!("here may stand: {}{checks}", known.join(", ")))
        }
    }
}

/// Kinds that only those who describe an engine write.
const ENGINES_OWN: [&str; 4] = ["api", "option", "metric", "role"];

/// What other tools call an attribute, and its name here.
const OTHER_WORDS: [(&str, &str); 28] = [
    ("users", "concurrency"),
    ("clients", "concurrency"),
    ("workers", "concurrency"),
    ("threads", "concurrency"),
    ("max_concurrency", "concurrency"),
    ("parallel", "concurrency"),
    ("count", "requests"),
    ("num_requests", "requests"),
    ("num_prompts", "requests"),
    ("iterations", "requests"),
    ("rps", "rate"),
    ("qps", "rate"),
    ("request_rate", "rate"),
    ("sleep", "idle"),
    ("wait", "idle"),
    ("repetitions", "repeat"),
    ("max_tokens", "output"),
    ("max_new_tokens", "output"),
    ("output_len", "output"),
    ("output_tokens", "output"),
    ("input_len", "input"),
    ("input_tokens", "input"),
    ("batch_size", "batch"),
    ("messages", "content"),
    ("args", "arguments"),
    ("env", "environment"),
    ("base_url", "url"),
    ("file", "to"),
];

fn unknown_attribute(kind: &Kind, flat: &Flat, name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_ATTRIBUTE,
        span,
        format!("a `{}` has no attribute `{name}`", kind.name),
    );
    let children: Vec<&str> = kind.children().map(|k| k.name).collect();
    let known = || {
        kind.attributes
            .iter()
            .map(|a| a.name)
            .chain(children.iter().copied())
    };
    // `ready_timeout` for `ready { timeout = … }`
    let within = |child: &str| {
        let rest = name.strip_prefix(child)?.strip_prefix('_')?;
        let attribute = schema::kind_in(child, kind.name)?.attribute(rest)?;
        Some(format!("write `{child} {{ {} = … }}`", attribute.name))
    };
    if let Some(help) = children.iter().find_map(|child| within(child)) {
        return diagnostic.help(help);
    }
    let other = (OTHER_WORDS.iter())
        .find(|(word, right)| *word == name && known().any(|known| known == *right));
    let other = other.map(|(_, right)| *right);
    // what was read as another name is no other attribute
    let set = |n: &str| (flat.attrs.get(n)).is_some_and(|one| one.name.span != span);
    let near = || nearest(name, known().filter(|n| !set(n)));
    if let Some(near) = other.or_else(near) {
        return diagnostic.help(format!("did you mean `{near}`?")).fix(
            "the nearest attribute",
            span,
            near,
            false,
        );
    }
    if kind.children().any(|child| child.name == name) {
        let named = schema::kind(name).is_some_and(|kind| kind.naming == Naming::Required);
        let title = if named { " some_name" } else { "" };
        return diagnostic.help(format!(
            "`{name}` is a block: write `{name}{title} {{ … }}`"
        ));
    }
    // another kind nearby has it: `concurrency` in a workload
    let elsewhere: Vec<&str> = schema::kinds()
        .filter(|k| k.attribute(name).is_some() && ENGINES_OWN.iter().all(|own| *own != k.name))
        .map(|k| k.name)
        .collect();
    let list: Vec<&str> = known().collect();
    let diagnostic = match elsewhere.as_slice() {
        [] => diagnostic,
        kinds => diagnostic.help(format!("`{name}` is an attribute of: {}", kinds.join(", "))),
    };
    let diagnostic = match kind.name {
        "server" => diagnostic.help("an option of its engine stands in `options { … }`"),
        _ => diagnostic,
    };
    let checks = if kind.checks { CHECKS_TOO } else { "" };
    diagnostic.help(format!(
        "a `{}` has: {}{checks}",
        kind.name,
        list.join(", ")
    ))
}

/// Behind the blocks of a kind in which checks may stand.
const CHECKS_TOO: &str = ", and checks: `expect …`, `warn …`";
