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
