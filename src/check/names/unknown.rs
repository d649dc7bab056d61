//! A name that is not in scope: whether something that is not known may define it, and what is said
//! where nothing does.

use super::Walk;
use super::due::{AXIS, Due};
use super::locals::Locals;
use super::meant::Meant;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{Flat, ModuleId, beside, unread_names};
use crate::schema;
use crate::source::Span;

impl<'a> Walk<'a> {
    pub(super) fn name(&mut self, name: &str, span: Span, module: ModuleId, locals: &Locals<'_>) {
        let names = &self.program.module(module).names;
        if locals.get(name).is_some() || names.contains_key(name) {
            return;
        }
        if self.program.standard.values().any(|id| *id == module) {
            self.wanted(name);
            return;
        }
        // a phase, or what else has figures, of a scenario that extends this one
        let phase = matches!(self.due, Due::Fields | Due::Block("phase" | AXIS));
        if self.given && (self.measures && phase || self.is_given_beside(name)) {
            return;
        }
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_NAME,
            span,
            format!("`{name}` is not defined here"),
        );
        let help = self.meant(name, module, locals);
        let diagnostic = match help {
            // no file defines what is a function
            Meant::Nothing | Meant::Help(_)
                if schema::builtin(name).is_none()
                    && (self.may_be_defined(name) || self.nameless.may_be(name, self.due)) =>
            {
                return;
            }
            Meant::Nothing => match self.elsewhere(name, span, module) {
                // nothing of this file could stand here
                Some(there) if self.due == Due::Fields || self.blocks_due(module).is_empty() => {
                    diagnostic.help(there)
                }
                there => {
                    let here = diagnostic.help(self.what_may_stand(name, module));
                    there.into_iter().fold(here, Diagnostic::help)
                }
            },
            Meant::Other(text) => diagnostic.help(format!("did you mean `{text}`?")).fix(
                "the nearest name",
                span,
                text,
                false,
            ),
            Meant::Help(help) => diagnostic.help(help),
        };
        self.found.push(diagnostic);
    }

    /// Whether a scenario of a file beside this one defines the name, and extends the one around.
    fn is_given_beside(&self, name: &str) -> bool {
        let (module, base) = self.top;
        let given = beside(self.program, module).given(base);
        given.is_some_and(|given| given.contains(name))
    }

    /// What of the text around could not be read.
    pub(super) fn not_read(&mut self, unread: &[Span]) {
        match unread_names(&self.program.sources, unread) {
            Some(names) => self.unread.push(names),
            None => self.open = true,
        }
    }

    /// Keeps a block in mind whose name is missing.
    pub(super) fn without_name(&mut self, flat: &'a Flat) {
        if flat.is_nameless() {
            self.nameless.add(&flat.kind.text);
        }
    }

    /// Whether what could not be read may define this.
    fn may_be_defined(&self, name: &str) -> bool {
        let module = self.module.map(|id| self.program.module(id));
        self.open
            || self.unread.iter().any(|names| names.contains(name))
            || module.is_some_and(|module| module.may_mean(name))
    }

    /// That the library's block which is extended here reads a name that is not here; said once.
    fn wanted(&mut self, name: &str) {
        let message = format!("what is extended here reads `{name}`, which is not defined here");
        if self.may_be_defined(name) || !self.said.insert((self.head, name.to_string())) {
            return;
        }
        let found = Diagnostic::error(codes::UNKNOWN_NAME, self.head, message);
        self.found.push(found.help(format!(
            "call a phase or an axis `{name}`, say which one is meant: `let {name} = steady`, or write the attributes that read it anew"
        )));
    }

    /// Whether a name may be compared with so many others.
    pub(super) fn compares(&mut self, names: usize) -> bool {
        let left = self.comparisons.checked_sub(names);
        self.comparisons = left.unwrap_or(0);
        left.is_some()
    }
}
