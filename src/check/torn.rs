//! What the torn parts of a file may define: with a bracket lost, a definition is not seen where it
//! was written, and what reads it is not wrong.

use crate::schema;
use crate::source::{FileId, Sources, Span};
use std::collections::{HashMap, HashSet};

/// The names that parts of files may define, by their words.
pub(super) struct Defined<'s> {
    by_file: HashMap<FileId, OfFile<'s>>,
}

#[derive(Default)]
struct OfFile<'s> {
    names: HashSet<&'s str>,
    /// In order and apart, each with whether something in it takes over what stands elsewhere.
    parts: Vec<(Span, bool)>,
}

/// Words that join values, and name nothing that follows.
const JOINS: [&str; 10] = [
    "and", "or", "not", "in", "if", "then", "else", "when", "because", "extends",
];

impl<'s> Defined<'s> {
    pub fn by(sources: &'s Sources, parts: impl Iterator<Item = Span>) -> Self {
        let mut parts: Vec<Span> = parts.collect();
        parts.sort_unstable();
        let mut by_file: HashMap<FileId, OfFile<'s>> = HashMap::new();
        for part in parts {
            let of = by_file.entry(part.file).or_default();
            let last = of.parts.last_mut().map(|(last, _)| last);
            match last.filter(|last| part.start <= last.end) {
                Some(last) => last.end = last.end.max(part.end),
                None => of.parts.push((part, false)),
            }
        }
        for of in by_file.values_mut() {
            for (part, builds_on) in &mut of.parts {
                let text = sources.text(*part);
                *builds_on = text.contains(" extends ");
                text.lines().for_each(|line| defined(line, &mut of.names));
            }
        }
        Self { by_file }
    }

    /// Whether a name that is not known may be defined in a torn part, or given where it stands.
    pub fn may_be(&self, sources: &Sources, name: Span) -> bool {
        let Some(of) = self.by_file.get(&name.file) else {
            return false;
        };
        let text = sources.text(name);
        let before = of
            .parts
            .partition_point(|(part, _)| part.start <= name.start);
        let inside = of.parts[..before].last();
        let inside = inside.filter(|(part, _)| name.end <= part.end);
        of.names.contains(text)
            || inside.is_some_and(|(_, builds_on)| *builds_on || is_implicit(text))
    }
}

/// Whether blocks of some kind give a name to what stands in them.
fn is_implicit(name: &str) -> bool {
    schema::kinds().any(|kind| kind.implicit.contains(&name))
}

/// The words of a line that look as if they were given a meaning there: `name = …`, `name { … }`,
/// `kind name`, `for name`, and what is used of other files.
fn defined<'s>(line: &'s str, out: &mut HashSet<&'s str>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let uses = line.trim_start().starts_with("use ");
    let mut before: Option<(usize, &str)> = None;
    let mut at = 0;
    while let Some(start) = line[at..].find(is_word).map(|n| at + n) {
        let end = line[start..]
            .find(|c| !is_word(c))
            .map_or(line.len(), |n| start + n);
        let word = &line[start..end];
        let next = line[end..].trim_start_matches([' ', '\t']);
        let sets = next.starts_with('=') && !next.starts_with("==") || next.starts_with('{');
        let named = before.is_some_and(|(last, word)| {
            line[last..start].trim_matches([' ', '\t']).is_empty() && !JOINS.contains(&word)
        });
        if sets || named || uses {
            out.insert(word);
        }
        before = Some((end, word));
        at = end;
    }
}
