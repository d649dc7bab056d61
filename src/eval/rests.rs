//! What an expression rests on, whatever it comes to: measurements, the case, or what is given
//! from outside.

use super::{Binding, Evaluator, Scope, Value};
use crate::resolve::DefinitionKind;
use crate::syntax::ast::{Expr, ExprKind, StrPart};
use std::collections::{BTreeSet, HashSet};

/// What would have to change for an expression to come to something else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rests {
    /// It names a phase or a server.
    pub measured: bool,
    /// It names a `let` of constants: a scenario that extends this one may set it otherwise.
    pub set: bool,
    /// It names an axis of the matrix, the case, or a block that may differ between cases.
    pub case: bool,
    /// It names a parameter, or reads the environment or another module.
    pub outside: bool,
}

impl Evaluator<'_> {
    /// What an expression and the definitions that it names rest on.
    pub fn rests(&self, expr: &Expr, scope: &Scope) -> Rests {
        self.walked(expr, scope).out
    }

    /// The axes and other values of the case that an expression names, itself or through a `let`;
    /// `case` among them where it may rest on any axis.
    pub fn names_of_case(&self, expr: &Expr, scope: &Scope) -> BTreeSet<String> {
        self.walked(expr, scope).names
    }

    /// Whether an expression calls a builtin, itself or through a `let`.
    pub fn calls(&self, expr: &Expr, scope: &Scope, builtin: &str) -> bool {
        self.walked(expr, scope).called.contains(builtin)
    }

    fn walked(&self, expr: &Expr, scope: &Scope) -> Walk<'_> {
        let mut walk = Walk {
            eval: self,
            out: Rests::default(),
            names: BTreeSet::new(),
            called: HashSet::new(),
            seen: HashSet::new(),
        };
        walk.expr(expr, scope);
        walk
    }
}

struct Walk<'e> {
    eval: &'e Evaluator<'e>,
    out: Rests,
    /// Values of the case at hand that it names; `case` for what may rest on any of them.
    names: BTreeSet<String>,
    /// Builtins that it calls.
    called: HashSet<String>,
    /// Definitions, by the address of their expression: each is looked at once.
    seen: HashSet<usize>,
}

impl Walk<'_> {
    fn expr(&mut self, expr: &Expr, scope: &Scope) {
        match &expr.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Number { .. } | ExprKind::Error => {}
            ExprKind::Name(name) => self.name(name, scope),
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(expr) = part {
                        self.expr(expr, scope);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item, scope)),
            ExprKind::Record(fields) => fields.iter().for_each(|f| self.expr(&f.value, scope)),
            ExprKind::Comprehension { body, loops, cond } => {
                // what goes round is no name of the case
                let mut inner = scope.clone();
                for one in loops {
                    self.expr(&one.values, &inner);
                    inner = inner.without(&[one.name.text.as_str()], "");
                }
                self.expr(body, &inner);
                cond.iter().for_each(|cond| self.expr(cond, &inner));
            }
            ExprKind::Field { base, .. } => self.expr(base, scope),
            ExprKind::Index { base, index } => {
                self.expr(base, scope);
                self.expr(index, scope);
            }
            ExprKind::Call { function, args } => {
                self.out.outside |= function.text == "env";
                // another case may be one that cannot work, whatever is measured
                self.out.case |= function.text == "at";
                self.called.insert(function.text.clone());
                let before = self.out.measured;
                args.iter().for_each(|arg| self.expr(&arg.value, scope));
                // it follows from the server's block, whatever is measured of it
                if function.text == "fit" {
                    self.out.measured = before;
                    self.out.case = true;
                    self.names.insert("case".to_string());
                }
            }
            ExprKind::Unary { value, .. } => self.expr(value, scope),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left, scope);
                self.expr(right, scope);
            }
            ExprKind::If { cond, then, other } => {
                [cond, then, other]
                    .into_iter()
                    .for_each(|expr| self.expr(expr, scope));
            }
        }
    }

    fn name(&mut self, name: &str, scope: &Scope) {
        if let Some((binding, inner)) = scope.find(name) {
            match binding {
                Binding::Value(Value::Handle(_)) => self.out.measured = true,
                Binding::Value(_) | Binding::Case(_) => {
                    self.out.case = true;
                    self.names.insert(name.to_string());
                }
                Binding::Block(_) => {
                    self.out.case = true;
                    self.names.insert("case".to_string());
                }
                Binding::Lazy { expr, .. } => self.definition(expr, &inner),
                Binding::Unset(_) => {}
            }
            return;
        }
        let module = self.eval.program.module(scope.module);
        match module.names.get(name).map(|definition| &definition.kind) {
            Some(DefinitionKind::Let(expr)) => self.definition(expr, &Scope::of(scope.module)),
            Some(_) => self.out.outside = true,
            None => {}
        }
    }

    fn definition(&mut self, expr: &Expr, scope: &Scope) {
        if !self.seen.insert(std::ptr::from_ref(expr) as usize) {
            return;
        }
        let before = std::mem::take(&mut self.out.measured);
        self.expr(expr, scope);
        self.out.set |= !self.out.measured;
        self.out.measured |= before;
    }
}
