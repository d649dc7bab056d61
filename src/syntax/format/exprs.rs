//! Expressions: where they may break. An expression goes on after an operator, and before
//! `and`, `or`, `then` and `else`.

use super::layout::Layout;
use super::print::{Op, width};
use super::tokens::Kind;
use crate::syntax::ast::*;

const SOFT: Op<'static> = Op::Break {
    space: false,
    blank: false,
};
const LINE: Op<'static> = Op::Break {
    space: true,
    blank: false,
};

impl<'a> Layout<'a> {
    pub(super) fn expr(&mut self, expr: &'a Expr) {
        let parens = self.parens(expr);
        match &expr.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Str(_) => {
                self.token();
            }
            ExprKind::Number { unit, .. } => self.number(unit.as_ref()),
            ExprKind::List(values) => self.list(values),
            ExprKind::Comprehension { body, loops, cond } => {
                self.comprehension(body, loops, cond.as_deref());
            }
            ExprKind::Record(fields) => {
                self.braces(fields, |layout, field| layout.attr(&field.value));
            }
            ExprKind::Field { base, .. } => {
                self.expr(base);
                self.token();
                // `1.5. x` has two points
                if matches!(base.kind, ExprKind::Number { .. }) {
                    self.space();
                }
                self.token();
            }
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.brackets(false, |layout| layout.expr(index));
            }
            ExprKind::Call { args, .. } => {
                self.token();
                self.args(args);
            }
            ExprKind::Unary { op, value } => {
                self.token();
                // `- -3`
                if *op == UnaryOp::Not || self.next_is("-") {
                    self.space();
                }
                self.expr(value);
            }
            ExprKind::Binary { .. } => self.binary(expr),
            ExprKind::If { cond, then, other } => self.choice(cond, then, other),
            ExprKind::Error => {}
        }
        for _ in 0..parens {
            self.close(SOFT);
            self.push(Op::End);
        }
    }

    /// The opening round brackets that are this expression's own; how many.
    fn parens(&mut self, expr: &Expr) -> usize {
        let mut count = 0;
        let mut outer: Option<usize> = None;
        loop {
            let (at, token) = self.next();
            if self.source(token) != "(" {
                return count;
            }
            let own = match outer {
                None => self.tokens[token.closer as usize].end() == expr.span.end as usize,
                Some(outer) => self.before(outer) == token.closer as usize,
            };
            if !own {
                return count;
            }
            self.push(Op::Begin);
            self.token();
            self.push(Op::Indent);
            self.gap(SOFT);
            outer = Some(self.tokens[at].closer as usize);
            count += 1;
        }
    }

    /// The token of code before another.
    fn before(&self, at: usize) -> usize {
        let code = |n: &usize| self.tokens[*n].kind == Kind::Code;
        (0..at).rev().find(code).unwrap_or(0)
    }

    /// Number and unit as they are written, with one space between them if there was any.
    fn number(&mut self, unit: Option<&Ident>) {
        self.token();
        let Some(unit) = unit else { return };
        let end = unit.span.end as usize;
        let text = &self.text[unit.span.start as usize..end];
        if self.tokens[self.at - 1].end() < unit.span.start as usize {
            self.push(Op::Space);
        }
        self.push(Op::Text(text, width(text)));
        while self.tokens[self.at].start() < end {
            self.at += 1;
        }
    }

    /// `[…]` or `(…)`: `inside` on lines of its own where it does not fit, or where it
    /// stood on such.
    fn brackets(&mut self, comma: bool, inside: impl FnOnce(&mut Self)) {
        let closer = self.next().1.closer as usize;
        self.push(Op::Begin);
        self.token();
        let due = self.tokens[self.at];
        if due.newlines > 0 {
            self.push(Op::Force);
        }
        self.push(Op::Indent);
        if self.next().0 != closer {
            self.gap(SOFT);
        }
        inside(self);
        if comma {
            self.push(Op::IfBroken(","));
        }
        self.close(SOFT);
        self.push(Op::End);
    }

    fn list(&mut self, values: &'a [Expr]) {
        let only = match values {
            [only] => Some(only),
            _ => None,
        };
        let short = |n: usize| is_short(&values[n - 1]) && is_short(&values[n]);
        self.row(only, short, values, |layout, value| layout.expr(value));
    }

    fn args(&mut self, args: &'a [Arg]) {
        let only = match args {
            [
                Arg {
                    name: None,
                    value: only,
                },
            ] => Some(only),
            _ => None,
        };
        self.row(
            only,
            |_| false,
            args,
            |layout, arg| {
                if arg.name.is_some() {
                    layout.token();
                    layout.spaced();
                    layout.space();
                }
                layout.expr(&arg.value);
            },
        );
    }

    /// The things of a list or call. One that has lines of its own anyway takes the
    /// brackets around it (`[{`); two that are `short`, the second with its number given,
    /// may share a line.
    fn row<T>(
        &mut self,
        only: Option<&'a Expr>,
        short: impl Fn(usize) -> bool,
        things: &'a [T],
        each: impl Fn(&mut Self, &'a T),
    ) {
        let opener = self.next().0;
        let closer = self.tokens[opener].closer as usize;
        let plain = !self.has_comments(opener, closer);
        if plain && things.is_empty() {
            self.token();
            self.token();
            return;
        }
        if let Some(only) = only
            && plain
            && self.tokens[opener + 1].newlines == 0
            && self.is_hugged(only)
        {
            self.token();
            self.expr(only);
            // takes a comma
            self.comments();
            self.token();
            return;
        }
        self.brackets(!things.is_empty(), |layout| {
            for (n, thing) in things.iter().enumerate() {
                if n > 0 {
                    let blank = layout.blank();
                    layout.push(Op::Text(",", 1));
                    layout.gap(match plain && short(n) {
                        true => Op::Fill,
                        false => Op::Break { space: true, blank },
                    });
                }
                each(layout, thing);
            }
        });
    }

    fn is_hugged(&self, expr: &Expr) -> bool {
        match expr.kind {
            ExprKind::List(_) | ExprKind::Comprehension { .. } | ExprKind::Record(_) => true,
            ExprKind::Str(_) => {
                self.text[expr.span.start as usize..expr.span.end as usize].contains('\n')
            }
            _ => false,
        }
    }

    fn comprehension(&mut self, body: &'a Expr, loops: &'a [Loop], cond: Option<&'a Expr>) {
        self.brackets(false, |layout| {
            layout.expr(body);
            for each in loops {
                layout.gap(LINE);
                layout.token();
                layout.spaced();
                layout.spaced();
                layout.space();
                layout.expr(&each.values);
            }
            if let Some(cond) = cond {
                layout.gap(LINE);
                layout.token();
                layout.space();
                layout.expr(cond);
            }
        });
    }

    /// Operators that bind alike, in one row.
    fn binary(&mut self, expr: &'a Expr) {
        let mut first = expr;
        let mut row: Vec<(BinaryOp, &'a Expr)> = Vec::new();
        while let ExprKind::Binary {
            op, left, right, ..
        } = &first.kind
        {
            let bare = left.span.start == first.span.start && right.span.end == first.span.end;
            let alike = row.last().is_none_or(|(o, _)| level(*o) == level(*op));
            if !(row.is_empty() || bare && alike) {
                break;
            }
            row.push((*op, right));
            first = left;
        }
        self.push(Op::Begin);
        self.expr(first);
        self.push(Op::Indent);
        for (op, right) in row.into_iter().rev() {
            match op {
                BinaryOp::And | BinaryOp::Or => {
                    self.gap(LINE);
                    self.token();
                    self.space();
                }
                _ => {
                    self.spaced();
                    if op == BinaryOp::NotIn {
                        self.spaced();
                    }
                    self.gap(Op::Whole);
                    self.push(Op::Begin);
                    self.expr(right);
                    self.push(Op::End);
                    continue;
                }
            }
            self.expr(right);
        }
        self.push(Op::Dedent);
        self.push(Op::End);
    }

    /// `if a then b else if c then d else e`
    fn choice(&mut self, cond: &'a Expr, then: &'a Expr, other: &'a Expr) {
        self.push(Op::Begin);
        self.branch(cond, then);
        self.push(Op::Indent);
        let mut other = other;
        loop {
            self.gap(LINE);
            self.token();
            self.space();
            match &other.kind {
                ExprKind::If {
                    cond,
                    then,
                    other: next,
                } if self.next_is("if") => {
                    self.branch(cond, then);
                    other = next;
                }
                _ => break,
            }
        }
        self.expr(other);
        self.push(Op::Dedent);
        self.push(Op::End);
    }

    fn branch(&mut self, cond: &'a Expr, then: &'a Expr) {
        self.push(Op::Begin);
        self.token();
        self.space();
        self.expr(cond);
        self.push(Op::Indent);
        self.gap(LINE);
        self.token();
        self.space();
        self.expr(then);
        self.push(Op::Dedent);
        self.push(Op::End);
    }
}

fn level(op: BinaryOp) -> u8 {
    use BinaryOp::*;
    match op {
        Or => 0,
        And => 1,
        Add | Subtract => 3,
        Multiply | Divide => 4,
        _ => 2,
    }
}

/// So short that several stand on a line.
fn is_short(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Number { .. } => true,
        ExprKind::Str(_) => true,
        ExprKind::Field { base, .. } => is_short(base),
        ExprKind::Unary { value, .. } => is_short(value),
        _ => false,
    }
}
