//! The library's models, GPUs and engines by what tables and people call them, and servers made of
//! them.

mod made;

pub use made::{Layout, Unmade, Wanted, made, made_as_meant};

use crate::check::nearest;
use crate::source::FileId;
use crate::stdlib;
use crate::syntax::ast::{Attr, Block, ExprKind, ItemKind, StrPart};
use crate::syntax::parse;

/// A block of a module of the library, and what it goes by.
#[derive(Debug, Clone)]
pub struct Known {
    pub name: String,
    /// Its own name, the last part of its path, and its `also`, in plain letters and digits.
    calls: Vec<String>,
    /// Options that it has, where it is an engine.
    pub options: Vec<String>,
    /// Its text.
    pub text: &'static str,
}

/// The blocks of a module.
pub fn library(module: &str) -> Vec<Known> {
    let files = stdlib::module(module).into_iter();
    files
        .filter_map(|(_, text)| {
            let (ast, _) = parse(FileId::default(), text);
            ast.items.into_iter().find_map(|item| match item.kind {
                ItemKind::Block(block) => known(&block, text),
                _ => None,
            })
        })
        .collect()
}

fn known(block: &Block, text: &'static str) -> Option<Known> {
    let name = block.name.as_ref()?.text.clone();
    let attr = |wanted: &str| {
        block.body.iter().find_map(|item| match &item.kind {
            ItemKind::Attr(attr) if attr.name.text == wanted => Some(attr),
            _ => None,
        })
    };
    let mut calls = vec![plain(&name)];
    for text in attr("path").into_iter().chain(attr("also")).flat_map(texts) {
        let last = text.rsplit('/').next().unwrap_or(&text);
        calls.push(plain(last));
    }
    let options = block.body.iter().filter_map(|item| match &item.kind {
        ItemKind::Block(inner) if inner.kind.text == "option" => {
            inner.name.as_ref().map(|name| name.text.clone())
        }
        _ => None,
    });
    Some(Known {
        calls,
        options: options.collect(),
        name,
        text,
    })
}

/// The texts that an attribute is, or lists.
fn texts(attr: &Attr) -> Vec<String> {
    let one = |kind: &ExprKind| match kind {
        ExprKind::Str(parts) => match parts.as_slice() {
            [StrPart::Text(text)] => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    };
    match &attr.value.kind {
        ExprKind::List(items) => items.iter().filter_map(|item| one(&item.kind)).collect(),
        kind => one(kind).into_iter().collect(),
    }
}

/// Small letters and digits alone.
pub fn plain(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// The one that goes by a name; of a hub's name the last part counts.
pub fn called<'k>(library: &'k [Known], name: &str) -> Option<&'k Known> {
    let whole = plain(name.rsplit('/').next().unwrap_or(name));
    library.iter().find(|one| one.calls.contains(&whole))
}

/// The same, or what to say where there is none; `what` is what the library's module has.
pub fn find<'k>(library: &'k [Known], what: &str, name: &str) -> Result<&'k Known, String> {
    called(library, name).ok_or_else(|| {
        let own = library.iter().flat_map(|one| &one.calls);
        let near = nearest(&plain(name), own.map(String::as_str));
        let near = near.and_then(|near| called(library, near));
        let names = library.iter().map(|one| one.name.as_str());
        let help = match near {
            Some(near) => format!("did you mean `{}`?", near.name),
            None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
        };
        format!("the library has no {what} `{name}`; {help}")
    })
}

/// The one that a text names, and the version that follows its name there.
pub fn mentioned<'k>(library: &'k [Known], text: &str) -> Option<(&'k Known, Option<String>)> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .collect();
    // a name may be several words of the text: the longest that is one
    for at in 0..words.len() {
        for length in (1..=3.min(words.len() - at)).rev() {
            let name = plain(&words[at..at + length].concat());
            if let Some(one) = library.iter().find(|one| one.calls.contains(&name)) {
                return Some((one, words.get(at + length).and_then(|word| version(word))));
            }
        }
    }
    None
}

/// `1.0`, also of `v1.0`.
fn version(word: &str) -> Option<String> {
    let number = word.strip_prefix('v').unwrap_or(word);
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = number.split('.').collect();
    (parts.len() > 1 && parts.iter().all(|part| digits(part))).then(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_goes_by_several_names() {
        let models = library("models");
        let found = |name| find(&models, "model", name).map(|one| one.name.as_str());
        for name in [
            "llama_3_1_8b",
            "Llama-3.1-8B",
            "meta-llama/Llama-3.1-8B-Instruct",
        ] {
            assert_eq!(found(name), Ok("llama_3_1_8b"), "{name}");
        }
        let near = found("lama_3_1_8b").expect_err("misspelt");
        assert!(near.ends_with("did you mean `llama_3_1_8b`?"), "{near}");
        let far = found("zzz").expect_err("unknown");
        assert!(far.contains("it has deepseek_v3, "), "{far}");
    }
}
