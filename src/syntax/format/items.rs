//! Statements: where each part of an item stands.

use super::layout::Layout;
use super::print::{Class, Op};
use crate::syntax::ast::*;

impl<'a> Layout<'a> {
    pub(super) fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Use(used) => {
                self.token();
                self.space();
                match &used.target {
                    UseTarget::Module(path) => self.path(path),
                    UseTarget::File { .. } => self.token(),
                }
                if used.alias.is_some() {
                    self.spaced();
                    self.spaced();
                }
            }
            ItemKind::Param(binding) => self.binding(Class::Param, binding),
            ItemKind::Let(binding) => self.binding(Class::Let, binding),
            ItemKind::Attr(attr) => self.attr(&attr.value),
            ItemKind::Block(block) => self.block(block),
            ItemKind::Check(check) => self.check(check),
            ItemKind::Exclude(value) => {
                self.token();
                self.spaced();
                self.space();
                self.expr(value);
            }
            ItemKind::Error => {}
        }
    }

    fn path(&mut self, path: &Path) {
        for _ in 1..path.parts.len() * 2 {
            self.token();
        }
    }

    fn binding(&mut self, class: Class<'a>, binding: &'a Binding) {
        self.push(Op::Row(class));
        self.token();
        self.spaced();
        self.set(&binding.value);
    }

    /// `name = value`, of a block or a record.
    pub(super) fn attr(&mut self, value: &'a Expr) {
        self.push(Op::Row(Class::Field));
        self.token();
        self.set(value);
    }

    fn set(&mut self, value: &'a Expr) {
        self.push(Op::Slot);
        self.spaced();
        self.space();
        self.expr(value);
        self.push(Op::RowEnd);
        self.push(Op::RowDone);
    }

    fn block(&mut self, block: &'a Block) {
        let class = match (&block.name, &block.extends) {
            (None, None) => Some(Class::Field),
            (Some(_), None) => Some(Class::Named(&block.kind.text)),
            _ => None,
        };
        if let Some(class) = class {
            self.push(Op::Row(class));
        }
        self.token();
        if block.name.is_some() {
            self.spaced();
        }
        if let Some(path) = &block.extends {
            self.spaced();
            self.space();
            self.path(path);
        }
        if class.is_some() {
            self.push(Op::Slot);
        }
        self.space();
        self.braces(&block.body, |layout, item| layout.item(item));
        if class.is_some() {
            self.push(Op::RowEnd);
            self.push(Op::RowDone);
        }
    }

    /// `{ … }` of a block or a record.
    pub(super) fn braces<T>(&mut self, things: &'a [T], each: impl Fn(&mut Self, &'a T)) {
        let opener = self.next().0;
        let closer = self.tokens[opener].closer as usize;
        if things.is_empty() && !self.has_comments(opener, closer) {
            self.token();
            self.token();
            return;
        }
        self.push(Op::Begin);
        self.token();
        if self.on_lines(opener, closer) {
            self.push(Op::Force);
        }
        self.push(Op::Indent);
        for (n, thing) in things.iter().enumerate() {
            let blank = n > 0 && self.blank();
            if n > 0 {
                self.push(Op::IfFlat(","));
            }
            self.gap(Op::Break { space: true, blank });
            each(self, thing);
        }
        self.close(Op::Break {
            space: !things.is_empty(),
            blank: false,
        });
        self.push(Op::End);
    }

    fn check(&mut self, check: &'a Check) {
        let row = check.name.is_some();
        if row {
            self.push(Op::Row(Class::Check));
        }
        self.token();
        if row {
            self.push(Op::Word);
            self.spaced();
            self.token();
            self.push(Op::Slot);
        }
        self.space();
        self.push(Op::Begin);
        self.expr(&check.expr);
        if let Some(when) = &check.when {
            if self.next().1.newlines > 0 {
                self.push(Op::Force);
            }
            self.clause(
                Op::Break {
                    space: true,
                    blank: false,
                },
                when,
            );
        }
        self.push(Op::End);
        if row {
            self.push(Op::RowEnd);
        }
        if let Some(because) = &check.because {
            self.clause(Op::Newline { blank: false }, because);
        }
        if row {
            self.push(Op::RowDone);
        }
    }

    /// `when condition`, `because "reason"`
    fn clause(&mut self, op: Op<'a>, value: &'a Expr) {
        self.push(Op::Indent);
        self.gap(op);
        self.token();
        self.space();
        self.expr(value);
        self.push(Op::Dedent);
    }
}
