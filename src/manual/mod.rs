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
         or a part of the library (`engines.builtin`, `engines.builtin.ttft`); `scn doc builtins` lists \
         what a page has, and so do `kinds`, `expressions`, `units` and `metrics`.",
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
    if found.is_empty() {
        found = read_with_a_dot(&asked);
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

/// The page that a name is of: `builtins`, `units`, `metrics`, `expressions` or `kinds`, without what
/// entries say one by one.
pub fn page(name: &str) -> Option<Entry> {
    let page = match name {
        "kinds" => kinds::page(),
        "expressions" => expressions::page(),
        "builtins" => builtins::page(),
        "units" => units::page(),
        "metrics" => metrics::page(),
        _ => return None,
    };
    let lists = matches!(name, "kinds" | "builtins");
    let said_apart = |part: &Part| lists && matches!(part, Part::Heading(..));
    Some(Entry {
        name: name.into(),
        what: "a page of the manual".into(),
        parts: { page.parts }
            .into_iter()
            .take_while(|part| !said_apart(part))
            .collect(),
    })
}

/// What `sut.memory` and `steady.ttft.p99` read: a series or a figure, of something that the writer
/// named.
fn read_with_a_dot(name: &str) -> Vec<Entry> {
    let Some((of, read)) = name.split_once('.') else {
        return Vec::new();
    };
    // what the manual knows by its name has no other parts
    if entries().iter().any(|entry| entry.name == of) {
        return Vec::new();
    }
    let first = read.split('.').next().unwrap_or(read);
    let measured =
        |entry: &&Entry| entry.what.contains(" of a server") || entry.what.contains(" of a phase");
    let named = |name: &str| -> Vec<Entry> {
        let all = entries().iter().filter(measured);
        all.filter(|entry| entry.name == name).cloned().collect()
    };
    let whole = named(read);
    if whole.is_empty() {
        named(first)
    } else {
        whole
    }
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
