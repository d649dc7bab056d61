//! The functions that expressions may call.

/// A builtin's name, how it is called, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    pub name: &'static str,
    pub signature: &'static str,
    /// Names of its parameters in order; those after `named_from` are given by name only.
    pub parameters: &'static [&'static str],
    /// How many must be given.
    pub required: usize,
    /// Takes any number of values.
    pub variadic: bool,
    pub doc: &'static str,
}

const fn function(
    name: &'static str,
    signature: &'static str,
    parameters: &'static [&'static str],
    required: usize,
    doc: &'static str,
) -> Builtin {
    Builtin {
        name,
        signature,
        parameters,
        required,
        variadic: false,
        doc,
    }
}

pub const BUILTINS: &[Builtin] = &[
    // content of requests
    function(
        "text",
        "text(value)",
        &["value"],
        1,
        "A text part of a request.",
    ),
    function(
        "image",
        "image(source)",
        &["source"],
        1,
        "An image part of a request: a file of the pack, an http(s) URL or a data URL.",
    ),
    function(
        "audio",
        "audio(source)",
        &["source"],
        1,
        "A piece of sound in a request: a file of the pack (`.wav`, `.mp3`, `.flac`, `.ogg`, `.opus`, `.m4a`, `.aac` or `.webm`), a data URL, or an http(s) URL where the engine's API takes one.",
    ),
    function(
        "video",
        "video(source)",
        &["source"],
        1,
        "A video in a request: a file of the pack (`.mp4`, `.webm`, `.mov`, `.mkv` or `.avi`), an http(s) URL or a data URL.",
    ),
    // answers
    function(
        "contains_any",
        "contains_any(text, words)",
        &["text", "words"],
        2,
        "Whether the text has at least one of the words, in any case of letters (\"STRASSE\" is \"straße\") and with any apostrophe, also as parts of longer words; a number only whole, with its sign and exponent: 4 is not in \"14\", \"4.5\", \"-4\" or \"4e3\". Zeros may end its fraction: 3.5 is in \"3.50\". A comma is of thousands (4,500 is 4500), or of a list: 5 is in \"4,5,6\"; so is a blank: 10000 is in \"10 000\".",
    ),
    function(
        "contains_all",
        "contains_all(text, words)",
        &["text", "words"],
        2,
        "Whether the text has every one of the words, in any case of letters (\"STRASSE\" is \"straße\") and with any apostrophe, also as parts of longer words; a number only whole, with its sign and exponent: 4 is not in \"14\", \"4.5\", \"-4\" or \"4e3\". Zeros may end its fraction: 3.5 is in \"3.50\". A comma is of thousands (4,500 is 4500), or of a list: 5 is in \"4,5,6\"; so is a blank: 10000 is in \"10 000\".",
    ),
    function(
        "matches",
        "matches(text, pattern)",
        &["text", "pattern"],
        2,
        "Whether the regular expression matches somewhere in the text.",
    ),
    // versions
    function(
        "version_in",
        "version_in(version, versions)",
        &["version", "versions"],
        2,
        "Whether what is said of a version (`0.8.5`, `>=0.11`) makes it surely one of others: version_in(version, \">=0.9.2\"). Of `none` nothing is sure.",
    ),
    // numbers, texts and lists
    function(
        "len",
        "len(value)",
        &["value"],
        1,
        "Length of a text in characters, of a list or a record in entries.",
    ),
    function(
        "mod",
        "mod(a, b)",
        &["a", "b"],
        2,
        "The remainder of a / b, with the sign of b. Both are of one dimension, and so is what it comes to; counts take a bare number as b.",
    ),
    function("abs", "abs(a)", &["a"], 1, "The value without its sign."),
    Builtin {
        variadic: true,
        ..function(
            "min",
            "min(a, b, …) or min(list)",
            &["values"],
            1,
            "The least of the values.",
        )
    },
    Builtin {
        variadic: true,
        ..function(
            "max",
            "max(a, b, …) or max(list)",
            &["values"],
            1,
            "The greatest of the values.",
        )
    },
    function(
        "round",
        "round(a)",
        &["a"],
        1,
        "The nearest whole number; a half goes away from zero. Of bare numbers and counts: what has a unit is divided by the one to round to, `round(x / 1ms)`.",
    ),
    function(
        "floor",
        "floor(a)",
        &["a"],
        1,
        "The greatest whole number that is not above it. Of bare numbers and counts, as `round` is: `floor(x / 1ms)`.",
    ),
    function(
        "ceil",
        "ceil(a)",
        &["a"],
        1,
        "The least whole number that is not below it. Of bare numbers and counts, as `round` is: `ceil(x / 1ms)`.",
    ),
    function(
        "range",
        "range(n)",
        &["n"],
        1,
        "The whole numbers from 0 to n - 1.",
    ),
    function(
        "ring",
        "ring(n)",
        &["n"],
        1,
        "The pairs of n neighbours in a ring: [[0, 1], [1, 2], …, [n - 1, 0]], for `between` of a link.",
    ),
    function(
        "mesh",
        "mesh(n)",
        &["n"],
        1,
        "All pairs of n: [[0, 1], [0, 2], …], for `between` of a link.",
    ),
    function(
        "join",
        "join(list, separator)",
        &["list", "separator"],
        2,
        "The entries as one text.",
    ),
    function(
        "keys",
        "keys(record)",
        &["record"],
        1,
        "The record's keys, in order.",
    ),
    function(
        "get",
        "get(record, key, default)",
        &["record", "key", "default"],
        2,
        "The record's value of that key, or the default where it has none.",
    ),
    function(
        "flags",
        "flags(record)",
        &["record"],
        1,
        "The record as command line arguments, for `arguments` of a server: `{ max_num_seqs = 64, trust_remote_code = none }` gives `--max-num-seqs 64 --trust-remote-code`. Underscores of a name become hyphens, and a name that begins with a hyphen is taken as it is. `true` and `none` are the bare flag, `false` leaves it out; a list is several words after its flag, a record is JSON.",
    ),
    function(
        "link",
        "link(text, url)",
        &["text", "url"],
        2,
        "A link for a cell of a report: Markdown shows the text as a link, CSV holds the URL. The URL begins with `http://` or `https://`, or is a path beside the report.",
    ),
    function(
        "fixed",
        "fixed(number, digits)",
        &["number", "digits"],
        2,
        "The bare number as text with so many digits after the point, at most 12.",
    ),
    // files
    function(
        "data",
        "data(file)",
        &["file"],
        1,
        "What a data file holds: YAML, JSON, JSON lines (`.jsonl`) or CSV, by its ending; at most 16 MiB. It stands in the folder of the file that names it, or below. A CSV gives a list of records with the header's keys: a column of numbers holds numbers, one of `true` and `false` truths, any other texts; an empty cell is `none`. A column with a cell as `007` holds texts. Where a text is due, put a number into one: `\"${row.answer}\"` has it as it is written in its cell, as `1.50`.",
    ),
    // what requests draw
    function(
        "uniform",
        "uniform(low, high)",
        &["low", "high"],
        2,
        "Any value between the two, both included, as likely; of tokens any whole number.",
    ),
    function(
        "normal",
        "normal(mean = …, stddev = …, min = …, max = …)",
        &["mean", "stddev", "min", "max"],
        2,
        "A normal distribution. Draws below `min` (0 where it is left out) or above `max` are taken to be these.",
    ),
    function(
        "lognormal",
        "lognormal(mean = …, stddev = …, min = …, max = …)",
        &["mean", "stddev", "min", "max"],
        2,
        "A lognormal distribution, of this mean and this standard deviation themselves, not of their logarithms. Draws below `min` or above `max` are taken to be these.",
    ),
    function(
        "zipf",
        "zipf(most, exponent = …)",
        &["most", "exponent"],
        1,
        "Whole numbers k from 1 to `most` (a million at most), as likely as 1 / k^exponent: few long ones among many short ones. The exponent is 1 unless said.",
    ),
    function(
        "empirical",
        "empirical(file) or empirical(list)",
        &["values"],
        1,
        "One of the values of a list, or of a data file with one column of numbers, each as likely. What stands in it several times is drawn as often.",
    ),
    // arrivals
    function(
        "poisson",
        "poisson()",
        &[],
        0,
        "Arrivals that do not know of each other: exponential gaps.",
    ),
    function(
        "constant",
        "constant() or constant(value)",
        &["value"],
        0,
        "Arrivals at equal gaps; with a value, the distribution that draws nothing else.",
    ),
    function(
        "gamma",
        "gamma(shape = …)",
        &["shape"],
        1,
        "Arrivals whose gaps have a gamma distribution: in bursts with a shape below 1, Poisson at 1, more even above it. Their coefficient of variation is 1 / sqrt(shape).",
    ),
    function(
        "ramp",
        "ramp(from = …, to = …, curve = \"linear\")",
        &["from", "to", "curve"],
        2,
        "A rate that goes from one to the other over the load's `duration`: `\"linear\"`, or `\"exponential\"` (by the same factor in each second).",
    ),
    // secrets
    function(
        "env",
        "env(name, default)",
        &["name", "default"],
        1,
        "An environment variable, as a secret: no plan, log or report prints it.",
    ),
    function(
        "secret",
        "secret(value)",
        &["value"],
        1,
        "The text as a secret: no plan, log or report prints it.",
    ),
    // servers
    function(
        "fit",
        "fit(server)",
        &["server"],
        1,
        "What a server's model takes of each GPU, as a record that is known before anything runs: `fits`, the GPU's `memory`, what the engine is `allowed` of it, `weights`, what these leave (`free`, less than 0 where they are too much), `kv_cache`, `kv_bytes_per_token`, `kv_tokens` and `kv_blocks` that it holds at most, and the `longest_sequence` that has room. Activations and an engine's own buffers are not in it. The server says its `gpu`: fit(sut).kv_tokens >= 100 ktok, exclude when not fit(sut).fits.",
    ),
    // measurements
    Builtin {
        variadic: true,
        ..function(
            "at",
            "at(axis = value, …)",
            &[],
            1,
            "Another case of the matrix: the one with these values, and otherwise those of the case at hand. For checks, columns and ranks: they are evaluated once all cases have run, a check once for each combination of the axes that it reads: at(tp = 4).stress.request_rate >= 1.5 * at(tp = 2).stress.request_rate. Whether that case can work is at(tp = 4).feasible. A record stands for the one with the same attributes: at(layout = { tp = 4 }).",
        )
    },
    function(
        "percentile",
        "percentile(distribution, share)",
        &["distribution", "share"],
        2,
        "A percentile of a distribution: percentile(stress.ttft, 99.9%).",
    ),
    function(
        "growth",
        "growth(series, from = phase, to = phase) or growth(series, during = phase)",
        &["series", "from", "to", "during"],
        1,
        "How much a series' floor (its least value since it last moved in the quiet end of a phase) rose from one phase to another, or from the first to the last repetition of one. Where it did not settle there, the growth is only known to lie between two values, and a check that does not come to the same on all of it is inconclusive.",
    ),
    function(
        "peak",
        "peak(series, during = phase)",
        &["series", "during"],
        1,
        "The greatest value of a series, in the whole case or in one phase.",
    ),
    function(
        "mean",
        "mean(series, during = phase)",
        &["series", "during"],
        1,
        "The mean of a series' samples, in the whole case or in one phase. Of a metric that is worked out of counters: what it comes to there.",
    ),
    function(
        "increase",
        "increase(counter, during = phase)",
        &["series", "during"],
        1,
        "How much a counter rose, in the whole case or in one phase; restarts from 0 are seen.",
    ),
];

pub fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}
