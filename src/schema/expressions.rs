//! What expressions are made of beside literals and builtins: operators, and names that are always
//! there.

/// A part of an expression: the words that it is asked for by, how it may be written, what it says, and
/// an example.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub words: &'static [&'static str],
    pub written: &'static [&'static str],
    pub doc: &'static str,
    pub example: &'static str,
}

const fn form(
    words: &'static [&'static str],
    written: &'static [&'static str],
    doc: &'static str,
    example: &'static str,
) -> Form {
    Form {
        words,
        written,
        doc,
        example,
    }
}

/// From those that bind least to those that bind most; what is built of several parts comes last.
pub const OPERATORS: &[Form] = &[
    form(
        &["or"],
        &["a or b"],
        "True where one of the two is. Both are true or false; where the left one decides, the right one is not read.",
        "expect some: steady.failed == 0 or steady.success_rate >= 99%",
    ),
    form(
        &["and"],
        &["a and b"],
        "True where both are. Where the left one decides, the right one is not read: `row.hint != none and row.hint in answer`.",
        "expect both: steady.ttft.p95 <= 800ms and steady.tpot.p95 <= 50ms",
    ),
    form(
        &["not"],
        &["not a"],
        "True where the other is false.",
        "exclude when not fit(sut).fits",
    ),
    form(
        &["==", "!="],
        &["a == b", "a != b"],
        "Whether both are the same, or not. Both are of one type and one dimension; lists and records are compared entry by entry. `a == none` asks whether there is a value.",
        "expect all: steady.success_rate == 100%",
    ),
    form(
        &["<", "<=", ">", ">="],
        &["a < b", "a <= b", "a > b", "a >= b"],
        "Which of two numbers is larger. Both are of one dimension; a count may be compared with a bare number. Two comparisons are joined: `a > 50ms and a <= 800ms`.",
        "expect quick: steady.ttft.p95 <= 800ms",
    ),
    form(
        &["in"],
        &["value in list", "\"part\" in text", "\"key\" in record"],
        "Whether a list has an entry that equals the value, a text has the part (letters as they are written; `contains_any` takes any case), or a record has the key. A number that a text is to hold is made one: `\"${row.id}\" in answer`.",
        "accept = row.city in answer",
    ),
    form(
        &["not in"],
        &["value not in list"],
        "The opposite of `in`.",
        "accept = \"sorry\" not in answer",
    ),
    form(
        &["+", "-"],
        &["a + b", "a - b", "-a"],
        "Sum and difference of numbers of one dimension. `+` also joins two texts, or two lists.",
        "let total = steady.requests + burst.requests",
    ),
    form(
        &["*", "/"],
        &["a * b", "a / b"],
        "Product and quotient; dimensions are multiplied and divided along. The remainder is `mod(a, b)`.",
        "let per_gpu = steady.output_throughput / case.gpus",
    ),
    form(
        &["if", "then", "else"],
        &["if condition then a else b"],
        "The one value where the condition holds, else the other; what is not chosen is not read. There is always an `else`. Behind an operator it stands in brackets.",
        "concurrency = if tp > 1 then 64 else 16",
    ),
    form(
        &["for"],
        &["[entry for name in list if condition]"],
        "A list with an entry for each of another; `if` may be left out, and several `for` go over each other's entries.",
        "rows = [r for r in data(\"rows.csv\") if r.level == 1]",
    ),
    form(
        &["[]"],
        &["list[0]", "record[\"key\"]"],
        "An entry of a list, counted from 0, or the value of a record's key. `record.key` is the same; `get(record, key, default)` is for keys that may be missing.",
        "let first = [1, 2, 4][0]",
    ),
    form(
        &["${}"],
        &["\"text ${value}\""],
        "A value within a text: numbers with their units, lists and records too. `$${` is a plain `${`.",
        "prompt = \"What is the capital of ${row.country}?\"",
    ),
];

/// Names that expressions find without a definition.
pub const NAMES: &[Form] = &[
    form(
        &["case"],
        &["case.name"],
        "The case at hand, in phases, checks and reports: a record of the fields `case.name` and so on. What the matrix gives it, its axes, are names by themselves: `tp`. How it ends (`verdict`, `stage`, `reason`, `place`) only a column of a report reads, and alone.",
        "columns = [case.name, case.verdict, steady.ttft.p50]",
    ),
    form(
        &["case.name"],
        &["case.name"],
        "The case's id, made of its axes: `tp=2,concurrency=16`; `case` where there is no matrix.",
        "to = \"${case.name}.csv\"",
    ),
    form(
        &["case.scenario"],
        &["case.scenario"],
        "The name of its scenario.",
        "columns = [case.scenario, case.name]",
    ),
    form(
        &["case.gpus"],
        &["case.gpus"],
        "How many GPUs its servers take in all.",
        "rank best { highest = steady.output_throughput / case.gpus }",
    ),
    form(
        &["case.price"],
        &["case.price"],
        "What its servers cost, in `USD/h`: the `price` of each `gpu` times how many they take. Without a price it is unavailable.",
        "rank cheap { lowest = case.price / steady.output_throughput }",
    ),
    form(
        &["case.feasible"],
        &["case.feasible"],
        "Whether it can work: its layout fits its model, and its model its GPUs. Of another case it is `at(tp = 4).feasible`.",
        "expect fits: case.feasible",
    ),
    form(
        &["case.verdict"],
        &["case.verdict"],
        "How it ends: `pass`, `fail`, `error`, `no data`, … For columns of reports alone.",
        "columns = [case.name, case.verdict]",
    ),
    form(
        &["case.stage"],
        &["case.stage"],
        "How far it got: `end`, the phase that it ended in, `start` where its servers did not start, `plan` where nothing of it was begun. For columns of reports alone.",
        "columns = [case.name, case.stage]",
    ),
    form(
        &["case.reason"],
        &["case.reason"],
        "What speaks against it; empty where it passed. For columns of reports alone.",
        "columns = [case.name, case.verdict, case.reason]",
    ),
    form(
        &["case.place"],
        &["case.place"],
        "Its place in its scenario's rank, from 1: a number; of several ranks `best 1, cheap 3`. One that is not eligible has none, with the reason. For columns of reports alone.",
        "columns = [case.name, steady.output_throughput, case.place]",
    ),
    form(
        &["row"],
        &["row", "row.field"],
        "The row at hand of a workload's `rows`, in `prompt`, `content`, `system` and `accept`: a record of a data file has its columns as fields.",
        "prompt = \"What is the capital of ${row.country}?\"",
    ),
    form(
        &["answer"],
        &["answer"],
        "The text of an answer, in the workload's `accept`.",
        "accept = contains_any(answer, [row.city])",
    ),
    form(
        &["finish_reason"],
        &["finish_reason"],
        "Why an answer ended, as the server says it (`stop`, `length`), in the workload's `accept`; `none` where it says nothing.",
        "accept = finish_reason == \"stop\"",
    ),
];
