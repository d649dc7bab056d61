//! All mistakes of a file are said in one run: each of many single mistakes in one valid file is
//! said once, and of any two of them both are said, where they stand, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A file without a mistake. Spare lines are for what is added.
const VALID: &str = r#"use std.engines
use std.reports
param load_factor = 2
let limit = 800ms
# spare: top
# spare: let
# spare: side

workload chat {
  rows = [{ q = "one" }, { q = "two" }]
  prompt = "Say ${row.q}."
  output = 32
  temperature = 0
  accept = contains_any(answer, ["one", "two"])
} # chat

workload words {
  input = 100 tok # words
  output = uniform(16, 64)
}

scenario main {
  timeout = 30min
  # spare: main
  matrix {
    c = [1, 4]
    d = [2, 3]
    # spare: axis
    # spare: exclude
  } # matrix
  server sut {
    engine = engines.builtin # launched
    model = { path = "tiny", context = 1000 tok }
    # spare: server
    # spare: gpu
    options {
      ttft = 20ms
      itl = 5ms
      answer = "two"
    } # options
  } # server
  phase warmup { workload = chat, requests = 8, concurrency = 4, measured = false }
  phase before { quiesce = true, idle = 1s }
  phase closed {
    workload = chat
    concurrency = c
    requests = 200 * d * load_factor
    # spare: closed
    # spare: length
  } # closed
  phase open {
    workload = words
    rate = 5 req/s
    arrival = poisson()
    duration = 61s
    seed = 1
  }
  phase both {
    load left { workload = chat, requests = 400, concurrency = 2 }
    load right { workload = words, rate = 2 req/s, duration = 62s, seed = 2 }
  }
  phase after { quiesce = true, idle = 1s }
  # spare: brace
  # spare: phase
  # spare: again
  expect ok: closed.success_rate >= 99%
  expect fast: closed.ttft.p50 < limit
  expect memory: growth(sut.memory, from = before, to = after) <= 20MB
  expect scales: at(c = 4).closed.request_rate > at(c = 1).closed.request_rate
  expect left: both.left.failed == 0
  # spare: dist
  # spare: number
  # spare: ok
  # spare: bracket
  # spare: round
  rank best { highest = closed.output_throughput, within = [d] }
  report summary extends reports.summary {}
  report table {
    columns = [case.name, closed.ttft.p50, open.e2e.p95]
    to = "table.csv"
  }
  report each_case {
    each = "case"
    format = "csv"
    columns = [closed.ttft.p50]
    to = "${case.name}.csv"
  }
} # main

scenario other {
  server sut {
    engine = engines.builtin # other
    options { ttft = 20ms, itl = 5ms, answer = "one" }
  }
  phase warmup { workload = chat, requests = 8, concurrency = 4, measured = false }
  phase steady { workload = chat, requests = 200, concurrency = 4 }
  expect ok: steady.success_rate >= 99%
  # spare: other
  # spare: late
}

suite all {
  scenarios = [main, other]
  timeout = 2h
} # all
# spare: end
"#;

/// A mistake: its name, what is written, and what is written in its place, in the same number of
/// lines.
struct Mistake(&'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    // values and units
    Mistake("param", "load_factor = 2", "load_factor = 2 / 0"),
    Mistake(
        "let of unlike units",
        "# spare: let",
        "let wrong = 1s + 1MB",
    ),
    Mistake("text for a number", "output = 32", "output = \"32\""),
    Mistake("unknown unit", "      ttft = 20ms", "      ttft = 20 msec"),
    Mistake("no unit", "timeout = 30min", "timeout = 30"),
    Mistake("negative", "duration = 61s", "duration = -61s"),
    Mistake(
        "side not evaluated",
        "# spare: side",
        "let odd = false and 1s == 1MB",
    ),
    // names
    Mistake(
        "unknown workload",
        "workload = words, rate",
        "workload = wrds, rate",
    ),
    Mistake(
        "unknown name in a check",
        "closed.ttft.p50 < limit",
        "closed.ttft.p50 < limitt",
    ),
    Mistake(
        "unknown metric",
        "closed.success_rate",
        "closed.sucess_rate",
    ),
    Mistake("unknown field of a row", "${row.q}", "${row.question}"),
    Mistake(
        "unknown template",
        "reports.summary {}",
        "reports.sumary {}",
    ),
    Mistake(
        "unknown figure of a rank",
        "highest = closed.output_throughput",
        "highest = closed.outputs",
    ),
    Mistake("unknown axis of a rank", "within = [d]", "within = [dd]"),
    Mistake(
        "unknown scenario of a suite",
        "[main, other]",
        "[main, othr]",
    ),
    Mistake("unknown module", "# spare: top", "use std.nowhere"),
    // the matrix
    Mistake("value twice", "c = [1, 4]", "c = [1, 4, 4]"),
    Mistake("no value", "d = [2, 3]", "d = []"),
    Mistake("unknown name in an axis", "d = [2, 3]", "d = [2, three]"),
    Mistake(
        "missing file of an axis",
        "# spare: axis",
        "m = data(\"missing.csv\")",
    ),
    Mistake("all excluded", "# spare: exclude", "exclude when true"),
    Mistake("an axis that is no list", "d = [2, 3]", "d = 2"),
    // the server
    Mistake(
        "option of the wrong unit",
        "      itl = 5ms",
        "      itl = 5MB",
    ),
    Mistake("unknown option", "answer = \"two\"", "answr = \"two\""),
    Mistake(
        "unknown attribute of a server",
        "# spare: server",
        "engin_args = 5",
    ),
    Mistake("broken gpus", "# spare: gpu", "gpu = 5"),
    Mistake(
        "no engine",
        "engine = engines.builtin # other",
        "# no engine",
    ),
    // phases
    Mistake("closed and open", "# spare: closed", "rate = 5 req/s"),
    Mistake("beyond the context", "# spare: length", "output = 5000 tok"),
    Mistake(
        "contradictory workload",
        "input = 100 tok # words",
        "input = 100 tok, prompt = \"and a text\"",
    ),
    Mistake(
        "wrong choice of arrival",
        "arrival = poisson()",
        "arrival = \"burst\"",
    ),
    Mistake(
        "accept is no condition",
        "accept = contains_any(answer, [\"one\", \"two\"])",
        "accept = answer",
    ),
    Mistake(
        "unknown argument",
        "uniform(16, 64)",
        "uniform(16, 64, 128)",
    ),
    Mistake(
        "idle and a load",
        "phase after { quiesce = true, idle = 1s }",
        "phase after { workload = chat, requests = 5, idle = 1s }",
    ),
    Mistake(
        "never ends",
        "rate = 2 req/s, duration = 62s,",
        "rate = 2 req/s,",
    ),
    Mistake(
        "phase without anything",
        "# spare: phase",
        "phase nothing { measured = true }",
    ),
    Mistake("phase twice", "# spare: again", "phase after { idle = 1s }"),
    Mistake("unknown block", "# spare: main", "cooldown { idle = 1s }"),
    // checks
    Mistake(
        "unlike units",
        "both.left.failed == 0",
        "both.left.ttft.p50 < 3MB",
    ),
    Mistake("no such case", "at(c = 1)", "at(c = 2)"),
    Mistake(
        "not one figure",
        "# spare: dist",
        "expect dist: closed.ttft < 3s",
    ),
    Mistake(
        "no condition",
        "# spare: number",
        "expect number: closed.failed",
    ),
    Mistake(
        "growth of no phase",
        "to = after) <= 20MB",
        "to = aftr) <= 20MB",
    ),
    Mistake("never holds", "# spare: other", "expect never: 1 > 2"),
    Mistake("check twice", "# spare: ok", "expect ok: open.failed == 0"),
    // reports
    Mistake("report to nowhere", "to = \"table.csv\"", "# nothing"),
    Mistake("wrong format", "format = \"csv\"", "format = \"cvs\""),
    Mistake("wrong part", "each = \"case\"", "each = \"cas\""),
    Mistake("unknown column", "open.e2e.p95]", "open.e2e.p101]"),
    // syntax
    Mistake("no body", "# spare: end", "workload nobody"),
    Mistake(
        "a stray word",
        "# spare: late",
        "expect late: steady failed",
    ),
    Mistake(
        "bracket not closed",
        "# spare: bracket",
        "expect open: (closed.failed == 0",
    ),
    Mistake(
        "text not closed",
        "# spare: top",
        "let text = \"never closed",
    ),
    // brackets
    Mistake("`}` at the top", "# spare: end", "}"),
    Mistake("`}` in a scenario", "# spare: brace", "}"),
    Mistake(
        "`}` behind a phase",
        "phase before { quiesce = true, idle = 1s }",
        "phase before { quiesce = true, idle = 1s } }",
    ),
    Mistake(
        "`}` behind an option",
        "answer = \"two\"",
        "answer = \"two\" }",
    ),
    Mistake(
        "`}` behind a list",
        "{ q = \"two\" }]",
        "{ q = \"two\" }] }",
    ),
    Mistake("`]` too many", "d = [2, 3]", "d = [2, 3]]"),
    Mistake("`)` too many", "at(c = 4)", "at(c = 4))"),
    Mistake("`{` too many", "phase closed {", "phase closed {{"),
    Mistake("`(` too many", "growth(sut", "growth((sut"),
    Mistake("workload not closed", "} # chat", "# chat"),
    Mistake("matrix not closed", "  } # matrix", "  # matrix"),
    Mistake("options not closed", "    } # options", "    # options"),
    Mistake("server not closed", "  } # server", "  # server"),
    Mistake("phase not closed", "  } # closed", "  # closed"),
    Mistake("scenario not closed", "} # main", "# main"),
    Mistake(
        "load not closed",
        "duration = 62s, seed = 2 }",
        "duration = 62s, seed = 2",
    ),
    Mistake("suite not closed", "} # all", "# all"),
    Mistake("list not closed", "c = [1, 4]", "c = [1, 4"),
    Mistake("columns not closed", "open.e2e.p95]", "open.e2e.p95"),
    Mistake("call not closed", "uniform(16, 64)", "uniform(16, 64"),
    Mistake(
        "growth not closed",
        "to = after) <= 20MB",
        "to = after <= 20MB",
    ),
    Mistake("scenario not opened", "scenario other {", "scenario other"),
    Mistake("phase not opened", "phase open {", "phase open"),
    Mistake("load not opened", "load left {", "load left"),
    Mistake("rank not opened", "rank best {", "rank best"),
    Mistake("report not opened", "report table {", "report table"),
    Mistake("record not opened", "model = {", "model ="),
    Mistake("list not opened", "= [main, other]", "= main, other]"),
    Mistake("list closed as a call", "within = [d]", "within = [d)"),
    Mistake("call not opened", "poisson()", "poisson)"),
    Mistake(
        "a bracket and what is in it",
        "# spare: round",
        "expect round: (closed.ttft.p50 <= 5MB",
    ),
];

/// What a rule objects to, each a warning.
const OBJECTIONS: &[Mistake] = &[
    Mistake(
        "mean",
        "# spare: dist",
        "expect mean: closed.e2e.mean <= 1s",
    ),
    Mistake(
        "slowest",
        "# spare: number",
        "expect slowest: closed.ttft.max <= 5s",
    ),
    Mistake(
        "backwards",
        "# spare: ok",
        "expect back: growth(sut.memory, from = after, to = before) <= 20MB",
    ),
    Mistake(
        "above the timeout",
        "# spare: bracket",
        "expect late: closed.ttft.p50 <= 700s",
    ),
    Mistake("idle axis", "# spare: axis", "m = [1, 2]"),
    Mistake("rank of one", "within = [d]", "within = [c, d]"),
    Mistake("no seed", "duration = 62s, seed = 2 }", "duration = 62s }"),
    Mistake(
        "idle clients",
        "# spare: phase",
        "phase few { workload = chat, requests = 2, concurrency = 8 }",
    ),
];

/// Of a mistake of the whole scenario nothing is said beside it.
const ALL: &[&str] = &[
    "mean",
    "slowest",
    "backwards",
    "above the timeout",
    "idle axis",
    "rank of one",
    "no seed",
    "idle clients",
];
/// What rests on the phase `closed`.
const CLOSED: &[&str] = &["mean", "slowest", "above the timeout", "rank of one"];
/// What rests on the workload `chat`.
const CHAT: &[&str] = &[
    "mean",
    "slowest",
    "above the timeout",
    "rank of one",
    "no seed",
    "idle clients",
];
/// Another check may read what the mean hides.
const MEAN: &[&str] = &["mean"];
/// What is misspelt may be the axis.
const AXIS: &[&str] = &["idle axis"];
const MEAN_AND_AXIS: &[&str] = &["mean", "idle axis"];

/// Which objections are not said beside a mistake, since it may be what they come from.
const SILENCED: &[(&str, &[&str])] = &[
    ("param", CLOSED),
    ("text for a number", CHAT),
    ("unknown workload", MEAN_AND_AXIS),
    ("unknown name in a check", MEAN_AND_AXIS),
    ("unknown metric", MEAN),
    ("unknown field of a row", CHAT),
    ("unknown template", AXIS),
    ("unknown axis of a rank", AXIS),
    ("unknown module", ALL),
    ("value twice", ALL),
    ("no value", ALL),
    ("unknown name in an axis", ALL),
    ("missing file of an axis", ALL),
    ("all excluded", ALL),
    ("an axis that is no list", ALL),
    ("closed and open", CLOSED),
    ("beyond the context", CLOSED),
    ("contradictory workload", &["mean", "no seed"]),
    ("accept is no condition", CHAT),
    ("unknown argument", &["mean", "no seed"]),
    ("idle and a load", &["mean", "backwards"]),
    ("never ends", MEAN),
    ("unknown block", ALL),
    ("unlike units", MEAN),
    ("no such case", MEAN),
    ("no condition", MEAN),
    ("growth of no phase", MEAN_AND_AXIS),
    ("no body", ALL),
    ("`]` too many", ALL),
    ("`)` too many", MEAN_AND_AXIS),
    ("`(` too many", MEAN_AND_AXIS),
    ("call not closed", &["mean", "no seed"]),
    ("growth not closed", MEAN_AND_AXIS),
    ("list closed as a call", AXIS),
    ("call not opened", AXIS),
    (TWO, MEAN),
];

/// Two mistakes in one line.
const TWO: &str = "a bracket and what is in it";

/// Pairs of mistakes that hide one another, and why that is right.
const JUSTIFIED: &[(&str, &str, &str)] = &[
    (
        "`}` behind an option",
        "server not closed",
        "the brackets match, and mean what they should",
    ),
    (
        "`}` behind an option",
        "options not closed",
        "the brackets match, and mean what they should",
    ),
    (
        "`}` at the top",
        "suite not closed",
        "the brackets match, and mean what they should",
    ),
    (
        "all excluded",
        "no such case",
        "which values the matrix was to have is not known",
    ),
    (
        "unknown block",
        "unknown name in an axis",
        "a block that is not known may define any name",
    ),
    (
        "no body",
        "unknown name in an axis",
        "what could not be read may define any name",
    ),
];

/// So many pairs are tried; all of them with `SCN_ALL_PAIRS`.
const PAIRS: usize = 300;

/// Code and line of a finding.
type Found = BTreeMap<(String, usize), usize>;

/// The errors of a text, and how often each is said; and what they say.
fn errors(folder: &Path, text: &str) -> (Found, String) {
    said(folder, text, "error")
}

/// The findings of a severity.
fn said(folder: &Path, text: &str, severity: &str) -> (Found, String) {
    let file = format!("{:?}.scn", std::thread::current().id());
    std::fs::write(folder.join(&file), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", &file, "--json", "-"])
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut out = Found::new();
    let mut said = String::new();
    for one in found.iter().filter(|one| one["severity"] == severity) {
        let code = one["code"].as_str().unwrap().to_string();
        let line = usize::try_from(one["line"].as_u64().unwrap()).unwrap();
        said.push_str(&format!("  {code} {line}: {}\n", one["message"]));
        *out.entry((code, line)).or_default() += 1;
    }
    (out, said)
}

/// The text with mistakes put in; none where two of them change the same line.
fn with(mistakes: &[&Mistake]) -> Option<String> {
    let mut lines: Vec<String> = VALID.lines().map(str::to_string).collect();
    let mut changed = Vec::new();
    for Mistake(name, from, to) in mistakes {
        let places: Vec<usize> = (0..lines.len())
            .filter(|at| VALID.lines().nth(*at).unwrap().contains(from))
            .collect();
        let [at] = places[..] else {
            panic!("{name}: `{from}` stands in {} lines", places.len());
        };
        if changed.contains(&at) {
            return None;
        }
        changed.push(at);
        lines[at] = lines[at].replacen(from, to, 1);
    }
    Some(lines.join("\n") + "\n")
}

/// What a level of indentation is written with.
const INDENTS: [&str; 3] = ["  ", "\t", "    "];

/// A text with another indentation.
fn indented(text: &str, with: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let levels = (line.len() - body.len()) / 2;
        out.push_str(&with.repeat(levels));
        out.push_str(body);
        out.push('\n');
    }
    out
}

/// Numbers that are as good as random, and the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

#[test]
fn the_file_itself_has_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", "it.scn", "--json", "-"])
        .current_dir({
            std::fs::write(folder.path().join("it.scn"), VALID).unwrap();
            folder.path()
        })
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "[]");
}

#[test]
fn of_two_mistakes_both_are_said_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut failed = Vec::new();
    let singles: Vec<Found> = MISTAKES
        .iter()
        .map(|mistake| {
            let (found, said) = errors(folder, &with(&[mistake]).unwrap());
            let alone = found.values().sum::<usize>();
            let due = if mistake.0 == TWO { 2 } else { 1 };
            if alone != due {
                failed.push(format!(
                    "`{}` alone is not {due} errors:\n{said}",
                    mistake.0
                ));
            }
            for with in &INDENTS[1..] {
                let text = indented(&self::with(&[mistake]).unwrap(), with);
                let (other, said) = errors(folder, &text);
                if other != found {
                    let name = mistake.0;
                    failed.push(format!(
                        "`{name}` is another mistake with {with:?}:\n{said}"
                    ));
                }
            }
            found
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut draw = Draw(7);
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let all = std::env::var_os("SCN_ALL_PAIRS").is_some();
    for a in 0..MISTAKES.len() {
        pairs.extend((a + 1..MISTAKES.len()).map(|b| (a, b)));
    }
    while !all && pairs.len() > PAIRS {
        let at = draw.below(pairs.len());
        pairs.swap_remove(at);
    }
    let check = |(a, b): &(usize, usize)| {
        let (one, other) = (&MISTAKES[*a], &MISTAKES[*b]);
        let text = indented(&with(&[one, other])?, INDENTS[(a + b) % INDENTS.len()]);
        let (found, said) = errors(folder, &text);
        let mut due = singles[*a].clone();
        for (key, count) in &singles[*b] {
            *due.entry(key.clone()).or_default() += count;
        }
        let justified = JUSTIFIED.iter().any(|(hides, hidden, _)| {
            let is =
                |a: &Mistake, b: &Mistake| a.0 == *hides && (b.0 == *hidden || hidden.is_empty());
            is(one, other) || is(other, one)
        });
        let fine = match justified {
            // what is hidden is hidden; nothing is said that neither says alone
            true => found.keys().all(|key| due.contains_key(key)),
            false => found == due,
        };
        (!fine).then(|| {
            format!(
                "`{}` and `{}`: {due:?} are due, said is\n{said}",
                one.0, other.0
            )
        })
    };
    let half = pairs.len() / 2;
    std::thread::scope(|scope| {
        let halves = [&pairs[..half], &pairs[half..]];
        let threads = halves
            .map(|pairs| scope.spawn(move || pairs.iter().filter_map(check).collect::<Vec<_>>()));
        for thread in threads {
            failed.extend(thread.join().unwrap());
        }
    });
    assert!(
        failed.is_empty(),
        "{} pairs:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn a_mistake_hides_no_objection_to_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let warnings = |text: &str| said(folder, text, "warning");
    let mut failed = Vec::new();
    let alone: Vec<Found> = OBJECTIONS
        .iter()
        .map(|objection| {
            let (found, said) = warnings(&with(&[objection]).unwrap());
            if found.values().sum::<usize>() != 1 {
                failed.push(format!("`{}` is not one warning:\n{said}", objection.0));
            }
            found
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let all = std::env::var_os("SCN_ALL_PAIRS").is_some();
    let beside = |mistake: &&Mistake| {
        let mut failed = Vec::new();
        let (own, _) = warnings(&with(&[mistake]).unwrap());
        for (at, (objection, alone)) in OBJECTIONS.iter().zip(&alone).enumerate() {
            // one of three, each another of the next mistake
            if !all && !(at + mistake.0.len()).is_multiple_of(3) {
                continue;
            }
            let Some(text) = with(&[mistake, objection]) else {
                continue;
            };
            let (found, said) = warnings(&text);
            let silenced = SILENCED
                .iter()
                .any(|(name, of)| *name == mistake.0 && of.contains(&objection.0));
            let mut due = own.clone();
            due.extend(alone.clone().into_iter().filter(|_| !silenced));
            if found != due {
                let (mistake, objection) = (mistake.0, objection.0);
                failed.push(format!(
                    "`{objection}` beside `{mistake}`: {due:?} is due, said is\n{said}"
                ));
            }
        }
        failed
    };
    let half = MISTAKES.len() / 2;
    std::thread::scope(|scope| {
        let halves = [&MISTAKES[..half], &MISTAKES[half..]];
        let threads = halves
            .map(|of| scope.spawn(move || of.iter().flat_map(|m| beside(&m)).collect::<Vec<_>>()));
        for thread in threads {
            failed.extend(thread.join().unwrap());
        }
    });
    assert!(
        failed.is_empty(),
        "{} pairs:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
