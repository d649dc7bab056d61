//! The grammar's parser, and the builder that walks over what it found.

use pest::Parser;
use pest::iterators::{Pair, Pairs};

use super::ast::{Expr, ExprKind, Ident};
use super::dashed::Dashed;
use super::docs::Docs;
use super::patch::Patched;
use super::scan::{MAX_SAID, ends_a_text};
use super::tokens::{Found, end_before, shorten, token_at};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema::Kind;
use crate::source::{FileId, Span};

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/scn.pest"]
struct Grammar;

/// Reads a balanced text. The grammar has a rule for everything, so there is always something.
pub fn read(text: &str) -> Option<Pairs<'_, Rule>> {
    Grammar::parse(Rule::file, text)
        .ok()?
        .next()
        .map(Pair::into_inner)
}

/// Turns the grammar's pairs into the tree, and says what is wrong with them. Its parts
/// stand in `items`, `exprs`, `operands`, `climb` and `leftover`.
pub struct Builder<'a> {
    pub(super) file: FileId,
    /// As the user wrote it; the pairs are of the repaired text.
    pub(super) text: &'a str,
    pub(super) docs: Docs<'a>,
    pub(super) found: Vec<Diagnostic>,
    /// Where texts end that have no quote before them, in order.
    pub(super) torn: Vec<usize>,
    /// The kind of the block whose body is being built.
    pub(super) around: Option<&'static Kind>,
    /// Levels of the tree above the expression that is being built.
    pub(super) level: usize,
    pub(super) patched: &'a Patched<'a>,
    pub(super) dashed: Dashed<'a>,
    /// Where the part that is being built starts in the repaired text.
    pub(super) base: usize,
}

impl<'a> Builder<'a> {
    pub fn new(
        file: FileId,
        text: &'a str,
        patched: &'a Patched<'a>,
        docs: Docs<'a>,
        found: Vec<Diagnostic>,
    ) -> Self {
        let mut torn: Vec<usize> = found
            .iter()
            .filter(|d| d.code == codes::UNCLOSED.0)
            .map(|d| d.span().start as usize)
            .filter(|at| ends_a_text(text, *at))
            .collect();
        torn.sort_unstable();
        Self {
            file,
            text,
            docs,
            found,
            torn,
            around: None,
            level: 0,
            patched,
            dashed: Dashed::of(text),
            base: 0,
        }
    }

    pub(super) fn place(&self, repaired: usize) -> usize {
        self.patched.original(self.base + repaired)
    }

    pub(super) fn start(&self, pair: &Pair<'_, Rule>) -> usize {
        self.place(pair.as_span().start())
    }

    /// The span of a pair that ends with its last token (the grammar lets some rules run
    /// on over blanks).
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let end = span.start() + pair.as_str().trim_end().len();
        let (start, end) = (
            self.place(span.start()),
            self.patched.original_end(self.base + end),
        );
        Span::new(self.file, start, end.max(start))
    }

    pub(super) fn at(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    pub(super) fn source(&self, span: Span) -> &'a str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    pub(super) fn say(&mut self, diagnostic: Diagnostic) {
        if self.found.len() < MAX_SAID {
            self.found.push(diagnostic);
        }
    }

    pub(super) fn ident(&self, pair: &Pair<'_, Rule>) -> Ident {
        Ident {
            text: pair.as_str().trim_end().to_owned(),
            span: self.span(pair),
        }
    }

    /// A name where none was written.
    pub(super) fn no_name(&mut self, pair: &Pair<'_, Rule>, what: &str) -> Ident {
        let start = self.start(pair);
        self.expected(start, what);
        Ident {
            text: String::new(),
            span: self.gap(start),
        }
    }

    /// The empty place after what stands before a place.
    pub(super) fn gap(&self, at: usize) -> Span {
        let place = end_before(self.text, at);
        self.at(place, place)
    }

    pub(super) fn broken(span: Span) -> Expr {
        Expr {
            span,
            kind: ExprKind::Error,
        }
    }

    /// Says what should stand at a place.
    pub(super) fn expected(&mut self, at: usize, what: &str) {
        let (start, end, found) = token_at(self.text, at);
        let (span, found) = match found {
            Found::Text(text) => (self.at(start, end), format!("`{}`", shorten(text))),
            Found::EndOfLine | Found::EndOfFile => {
                let found = if matches!(found, Found::EndOfFile) {
                    "file"
                } else {
                    "line"
                };
                (self.gap(at), format!("the end of the {found}"))
            }
        };
        let help = how(what, self.source(span));
        let message = format!("expected {what}, found {found}");
        self.say(
            Diagnostic::error(codes::SYNTAX, span, message)
                .says(format!("expected {what}"))
                .help(help),
        );
    }
}

/// What to write where something is missing, and `found` stands instead.
fn how(what: &str, found: &str) -> String {
    let last = what
        .rsplit_once('`')
        .and_then(|(head, _)| head.rsplit_once('`'));
    match (found, what) {
        ("`", _) => "a text stands in double quotes: \"…\"".to_owned(),
        ("@" | "%" | "&" | "|" | "~" | "^" | "\\", _) => {
            format!("`{found}` means nothing here; a text stands in quotes: \"…\"")
        }
        ("<" | ">" | "<=" | ">=" | "==" | "!=", _) => {
            format!("`{found}` stands between the two values that it compares")
        }
        (_, "a name after `.`") => {
            "write one dot, and a name right after it: `steady.ttft.p95`".to_owned()
        }
        (_, "`=` and a default") => {
            "a param has a default, which fixes its type: `param rounds = 3`".to_owned()
        }
        (_, "`=` and a value") => "a value gets a name with `let name = …`".to_owned(),
        (_, "a name after `param`") => "write `param name = …`".to_owned(),
        (_, "a name after `let`") => "write `let name = …`".to_owned(),
        (_, "a name after `as`") => "write the name that this file is to be called by".to_owned(),
        (_, "a module or a file in quotes") => {
            "as in `use std.engines`, or `use \"./common.scn\"`".to_owned()
        }
        (_, "the block that it extends") => {
            "as in `report summary extends reports.summary {}`".to_owned()
        }
        (_, "`in`" | "a list after `in`") => "a loop has the form `for name in values`".to_owned(),
        (_, "`then`" | "`else`") => "a choice has the form `if a then b else c`".to_owned(),
        (_, "a condition" | "a condition after `when`") => {
            "a condition is a comparison: `steady.ttft.p95 <= 800ms`".to_owned()
        }
        _ => match last {
            Some((_, sign)) => format!("write a value after `{sign}`, or remove `{sign}`"),
            None => "write a value: a number with its unit, a text in quotes, or a name".to_owned(),
        },
    }
}

/// The pairs within, without the keywords that only mark what comes next.
pub(super) fn inner<'i>(pair: Pair<'i, Rule>) -> impl Iterator<Item = Pair<'i, Rule>> {
    pair.into_inner().filter(|p| !is_keyword(p.as_rule()))
}

fn is_keyword(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::kw_use
            | Rule::kw_as
            | Rule::kw_param
            | Rule::kw_let
            | Rule::kw_extends
            | Rule::kw_exclude
            | Rule::kw_when
            | Rule::kw_because
            | Rule::kw_if
            | Rule::kw_elif
            | Rule::kw_then
            | Rule::kw_else
            | Rule::kw_and
            | Rule::kw_or
            | Rule::kw_not
            | Rule::kw_in
            | Rule::kw_for
    )
}
