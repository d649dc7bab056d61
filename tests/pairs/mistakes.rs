//! A file without a mistake, and the mistakes that are put into it.

/// A file without a mistake. Spare lines are for what is added.
pub const VALID: &str = r#"use std.engines
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
pub struct Mistake(pub &'static str, pub &'static str, pub &'static str);

pub const MISTAKES: &[Mistake] = &[
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
        "call in square brackets",
        "growth(sut.memory, from = before, to = after)",
        "growth[sut.memory, from = before, to = after)",
    ),
    Mistake(
        "record in round brackets",
        "model = { path",
        "model = ( path",
    ),
    Mistake(
        "phase in round brackets",
        "phase before { quiesce = true, idle = 1s }",
        "phase before ( quiesce = true, idle = 1s )",
    ),
    Mistake(
        "base behind a colon",
        "summary extends reports.summary {}",
        "summary : reports.summary {}",
    ),
    Mistake(
        "check in braces",
        "expect left: both.left.failed == 0",
        "expect left { both.left.failed == 0 }",
    ),
    Mistake(
        "a bracket and what is in it",
        "# spare: round",
        "expect round: (closed.ttft.p50 <= 5MB",
    ),
];

/// What a rule objects to, each a warning.
pub const OBJECTIONS: &[Mistake] = &[
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
pub const SILENCED: &[(&str, &[&str])] = &[
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
    ("call in square brackets", MEAN_AND_AXIS),
    ("check in braces", MEAN),
    ("call not opened", AXIS),
    (TWO, MEAN),
];

/// Two mistakes in one line.
pub const TWO: &str = "a bracket and what is in it";

/// Where lines are not indented, several places are as likely.
pub const ANYWHERE: &[&str] = &[
    "`}` behind an option",
    "options not closed",
    "load not closed",
];

/// Pairs of mistakes that hide one another, and why that is right.
pub const JUSTIFIED: &[(&str, &str, &str)] = &[
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
        "no body",
        "unknown name in an axis",
        "what could not be read may define any name",
    ),
];
