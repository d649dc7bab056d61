//! What the tests of the parser share: a short form of the tree, and a check of its spans.
#![allow(dead_code)]

use scn::diagnostics::Diagnostic;
use scn::source::{FileId, Span};
use scn::syntax::ast::*;
use scn::syntax::parse;

pub fn read(text: &str) -> (Ast, Vec<Diagnostic>) {
    parse(FileId(0), text)
}

/// The tree of an expression that has no mistake, in short: `(+ 1 (* 2 3))`.
pub fn short(text: &str) -> String {
    let (ast, found) = read(&format!("a = {text}"));
    assert!(found.is_empty(), "{text}: {found:#?}");
    match ast.items.as_slice() {
        [
            Item {
                kind: ItemKind::Attr(attr),
                ..
            },
        ] => expr(&attr.value),
        other => panic!("{text}: {other:?}"),
    }
}

/// The tree of a file in short, one statement a line.
pub fn outline(ast: &Ast) -> String {
    let mut out = String::new();
    if let Some(doc) = &ast.doc {
        out += &format!("file doc {doc:?}\n");
    }
    items(&ast.items, 0, &mut out);
    out
}

fn items(list: &[Item], depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for item in list {
        if let Some(doc) = &item.doc {
            *out += &format!("{pad}doc {doc:?}\n");
        }
        let line = match &item.kind {
            ItemKind::Use(u) => {
                let target = match &u.target {
                    UseTarget::Module(p) => path(p),
                    UseTarget::File { path, .. } => format!("{path:?}"),
                };
                format!(
                    "use {target}{}",
                    u.alias
                        .as_ref()
                        .map_or(String::new(), |a| format!(" as {}", a.text))
                )
            }
            ItemKind::Param(b) => format!("param {} {}", b.name.text, expr(&b.value)),
            ItemKind::Let(b) => format!("let {} {}", b.name.text, expr(&b.value)),
            ItemKind::Attr(a) => format!("{} = {}", a.name.text, expr(&a.value)),
            ItemKind::Exclude(e) => format!("exclude {}", expr(e)),
            ItemKind::Error => "ERROR".to_owned(),
            ItemKind::Check(c) => {
                let part = |word: &str, e: &Option<Expr>| {
                    e.as_ref()
                        .map_or(String::new(), |e| format!(" {word} {}", expr(e)))
                };
                format!(
                    "{:?} {}: {}{}{}",
                    c.level,
                    c.name.as_ref().map_or("", |n| &n.text),
                    expr(&c.expr),
                    part("when", &c.when),
                    part("because", &c.because)
                )
            }
            ItemKind::Block(b) => format!(
                "{} {}{}:",
                b.kind.text,
                b.name.as_ref().map_or("", |n| &n.text),
                b.extends
                    .as_ref()
                    .map_or(String::new(), |p| format!(" extends {}", path(p)))
            ),
        };
        *out += &format!("{pad}{line}\n");
        if let ItemKind::Block(b) = &item.kind {
            items(&b.body, depth + 1, out);
        }
    }
}

fn path(path: &Path) -> String {
    path.parts
        .iter()
        .map(|p| p.text.as_str())
        .collect::<Vec<_>>()
        .join(".")
}

fn expr(e: &Expr) -> String {
    let list =
        |open: &str, parts: Vec<String>, close: &str| format!("{open}{}{close}", parts.join(" "));
    match &e.kind {
        ExprKind::None => "none".to_owned(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Number { value, unit } => format!(
            "{value}{}",
            unit.as_ref()
                .map_or(String::new(), |u| format!("_{}", u.text))
        ),
        ExprKind::Str(parts) => {
            let parts = parts.iter().map(|p| match p {
                StrPart::Text(text) => format!("{text:?}"),
                StrPart::Interpolation(e) => expr(e),
            });
            list("«", parts.collect(), "»")
        }
        ExprKind::List(values) => list("[", values.iter().map(expr).collect(), "]"),
        ExprKind::Comprehension { body, loops, cond } => {
            let mut parts = vec![expr(body)];
            parts.extend(
                loops
                    .iter()
                    .map(|l| format!("for {} in {}", l.name.text, expr(&l.values))),
            );
            parts.extend(cond.iter().map(|c| format!("if {}", expr(c))));
            list("[", parts, "]")
        }
        ExprKind::Record(fields) => list(
            "{",
            fields
                .iter()
                .map(|f| format!("{:?}={}", f.key.text, expr(&f.value)))
                .collect(),
            "}",
        ),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Field { base, field } => format!("(. {} {})", expr(base), field.text),
        ExprKind::Index { base, index } => format!("(at {} {})", expr(base), expr(index)),
        ExprKind::Call { function, args } => {
            let args = args.iter().map(|a| {
                let name = a
                    .name
                    .as_ref()
                    .map_or(String::new(), |n| format!("{}=", n.text));
                format!("{name}{}", expr(&a.value))
            });
            list(&format!("{}(", function.text), args.collect(), ")")
        }
        ExprKind::Unary {
            op: UnaryOp::Not,
            value,
        } => format!("(not {})", expr(value)),
        ExprKind::Unary {
            op: UnaryOp::Minus,
            value,
        } => format!("(neg {})", expr(value)),
        ExprKind::Binary {
            op, left, right, ..
        } => format!("({} {} {})", op.symbol(), expr(left), expr(right)),
        ExprKind::If { cond, then, other } => {
            format!("(if {} {} {})", expr(cond), expr(then), expr(other))
        }
        ExprKind::Error => "ERROR".to_owned(),
    }
}

/// Checks that all spans lie within the text, on characters, and within their parents',
/// and that nothing is broken without a word about it.
pub fn check(text: &str) {
    let (ast, found) = read(text);
    let whole = Span::new(FileId(0), 0, text.len());
    let mut checker = Checker {
        text,
        broken: false,
    };
    for item in &ast.items {
        checker.item(item, whole);
    }
    assert!(
        !checker.broken || !found.is_empty(),
        "broken without a diagnostic: {text:?}"
    );
    for diagnostic in &found {
        for label in &diagnostic.labels {
            checker.within(label.span, whole, "label");
        }
        for (span, _) in diagnostic.fixes.iter().flat_map(|f| &f.edits) {
            checker.within(*span, whole, "edit");
        }
        assert!(diagnostic.labels.iter().any(|l| l.primary));
    }
}

struct Checker<'a> {
    text: &'a str,
    broken: bool,
}

impl Checker<'_> {
    fn within(&self, span: Span, outer: Span, what: &str) {
        assert!(
            outer.start <= span.start && span.start <= span.end && span.end <= outer.end,
            "{what} {span:?} is not within {outer:?} of {:?}",
            self.text
        );
        assert!(
            self.text.is_char_boundary(span.start as usize)
                && self.text.is_char_boundary(span.end as usize)
        );
    }

    fn item(&mut self, item: &Item, outer: Span) {
        self.within(item.span, outer, "item");
        let span = item.span;
        match &item.kind {
            ItemKind::Use(u) => {
                match &u.target {
                    UseTarget::Module(p) => self.within(p.span, span, "module"),
                    UseTarget::File { span: file, .. } => self.within(*file, span, "file"),
                }
                if let Some(alias) = &u.alias {
                    self.within(alias.span, span, "alias");
                }
            }
            ItemKind::Param(b) | ItemKind::Let(b) => {
                self.within(b.name.span, span, "name");
                self.expr(&b.value, span);
            }
            ItemKind::Attr(a) => {
                self.within(a.name.span, span, "name");
                self.expr(&a.value, span);
            }
            ItemKind::Exclude(e) => self.expr(e, span),
            ItemKind::Check(c) => {
                for e in [Some(&c.expr), c.when.as_ref(), c.because.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    self.expr(e, span);
                }
            }
            ItemKind::Block(b) => {
                self.within(b.kind.span, span, "kind");
                for inner in &b.body {
                    self.item(inner, span);
                }
            }
            ItemKind::Error => self.broken = true,
        }
    }

    fn expr(&mut self, e: &Expr, outer: Span) {
        self.within(e.span, outer, "expression");
        let span = e.span;
        match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Name(_) => {}
            ExprKind::Error => self.broken = true,
            ExprKind::Number { unit, .. } => {
                if let Some(unit) = unit {
                    self.within(unit.span, span, "unit");
                }
            }
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(e) = part {
                        self.expr(e, span);
                    }
                }
            }
            ExprKind::List(values) => values.iter().for_each(|v| self.expr(v, span)),
            ExprKind::Comprehension { body, loops, cond } => {
                self.expr(body, span);
                for each in loops {
                    self.within(each.name.span, span, "loop");
                    self.expr(&each.values, span);
                }
                cond.iter().for_each(|c| self.expr(c, span));
            }
            ExprKind::Record(fields) => {
                for field in fields {
                    self.within(field.key.span, span, "key");
                    self.expr(&field.value, span);
                }
            }
            ExprKind::Field { base, field } => {
                self.expr(base, span);
                self.within(field.span, span, "field");
            }
            ExprKind::Index { base, index } => {
                self.expr(base, span);
                self.expr(index, span);
            }
            ExprKind::Call { function, args } => {
                self.within(function.span, span, "function");
                args.iter().for_each(|a| self.expr(&a.value, span));
            }
            ExprKind::Unary { value, .. } => self.expr(value, span),
            ExprKind::Binary {
                op_span,
                left,
                right,
                ..
            } => {
                self.within(*op_span, span, "operator");
                self.expr(left, span);
                self.expr(right, span);
            }
            ExprKind::If { cond, then, other } => {
                for e in [cond, then, other] {
                    self.expr(e, span);
                }
            }
        }
    }
}
