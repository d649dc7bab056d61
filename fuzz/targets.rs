//! What is fuzzed: each takes any bytes and panics where a promise does not hold. Used by the
//! targets of libFuzzer here, and by `tests/fuzz_smoke.rs` on stable Rust.

use crate::repairs;
use scn::check;
use scn::diagnostics::{codes, has_errors, human, json, tidy};
use scn::eval::{Evaluator, Nothing, Params};
use scn::lint::{
    self,
    fix::{End, Look, Texts},
};
use scn::load::sse::SseParser;
use scn::probe::prometheus::{self, Selector};
use scn::resolve::{self, DefinitionKind, Kept, KeptFile};
use scn::scenario::{compile, constants, scenarios};
use scn::source::FileId;
use scn::syntax;
use scn::syntax::format::{Refused, format};
use scn::units::{Quantity, parse_unit, source_form};
use std::convert::Infallible;
use std::path::Path;

/// Takes whatever bytes, and panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const ALL: [(&str, Target); 8] = [
    ("parse", parse),
    ("format", formatted),
    ("lint", lint),
    ("fix", fix),
    ("expression", expression),
    ("sse", sse),
    ("metrics", metrics),
    ("quantity", quantity),
];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Every place is within the text and between characters.
pub fn parse(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (ast, found) = syntax::parse(FileId(0), text);
    let items = ast.items.iter().map(|item| item.span);
    let labels = found.iter().flat_map(|d| &d.labels).map(|l| l.span);
    for span in items.chain(labels) {
        let place = span.start as usize..span.end as usize;
        assert!(text.get(place.clone()).is_some(), "{place:?}");
    }
}

/// What is formatted is formatted already, and nothing is refused that can be read.
pub fn formatted(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match format(FileId(0), text) {
        Ok(once) => match format(FileId(0), &once) {
            Ok(twice) => assert_eq!(once, twice, "not the same the second time"),
            Err(why) => panic!("cannot be formatted again: {why:?}\n{once}"),
        },
        Err(Refused::Syntax(found)) => assert!(!found.is_empty()),
        Err(Refused::Changed) => panic!("it would mean something else"),
    }
}

/// From a text to what is shown, with a second file that it may use.
pub fn lint(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Look { sources, found, .. } = linted(&Texts::from([("it.scn".into(), text.into())]));
    human::render(&sources, &found, &human::Options::default());
    serde_json::to_string(&json::to_json(&sources, &found)).expect("JSON");
}

/// A file that others may use.
const OTHER: &str = "use \"./it.scn\"\nlet x = 1\nworkload hello { prompt = \"x\", output = 4 }\n";

/// What `scn lint` finds in a file, with another that it may use.
fn linted(texts: &Texts) -> Look {
    let file = |name: &str, text: &str| {
        let changed = texts.get(Path::new(name));
        KeptFile {
            path: name.into(),
            text: changed.map_or(text, |text| &**text).into(),
        }
    };
    let kept = Kept {
        roots: vec!["it.scn".into()],
        files: vec![file("it.scn", ""), file("other.scn", OTHER)],
        templates: Vec::new(),
    };
    let (program, mut found) = resolve::load_kept(kept, &[]);
    found.extend(check::check(&program));
    let params = Params::new();
    found.extend(constants(&program, &params));
    let compiled = compile(&program, &params, &|_| true);
    found.extend(compiled.found);
    check::without_consequences(&program.sources, &mut found);
    let broken = has_errors(&found);
    if broken {
        found.retain(|d| d.code != codes::UNUSED.0);
    }
    let chosen = scenarios(&program);
    let rules = lint::check(&program, &params, &chosen, &compiled.cases, &found);
    found.extend(rules);
    lint::suppress(&program.sources, &mut found, &[FileId(0)], !broken);
    let own = program
        .sources
        .iter()
        .filter_map(|(id, file)| Some((id, file.path.clone()?.into())));
    Look {
        own: own.collect(),
        found: tidy(found),
        sources: program.sources,
    }
}

/// Repairs come to an end, make no error and leave nothing more to repair; comments stay, and so do
/// the texts that no finding is about.
pub fn fix(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let original = Texts::from([("it.scn".into(), text.into())]);
    for unsafe_too in [false, true] {
        let Mended {
            first,
            last,
            texts,
            made,
            named,
            finished,
        } = mended(&original, unsafe_too);
        let once = &texts[Path::new("it.scn")];
        let readable = repairs::readable(&first);
        repairs::comments_stay(text, once, readable);
        if readable {
            repairs::texts_stay(text, once, &named);
            assert!(repairs::readable(&last), "{once}");
            let formats = |text: &str| format(FileId(0), text).is_ok();
            assert!(!formats(text) || formats(once), "{once}");
        }
        repairs::no_worse(&first, &last, &made);
        if finished {
            let twice = mended(&texts, unsafe_too).texts;
            assert_eq!(texts, twice, "not the same the second time");
        }
    }
}

struct Mended {
    first: Look,
    last: Look,
    texts: Texts,
    /// The codes of what was mended.
    made: Vec<&'static str>,
    /// The texts in quotes that findings on the way were about.
    named: Vec<String>,
    /// Whether all was tried.
    finished: bool,
}

/// After so many looks repairs do not come to an end.
const MOST_LOOKS: usize = 2000;

/// The texts after their repairs.
fn mended(texts: &Texts, unsafe_too: bool) -> Mended {
    let with = |changed: &Texts| {
        let mut all = texts.clone();
        all.extend(changed.clone());
        all
    };
    let (mut named, mut looks) = (Vec::new(), 0);
    let mut lint = |changed: &Texts| {
        let look = linted(&with(changed));
        if repairs::readable(&look) {
            named.extend(repairs::named(&look));
        }
        looks += 1;
        Ok::<_, Infallible>(look)
    };
    let Ok(first) = lint(&Texts::new());
    let Ok((mended, last)) = lint::fix::fix(first, unsafe_too, &mut lint);
    // what is wrong all over is left to a person before all is tried
    let finished = mended.end != End::Stopped;
    assert!(finished || looks < MOST_LOOKS, "no end");
    Mended {
        first: linted(texts),
        last,
        texts: with(&mended.texts),
        made: mended.made.keys().map(|one| one.code).collect(),
        named,
        finished,
    }
}

/// A text as the value of a definition, beside a few that it can use.
pub fn expression(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let file = format!(
        "let n = 3\nlet xs = [1, 2, 3]\nlet r = {{ a = 1ms, b = \"x\" }}\nlet it = {text}\n"
    );
    let kept = Kept {
        roots: vec!["it.scn".into()],
        files: vec![KeptFile {
            path: "it.scn".into(),
            text: file,
        }],
        templates: Vec::new(),
    };
    let (program, _) = resolve::load_kept(kept, &[]);
    let params = Params::new();
    let eval = Evaluator::new(&program, &params, &Nothing);
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            if matches!(definition.kind, DefinitionKind::Let(_)) {
                eval.definition(id, name).describe();
            }
        }
    }
}

/// However the bytes are cut, the events are the same.
pub fn sse(bytes: &[u8]) {
    let events = |size: usize| {
        let mut parser = SseParser::new(1 << 12);
        let mut data = Vec::new();
        for part in bytes.chunks(size.max(1)) {
            let pushed = parser.push(part, |event| data.push(event.data.to_vec()));
            if pushed.is_err() {
                return None;
            }
        }
        parser.finish(|event| data.push(event.data.to_vec()));
        Some(data)
    };
    if let (Some(whole), Some(cut)) = (events(bytes.len()), events(3)) {
        assert_eq!(whole, cut);
    }
}

/// An engine's metrics, and the name of one of them.
pub fn metrics(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (selector, text) = text.split_once('\n').unwrap_or((text, ""));
    let found = prometheus::parse(text);
    assert!(found.samples.len() + found.skipped <= text.lines().count());
    if let Ok(selector) = selector.parse::<Selector>() {
        selector.values(&found, "").count();
    }
}

/// What is printed is read as the same quantity.
pub fn quantity(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (Ok(value), Some((factor, dimension))) =
        (text[..end].parse::<f64>(), parse_unit(text[end..].trim()))
    else {
        return;
    };
    let before = Quantity::new(value * factor, dimension);
    if !before.value.is_finite() {
        return;
    }
    let shown = source_form(before);
    let (number, unit) = shown.split_once(' ').unwrap_or((&shown, ""));
    let number: f64 = number.parse().expect("a number");
    let (factor, dimension) = parse_unit(unit).unwrap_or((1.0, before.dimension));
    assert_eq!(dimension, before.dimension, "{shown}");
    let off = (number * factor - before.value).abs();
    assert!(
        off <= before.value.abs() * 1e-9 + f64::MIN_POSITIVE,
        "{shown}"
    );
}
