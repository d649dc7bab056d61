//! Precedence: from a row of operators and operands to a tree, and operators of other
//! languages to those of this one.
//!
//! From loose to tight: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* /`, minus.

use super::ast::*;
use super::grammar::Builder;
use super::tokens::Found;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

pub enum Token {
    Prefix(UnaryOp, Span),
    /// As written.
    Infix(String, Span),
    Operand(Expr),
}

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const MINUS: u8 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Infix {
    Op(BinaryOp),
    Remainder,
    Power,
}

impl Infix {
    fn binds(self) -> u8 {
        use BinaryOp::*;
        match self {
            Self::Op(Or) => 1,
            Self::Op(And) => 2,
            Self::Op(Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In | NotIn) => {
                COMPARISON
            }
            Self::Op(Add | Subtract) => 5,
            Self::Op(Multiply | Divide) | Self::Remainder | Self::Power => 6,
        }
    }
}

/// The operator, and how it should have been written.
fn infix(symbol: &str) -> Option<(Infix, Option<&'static str>)> {
    use BinaryOp::*;
    let (op, right) = match symbol {
        "or" => (Or, None),
        "and" => (And, None),
        "||" => (Or, Some("or")),
        "&&" => (And, Some("and")),
        "==" => (Equal, None),
        "===" => (Equal, Some("==")),
        "!=" => (NotEqual, None),
        "!==" | "<>" | "≠" => (NotEqual, Some("!=")),
        "<" => (Less, None),
        "<=" => (LessEqual, None),
        "≤" | "=<" => (LessEqual, Some("<=")),
        ">" => (Greater, None),
        ">=" => (GreaterEqual, None),
        "≥" | "=>" => (GreaterEqual, Some(">=")),
        "in" => (In, None),
        "+" => (Add, None),
        "-" => (Subtract, None),
        "−" | "–" | "—" => (Subtract, Some("-")),
        "*" => (Multiply, None),
        "×" => (Multiply, Some("*")),
        "/" => (Divide, None),
        "÷" => (Divide, Some("/")),
        "%" => return Some((Infix::Remainder, None)),
        "**" => return Some((Infix::Power, None)),
        _ if symbol.starts_with("not") => (NotIn, None),
        _ => return None,
    };
    Some((Infix::Op(op), right))
}

impl Builder<'_> {
    /// A prefix operator; none for a plus, which says nothing.
    pub(super) fn prefix(&mut self, symbol: &str, span: Span) -> Option<Token> {
        let (op, right) = match symbol {
            "not" => (UnaryOp::Not, None),
            "-" => (UnaryOp::Minus, None),
            "!" => (UnaryOp::Not, Some("not ")),
            "+" => {
                // `a++`: it is missed that something follows
                let next = super::tokens::token_at(self.text, span.end as usize).2;
                if !matches!(next, Found::Text(next) if !next.starts_with([',', ')', ']', '}'])) {
                    return None;
                }
                let found =
                    Diagnostic::error(codes::FOREIGN_FORM, span, "a number has no `+` before it")
                        .says("nothing to add to")
                        .fix("remove `+`", span, "", true);
                self.say(found);
                return None;
            }
            _ => (UnaryOp::Minus, Some("-")),
        };
        if let Some(right) = right {
            self.foreign_operator(symbol, span, right.trim_end(), right);
        }
        Some(Token::Prefix(op, span))
    }

    fn foreign_operator(&mut self, written: &str, span: Span, right: &str, with: &str) {
        let message = format!("`{right}` is written `{right}`, not `{written}`");
        let message = match right {
            "or" | "and" | "not" => format!("the operator is the word `{right}`, not `{written}`"),
            "-" => "a minus sign is `-`, not a dash".to_owned(),
            "==" | "!=" | "<=" | ">=" | "*" | "/" => {
                format!("the operator is `{right}`, not `{written}`")
            }
            _ => message,
        };
        let found = Diagnostic::error(codes::FOREIGN_FORM, span, message)
            .says(format!("expected `{right}`"))
            .fix(format!("write `{right}`"), span, with, true);
        self.say(found);
    }

    /// Whether `a => b` looks like a function of other languages: what stands left names what is
    /// given to it.
    fn is_function(&self, left: &Expr, right: &Expr) -> bool {
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let given = self.source(left.span);
        match &left.kind {
            ExprKind::Name(given) => {
                let mut words = self.source(right.span).split(|c| !name(c));
                self.source(left.span).starts_with('(') || words.any(|word| word == given)
            }
            ExprKind::Call { function, .. } => {
                matches!(
                    function.text.as_str(),
                    "fn" | "func" | "function" | "lambda"
                )
            }
            ExprKind::Error => given.starts_with('('),
            _ => false,
        }
    }

    fn function(&mut self, arrow: Span, whole: Span) -> Expr {
        let found = Diagnostic::error(codes::FOREIGN_FORM, arrow, "a file cannot define functions")
            .says("no function of your own")
            .help("write the value where it is due; of each value of a list: `[x * 2 for x in xs]`")
            .help("a comparison is written `>=`");
        self.say(found);
        Self::broken(whole)
    }

    pub(super) fn climb(&mut self, tokens: Vec<Token>) -> Expr {
        let tokens = self.with_dashed(tokens);
        let mut row = Row {
            tokens: tokens.into_iter().peekable(),
        };
        let mut expr = self.binary(&mut row, 0);
        // Nothing is left over; if the grammar should ever let two operands meet, the
        // whole is broken and not silently short.
        if row.tokens.next().is_some() {
            expr.kind = ExprKind::Error;
        }
        expr
    }

    fn binary(&mut self, row: &mut Row, min: u8) -> Expr {
        let mut left = self.unary(row, min);
        // The right side of a comparison that `left` is.
        let mut compared: Option<Expr> = None;
        while let Some(Token::Infix(symbol, span)) = row.tokens.peek() {
            let (symbol, op_span) = (symbol.clone(), *span);
            let Some((op, right)) = infix(&symbol) else {
                break;
            };
            if op.binds() < min {
                break;
            }
            row.tokens.next();
            let said = self.found.len();
            if let Some(right) = right {
                let with = self.spaced(op_span, right);
                self.foreign_operator(&symbol, op_span, right, &with);
            }
            let value = self.binary(row, op.binds() + 1);
            left = match op {
                _ if symbol == "=>" && self.is_function(&left, &value) => {
                    self.found.truncate(said);
                    self.function(op_span, left.span.to(value.span))
                }
                Infix::Op(op) if Infix::Op(op).binds() == COMPARISON => {
                    let before = compared.replace(value.clone());
                    match before {
                        Some(middle) => self.chained(left, middle, op, op_span, value),
                        None => join(op, op_span, left, value),
                    }
                }
                Infix::Op(op) => join(op, op_span, left, value),
                Infix::Remainder => self.remainder(op_span, left, value),
                Infix::Power => {
                    let found = Diagnostic::error(
                        codes::FOREIGN_FORM,
                        op_span,
                        "there is no operator for powers",
                    )
                    .says("not an operator here")
                    .help("multiply: `x * x`");
                    self.say(found);
                    Self::broken(left.span.to(value.span))
                }
            };
        }
        left
    }

    fn unary(&mut self, row: &mut Row, min: u8) -> Expr {
        match row.tokens.next() {
            Some(Token::Operand(expr)) => expr,
            Some(Token::Prefix(op, span)) => {
                let value = self.binary(row, if op == UnaryOp::Not { NOT } else { MINUS });
                let whole = span.to(value.span);
                if op == UnaryOp::Not && min > NOT {
                    let text = format!("({})", self.source(whole));
                    let found =
                        Diagnostic::error(codes::SYNTAX, whole, "`not` needs brackets here")
                            .says("`not` binds less tightly than the operator before it")
                            .fix("put it in brackets", whole, text, true);
                    self.say(found);
                }
                Expr {
                    span: whole,
                    kind: ExprKind::Unary {
                        op,
                        value: Box::new(value),
                    },
                }
            }
            Some(Token::Infix(_, span)) => Self::broken(span),
            None => Self::broken(self.at(0, 0)),
        }
    }

    /// A word in place of a sign needs blanks around it.
    fn spaced(&self, span: Span, word: &str) -> String {
        if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return word.to_owned();
        }
        let before = self.text[..span.start as usize].ends_with([' ', '\t', '\n']);
        let after = self.text[span.end as usize..].starts_with([' ', '\t', '\n', '\r']);
        format!(
            "{}{word}{}",
            if before { "" } else { " " },
            if after { "" } else { " " }
        )
    }

    /// `a < b < c`
    fn chained(
        &mut self,
        left: Expr,
        middle: Expr,
        op: BinaryOp,
        op_span: Span,
        right: Expr,
    ) -> Expr {
        let whole = left.span.to(right.span);
        let text = format!(
            "{} and {} {} {}",
            self.source(left.span),
            self.source(middle.span),
            op.symbol(),
            self.source(right.span)
        );
        let found = Diagnostic::error(codes::SYNTAX, op_span, "comparisons are not chained")
            .says("a second comparison")
            .label(left.span, "this is true or false")
            .help("join two comparisons with `and`")
            .fix("compare twice", whole, text, false);
        self.say(found);
        let second = join(op, op_span, middle, right);
        join(BinaryOp::And, op_span, left, second)
    }

    /// `a % b`
    fn remainder(&mut self, op_span: Span, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        if !matches!(right.kind, ExprKind::Error) {
            let text = format!(
                "mod({}, {})",
                self.source(left.span),
                self.source(right.span)
            );
            let found =
                Diagnostic::error(codes::FOREIGN_FORM, op_span, "the remainder is `mod(a, b)`")
                    .says("`%` is the unit of a percentage")
                    .fix("call `mod`", span, text, true);
            self.say(found);
        }
        Self::broken(span)
    }
}

struct Row {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

fn join(op: BinaryOp, op_span: Span, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr {
        span,
        kind: ExprKind::Binary {
            op,
            op_span,
            left: Box::new(left),
            right: Box::new(right),
        },
    }
}
