//! The standard library, embedded so that the binary works from any folder: `build.rs` takes in
//! every file of the folder `stdlib`.

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));
}

use embedded::FILES;

/// The files of a module, by name and text: `engines` is `engines.scn`, or all of the folder
/// `engines`. Empty where there is no such module.
pub fn module(name: &str) -> Vec<(&'static str, &'static str)> {
    FILES
        .iter()
        .copied()
        .filter(|(path, _)| module_of(path) == Some(name))
        .collect()
}

/// The names of all modules, for suggestions.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FILES
        .iter()
        .filter_map(|(path, _)| module_of(path))
        .collect();
    names.dedup();
    names
}

/// Whether a module that is a folder has a file of that name: what it defines is called so.
pub fn has(module_name: &str, name: &str) -> bool {
    let file = format!("{module_name}/{name}.scn");
    module(module_name).iter().any(|(path, _)| *path == file)
}

/// A template by its name: `summary.md.j2`.
pub fn template(name: &str) -> Option<&'static str> {
    templates()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| text)
}

/// All templates, by name and text.
pub fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("templates/")?, *text)))
}

/// Any other file, by its path: `recorded_environment.txt`.
pub fn file(path: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, text)| *text)
}

fn module_of(path: &'static str) -> Option<&'static str> {
    let module = path.strip_suffix(".scn")?;
    Some(module.split_once('/').map_or(module, |(folder, _)| folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::ItemKind;

    #[test]
    fn a_folder_is_one_module() {
        assert!(module("engines").len() > 3);
        assert_eq!(module("reports").len(), 1);
        assert!(module("nothing").is_empty());
        assert!(names().contains(&"engines"));
        assert!(template("summary.md.j2").is_some());
    }

    /// What lets a file of a module be left unread where nothing names it.
    #[test]
    fn a_file_of_several_defines_what_it_is_called_after() {
        for files in names()
            .into_iter()
            .map(module)
            .filter(|files| files.len() > 1)
        {
            for (name, text) in files {
                let (ast, found) = crate::syntax::parse(Default::default(), text);
                assert!(found.is_empty(), "{name}: {found:#?}");
                let names = ast.items.iter().map(|item| match &item.kind {
                    ItemKind::Block(block) => block.name.as_ref().unwrap().text.as_str(),
                    other => panic!("{name}: {other:?}"),
                });
                let stem = name.rsplit('/').next().unwrap().strip_suffix(".scn");
                assert!(names.eq(stem), "{name}");
            }
        }
    }
}
