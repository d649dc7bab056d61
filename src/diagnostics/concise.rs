//! Diagnostics as one line each, for `grep` and for editors that read compilers' output.

use super::snippet::clean;
use super::{Diagnostic, by_place};
use crate::source::Sources;

/// `path:line:column: level[code] name: message` of each finding, by file and place.
pub fn render(sources: &Sources, found: &[Diagnostic]) -> String {
    let mut out = String::new();
    for d in by_place(sources, found) {
        let place = sources.place(d.span());
        let words = format!(
            "{place}: {}[{}] {}: {}",
            d.severity.word(),
            d.code,
            d.rule,
            d.message
        );
        // a line is a finding, whatever a file is called
        out.push_str(&clean(&words).replace(['\n', '\t'], " "));
        out.push('\n');
    }
    out
}
