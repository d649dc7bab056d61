//! The standard library, embedded so that the binary works from any folder.

/// Files of a module of the standard library: `engines` → its files' names and texts.
pub fn module(name: &str) -> Option<&'static [(&'static str, &'static str)]> {
    MODULES
        .iter()
        .find(|(module, _)| *module == name)
        .map(|(_, files)| *files)
}

/// The names of all modules, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

macro_rules! file {
    ($path:literal) => {
        (
            concat!("std/", $path),
            include_str!(concat!("../stdlib/", $path)),
        )
    };
}

type Files = &'static [(&'static str, &'static str)];

const MODULES: &[(&str, Files)] = &[
    (
        "engines",
        &[
            file!("engines/builtin.scn"),
            file!("engines/llama_cpp.scn"),
            file!("engines/openai.scn"),
            file!("engines/sglang.scn"),
            file!("engines/transformers.scn"),
            file!("engines/vllm.scn"),
        ],
    ),
    ("reports", &[file!("reports.scn")]),
];

#[cfg(test)]
mod tests {
    use crate::syntax::ast::ItemKind;

    /// What lets a file of a module be left unread where nothing names it.
    #[test]
    fn a_file_of_several_defines_what_it_is_called_after() {
        for (_, files) in super::MODULES.iter().filter(|(_, files)| files.len() > 1) {
            for (name, text) in *files {
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
