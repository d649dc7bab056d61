//! Scenarios of other files, for a suite that names one which its file neither has nor uses.

use super::Walk;
use super::due::Due;
use crate::resolve::{ModuleId, beside};
use crate::source::Span;

/// So many of them are named.
const NAMED: usize = 4;

impl Walk<'_> {
    /// In which file beside this one a scenario is that is due here, or what there is.
    pub(super) fn elsewhere(&self, name: &str, span: Span, module: ModuleId) -> Option<String> {
        if self.due == Due::Fields {
            let file = self.program.sources.get(span.file).folder()?;
            let there = file.join(format!("{name}.scn")).is_file();
            let fresh = self.program.kept.is_none() && there;
            return fresh.then(|| format!("`use \"./{name}.scn\"` makes that file known here"));
        }
        if self.due != Due::Block("scenario") {
            return None;
        }
        let others = beside(self.program, module);
        if let Some(other) = others.holder("scenario", name) {
            let (used, named) = (other.used(), other.named(name));
            return Some(format!(
                "it is in `{}.scn`: write `{used}` at the top, and `{named}` here",
                other.stem
            ));
        }
        let first = others.with_scenarios().next()?;
        let named = others
            .with_scenarios()
            .flat_map(|other| other.scenarios().iter().map(|one| other.named(one)));
        let names = named.take(NAMED + 1);
        let names: Vec<String> = names.collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let named = names[..names.len().min(NAMED)].join(", ");
        Some(format!(
            "those of files beside this one are {named}{more}, with `{}` at the top",
            first.used()
        ))
    }
}
