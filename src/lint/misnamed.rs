//! A name that is misspelt where it is defined: every use of it is unknown, and all of them are one
//! mistake.

use crate::diagnostics::{Diagnostic, Fix, Label, codes};
use crate::source::{FileId, Sources, Span};
use std::collections::HashMap;

/// So many places are labelled; the repair's title counts all.
const MOST_SHOWN: usize = 5;

/// What is unknown, and what was taken to be meant.
type Name = (FileId, String, String);

/// Takes findings of one unknown name together where a near one is defined in the same file, and
/// stands nowhere else in it.
pub fn as_one(sources: &Sources, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut uses: HashMap<Name, usize> = HashMap::new();
    for one in found.iter().filter_map(meant) {
        *uses.entry(one).or_default() += 1;
    }
    uses.retain(|_, count| *count > 1);
    let mut once: HashMap<FileId, HashMap<String, Option<usize>>> = HashMap::new();
    for (file, _, near) in uses.keys() {
        once.entry(*file).or_default().insert(near.clone(), None);
    }
    for (file, names) in &mut once {
        stand_once(&sources.get(*file).text, names);
    }
    let mut out: Vec<Diagnostic> = Vec::with_capacity(found.len());
    let mut firsts: HashMap<Name, usize> = HashMap::new();
    for one in found {
        let name = meant(&one).filter(|name| uses.contains_key(name));
        let defined = name.as_ref().and_then(|(file, _, near)| once[file][near]);
        let (Some(name), Some(at)) = (name, defined) else {
            out.push(one);
            continue;
        };
        match firsts.get(&name) {
            Some(first) => add_use(&mut out[*first], &one),
            None => {
                let place = Span::new(name.0, at, at + name.2.len());
                let count = uses[&name];
                firsts.insert(name.clone(), out.len());
                out.push(first(one, &name.2, (place, count)));
            }
        }
    }
    out
}

/// The unknown name that a finding is about, by its message, and the only repair that it has.
fn meant(one: &Diagnostic) -> Option<Name> {
    let [fix] = one.fixes.as_slice() else {
        return None;
    };
    let [(span, near)] = fix.edits.as_slice() else {
        return None;
    };
    (one.code == codes::UNKNOWN_NAME.0 && *span == one.span())
        .then(|| (span.file, one.message.clone(), near.clone()))
}

/// Where those of the names stand that stand once in the text, as whole words.
fn stand_once(text: &str, names: &mut HashMap<String, Option<usize>>) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut several: Vec<String> = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(|c| !is_part(c)) {
        let name = word.trim_end_matches(|c| !is_part(c));
        if let Some(place) = names.get_mut(name) {
            match place {
                None => *place = Some(at),
                Some(_) => several.push(name.to_string()),
            }
        }
        at += word.len();
    }
    for name in several {
        names.insert(name, None);
    }
}

fn first(mut one: Diagnostic, near: &str, (defined, count): (Span, usize)) -> Diagnostic {
    one.labels.push(Label {
        span: defined,
        text: "this is defined, and nothing reads it".into(),
        primary: false,
    });
    let places = match count {
        2 => "both places".to_string(),
        _ => format!("all {count} places"),
    };
    let title = format!("write `{near}` in {places}, or mend its definition");
    one.fixes
        .iter_mut()
        .for_each(|fix| fix.title.clone_from(&title));
    one.help.clear();
    one
}

fn add_use(first: &mut Diagnostic, one: &Diagnostic) {
    // beside the use that it is about, and the definition
    if first.labels.len() < MOST_SHOWN + 1 {
        first.labels.push(Label {
            span: one.span(),
            text: "here too".into(),
            primary: false,
        });
    }
    let more = one.fixes.iter().flat_map(|fix: &Fix| fix.edits.clone());
    if let Some(fix) = first.fixes.first_mut() {
        fix.edits.extend(more);
    }
}
