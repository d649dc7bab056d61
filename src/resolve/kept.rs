//! The texts that a program was read from, kept so that it can be read again without the pack.

use super::Program;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Everything a program was read from besides the embedded library. A program that is read from
/// it finds no file missing, and takes an unset variable of the environment for a secret that is
/// not known any more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The files named on the command line.
    pub roots: Vec<PathBuf>,
    pub files: Vec<KeptFile>,
    /// Templates of the pack.
    pub templates: Vec<KeptTemplate>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptFile {
    pub path: PathBuf,
    pub text: String,
}

/// A template, as a report of a scenario names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptTemplate {
    pub scenario: String,
    pub name: String,
    pub text: String,
}

impl Kept {
    /// What is written out inside `secret(…)` is not kept, whether or not it was evaluated.
    pub fn of(program: &Program, templates: Vec<KeptTemplate>) -> Self {
        let files = program.sources.iter().filter_map(|(_, file)| {
            Some(KeptFile {
                path: file.path.clone()?,
                text: file.shown(),
            })
        });
        let data = program.data.texts().into_iter();
        let data = data.map(|(path, text)| KeptFile { path, text });
        let roots = program.roots.iter().filter_map(|id| {
            let file = program.module(*id).files.first()?;
            program.sources.get(*file).path.clone()
        });
        Self {
            roots: roots.collect(),
            files: files.chain(data).collect(),
            templates,
        }
    }

    /// As [`std::fs::read`] would.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.files.iter().find(|f| plain(&f.path) == plain(path));
        let missing = || io::Error::new(io::ErrorKind::NotFound, "it was not kept");
        Ok(found.ok_or_else(missing)?.text.clone().into_bytes())
    }

    /// A template of the pack, as a report of a scenario names it.
    pub fn template(&self, scenario: &str, name: &str) -> Option<&str> {
        let of = |t: &&KeptTemplate| t.scenario == scenario && t.name == name;
        self.templates.iter().find(of).map(|t| t.text.as_str())
    }
}

/// A path without `.` and `..`, whether or not there is something.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
