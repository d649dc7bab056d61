//! Texts of many things of one sort, which a lint has to look at in time in proportion to them.

/// One sort: its name, the file before it, each of them by its number, and the file behind.
type Shape = (
    &'static str,
    &'static str,
    fn(usize) -> String,
    &'static str,
);

const HEAD: &str = "use std.engines\nworkload w { prompt = \"hello\", output = 16 }\n";
const OPEN: &str = "scenario s {\n  server sut { engine = engines.builtin }\n";
const PHASE: &str = "  phase p { workload = w, requests = 80, concurrency = 1 }\n";
const MATRIX: &str = "  matrix { a = [1, 2] }\n";

/// `#` stands for the head of a file, `@` for that and the head of a scenario, `%` for a phase and
/// `&` for a matrix.
const SHAPES: &[Shape] = &[
    (
        "phases",
        "@",
        |n| format!("phase p{n} {{ workload = w, requests = 8 }}\n"),
        "}",
    ),
    (
        "phases with a check each",
        "@",
        |n| format!("phase p{n} {{ workload = w, requests = 8 }}\nexpect p{n}.failed == 0\n"),
        "}",
    ),
    (
        "phases with a server each",
        "#scenario s {\n",
        |n| {
            format!(
                "server v{n} {{ engine = engines.builtin }}\n\
                 phase p{n} {{ workload = w, requests = 8, server = v{n} }}\n"
            )
        },
        "}",
    ),
    (
        "phases of none of many servers",
        "#scenario s {\n",
        |n| {
            format!(
                "server v{n} {{ engine = engines.builtin }}\n\
                 phase p{n} {{ workload = w, requests = 8 }}\n"
            )
        },
        "}",
    ),
    (
        "phases of workloads that are not known",
        "@",
        |n| format!("phase p{n} {{ workload = x{n}, requests = 8 }}\n"),
        "}",
    ),
    (
        "checks",
        "@%",
        |n| format!("expect e{n}: p.ttft.p50 <= {n}ms\n"),
        "}",
    ),
    (
        "checks of other cases",
        "@&%",
        |n| format!("expect at(a = 1).p.ttft.p50 <= {n}ms\n"),
        "}",
    ),
    (
        "checks with `when`",
        "@&%",
        |n| format!("expect p.ttft.p50 <= {n}ms when a == 1\n"),
        "}",
    ),
    (
        "checks that never hold together",
        "@%",
        |n| {
            format!(
                "expect p.ttft.p{} <= {n}ms\nexpect p.ttft.p{} >= 9s\n",
                n % 99,
                n % 98
            )
        },
        "}",
    ),
    (
        "checks of a let each",
        "@%",
        |n| format!("let a{n} = p.ttft.p50 + {n}ms\nexpect a{n} <= 1s\n"),
        "}",
    ),
    (
        "checks of what is not known",
        "@%",
        |n| format!("expect q{n}.failed == 0\n"),
        "}",
    ),
    (
        "metrics that are not known",
        "@%",
        |n| format!("expect p.abc{n} == 0\n"),
        "}",
    ),
    (
        "loads",
        "@phase p {\n",
        |n| format!("load l{n} {{ workload = w, requests = 8 }}\n"),
        "} }",
    ),
    (
        "reports",
        "@%",
        |n| format!("report r{n} {{ columns = [p.ttft.p50], to = \"r{n}.csv\" }}\n"),
        "}",
    ),
    (
        "columns",
        "@%report r { columns = [",
        |_| "p.ttft.p50, ".into(),
        "], to = \"r.csv\" } }",
    ),
    (
        "ranks",
        "@&%",
        |n| format!("rank r{n} {{ highest = p.output_throughput }}\n"),
        "}",
    ),
    (
        "axes",
        "@matrix {\n",
        |n| format!("a{n} = [1, 2]\n"),
        "}\n%}",
    ),
    (
        "values of an axis",
        "@matrix { a = [",
        |n| format!("{n}, "),
        "] }\n%}",
    ),
    (
        "exclusions",
        "@matrix { a = [1, 2]\n",
        |n| format!("exclude when a == {n}\n"),
        "}\n%}",
    ),
    (
        "scenarios",
        "#",
        |n| {
            format!(
                "scenario s{n} {{\nserver sut {{ engine = engines.builtin }}\n\
                 phase p {{ workload = w, requests = 80 }}\nexpect p.failed == 0\n}}\n"
            )
        },
        "",
    ),
    (
        "workloads",
        "#",
        |n| format!("workload w{n} {{ prompt = \"x\" }}\n"),
        "",
    ),
    (
        "servers",
        "#scenario s {\n",
        |n| format!("server v{n} {{ engine = engines.builtin }}\n"),
        "}",
    ),
    (
        "comments that allow what is not there",
        "",
        |_| "# scn: allow(unused) because x\n".into(),
        "",
    ),
    (
        "comments that allow what is there",
        "",
        |n| format!("# scn: allow(unused) because x\nlet a{n} = 1\n"),
        "@%}",
    ),
    (
        "comments that allow no rule",
        "",
        |_| "# scn: allow(unusde) because x\n".into(),
        "",
    ),
    (
        "fields that are not known",
        "let r = { a = 1 }\n",
        |n| format!("let a{n} = r.b{n}\n"),
        "",
    ),
    (
        "options that are not known",
        "#scenario s {\nserver sut { engine = engines.builtin, options {\n",
        |n| format!("o{n} = {n}\n"),
        "} } }",
    ),
    (
        "options of an engine",
        "#engine e extends engines.builtin {\n",
        |n| format!("option o{n} {{ type = int }}\n"),
        "}",
    ),
    (
        "modules that are not there",
        "",
        |n| format!("use \"x{n}.scn\"\n"),
        "",
    ),
    (
        "misspelt scenarios",
        "",
        |n| format!("scenaro s{n} {{}}\n"),
        "",
    ),
    (
        "scenarios of bases that are not known",
        "",
        |n| format!("scenario a{n} extends b{n} {{}}\n"),
        "",
    ),
    (
        "empty scenarios",
        "",
        |n| format!("scenario s{n} {{ phase a {{}} }}\n"),
        "",
    ),
    ("misspelt phases", "", |n| format!("phse a{n} {{}}\n"), ""),
    (
        "files without an ending",
        "",
        |n| format!("use \"x{n}\"\n"),
        "",
    ),
    (
        "names that are not known",
        "",
        |n| format!("let a{n} = nosuch{n}\n"),
        "",
    ),
    (
        "checks at the top level",
        "",
        |n| format!("expect a{n}: b{n}\n"),
        "",
    ),
    (
        "suites without braces",
        "",
        |n| format!("suite a{n} = [b{n}]\n"),
        "",
    ),
    (
        "comments that allow unknown rules",
        "",
        |n| format!("# scn: allow(x{n}) because \"y{n}\"\n"),
        "",
    ),
    (
        "names with hyphens",
        "",
        |n| format!("phase a-b{n} {{}}\nlet c{n} = a-b{n}\n"),
        "",
    ),
    (
        "uses of an axis without units",
        "@matrix { a = [1, 2] }\n%",
        |n| format!("expect e{n}: p.ttft.p50 <= a\n"),
        "}",
    ),
    ("values on one line", "let a = [", |_| "é, b, ".into(), "]"),
];

/// The texts, each of about so many bytes.
pub fn shapes(size: usize) -> impl Iterator<Item = (&'static str, String)> {
    SHAPES.iter().map(move |(name, before, each, behind)| {
        let mut text = filled(before);
        for n in 0.. {
            text += &each(n);
            if text.len() > size {
                break;
            }
        }
        (*name, text + &filled(behind))
    })
}

fn filled(text: &str) -> String {
    let head = text.replace('@', &format!("#{OPEN}"));
    let head = head.replace('#', HEAD);
    head.replace('%', PHASE).replace('&', MATRIX)
}
