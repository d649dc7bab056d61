//! The tree that text is parsed into. Every node has a span; broken parts are `Error`
//! nodes, so that the rest of a file can still be checked.

use crate::source::{FileId, Span};

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    pub text: String,
    pub span: Span,
}

/// `a.b.c`
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    pub parts: Vec<Ident>,
    pub span: Span,
}

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Ast {
    pub file: FileId,
    /// `##` lines at the head of the file that belong to no item.
    pub doc: Option<String>,
    pub items: Vec<Item>,
}

/// A statement of a file or of a block's body, with the `##` lines above it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub doc: Option<String>,
    pub span: Span,
    pub kind: ItemKind,
}

impl Item {
    /// How many lines of `##` stand directly above it.
    pub fn doc_lines(&self) -> usize {
        self.doc.as_ref().map_or(0, |doc| doc.split('\n').count())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    Use(Use),
    Param(Binding),
    Let(Binding),
    Attr(Attr),
    Block(Block),
    /// In a box, since it is by far the largest.
    Check(Box<Check>),
    /// `exclude when expr`
    Exclude(Expr),
    /// Text that could not be read; a diagnostic says why.
    Error,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub target: UseTarget,
    pub alias: Option<Ident>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum UseTarget {
    /// `use std.models`
    Module(Path),
    /// `use "./common.scn"`
    File { path: String, span: Span },
}

/// `param name = expr` or `let name = expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    pub name: Ident,
    pub value: Expr,
}

/// `name = expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Attr {
    pub name: Ident,
    pub value: Expr,
}

/// `kind name extends base { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub kind: Ident,
    pub name: Option<Ident>,
    pub extends: Option<Path>,
    pub body: Vec<Item>,
}

impl Block {
    /// Whether its first line was lost, and its kind is what may hold its body: what is told of the
    /// lost line is all that is to be said of its name, and of what it may have extended.
    pub fn lost_its_head(&self) -> bool {
        self.kind.span.start == self.kind.span.end
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckLevel {
    Expect,
    Warn,
}

/// `expect name: expr when cond because "text"`
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub level: CheckLevel,
    pub name: Option<Ident>,
    pub expr: Expr,
    pub when: Option<Expr>,
    /// A string expression (it may interpolate).
    pub because: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    None,
    Bool(bool),
    /// `500 MB`, `20`, `99%`; the unit is resolved later.
    Number {
        value: f64,
        unit: Option<Ident>,
    },
    Str(Vec<StrPart>),
    List(Vec<Expr>),
    /// `[body for x in xs for y in ys if cond]`
    Comprehension {
        body: Box<Expr>,
        loops: Vec<Loop>,
        cond: Option<Box<Expr>>,
    },
    Record(Vec<Field>),
    Name(String),
    Field {
        base: Box<Expr>,
        field: Ident,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Call {
        function: Ident,
        args: Vec<Arg>,
    },
    Unary {
        op: UnaryOp,
        value: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        cond: Box<Expr>,
        then: Box<Expr>,
        other: Box<Expr>,
    },
    /// Text that could not be read; a diagnostic says why. Everything accepts it.
    Error,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StrPart {
    /// Escapes already replaced, common indentation already dropped.
    Text(String),
    Interpolation(Expr),
}

/// `for name in values`
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    pub name: Ident,
    pub values: Expr,
}

/// `key = expr` in a record; the key may have been quoted.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub key: Ident,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    pub name: Option<Ident>,
    pub value: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOp {
    /// The comparison with its sides changed.
    pub fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            other => other,
        }
    }

    /// Whether its result is true or false, by comparing.
    pub fn compares(self) -> bool {
        use BinaryOp::*;
        matches!(
            self,
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In | NotIn
        )
    }

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}
