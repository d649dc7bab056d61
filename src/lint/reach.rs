//! How far a comment at a statement reaches: over all its lines, however it is laid out.

use crate::source::FileId;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind};
use crate::syntax::parse;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// The lines, from 1, of what starts and ends on each line of a text: statements, fields of
/// records and values of lists. Of several the one of the most lines counts.
#[derive(Default)]
pub struct Reach {
    /// By the line that something starts on: the last line of it.
    last: HashMap<usize, usize>,
    /// By the line that something ends on: the first line of it.
    first: HashMap<usize, usize>,
}

impl Reach {
    /// Of a text, by what tells the line of a place in it.
    pub fn of(text: &str, line_of: &dyn Fn(usize) -> usize) -> Self {
        let mut reach = Self::default();
        let (ast, _) = parse(FileId::default(), text);
        reach.items(&ast.items, line_of);
        reach
    }

    /// The lines that a comment above a line speaks of.
    pub fn below(&self, line: usize) -> RangeInclusive<usize> {
        line..=self.last.get(&line).copied().unwrap_or(line)
    }

    /// The lines that a comment at the end of a line speaks of.
    pub fn behind(&self, line: usize) -> RangeInclusive<usize> {
        self.first.get(&line).copied().unwrap_or(line)..=line
    }

    fn items(&mut self, items: &[Item], line_of: &dyn Fn(usize) -> usize) {
        for item in items {
            self.add(item.span.start, item.span.end, line_of);
            match &item.kind {
                ItemKind::Block(block) => self.items(&block.body, line_of),
                ItemKind::Attr(one) => self.values(&one.value, line_of),
                ItemKind::Let(one) | ItemKind::Param(one) => self.values(&one.value, line_of),
                _ => {}
            }
        }
    }

    /// What may have a line of its own within a value.
    fn values(&mut self, value: &Expr, line_of: &dyn Fn(usize) -> usize) {
        match &value.kind {
            ExprKind::Record(fields) => {
                for field in fields {
                    self.add(field.key.span.start, field.value.span.end, line_of);
                    self.values(&field.value, line_of);
                }
            }
            ExprKind::List(values) => {
                for value in values {
                    self.add(value.span.start, value.span.end, line_of);
                    self.values(value, line_of);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, start: u32, end: u32, line_of: &dyn Fn(usize) -> usize) {
        let (start, end) = (start as usize, end as usize);
        let (from, to) = (line_of(start), line_of(end.saturating_sub(1).max(start)));
        let last = self.last.entry(from).or_insert(to);
        *last = to.max(*last);
        let first = self.first.entry(to).or_insert(from);
        *first = from.min(*first);
    }
}
