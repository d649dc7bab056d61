//! The constants as `.scn` files have them.

use super::constants::Owner;
use super::{Case, Refitted};
use crate::library::library;
use crate::source::FileId;
use crate::syntax::format::format as formatted;
use indexmap::{IndexMap, IndexSet};
use std::fmt::Write;

/// Blocks with the constants that were fitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// A module with blocks that extend the library's; empty where nothing was fitted in one.
    pub module: String,
    /// Blocks that are none of the library, with what belongs in them.
    pub own: Vec<(String, String)>,
}

impl Written {
    pub fn of(constants: &[Refitted], cases: &[Case]) -> Self {
        let mut owners: IndexMap<(Owner, &str), IndexMap<&str, String>> = IndexMap::new();
        for one in constants.iter().filter(|one| one.kept.is_none()) {
            let blocks = owners.entry((one.constant.owner, &one.of)).or_default();
            let lines = blocks.entry(one.constant.block).or_default();
            let value = one.constant.written(one.after);
            // writing to a text cannot fail
            let _ = writeln!(lines, "{} = {value}", one.constant.name);
        }
        let mut written = Self::default();
        let (mut uses, mut blocks) = (IndexSet::new(), String::new());
        for ((owner, name), parts) in &owners {
            let parts = parts.iter();
            let body: String = parts
                .map(|(block, lines)| format!("{block} {{\n{lines}}}\n"))
                .collect();
            let (kind, module) = (owner.kind(), owner.module());
            if library(module).iter().any(|known| known.name == *name) {
                uses.insert(module);
                let _ = write!(
                    blocks,
                    "\n{kind} {name} extends {module}.{name} {{\n{body}}}\n"
                );
            } else {
                written
                    .own
                    .push((format!("{kind} {name}"), in_style(&body)));
            }
        }
        if !uses.is_empty() {
            uses.sort_unstable();
            let uses: String = uses
                .iter()
                .map(|module| format!("use std.{module}\n"))
                .collect();
            let sources: IndexSet<&str> = cases.iter().map(|case| case.source.as_str()).collect();
            let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
            let count = cases.len();
            let head = format!("# fitted by `scn calibrate` to {count} measured runs: {sources}\n");
            written.module = in_style(&(head + &uses + &blocks));
        }
        written
    }
}

fn in_style(text: &str) -> String {
    formatted(FileId::default(), text).unwrap_or_else(|_| text.to_string())
}
