//! Lists and what makes them, records, and the arguments of calls.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::{NO_NAMES, Place};
use super::rows::Row;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;

/// `for`s of one comprehension: evaluation goes down one level for each.
const MAX_LOOPS: usize = 64;

impl Builder<'_> {
    pub(super) fn list(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut row = Row::default();
        let mut values = Vec::new();
        let mut comprehension = None;
        let mut named = false;
        // behind `as`
        let mut alias = None;
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::comma => self.comma(&mut row, &part),
                Rule::elem if self.is_alias(&row, span, &mut alias) => row.follow(span),
                Rule::elem => {
                    self.missing_comma(&row, span);
                    let said = self.found.len();
                    let (value, made) = self.element(part, "`]`");
                    // that its values have no names is said once of a list
                    let names = |d: &Diagnostic| d.message == NO_NAMES;
                    if self.found[said..].last().is_some_and(names) {
                        if named {
                            self.found.pop();
                        }
                        named = true;
                    }
                    row.follow(value.span);
                    if made {
                        comprehension = Some(value.span);
                    }
                    values.push(value);
                }
                Rule::rest => {
                    self.leftover(span, None, Place::Brackets("`]`"));
                    row.follow(span);
                    values.push(Self::broken(span));
                }
                _ => {}
            }
        }
        match comprehension {
            Some(_) if values.len() == 1 => values.remove(0).kind,
            Some(span) => {
                let found = Diagnostic::error(
                    codes::SYNTAX,
                    span,
                    "a list is written out, or made with `for`, not both",
                )
                .says("makes a list of its own")
                .help("add lists with `+`");
                self.say(found);
                ExprKind::Error
            }
            None => {
                // many short lists would keep room for four each
                values.shrink_to_fit();
                ExprKind::List(values)
            }
        }
    }

    /// `figure as name` of other languages: whether this is the `as` of it, of which it tells, or the
    /// name behind that.
    fn is_alias(&mut self, row: &Row, span: Span, alias: &mut Option<u32>) -> bool {
        let Some(before) = row.before() else {
            return false;
        };
        if alias.take().is_some_and(|end| end as usize == before) {
            return true;
        }
        if self.source(span) != "as" {
            return false;
        }
        *alias = Some(span.end);
        let found = Diagnostic::error(codes::FOREIGN_FORM, span, NO_NAMES)
            .says("no `as` in `[…]`")
            .help("names stand in braces, each before its value: `{ name = … }`");
        self.say(found);
        true
    }

    pub(super) fn missing_comma(&mut self, row: &Row, span: Span) {
        let Some(before) = row.before() else { return };
        let place = self.at(before, before);
        let (start, end, _) = super::tokens::token_at(self.text, span.start as usize);
        if self.texts_touch(before, start) {
            self.touching_texts(self.at(start, end));
            return;
        }
        // `figure as name` of other languages is no list that lacks its commas
        let is_as = |word: &str| word == "as";
        let last = self.text[..before]
            .rsplit(|c: char| !c.is_alphanumeric())
            .next();
        let safe = !is_as(&self.text[start..end]) && !last.is_some_and(is_as);
        let mut found = Diagnostic::error(
            codes::SYNTAX,
            self.at(start, end),
            "expected `,` before this",
        )
        .says("another value")
        .fix("put `,` between", place, ",", safe);
        if !safe {
            found = found.help("a name stands before its value, in braces: `{ name = value }`");
        }
        self.say(found);
    }

    /// A value with its `for` and `if`, of a list or a call, and whether it has a `for`.
    fn element(&mut self, pair: Pair<'_, Rule>, closer: &'static str) -> (Expr, bool) {
        let whole = self.span(&pair);
        let mut body = Self::broken(whole);
        let mut loops: Vec<Loop> = Vec::new();
        let mut conds: Vec<Expr> = Vec::new();
        let mut end = whole;
        let mut broken = false;
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::expr => {
                    body = self.expr(part);
                    end = body.span;
                }
                Rule::no_value => {
                    self.expected(span.start as usize, "a value");
                    body = Self::broken(self.at(span.start as usize, span.start as usize));
                    end = body.span;
                }
                Rule::loop_ => {
                    let made = self.loop_(part);
                    end = end.to(made.values.span);
                    loops.push(made);
                }
                Rule::filter => {
                    let mut parts = inner(part).peekable();
                    let cond = self.value(
                        &mut parts,
                        "a condition after `if`",
                        Place::Brackets(closer),
                    );
                    end = end.to(cond.span);
                    if !conds.is_empty() || loops.is_empty() {
                        let found = match loops.is_empty() {
                            true => Diagnostic::error(
                                codes::FOREIGN_FORM,
                                span,
                                "a choice has the form `if a then b else c`",
                            )
                            .says("no `for` before it"),
                            false => Diagnostic::error(codes::SYNTAX, span, "a list has one `if`")
                                .says("the second")
                                .help("join the conditions with `and`"),
                        };
                        self.say(found);
                        broken = true;
                    }
                    conds.push(cond);
                }
                Rule::trail => {
                    if !broken {
                        let before = Expr {
                            span: end,
                            kind: body.kind.clone(),
                        };
                        self.leftover(span, Some(&before), Place::Brackets(closer));
                    }
                    end = end.to(span);
                    broken = true;
                }
                _ => {}
            }
        }
        if broken {
            return (Self::broken(end), false);
        }
        if loops.is_empty() {
            return (body, false);
        }
        if loops.len() > MAX_LOOPS {
            let found = Diagnostic::error(codes::TOO_DEEP, end, "this list has too many `for`s")
                .says(format!(
                    "{} within one another, of at most {MAX_LOOPS}",
                    loops.len()
                ))
                .help("give a part of it a name with `let`");
            self.say(found);
            return (Self::broken(end), true);
        }
        let cond = conds.pop().map(Box::new);
        (
            Expr {
                span: end,
                kind: ExprKind::Comprehension {
                    body: Box::new(body),
                    loops,
                    cond,
                },
            },
            true,
        )
    }

    fn loop_(&mut self, pair: Pair<'_, Rule>) -> Loop {
        let start = self.start(&pair);
        let mut name = Ident {
            text: String::new(),
            span: self.at(start, start),
        };
        let mut values = Self::broken(self.at(start, start));
        let mut nameless = false;
        let mut named = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => {
                    name = self.new_name(&part);
                    values.span = self.at(name.span.end as usize, name.span.end as usize);
                    named = true;
                }
                Rule::no_name => {
                    name = self.no_name(&part, "a name after `for`");
                    values.span = name.span;
                    nameless = true;
                }
                Rule::kw_in => named = false,
                Rule::expr => values = self.expr(part),
                Rule::no_value if !nameless => {
                    let what = if named { "`in`" } else { "a list after `in`" };
                    self.expected(self.start(&part), what);
                }
                _ => {}
            }
        }
        Loop { name, values }
    }

    pub(super) fn record(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut row = Row::default();
        let mut fields = Vec::new();
        let mut bad = false;
        for part in inner(pair) {
            let span = self.span(&part);
            let start = span.start as usize;
            match part.as_rule() {
                Rule::comma => self.comma(&mut row, &part),
                Rule::semi => self.semicolon(&mut row, &part),
                Rule::set | Rule::attr => {
                    self.separated(&row, start, false);
                    let attr = self.attr(part);
                    row.follow(attr.value.span);
                    fields.push(Field {
                        key: attr.name,
                        value: attr.value,
                    });
                }
                Rule::field_block => {
                    self.separated(&row, start, false);
                    if let Some(field) = self.field_block(part) {
                        row.follow(field.value.span);
                        fields.push(field);
                    }
                }
                Rule::bad_item | Rule::stray => {
                    // `{1, 8}` is one mistake
                    if !bad {
                        self.leftover(span, None, Place::Record);
                    }
                    bad = true;
                    row = Row::after_junk();
                }
                _ => {}
            }
        }
        if bad && fields.is_empty() {
            return ExprKind::Error;
        }
        fields.shrink_to_fit();
        ExprKind::Record(fields)
    }

    /// `layout { tp = 4 }` in a record.
    fn field_block(&mut self, pair: Pair<'_, Rule>) -> Option<Field> {
        let mut parts = inner(pair);
        let key = self.ident(&parts.next()?);
        let record = parts.next()?;
        let span = self.span(&record);
        let value = Expr {
            span,
            kind: self.record(record),
        };
        let gap = self.at(key.span.end as usize, span.start as usize);
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            key.span,
            "a record holds `name = value` only, and no blocks",
        )
        .says("expected `=` after this")
        .fix("write `=`", gap, " = ", true);
        self.say(found);
        if let Some(tail) = parts.next() {
            self.leftover(self.span(&tail), Some(&value), Place::Line);
        }
        Some(Field { key, value })
    }

    /// A name, or the call of a builtin.
    pub(super) fn reference(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let whole = self.span(&pair);
        let mut parts = inner(pair);
        let Some(name) = parts.next() else {
            return Self::broken(whole);
        };
        let function = self.ident(&name);
        let Some(args) = parts.next() else {
            let kind = self.name(&function.text, function.span);
            return Expr {
                span: function.span,
                kind,
            };
        };
        let span = function.span.to(self.span(&args));
        let args = self.args(&function.text, args);
        let kind = ExprKind::Call { function, args };
        Expr { span, kind }
    }

    /// `from a` among the arguments of `growth`: the name, which lacks its `=`. Says so.
    fn without_equals(&mut self, function: &str, row: &Row, last: Option<&Arg>) -> Option<Ident> {
        let before = row.before()?;
        let last = last.filter(|last| last.name.is_none())?;
        let ExprKind::Name(text) = &last.value.kind else {
            return None;
        };
        let builtin = schema::builtin(function)?;
        if !builtin.parameters.contains(&text.as_str()) {
            return None;
        }
        let place = self.at(before, before);
        let found = Diagnostic::error(
            codes::SYNTAX,
            last.value.span,
            format!("expected `=` after `{text}`"),
        )
        .says("an argument's name")
        .fix("write `=`", place, " =", true);
        self.say(found);
        Some(Ident {
            text: text.clone(),
            span: last.value.span,
        })
    }

    pub(super) fn args(&mut self, function: &str, pair: Pair<'_, Rule>) -> Vec<Arg> {
        let mut row = Row::default();
        let mut args = Vec::new();
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::comma => self.comma(&mut row, &part),
                Rule::arg => {
                    let name = self.without_equals(function, &row, args.last());
                    match name {
                        Some(_) => drop(args.pop()),
                        None => self.missing_comma(&row, span),
                    }
                    let mut arg = self.arg(part);
                    arg.name = name.or(arg.name);
                    row.follow(arg.value.span);
                    args.push(arg);
                }
                Rule::rest => {
                    self.leftover(span, None, Place::Brackets("`)`"));
                    row.follow(span);
                    args.push(Arg {
                        name: None,
                        value: Self::broken(span),
                    });
                }
                _ => {}
            }
        }
        args.shrink_to_fit();
        args
    }

    fn arg(&mut self, pair: Pair<'_, Rule>) -> Arg {
        let mut name: Option<Ident> = None;
        for part in inner(pair.clone()) {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(&part)),
                Rule::wrong_eq => {
                    if let Some(name) = &name {
                        self.wrong_eq(&part, name.span);
                    }
                }
                _ => {}
            }
        }
        let (value, made) = self.element(pair, "`)`");
        if made {
            let text = format!("[{}]", self.source(value.span));
            let found = Diagnostic::error(
                codes::SYNTAX,
                value.span,
                "a list made with `for` stands in `[…]`",
            )
            .says("no brackets around it")
            .fix("put it in brackets", value.span, text, true);
            self.say(found);
        }
        Arg { name, value }
    }
}
