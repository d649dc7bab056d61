//! The TextMate grammar, read as editors read it: every character of every right file of the
//! corpus, the library and the scenarios that is no blank is given a meaning.

use fancy_regex::Regex;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// As much of what TextMate does as the grammar uses: `match`, `begin` and `end`, captures, and
/// `include`. Anything else in it makes the test fail.
struct Grammar {
    root: Value,
    regexes: HashMap<String, Regex>,
}

/// A rule that is open: how it ends, its scope, and what stands in it.
#[derive(Clone)]
struct Open<'g> {
    rule: &'g Value,
    patterns: &'g Value,
}

const KNOWN: &[&str] = &[
    "name",
    "match",
    "captures",
    "begin",
    "end",
    "beginCaptures",
    "endCaptures",
    "patterns",
    "include",
];

impl Grammar {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/scn.tmLanguage.json");
        let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut regexes = HashMap::new();
        fn gather(value: &Value, regexes: &mut HashMap<String, Regex>) {
            if let Value::Object(fields) = value {
                for key in ["match", "begin", "end"] {
                    if let Some(pattern) = fields.get(key).and_then(Value::as_str) {
                        // `$` is the end of a line there, always
                        let regex = Regex::new(&format!("(?m){pattern}")).unwrap();
                        regexes.insert(pattern.into(), regex);
                    }
                }
                fields.values().for_each(|value| gather(value, regexes));
            }
            if let Value::Array(items) = value {
                items.iter().for_each(|value| gather(value, regexes));
            }
        }
        gather(&root, &mut regexes);
        Self { root, regexes }
    }

    /// The rules of a list, with what it includes, in order.
    fn rules<'g>(&'g self, patterns: &'g Value, out: &mut Vec<&'g Value>) {
        for rule in patterns.as_array().into_iter().flatten() {
            for key in rule.as_object().unwrap().keys() {
                assert!(
                    KNOWN.contains(&key.as_str()),
                    "`{key}` is not read by this test"
                );
            }
            if let Some(name) = rule["include"].as_str() {
                let rule = &self.root["repository"][name.strip_prefix('#').unwrap()];
                assert!(rule.is_object(), "{name}");
                match rule.get("match").or(rule.get("begin")) {
                    Some(_) => out.push(rule),
                    None => self.rules(&rule["patterns"], out),
                }
            } else {
                out.push(rule);
            }
        }
    }

    /// The scopes of every byte of a text, the root's left out.
    fn scopes(&self, text: &str) -> Vec<Vec<String>> {
        let mut all = vec![Vec::new(); text.len()];
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            self.line(line, &mut open, &mut all[start..start + line.len()]);
            start += line.len();
        }
        assert!(open.is_empty(), "a text or bracket was left open");
        all
    }

    fn line<'g>(&'g self, line: &str, open: &mut Vec<Open<'g>>, scopes: &mut [Vec<String>]) {
        let mut at = 0;
        loop {
            let (patterns, end) = match open.last() {
                Some(open) => (open.patterns, open.rule["end"].as_str()),
                None => (&self.root["patterns"], None),
            };
            let mut rules = Vec::new();
            self.rules(patterns, &mut rules);
            // the first place counts, at one place the end, then the first rule
            let mut best: Option<(usize, Option<&Value>, fancy_regex::Captures<'_, str>)> = None;
            let begins = rules.iter().map(|rule| {
                let pattern = rule.get("match").or(rule.get("begin")).unwrap();
                (Some(*rule), pattern.as_str().unwrap())
            });
            for (rule, pattern) in end.map(|end| (None, end)).into_iter().chain(begins) {
                let found = self.regexes[pattern].captures_from_pos(line, at).unwrap();
                if let Some(found) = found {
                    let from = found.get(0).unwrap().start();
                    if best.as_ref().is_none_or(|(known, ..)| from < *known) {
                        best = Some((from, rule, found));
                    }
                }
            }
            let until = best.as_ref().map_or(line.len(), |(from, ..)| *from);
            mark(scopes, at..until, open, &[]);
            let Some((from, rule, found)) = best else {
                return;
            };
            let to = found.get(0).unwrap().end();
            let (own, captures) = match rule {
                None => (None, &open.last().unwrap().rule["endCaptures"]),
                Some(rule) if rule.get("match").is_some() => {
                    (rule["name"].as_str(), &rule["captures"])
                }
                Some(rule) => (rule["name"].as_str(), &rule["beginCaptures"]),
            };
            let own: Vec<&str> = own.into_iter().collect();
            mark(scopes, from..to, open, &own);
            for (number, capture) in captures.as_object().into_iter().flatten() {
                if let Some(part) = found.get(number.parse().unwrap()) {
                    let name = capture["name"].as_str().unwrap();
                    part.range().for_each(|i| scopes[i].push(name.into()));
                }
            }
            match rule {
                None => drop(open.pop()),
                Some(rule) if rule.get("begin").is_some() => open.push(Open {
                    rule,
                    patterns: &rule["patterns"],
                }),
                Some(_) => assert!(to > from, "a rule takes nothing: {rule:?}"),
            }
            at = to;
            if at >= line.len() {
                return;
            }
        }
    }
}

fn mark(
    scopes: &mut [Vec<String>],
    range: std::ops::Range<usize>,
    open: &[Open<'_>],
    own: &[&str],
) {
    let names = open.iter().filter_map(|open| open.rule["name"].as_str());
    let names: Vec<&str> = names.chain(own.iter().copied()).collect();
    for i in range {
        scopes[i].extend(names.iter().map(|name| name.to_string()));
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "scn") {
            out.push(path);
        }
    }
}

#[test]
fn everything_in_right_files_has_a_scope() {
    let grammar = Grammar::read();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests/corpus", "stdlib", "scenarios", "docs/examples"] {
        files(&root.join(folder), &mut all);
    }
    let mut right = 0;
    for path in all {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let (_, found) = scn::syntax::parse(Default::default(), &text);
        if !found.is_empty() {
            continue;
        }
        right += 1;
        let scopes = grammar.scopes(&text);
        for (at, c) in text.char_indices() {
            let line = || text[..at].matches('\n').count() + 1;
            let blank = c.is_whitespace() || c == '\u{FEFF}';
            assert!(
                blank || !scopes[at].is_empty(),
                "{}:{}: `{c}` has no scope",
                path.display(),
                line()
            );
        }
    }
    assert!(right > 300, "{right} files");
}

#[test]
fn words_have_the_scopes_of_what_they_are() {
    let text = r#"## Doc.
use std.engines # note
param rounds = 1_000 # 12
scenario s extends base.one {
  server sut { engine = engines.builtin, options { ttft = 1.5e3 ms } }
  expect quick: steady.ttft.p99 <= 20ms when tp == 2 and not slow
    because "as ${a + len("b")} \n $${x} said"
  let x = [y for y in ys if y in zs]
  accept = matches(answer, '#[0-9]')
  rate = 50 req/s
}
"#;
    let grammar = Grammar::read();
    let scopes = grammar.scopes(text);
    for (word, scope) in [
        ("## Doc", "comment.line.documentation"),
        ("use", "keyword.control.import"),
        ("std.engines", "entity.name.namespace"),
        ("# note", "comment.line.number-sign"),
        ("param", "storage.type"),
        ("rounds", "variable.other.constant"),
        ("1_000", "constant.numeric"),
        ("scenario", "storage.type.block"),
        ("s extends", "entity.name.type"),
        ("extends", "keyword.other.extends"),
        ("base.one", "entity.other.inherited-class"),
        ("engine =", "variable.other.property"),
        ("builtin", "variable.other.member"),
        ("options", "storage.type.block"),
        ("1.5e3", "constant.numeric"),
        ("ms }", "keyword.other.unit"),
        ("expect", "keyword.control.check"),
        ("quick", "entity.name.function.check"),
        ("<=", "keyword.operator.comparison"),
        ("when", "keyword.control"),
        ("and", "keyword.operator.logical"),
        ("because", "keyword.control"),
        ("as $", "string.quoted.double"),
        ("${a", "punctuation.section.interpolation.begin"),
        ("len", "support.function"),
        ("\\n", "constant.character.escape"),
        ("$${x}", "constant.character.escape"),
        ("for", "keyword.control"),
        ("'#[", "string.quoted.single"),
        ("req/s", "keyword.other.unit"),
    ] {
        let at = text.find(word).unwrap();
        let has = scopes[at].iter().any(|own| own.starts_with(scope));
        assert!(has, "`{word}`: {:?}", scopes[at]);
    }
}
