//! What a name that is not known may have been meant for, and what to write in its place.

use super::Walk;
use super::due::{AXIS, Due};
use super::locals::Locals;
use crate::check::{nearest, nearest_of_all};
use crate::diagnostics::{Diagnostic, Fix, codes};
use crate::resolve::{DefinitionKind, ModuleId, is_hidden};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{Arg, ExprKind};

/// So many names of what may stand somewhere are listed.
const LISTED: usize = 8;

/// So many names are known again without a further look at what they may be near to.
const KNOWN: usize = 1000;

/// What other languages call the function that makes a number of a text.
const TO_NUMBER: [&str; 6] = ["number", "float", "int", "num", "Number", "parse"];

/// What a name was meant for.
#[derive(Clone)]
pub(super) enum Meant {
    /// Another name, or a literal.
    Other(String),
    Help(String),
    Nothing,
}

impl Walk<'_> {
    /// What a name that is not known may have been meant for; the same name again is not compared
    /// with all others again.
    pub(super) fn meant(&mut self, name: &str, module: ModuleId, locals: &Locals<'_>) -> Meant {
        let key = (module, self.due, name.to_owned());
        if let Some(meant) = self.known.get(&key) {
            return meant.clone();
        }
        let meant = self.meant_for(name, module, locals);
        if self.known.len() < KNOWN {
            self.known.insert(key, meant.clone());
        }
        meant
    }

    fn meant_for(&mut self, name: &str, module: ModuleId, locals: &Locals<'_>) -> Meant {
        if let Some((kind, _)) = self.around.iter().find(|(_, of)| *of == name)
            && let Some(help) = no_value(kind, name)
        {
            return Meant::Help(help);
        }
        if self.has_column(name) == Some(true) {
            return Meant::Other(format!("row.{name}"));
        }
        if let (Some(help), Due::Fields) = (self.kind_for_a_value(name), self.due) {
            return Meant::Help(help);
        }
        let program = self.program;
        let names = &program.module(module).names;
        let compares = self.compares(names.len() + locals.len());
        let global = || names.iter().take(if compares { names.len() } else { 0 });
        for (alias, definition) in global() {
            if let DefinitionKind::Module(id) = definition.kind
                && let Some(there) = self.program.module(id).names.get(name)
                // what that file uses is used here by a line of its own
                && !matches!(there.kind, DefinitionKind::Module(_))
            {
                return Meant::Other(format!("{alias}.{name}"));
            }
        }
        match (name, self.server, self.phase) {
            ("yes" | "on", ..) => return Meant::Other("true".into()),
            ("no" | "off", ..) => return Meant::Other("false".into()),
            ("server", Some(server), _) => return Meant::Other(server.into()),
            (_, _, Some(phase)) if schema::phase_metric(name).is_some() => {
                return Meant::Help(format!(
                    "a figure is read from a phase: `{phase}.{name}`, if that one is meant"
                ));
            }
            _ => {}
        }
        // a slip in one of these is nearer than any name
        let slip = |word: &&str| strsim::damerau_levenshtein(&name.to_lowercase(), word) <= 1;
        if let Some(word) = ["true", "false", "none"].into_iter().find(slip) {
            return Meant::Other(word.into());
        }
        // of what may stand here at all, something less near is nearer
        if compares && let Some(near) = nearest_of_all(name, self.blocks_due(module).into_iter()) {
            return Meant::Other(near.into());
        }
        let near_by = if compares { locals.names() } else { Vec::new() };
        let candidates = near_by
            .into_iter()
            .chain(global().map(|(name, _)| name.as_str()))
            .filter(|name| !is_hidden(name));
        match nearest_of_all(name, candidates) {
            Some(near) => Meant::Other(near.into()),
            None if schema::builtin(name).is_some_and(|b| b.signature.contains("()")) => {
                Meant::Other(format!("{name}()"))
            }
            None if schema::builtin(name).is_some() => {
                Meant::Help(format!("`{name}` is a function: write {name}(…)"))
            }
            None if crate::stdlib::names().contains(&name) => {
                Meant::Help(format!("write `use std.{name}` at the top of the file"))
            }
            None if crate::units::parse_unit(name).is_some() => Meant::Help(format!(
                "a unit stands behind its number: `1 {name}`, and as a rate `20 req/{name}`"
            )),
            None => Meant::Nothing,
        }
    }

    /// What to write for `matrix.n` and `rank.best`: blocks that are no values.
    fn kind_for_a_value(&self, name: &str) -> Option<String> {
        let phase = self.phase.unwrap_or("steady");
        match name {
            "matrix" => {
                let axes = self.around.iter().filter(|(kind, _)| *kind == AXIS);
                let axes: Vec<&str> = axes.map(|(_, axis)| *axis).collect();
                let axes = match axes.as_slice() {
                    [] => String::new(),
                    axes => format!(" (here: {})", axes.join(", ")),
                };
                Some(format!(
                    "an axis is read by its name alone{axes}, and a figure of a phase: `{phase}.ttft.p50`"
                ))
            }
            "rank" => Some(format!(
                "a rank is no value: it stands in the summary by itself; a check or a column reads the figure that it goes by: `{phase}.output_throughput`"
            )),
            _ => None,
        }
    }

    /// The names of the blocks that are due here, as written; none where others are due.
    pub(super) fn blocks_due(&self, module: ModuleId) -> Vec<&str> {
        let Due::Block(kind) = self.due else {
            return Vec::new();
        };
        let around = self.around.iter().filter(|(of, _)| *of == kind);
        let global = self.program.module(module).names.iter();
        let global = global.filter(|(_, definition)| {
            matches!(&definition.kind, DefinitionKind::Block(flat) if flat.kind.text == kind)
        });
        let around = around.map(|(_, name)| *name);
        let names = around.chain(global.map(|(name, _)| name.as_str()));
        names.filter(|name| !is_hidden(name)).collect()
    }

    /// What to write for a name that is near to nothing.
    pub(super) fn what_may_stand(&self, name: &str, module: ModuleId) -> String {
        match self.due {
            Due::Anything | Due::Fields => {
                format!("a text is quoted: \"{name}\"; a value of your own is `let {name} = …`")
            }
            Due::Value => format!("a value of your own is `let {name} = …`"),
            Due::Block(kind) if self.comparisons == 0 => format!("name a {kind} that is defined"),
            Due::Block(kind) => match self.blocks_due(module).as_slice() {
                [] if kind == "engine" => {
                    "name one of the library: `engine = engines.builtin`, with `use std.engines`"
                        .to_string()
                }
                [] if kind == AXIS => {
                    "this scenario has no matrix, so all of its cases are compared: leave it out"
                        .to_string()
                }
                known if kind == AXIS => format!("the axes are: {}", known.join(", ")),
                [] => format!("name a {kind} that is defined: `{kind} {name} {{ … }}`"),
                known => {
                    let more = if known.len() > LISTED { ", …" } else { "" };
                    let listed = &known[..known.len().min(LISTED)];
                    format!("{kind}s: {}{more}", listed.join(", "))
                }
            },
        }
    }

    pub(super) fn function(&mut self, name: &str, span: Span, args: &[Arg]) {
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FUNCTION,
            span,
            format!("there is no function `{name}`"),
        );
        let known = schema::BUILTINS.iter().map(|b| b.name);
        let meant = match name {
            "contains" | "includes" | "has" => Some("contains_any"),
            "regex" | "match" => Some("matches"),
            "avg" | "average" | "mean" => None,
            name if TO_NUMBER.contains(&name) => None,
            name => nearest(name, known),
        };
        self.found.push(match meant {
            // `contains(answer, "hello")`: the right one takes a list
            Some(near @ "contains_any") if one_word(args).is_some() => {
                let word = one_word(args).unwrap_or(span);
                let list = format!("[{}]", self.program.sources.text(word));
                let mut found = diagnostic.help(format!("did you mean `{near}`?"));
                found.fixes.push(Fix {
                    title: format!("write {near}(…, {list})"),
                    edits: vec![(span, near.into()), (word, list)],
                    safe: false,
                });
                found
            }
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
                "the nearest function",
                span,
                near,
                false,
            ),
            None if schema::DISTRIBUTION_STATS.contains(&name) => diagnostic.help(format!(
                "a statistic is read with a dot: `steady.ttft.{name}`"
            )),
            None if name == "each" => diagnostic.help(
                "the rows of a workload are `rows = data(\"prompts.csv\")`, read as `row.…`; a report that makes a file for each says `each = \"case\"`",
            ),
            None if TO_NUMBER.contains(&name) => diagnostic.help(
                "a text is not made a number: it is compared as it is written, and `contains_any(answer, [\"${row.n}\"])` has a number only whole",
            ),
            None => diagnostic.help("functions are built in; a file cannot define one"),
        });
    }
}

/// What to do about the name of a block that is no value.
fn no_value(kind: &str, name: &str) -> Option<String> {
    match kind {
        "rank" => Some(format!(
            "`{name}` is a rank, and no value: it stands in the summary by itself, with the place of each case; a column or a check reads the figure that it goes by"
        )),
        "report" => Some(format!(
            "`{name}` is a report, and no value: it is written once all cases have run, and nothing reads it"
        )),
        _ => None,
    }
}

/// Where the one word stands that is looked for, as it is written: `contains(answer, "hello")`.
fn one_word(args: &[Arg]) -> Option<Span> {
    match args {
        [text, word] if text.name.is_none() && word.name.is_none() => {
            matches!(word.value.kind, ExprKind::Str(_)).then_some(word.value.span)
        }
        _ => None,
    }
}
