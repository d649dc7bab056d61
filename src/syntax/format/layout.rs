//! From tree and tokens to the printer's operations. The walk over the tree takes the
//! tokens one by one; whatever stands between two of them, comments, is put where the walk
//! sets its gap, so that nothing is lost wherever it was written.

use super::print::{Op, width};
use super::tokens::{Kind, Token};
use crate::syntax::ast::Ast;

pub struct Layout<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    /// The token that is due.
    pub(super) at: usize,
    pub(super) ops: Vec<Op<'a>>,
    /// The last comment looks like a doc comment now, and was none where it stood.
    moved_doc: bool,
    /// A comma stands between the last comment and what is due.
    comma: bool,
}

impl<'a> Layout<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
            ops: Vec::with_capacity(tokens.len() * 3),
            moved_doc: false,
            comma: false,
        }
    }

    pub fn file(mut self, ast: &'a Ast) -> Vec<Op<'a>> {
        for (n, item) in ast.items.iter().enumerate() {
            let blank = n > 0 && self.blank();
            self.gap(Op::Newline { blank });
            self.item(item);
        }
        self.comments();
        self.ops
    }

    pub(super) fn push(&mut self, op: Op<'a>) {
        self.ops.push(op);
    }

    /// The token that is due, a comma or comment too.
    fn due(&self) -> Token {
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    /// The next token that is code, and which it is.
    pub(super) fn next(&self) -> (usize, Token) {
        let mut at = self.at;
        while let Some(token) = self.tokens.get(at) {
            if !matches!(token.kind, Kind::Comma | Kind::Comment) {
                return (at, *token);
            }
            at += 1;
        }
        let last = self.tokens.len() - 1;
        (last, self.tokens[last])
    }

    pub(super) fn source(&self, token: Token) -> &'a str {
        &self.text[token.start()..token.end()]
    }

    pub(super) fn next_is(&self, text: &str) -> bool {
        self.source(self.next().1) == text
    }

    /// An empty line stands before what comes next.
    pub(super) fn blank(&self) -> bool {
        let mut at = self.at;
        while self.tokens[at].kind == Kind::Comma {
            at += 1;
        }
        self.tokens[at].newlines > 1
    }

    /// Prints a token of code as it is written.
    pub(super) fn token(&mut self) {
        if matches!(self.due().kind, Kind::Comma | Kind::Comment) {
            self.gap(Op::Force);
        }
        let token = self.due();
        let text = self.source(token);
        let op = match text.contains('\n') {
            true => Op::Lines(text),
            false => Op::Text(text, width(text)),
        };
        self.push(op);
        self.at += 1;
    }

    /// A token after a space.
    pub(super) fn spaced(&mut self) {
        self.space();
        self.token();
    }

    /// A space; comments there move what follows to a line of its own, one level in.
    pub(super) fn space(&mut self) {
        if self.due().kind == Kind::Comment {
            self.push(Op::Indent);
            self.gap(Op::Space);
            self.push(Op::Dedent);
        } else {
            self.gap(Op::Space);
        }
    }

    /// What stands between two tokens: comments if there are any, and then a new line; or
    /// else `op`.
    pub(super) fn gap(&mut self, op: Op<'a>) {
        if !self.comments() {
            self.push(op);
            return;
        }
        let token = self.due();
        // it would become the doc comment of what follows on the next line
        let no_doc = self.moved_doc || (self.comma && self.after_doc());
        self.push(Op::Newline {
            blank: token.newlines > 1 || no_doc,
        });
    }

    /// Prints the comments before the next token of code, and takes the commas there;
    /// whether there were comments.
    pub(super) fn comments(&mut self) -> bool {
        let mut any = false;
        self.moved_doc = false;
        self.comma = false;
        while matches!(self.due().kind, Kind::Comma | Kind::Comment) {
            let token = self.due();
            self.at += 1;
            if token.kind == Kind::Comma {
                self.comma = true;
                continue;
            }
            let own_line = token.newlines > 0 || matches!(self.ops.last(), Some(Op::Comment(_)));
            if own_line && !self.ops.is_empty() {
                let blank = token.newlines > 1 && !self.after_opener();
                self.push(Op::Newline {
                    blank: blank || self.moved_doc || (self.comma && self.after_doc()),
                });
            }
            self.comma = false;
            self.push(Op::Comment(self.source(token)));
            self.moved_doc = own_line && token.newlines == 0 && self.after_doc();
            any = true;
        }
        any
    }

    /// A comment that stands below is the first thing in its brackets.
    fn after_opener(&self) -> bool {
        let printed = self.ops.iter().rev().find_map(|op| match op {
            Op::Text(text, _) => Some(*text),
            Op::Lines(_) | Op::Comment(_) => Some(""),
            _ => None,
        });
        matches!(printed, Some("{" | "[" | "("))
    }

    /// The last comment is one of those that document what follows on the next line.
    fn after_doc(&self) -> bool {
        matches!(self.ops.last(), Some(Op::Comment(text)) if text.starts_with("##"))
    }

    /// The comments before a closing bracket, the end of the level, and its break.
    pub(super) fn close(&mut self, op: Op<'a>) {
        let any = self.comments();
        self.push(Op::Dedent);
        self.push(if any {
            Op::Newline { blank: false }
        } else {
            op
        });
        self.token();
    }

    /// Comments stand somewhere between the tokens `from` and `to`.
    pub(super) fn has_comments(&self, from: usize, to: usize) -> bool {
        self.tokens[to].comments > self.tokens[from].comments
    }

    /// Two tokens stand on different lines.
    pub(super) fn on_lines(&self, from: usize, to: usize) -> bool {
        self.tokens[from].line != self.tokens[to].line
    }
}
