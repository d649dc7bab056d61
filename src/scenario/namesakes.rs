//! Scenarios and suites of one name in several files: reports tell scenarios by their names, and
//! `--only` and `--suite` choose by them.

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{Flat, Program, as_name};
use indexmap::IndexMap;
use std::path::Path;
use std::sync::Arc;

/// So many files are named where many define blocks of one name.
const FILES_NAMED: usize = 3;

/// Scenarios of one name, said once however many there are.
pub(super) fn namesakes(program: &Program, name: &str, alike: &[&Arc<Flat>]) -> Option<Diagnostic> {
    let found = repeated(program, "scenarios", name, alike)?.help(
        "rename all but one, so that reports can tell them apart, or run their files one by one",
    );
    let used = alike
        .iter()
        .find(|flat| !program.roots.contains(&flat.module));
    // one that is only used here may be given a name of its own here
    let another = used.and_then(|used| {
        let file = Path::new(&program.module(used.module).name);
        let module = as_name(file.file_stem()?.to_str()?);
        Some(format!(
            "a file that uses it may give it another name, and say that: `scenario {module}_{name} extends {module}.{name} {{}}`"
        ))
    });
    Some(another.into_iter().fold(found, Diagnostic::help))
}

/// Suites of one name in files that are read together: `--suite` means one.
pub(super) fn suites(program: &Program) -> Vec<Diagnostic> {
    let mut names: IndexMap<&str, Vec<&Arc<Flat>>> = IndexMap::new();
    for (_, suite) in program
        .root_blocks("suite")
        .filter(|(_, one)| !one.is_nameless())
    {
        names.entry(suite.title()).or_default().push(suite);
    }
    let repeated = names.iter().filter_map(|(name, alike)| {
        let found = repeated(program, "suites", name, alike)?;
        let first = program.sources.get(alike.first()?.head().file).name.clone();
        Some(found.help(format!(
            "rename all but one: `--suite {name}` would run that of {first} alone"
        )))
    });
    repeated.collect()
}

fn repeated(
    program: &Program,
    kinds: &str,
    name: &str,
    alike: &[&Arc<Flat>],
) -> Option<Diagnostic> {
    let [first, second, rest @ ..] = alike else {
        return None;
    };
    // of one file, that has been said
    if alike.iter().all(|flat| flat.module == first.module) {
        return None;
    }
    let many = alike.len();
    let count = if rest.is_empty() {
        "two".into()
    } else {
        many.to_string()
    };
    let message = format!("{count} {kinds} are called `{name}`");
    let mut found = Diagnostic::error(codes::DUPLICATE, second.head(), message)
        .says("the second")
        .label(first.head(), "the first");
    if !rest.is_empty() {
        let file = |flat: &&Arc<Flat>| program.sources.get(flat.head().file).name.clone();
        let named: Vec<String> = alike.iter().take(FILES_NAMED).map(file).collect();
        let more = if many > FILES_NAMED { ", …" } else { "" };
        found = found.help(format!(
            "{many} files define it: {}{more}",
            named.join(", ")
        ));
    }
    Some(found)
}
