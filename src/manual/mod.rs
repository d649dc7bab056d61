//! The reference manual, made of the schema, the units and the standard library: as pages of
//! Markdown, and by name for a terminal.

mod builtins;
mod examples;
mod expressions;
mod kinds;
mod library;
mod markdown;
mod metrics;
mod part;
mod terminal;
mod units;

pub use markdown::{MARK, entry as in_markdown};
pub use terminal::entry as on_terminal;

use crate::check::nearest_of_all;
use crate::units::suggest_units;
use part::{Part, code};
use std::sync::LazyLock;

/// What the manual says of one name.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As it is asked for: `server`, `server.url`, `ttft`, `engines.builtin`.
    pub name: String,
    /// `a kind of block`
    pub what: String,
    parts: Vec<Part>,
}

/// One page, before it is Markdown.
struct Page {
    file: String,
    title: String,
    /// One sentence for the page's head and for the index.
    summary: String,
    parts: Vec<Part>,
}

/// All pages: file name and text, the index first.
pub fn pages() -> Vec<(String, String)> {
    let mut pages = vec![
        kinds::page(),
        expressions::page(),
        builtins::page(),
        units::page(),
        metrics::page(),
    ];
    pages.extend(library::pages());
    pages.insert(0, index(&pages));
    let written = pages
        .iter()
        .map(|page| (page.file.clone(), markdown::page(page)));
    written.collect()
}

fn index(pages: &[Page]) -> Page {
    let rows = pages.iter().map(|page| {
        vec![
            format!("[{}]({})", page.title, page.file),
            page.summary.clone(),
        ]
    });
    let mut parts: Vec<Part> = Part::table(&["page", "says"], rows.collect())
        .into_iter()
        .collect();
    parts.push(Part::text(
        "`scn doc NAME` prints one entry of this manual on the terminal: a kind (`scn doc phase`), \
         an attribute (`phase.rate`), an operator (`not in`), a builtin (`growth`), a figure (`ttft`), \
         a unit (`MB/req`), \
         or a part of the library (`engines.builtin`, `engines.builtin.ttft`).",
    ));
    Page {
        file: "index.md".into(),
        title: "Reference".into(),
        summary: "Everything that a `.scn` file can say.".into(),
        parts,
    }
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut entries = kinds::entries();
    entries.extend(expressions::entries());
    entries.extend(builtins::entries());
    entries.extend(metrics::entries());
    entries.extend(units::entries());
    entries.extend(library::entries());
    entries
});

/// Every entry that can be listed; units also exist with prefixes and as quotients.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The entries that a name means: those of that name, or else those whose last part it is
/// (`rate` is `phase.rate` and `load.rate`). Where there is none, the nearest name, if one is near.
pub fn find(name: &str) -> Result<Vec<Entry>, Option<String>> {
    let entries = entries();
    let asked = name.strip_prefix("std.").unwrap_or(name);
    let asked = match asked {
        // a module is called so in whole
        module if crate::stdlib::names().contains(&module) => format!("std.{module}"),
        other => other.to_string(),
    };
    let mut found: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.name == name || entry.name == asked)
        .cloned()
        .collect();
    if !found.iter().any(|entry| entry.what == "a unit") {
        found.extend(units::entry(name));
    }
    if found.is_empty() {
        let last = |entry: &&Entry| {
            let rest = entry.name.strip_suffix(asked.as_str());
            rest.is_some_and(|rest| rest.ends_with('.'))
        };
        found = entries.iter().filter(last).cloned().collect();
    }
    if !found.is_empty() {
        return Ok(found);
    }
    // what a name ends in can be asked for as well
    let names = entries.iter().map(|entry| entry.name.as_str());
    let ends = names.clone().filter_map(|name| name.rsplit('.').next());
    let near = nearest_of_all(&asked, names.clone().chain(ends));
    let near = near.or_else(|| suggest_units(name).first().copied());
    Err(near.map(str::to_string))
}

/// The kinds of names that can be asked for, for a message.
pub fn kinds_of_names() -> String {
    let examples = [
        "phase",
        "phase.rate",
        "growth",
        "ttft",
        "MB/req",
        "engines.builtin",
    ];
    examples.map(code).join(", ")
}
