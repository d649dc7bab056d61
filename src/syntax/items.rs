//! Statements: the items of a file, of a block and of a record.

use pest::iterators::{Pair, Pairs};

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use super::tokens::Found;
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Watches over the separators between things in a row.
#[derive(Default)]
pub(super) struct Row {
    /// Where the thing before ends, if no separator came since.
    before: Option<usize>,
    comma: bool,
    any: bool,
}

impl Row {
    /// Where the thing before ends, if a separator is due.
    pub fn before(&self) -> Option<usize> {
        self.before
    }

    pub fn follow(&mut self, span: Span) {
        *self = Self {
            before: Some(span.end as usize),
            comma: false,
            any: true,
        };
    }

    /// After broken text no separator is asked for.
    pub fn after_junk() -> Self {
        Self {
            before: None,
            comma: false,
            any: true,
        }
    }
}

impl Builder<'_> {
    pub fn file(&mut self, pairs: Pairs<'_, Rule>) -> Ast {
        let items = self.items(pairs);
        let doc = self.docs.head();
        Ast {
            file: self.file,
            doc,
            items,
        }
    }

    pub(super) fn items<'i>(&mut self, pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Vec<Item> {
        let mut row = Row::default();
        let mut items = Vec::new();
        for pair in pairs {
            match pair.as_rule() {
                Rule::comma => self.comma(&mut row, &pair),
                Rule::semi => self.semicolon(&mut row, &pair),
                Rule::close | Rule::lost | Rule::EOI => {}
                Rule::stray => {
                    self.leftover(self.span(&pair), None, Place::Item);
                }
                rule => {
                    let start = self.start(&pair);
                    let bad = rule == Rule::bad_item;
                    self.separated(&row, start, bad);
                    let doc = self.docs.above(start);
                    let (kind, span) = self.item(pair);
                    row = Row::after_junk();
                    if !bad {
                        row.follow(span);
                    }
                    items.push(Item { doc, span, kind });
                }
            }
        }
        items
    }

    pub(super) fn comma(&mut self, row: &mut Row, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        if row.comma || !row.any {
            let found = Diagnostic::error(codes::SYNTAX, span, "nothing stands before this `,`")
                .says("one too many")
                .fix("remove it", span, "", true);
            self.say(found);
        }
        *row = Row {
            before: None,
            comma: true,
            any: true,
        };
    }

    pub(super) fn semicolon(&mut self, row: &mut Row, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        let next = super::tokens::token_at(self.text, span.end as usize).2;
        let ends = !matches!(next, Found::Text(token) if token != "}");
        let (title, with) = if ends {
            ("remove it", "")
        } else {
            ("write `,`", ",")
        };
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "statements end with their line, or with `,`",
        )
        .says("no `;` here")
        .fix(title, span, with, true);
        self.say(found);
        *row = Row {
            before: None,
            comma: false,
            any: true,
        };
    }

    /// Two statements on one line need a comma.
    pub(super) fn separated(&mut self, row: &Row, start: usize, bad: bool) {
        let Some(before) = row.before else { return };
        if bad
            || self
                .text
                .get(before..start)
                .is_none_or(|between| between.contains('\n'))
        {
            return;
        }
        let place = self.at(before, before);
        let (start, end, _) = super::tokens::token_at(self.text, start);
        let found = Diagnostic::error(
            codes::SYNTAX,
            self.at(start, end),
            "expected a new line or `,` before this",
        )
        .says("a second statement on the line")
        .fix("put `,` between", place, ",", true);
        self.say(found);
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, Span) {
        let start = self.start(&pair);
        let whole = self.span(&pair);
        let (kind, end) = match pair.as_rule() {
            Rule::attr => {
                let attr = self.attr(pair);
                let end = attr.value.span.end;
                (ItemKind::Attr(attr), end)
            }
            Rule::use_ => self.use_(pair),
            Rule::param => {
                let (binding, end) = self.binding(pair, "param");
                (ItemKind::Param(binding), end)
            }
            Rule::let_ => {
                let (binding, end) = self.binding(pair, "let");
                (ItemKind::Let(binding), end)
            }
            Rule::check => self.check(pair),
            Rule::exclude => self.exclude(pair),
            Rule::block => self.block(pair),
            Rule::binding_like => self.binding_like(pair),
            Rule::foreign_block => self.foreign_block(pair),
            _ => {
                self.leftover(whole, None, Place::Item);
                (ItemKind::Error, whole.end)
            }
        };
        let end = (end as usize).max(start);
        (kind, self.at(start, end))
    }

    /// `name = value`, of a block or a record.
    pub(super) fn attr(&mut self, pair: Pair<'_, Rule>) -> Attr {
        let mut pairs = inner(pair).peekable();
        let mut name = Ident {
            text: String::new(),
            span: self.at(0, 0),
        };
        if let Some(key) = pairs.next() {
            name = self.key(&key);
        }
        if let Some(wrong) = pairs.next_if(|p| p.as_rule() == Rule::wrong_eq) {
            self.wrong_eq(&wrong, name.span);
        }
        let mut value = self.value(&mut pairs, "a value after `=`", Place::Line);
        value.span = if value.span.start < name.span.end {
            name.span
        } else {
            value.span
        };
        Attr { name, value }
    }

    fn key(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        match pair.as_rule() {
            Rule::string => self.plain_text(pair.clone(), "a key"),
            Rule::dashed => self.dashed(pair),
            Rule::dotted => {
                let span = self.span(pair);
                let written = pair.as_str();
                let (outer, last) = written.rsplit_once('.').unwrap_or(("", written));
                let help = format!("write `{} {{ {last} = … }}`", outer.replace('.', " { "));
                let found =
                    Diagnostic::error(codes::FOREIGN_FORM, span, "an attribute's name has no dots")
                        .says("dots in a name")
                        .help(if outer.contains('.') {
                            "put it into the blocks that it belongs to".to_owned()
                        } else {
                            help
                        });
                self.say(found);
                Ident {
                    text: written.to_owned(),
                    span,
                }
            }
            _ => self.ident(pair),
        }
    }

    pub(super) fn dashed(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        let span = self.span(pair);
        let name = pair.as_str().replace('-', "_");
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            format!("names are written with `_`: `{name}`"),
        )
        .says("`-` is a minus sign")
        .fix("write `_`", span, name.clone(), true);
        self.say(found);
        Ident { text: name, span }
    }

    pub(super) fn wrong_eq(&mut self, pair: &Pair<'_, Rule>, name: Span) {
        let span = self.span(pair);
        let with = if name.end == span.start { " =" } else { "=" };
        let after = self.text[span.end as usize..].starts_with([' ', '\t', '\n', '\r']);
        let with = if after {
            with.to_owned()
        } else {
            format!("{with} ")
        };
        let message = format!("a value is set with `=`, not `{}`", pair.as_str().trim());
        let found = Diagnostic::error(codes::FOREIGN_FORM, span, message)
            .says("expected `=`")
            .fix("write `=`", span, with, pair.as_str().trim() != "+=");
        self.say(found);
    }

<<<<<<< HEAD
    fn use_(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let mut target = None;
        let mut alias = None;
        let mut end = self.start(&pair) as u32 + 3;
        for part in inner(pair) {
            match part.as_rule() {
                Rule::string => {
                    let path = self.plain_text(part, "a file");
                    end = path.span.end;
                    target = Some(UseTarget::File { path: path.text, span: path.span });
                }
                Rule::path => {
                    let path = self.path(&part);
                    end = path.span.end;
                    target = Some(UseTarget::Module(path));
                }
                Rule::ident => {
                    let name = self.new_name(&part);
                    end = name.span.end;
                    alias = Some(name);
                }
                Rule::no_name if target.is_some() => {
                    self.no_name(&part, "a name after `as`");
                }
                Rule::no_name => {
                    self.no_name(&part, "a module or a file in quotes");
                    return (ItemKind::Error, end);
                }
                Rule::tail => {
                    let span = self.span(&part);
                    self.leftover(span, None, Place::Line);
        
                }
                _ => {}
            }
        }
        (target.map_or(ItemKind::Error, |target| ItemKind::Use(Use { target, alias })), end)
    }

    pub(super) fn path(&self, pair: &Pair<'_, Rule>) -> Path {
        let span = self.span(pair);
        let mut at = span.start as usize;
        let mut parts = Vec::new();
        for part in pair.as_str().split('.') {
            parts.push(Ident { text: part.to_owned(), span: self.at(at, at + part.len()) });
            at += part.len() + 1;
        }
        Path { parts, span }
    }

=======
>>>>>>> syntax
    /// A name that is defined here, so that expressions can use it.
    pub(super) fn new_name(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        let name = self.ident(pair);
        if is_reserved(&name.text) {
            let message = format!(
                "`{}` is a word of the language and cannot be a name",
                name.text
            );
            self.say(
                Diagnostic::error(codes::SYNTAX, name.span, message).says("choose another name"),
            );
        }
        name
    }
<<<<<<< HEAD

    fn binding(&mut self, pair: Pair<'_, Rule>, word: &str) -> (Binding, u32) {
        let mut pairs = inner(pair).peekable();
        let mut name = Ident { text: String::new(), span: self.at(0, 0) };
        let mut quiet = false;
        if let Some(first) = pairs.next() {
            name = match first.as_rule() {
                Rule::no_name => {
                    quiet = true;
                    self.no_name(&first, &format!("a name after `{word}`"))
                }
                _ => self.new_name(&first),
            };
        }
        if let Some(wrong) = pairs.next_if(|p| p.as_rule() == Rule::wrong_eq) {
            self.wrong_eq(&wrong, name.span);
        } else if let Some(none) = pairs.next_if(|p| p.as_rule() == Rule::no_eq) {
            if !quiet {
                let what = if word == "param" { "`=` and a default" } else { "`=` and a value" };
                self.expected(self.start(&none), what);
            }
            let mut end = name.span.end;
            for part in pairs {
                if part.as_rule() != Rule::no_value {
                    end = end.max(self.span(&part).end);
                }
            }
            let value = Self::broken(self.at(name.span.end as usize, end as usize));
            return (Binding { name, value }, end);
        }
        let value = self.value(&mut pairs, "a value after `=`", Place::Line);
        let end = value.span.end.max(name.span.end);
        (Binding { name, value }, end)
    }

    fn check(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let start = self.start(&pair);
        let mut level = CheckLevel::Expect;
        let (mut name, mut when, mut because) = (None, None, None);
        let mut expr = Self::broken(self.at(start, start));
        let mut end = start as u32;
        for part in inner(pair) {
            match part.as_rule() {
                Rule::kw_warn => {
                    level = CheckLevel::Warn;
                    end = self.span(&part).end;
                }
                Rule::kw_expect => end = self.span(&part).end,
                Rule::ident => {
                    let ident = self.ident(&part);
                    end = ident.span.end;
                    name = Some(ident);
                }
                Rule::wrong_set => {
                    let span = self.span(&part);
                    let found = Diagnostic::error(codes::FOREIGN_FORM, span, "`=` sets an attribute: it compares nothing")
                        .says("expected `:` after a check's name, or `==`")
                        .fix("write `:`", span, ":", false)
                        .fix("write `==`", span, "==", false);
                    self.say(found);
                }
                Rule::expr => {
                    expr = self.expr(part);
                    end = expr.span.end;
                }
                Rule::no_value => {
                    self.expected(self.start(&part), "a condition");
                    expr = Self::broken(self.at(end as usize, end as usize));
                }
                Rule::when_clause => {
                    let span = self.span(&part);
                    let value = self.clause(part, "a condition after `when`");
                    end = value.span.end;
                    if because.is_some() && when.is_none() {
                        let found = Diagnostic::error(codes::SYNTAX, span, "`when` stands before `because`")
                            .says("move it before `because`");
                        self.say(found);
                    }
                    self.once(when.replace(value), span, "when", "join the conditions with `and`");
                }
                Rule::because_clause => {
                    let span = self.span(&part);
                    let value = self.clause(part, "a reason in quotes after `because`");
                    end = value.span.end;
                    if !matches!(value.kind, ExprKind::Str(_) | ExprKind::Error) {
                        let found = Diagnostic::error(codes::SYNTAX, value.span, "a reason is a text in quotes")
                            .says("not in quotes");
                        self.say(found);
                    }
                    self.once(because.replace(value), span, "because", "write one reason");
                }
                Rule::tail => {
                    let span = self.span(&part);
                    self.leftover(span, Some(&expr), Place::Check);
        
                    expr = Self::broken(expr.span);
                }
                _ => {}
            }
        }
        (ItemKind::Check(Check { level, name, expr, when, because }), end)
    }

    fn clause(&mut self, pair: Pair<'_, Rule>, what: &str) -> Expr {
        self.value(&mut inner(pair).peekable(), what, Place::Check)
    }

    fn once(&mut self, before: Option<Expr>, span: Span, word: &str, help: &str) {
        if let Some(before) = before {
            let found = Diagnostic::error(codes::SYNTAX, span, format!("a check has one `{word}`"))
                .says("the second")
                .label(before.span, "the first")
                .help(help);
            self.say(found);
        }
    }

    fn exclude(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let mut end = self.start(&pair) as u32 + "exclude".len() as u32;
        let mut pairs = inner(pair).peekable();
        if let Some(wrong) = pairs.next_if(|p| p.as_rule() == Rule::wrong_when) {
            let span = self.span(&wrong);

            let found = Diagnostic::error(codes::FOREIGN_FORM, span, "expected `when` after `exclude`")
                .says("expected `when`")
                .fix("write `when`", span, "when", wrong.as_str() != "unless");
            self.say(found);
        } else if pairs.next_if(|p| p.as_rule() == Rule::no_when).is_some() {
            let place = self.at(end as usize, end as usize);
            let found = Diagnostic::error(codes::SYNTAX, place, "expected `when` after `exclude`")
                .says("expected `when`")
                .fix("put `when` here", place, " when", true);
            self.say(found);
            if pairs.peek().is_some_and(|p| p.as_rule() == Rule::no_value) {
                return (ItemKind::Error, end);
            }
        }
        let value = self.value(&mut pairs, "a condition after `when`", Place::Line);
        let end = value.span.end;
        (ItemKind::Exclude(value), end)
    }
=======
>>>>>>> syntax
}
