//! Whatever the text: lint returns, an error stands behind every broken value, a mistake put in
//! is said once, and arithmetic is that of f64.

use proptest::prelude::*;
use scn::diagnostics::{Diagnostic, Severity, has_errors, human, tidy};
use scn::eval::{Evaluator, Measurements, Nothing, Params, Query, Shape, Value};
use scn::resolve;
use scn::scenario::{Names, compile, constants, names_of, scenarios};
use scn::source::Sources;
use scn::units::Dimension;
use std::sync::Arc;

const VALID: [&str; 8] = [
    include_str!("../scenarios/quickstart.scn"),
    include_str!("corpus/lint/good_lets.scn"),
    include_str!("corpus/lint/good_matrix_dependent_axes.scn"),
    include_str!("corpus/lint/good_extends_scenario.scn"),
    include_str!("corpus/lint/good_engine_of_ones_own.scn"),
    include_str!("corpus/lint/good_rows.scn"),
    include_str!("corpus/lint/good_several_loads.scn"),
    include_str!("corpus/lint/good_reports.scn"),
];

const TOKENS: [&str; 44] = [
    "a", "1", "3 MB", "5s", "99%", "\"x\"", "'('", "none", "true", "[", "]", "{", "}", "(", ")",
    "=", "==", "<=", ",", ".", "+", "-", "*", "/", "if ", "then ", "else ", "for ", " in ", "not ",
    "extends ", "let ", "expect ", "when ", "steady", "hello", "sut", "case", "row", "answer",
    "engines", "range(9)", "matrix ", "\n",
];

/// A case that has not run: all figures are unknown.
struct Unmeasured(Names);

impl Measurements for Unmeasured {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.0.loads(phase)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.0.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.0.roles(server)
    }

    fn measure(&self, query: &Query) -> Value {
        Value::Unknown(Shape::Number(query.dimension()))
    }
}

struct Linted {
    sources: Sources,
    found: Vec<Diagnostic>,
    /// A value of a case that could not be worked out.
    broken: bool,
    cases: usize,
}

fn lint(text: &str) -> Linted {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    std::fs::write(&file, text).unwrap();
    let (program, mut found) = resolve::load(&[file]);
    found.extend(scn::check::check(&program));
    let params = Params::new();
    found.extend(constants(&program, &params));
    let compiled = compile(&program, &params, &|_| true);
    found.extend(compiled.found);
    // everything that a case keeps for later is worked out once more, as it will be then
    let mut broken = false;
    let eval = Evaluator::new(&program, &params, &Nothing);
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            use resolve::DefinitionKind::{Let, Param};
            if matches!(definition.kind, Let(_) | Param(_)) {
                broken |= matches!(eval.definition(id, name), Value::Error);
            }
        }
    }
    for case in &compiled.cases {
        let names = Unmeasured(names_of(case));
        let eval = Evaluator::new(&program, &params, &names);
        for check in &case.checks {
            broken |= matches!(eval.eval(&check.expr.expr, &check.expr.scope), Value::Error);
        }
        // what has fewer phases or servers than were written lost them to a mistake
        let (_, flat) = program
            .root_blocks("scenario")
            .find(|(_, flat)| flat.title() == case.scenario)
            .unwrap();
        broken |= flat.children_of("phase").count() != case.phases.len();
        broken |= flat.children_of("server").count() != case.servers.len();
        broken |= flat.children_of("report").count() > case.reports.len();
    }
    scn::check::without_consequences(&program.sources, &mut found);
    broken |= compiled.cases.is_empty() && !scenarios(&program).is_empty();
    Linted {
        sources: program.sources,
        found: tidy(found),
        broken,
        cases: compiled.cases.len(),
    }
}

fn shown(linted: &Linted) -> String {
    human::render(&linted.sources, &linted.found, &human::Options::default())
}

/// Words, numbers, blanks, and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// A bracket or quote that is taken out is one or two mistakes of syntax, and nothing that it
/// may have caused is said beside it.
#[test]
fn a_lost_bracket_has_no_consequences() {
    let text = VALID[0];
    let signs = ['{', '}', '(', ')', '[', ']', '"'];
    for (at, sign) in text.match_indices(|c| signs.contains(&c)) {
        if text[..at].rsplit('\n').next().unwrap().contains('#') {
            continue;
        }
        let broken = format!("{}{}", &text[..at], &text[at + sign.len()..]);
        let linted = lint(&broken);
        let syntax = linted.found.iter().all(|d| d.code.starts_with("E01"));
        let few = (1..=2).contains(&linted.found.len());
        assert!(
            syntax && few,
            "without the {sign} at {at}:\n{}",
            shown(&linted)
        );
    }
}

#[test]
fn the_originals_are_clean() {
    for text in VALID {
        let linted = lint(text);
        assert!(
            linted.found.is_empty() && !linted.broken,
            "{}",
            shown(&linted)
        );
        assert!(linted.cases > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn changed_files(
        file in 0..VALID.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, 0..TOKENS.len()), 1..4),
    ) {
        let mut parts: Vec<&str> = tokens(VALID[file]);
        for (place, change, token) in changes {
            let at = place.index(parts.len());
            match change {
                0 => { parts.remove(at); }
                1 => parts.insert(at, TOKENS[token]),
                2 => parts[at] = TOKENS[token],
                _ => { let other = (at + token) % parts.len(); parts.swap(at, other) }
            }
        }
        let text = parts.concat();
        let linted = lint(&text);
        let shown = shown(&linted);
        prop_assert!(shown.is_empty() == linted.found.is_empty());
        prop_assert!(!linted.broken || has_errors(&linted.found), "silent:\n{}", text);
        for diagnostic in &linted.found {
            for label in &diagnostic.labels {
                let file = linted.sources.get(label.span.file);
                prop_assert!(label.span.end as usize <= file.text.len());
                prop_assert!(file.text.get(label.span.start as usize..label.span.end as usize).is_some());
            }
        }
    }

    #[test]
    fn an_unknown_attribute_is_one_error(file in 0..VALID.len(), place in any::<prop::sample::Index>()) {
        let text = VALID[file];
        // right behind the brace of a block that takes no attributes of the writer's own
        let opens: Vec<usize> = text
            .match_indices('{')
            .filter(|(at, _)| {
                let head = text[..*at].rsplit(['\n', ',', '{', '}']).next().unwrap_or("").trim();
                let mut words = head.split_whitespace();
                let kind = words.next().unwrap_or("");
                !head.contains(['=', '(', '"', '$', '#'])
                    && scn::schema::kind(kind).is_some_and(|kind| kind.free.is_none())
            })
            .map(|(at, _)| at)
            .collect();
        let at = opens[place.index(opens.len())] + 1;
        let text = format!("{} qqqqqqqq = 1,{}", &text[..at], &text[at..]);
        let linted = lint(&text);
        let codes: Vec<&str> = linted.found.iter().map(|d| d.code).collect();
        prop_assert_eq!(codes, ["E0202"], "{}", shown(&linted));
    }

    #[test]
    fn an_unknown_name_is_one_error(file in 0..VALID.len(), place in any::<prop::sample::Index>()) {
        let text = VALID[file];
        // in place of a number that stands alone
        let numbers: Vec<(usize, usize)> = text
            .match_indices("requests = ")
            .chain(text.match_indices("output = "))
            .map(|(at, head)| at + head.len())
            .filter_map(|at| {
                let length = text[at..].find(|c: char| !c.is_ascii_digit())?;
                let ends = text[at + length..].trim_start_matches(' ').starts_with([',', '}', '\n']);
                (length > 0 && ends).then_some((at, length))
            })
            .collect();
        prop_assume!(!numbers.is_empty());
        let (at, length) = numbers[place.index(numbers.len())];
        let text = format!("{}qqqqqqqq{}", &text[..at], &text[at + length..]);
        let linted = lint(&text);
        let errors: Vec<&str> = linted
            .found
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .map(|d| d.code)
            .collect();
        prop_assert_eq!(errors, ["E0203"], "{}", shown(&linted));
    }

    #[test]
    fn arithmetic_is_that_of_f64(expr in arithmetic()) {
        let (text, expected) = expr;
        prop_assert_eq!(value(&text), expected, "{}", text);
    }

    #[test]
    fn dimension_errors_are_symmetric(
        a in prop::sample::select(&UNITS[..]),
        b in prop::sample::select(&UNITS[..]),
        op in prop::sample::select(vec!["+", "-", "<", "<=", ">", ">=", "==", "!="]),
    ) {
        let code = |text: String| {
            let linted = lint(&format!("let it = {text}\n"));
            linted.found.iter().map(|d| d.code).collect::<Vec<_>>()
        };
        let (one, other) = (code(format!("1{a} {op} 2{b}")), code(format!("2{b} {op} 1{a}")));
        prop_assert_eq!(&one, &other);
        prop_assert!(one.len() <= 1);
        if a == b {
            prop_assert!(one.is_empty());
        }
    }
}

const UNITS: [&str; 9] = ["", "s", "ms", "MB", " tok", " req", " req/s", "%", " USD/h"];

/// An expression with its value, by f64; none where it divides by zero.
fn arithmetic() -> impl Strategy<Value = (String, Option<f64>)> {
    let leaf = (0..1000_u32).prop_map(|n| (format!("{n}"), Some(f64::from(n))));

    leaf.prop_recursive(4, 24, 2, move |inner| {
        (inner.clone(), inner, 0..4_u8).prop_map(move |((a, x), (b, y), op)| match op {
            0 => (format!("({a} + {b})"), both(x, y, |x, y| x + y)),
            1 => (format!("({a} - {b})"), both(x, y, |x, y| x - y)),
            2 => (format!("({a} * {b})"), both(x, y, |x, y| x * y)),
            _ => (format!("({a} / {b})"), both(x, y, |x, y| x / y)),
        })
    })
}

/// The value of a constant expression; none where it is wrong, which must have been said.
fn value(text: &str) -> Option<f64> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    std::fs::write(&file, format!("let it = {text}\n")).unwrap();
    let (program, found) = resolve::load(&[file]);
    assert!(found.is_empty(), "{text}: {found:#?}");
    let params = Params::new();
    let eval = Evaluator::new(&program, &params, &Nothing);
    let value = eval.definition(program.roots[0], "it");
    match (value, eval.take_found().as_slice()) {
        (Value::Number(q), []) => Some(q.value),
        (Value::Error, [_, ..]) => None,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn doubling_lets_do_not_hang() {
    let mut text = String::from("let a0 = [1]\nlet t0 = \"x\"\n");
    for n in 1..60 {
        let m = n - 1;
        text += &format!("let a{n} = a{m} + a{m}\nlet t{n} = \"${{t{m}}}${{t{m}}}\"\n");
    }
    let linted = lint(&text);
    assert!(has_errors(&linted.found));
    assert!(linted.found.len() <= 4, "{}", shown(&linted));
}

#[test]
fn measured_lets_that_build_on_each_other_do_not_hang() {
    let mut text = VALID[1].replace("phase steady", "phase warm");
    let lets: String = (1..60)
        .map(|n| format!("  let m{n} = m{} + m{}\n", n - 1, n - 1))
        .collect();
    text = text.replace("steady.ttft", "warm.ttft").replace(
        "  expect quick",
        &format!("  let m0 = warm.ttft.p50\n{lets}  expect deep: m59 <= 1s\n  expect quick"),
    );
    let linted = lint(&text);
    assert!(linted.found.is_empty(), "{}", shown(&linted));
}

#[test]
fn the_deepest_definitions_fit_a_small_stack() {
    let chain: String = (0..700)
        .map(|n| format!("let a{n} = [a{} + 1][0]\n", n + 1))
        .collect();
    let text = chain + "let a700 = 1\n";
    let work = move || has_errors(&lint(&text).found);
    let done = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap()
        .join();
    assert!(done.unwrap());
}

#[test]
fn the_library_is_clean() {
    let uses: String = scn::stdlib::names()
        .iter()
        .map(|name| format!("use std.{name}\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for name in scn::stdlib::names() {
        for (file, text) in scn::stdlib::module(name) {
            let path = folder.path().join(file.replace('/', "_"));
            std::fs::write(&path, text).unwrap();
        }
    }
    std::fs::write(folder.path().join("all.scn"), uses).unwrap();
    let files = resolve::find_files(&[folder.path().to_path_buf()]).unwrap();
    let (program, mut found) = resolve::load(&files);
    found.extend(scn::check::check(&program));
    found.extend(constants(&program, &Params::new()));
    let found: Vec<_> = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

fn both(x: Option<f64>, y: Option<f64>, f: fn(f64, f64) -> f64) -> Option<f64> {
    let z = f(x?, y?);
    z.is_finite().then_some(z)
}
