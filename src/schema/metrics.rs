//! What can be measured: the metrics of a phase, and the series of a server.

use crate::units::Dimension;

const NONE: Dimension = Dimension::NONE;
const TIME: Dimension = Dimension::TIME;
const DATA: Dimension = Dimension::DATA;
const TOKENS: Dimension = Dimension::TOKENS;
const REQUESTS: Dimension = Dimension::REQUESTS;

/// One value per phase, or one per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Scalar,
    /// Read through a statistic: `.p99`.
    Distribution,
}

/// What of a run a metric rests on; not every world has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestsOn {
    /// When requests were sent and answered, and how long they were.
    Requests,
    /// What answers say, where a workload judges them.
    Answers,
    /// The client's own threads.
    Client,
}

#[derive(Debug, Clone, Copy)]
pub struct MetricDef {
    pub name: &'static str,
    pub shape: Shape,
    pub dimension: Dimension,
    /// A share of one, shown in per cent.
    pub ratio: bool,
    pub rests_on: RestsOn,
    pub doc: &'static str,
}

impl MetricDef {
    const fn on(self, rests_on: RestsOn) -> Self {
        Self { rests_on, ..self }
    }
}

const fn scalar(name: &'static str, dimension: Dimension, doc: &'static str) -> MetricDef {
    MetricDef {
        name,
        shape: Shape::Scalar,
        dimension,
        ratio: false,
        rests_on: RestsOn::Requests,
        doc,
    }
}

const fn share(name: &'static str, doc: &'static str) -> MetricDef {
    MetricDef {
        name,
        shape: Shape::Scalar,
        dimension: NONE,
        ratio: true,
        rests_on: RestsOn::Requests,
        doc,
    }
}

const fn distribution(name: &'static str, dimension: Dimension, doc: &'static str) -> MetricDef {
    MetricDef {
        name,
        shape: Shape::Distribution,
        dimension,
        ratio: false,
        rests_on: RestsOn::Requests,
        doc,
    }
}

/// Metrics of a phase, and of each `load` in it.
pub const PHASE_METRICS: &[MetricDef] = &[
    distribution(
        "ttft",
        TIME,
        "Time to first token: from the moment the request was due to its first generated token (content, reasoning or a tool call; a role-only chunk is none). Answered requests.",
    ),
    distribution(
        "ttfa",
        TIME,
        "Time to the first token of the answer itself, reasoning not counted. Answered requests.",
    ),
    distribution(
        "itl",
        TIME,
        "Inter-token latency: the gaps between successive chunks that carry tokens, over all answered requests but those whose chunks all came at one moment.",
    ),
    distribution(
        "tpot",
        TIME,
        "Time per output token after the first: (last token - first token) / (output tokens - 1), for answered requests with at least two tokens by the server's usage that did not all come at one moment.",
    ),
    distribution(
        "e2e",
        TIME,
        "From the moment the request was due to the end of its answer. Answered requests.",
    ),
    distribution(
        "lateness",
        TIME,
        "The client's own delay: from the moment a request was due to the moment it was sent.",
    ),
    distribution(
        "input",
        TOKENS,
        "Prompt tokens per request, by the server's usage.",
    ),
    distribution(
        "output",
        TOKENS,
        "Output tokens per request, by the server's usage.",
    ),
    distribution(
        "tokens_per_chunk",
        NONE,
        "Output tokens per streamed chunk: above 1, ITL is not a time per token.",
    ),
    distribution(
        "replica_requests",
        REQUESTS,
        "Requests that each replica of the phase's servers took in. Only the simulator tells it, and of whole phases: `load.replica_requests.max`.",
    ),
    MetricDef {
        ratio: true,
        ..distribution(
            "gpu_busy",
            NONE,
            "The share of the phase's load in which the GPUs of each pipeline stage of each replica had a step under way. Only the simulator tells it, and of whole phases.",
        )
    },
    scalar("requests", REQUESTS, "Requests that were due."),
    scalar(
        "completed",
        REQUESTS,
        "Requests answered whole, whatever `accept` said.",
    ),
    scalar(
        "failed",
        REQUESTS,
        "Requests that failed, wrong answers among them.",
    )
    .on(RestsOn::Answers),
    share(
        "success_rate",
        "Share of the requests that were answered whole, and rightly where the workload has an `accept`.",
    )
    .on(RestsOn::Answers),
    share(
        "accept_rate",
        "Share of the answered requests whose answer was accepted. Where `accept` could not be evaluated for one of them there is none: these are `failures.not_judged`.",
    )
    .on(RestsOn::Answers),
    scalar(
        "request_rate",
        REQUESTS.per(TIME),
        "Answered requests per second of the phase, that is of its `duration` as measured.",
    ),
    scalar(
        "output_throughput",
        TOKENS.per(TIME),
        "Output tokens of answered requests per second of the phase, by the server's usage; unavailable where an answer had none.",
    ),
    scalar(
        "input_throughput",
        TOKENS.per(TIME),
        "Prompt tokens of answered requests per second of the phase, by the server's usage; unavailable where an answer had none.",
    ),
    scalar(
        "total_throughput",
        TOKENS.per(TIME),
        "Prompt and output tokens of answered requests per second of the phase, by the server's usage; unavailable where an answer had none.",
    ),
    scalar(
        "prefill_throughput",
        TOKENS.per(TIME),
        "Prompt tokens of the answered requests per second until all of them had their first token: from when the first was due to the last first token, over the repetitions. Of a load whose requests are all sent at once, as a `batch`: otherwise prompts and answers overlap, and it is unavailable. `bench_one_batch_server` calls it input throughput.",
    ),
    scalar(
        "decode_throughput",
        TOKENS.per(TIME),
        "Output tokens of the answered requests per second after all of them had their first token: until the last end, over the repetitions. All output tokens count, also those of before, as in `bench_one_batch_server`, which calls it output throughput. Of a load whose requests are all sent at once, as a `batch`; otherwise it is unavailable.",
    ),
    scalar(
        "image_rate",
        Dimension::IMAGES.per(TIME),
        "Images in answered requests per second of the phase.",
    ),
    scalar(
        "audio_rate",
        Dimension::CLIPS.per(TIME),
        "Pieces of sound in answered requests per second of the phase.",
    ),
    scalar(
        "video_rate",
        Dimension::VIDEOS.per(TIME),
        "Videos in answered requests per second of the phase.",
    ),
    scalar(
        "duration",
        TIME,
        "From the first request due to the end of the last one, answered or not; pauses between repetitions left out.",
    ),
    scalar(
        "client_delay",
        TIME,
        "How long the client's own threads waited for a core when they had something to do: the mean of all waits while load was sent. It is part of every latency. Loads of one phase share it.",
    )
    .on(RestsOn::Client),
];

/// What the metric of a phase with this name rests on.
pub fn rests_on(metric: &str) -> RestsOn {
    let known = PHASE_METRICS.iter().find(|one| one.name == metric);
    known.map_or(RestsOn::Requests, |one| one.rests_on)
}

/// Statistics of a distribution.
pub const DISTRIBUTION_STATS: &[&str] = &[
    "mean", "stddev", "min", "max", "p50", "p75", "p90", "p95", "p99", "p999", "count",
];

/// Statistics of a server's series, over the whole case.
pub const SERIES_STATS: &[&str] = &["mean", "min", "max", "first", "last"];

/// What a statistic of either list is.
pub fn stat_doc(name: &str) -> Option<&'static str> {
    Some(match name {
        "mean" => "The arithmetic mean.",
        "stddev" => "The standard deviation of the sample (divided by n - 1); needs 2 values.",
        "min" => "The least value.",
        "max" => "The greatest value.",
        "p50" => "The median: half of the values are at most this. Needs 2 values.",
        "p75" => "75 % of the values are at most this. Needs 4 values.",
        "p90" => "90 % of the values are at most this. Needs 10 values.",
        "p95" => "95 % of the values are at most this. Needs 20 values.",
        "p99" => "99 % of the values are at most this. Needs 100 values.",
        "p999" => "99.9 % of the values are at most this. Needs 1000 values.",
        "count" => "How many values there are.",
        "first" => "The first sample of the case.",
        "last" => "The last sample of the case.",
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy)]
pub struct SeriesDef {
    pub name: &'static str,
    pub dimension: Dimension,
    pub doc: &'static str,
}

const fn series(name: &'static str, dimension: Dimension, doc: &'static str) -> SeriesDef {
    SeriesDef {
        name,
        dimension,
        doc,
    }
}

/// Series that every server has; an engine's `metric` blocks add theirs. The memory series
/// also exist by role: `sut.roles.worker.memory`.
pub const SERVER_SERIES: &[SeriesDef] = &[
    series(
        "memory",
        DATA,
        "Anonymous and shared resident memory, summed over the server's processes, without files: what grows where a server leaks. Pages that several processes share count once for each; `memory_pss` counts them once in all, at the ends of phases.",
    ),
    series(
        "memory_anon",
        DATA,
        "Anonymous resident memory (RssAnon), summed over the processes.",
    ),
    series(
        "memory_file",
        DATA,
        "File-backed resident memory (RssFile), summed over the processes.",
    ),
    series(
        "memory_shared",
        DATA,
        "Shared resident memory (RssShmem), summed over the processes: pages that several share count once for each.",
    ),
    series(
        "memory_pss",
        DATA,
        "`memory` with shared pages divided among the processes that share them, at checkpoints (phase ends): Pss_Anon and Pss_Shmem of the kernel. The one for the growth of a server of several processes. Needs Linux 5.9.",
    ),
    series(
        "pss",
        DATA,
        "Proportional set size at checkpoints (phase ends): shared pages are divided among the processes. It holds pages of files too, such as the program's own, which the kernel drops and reads as it likes: for growth read `memory` or `memory_pss`.",
    ),
    series(
        "uss",
        DATA,
        "Unique set size at checkpoints: what would come free if the processes ended, pages of files that no other process uses among it.",
    ),
    series("processes", NONE, "Number of processes."),
    series(
        "gpu_memory",
        DATA,
        "Memory in use on the server's GPUs, other programs' included, by NVML: on those that its CUDA_VISIBLE_DEVICES names, else on all that the driver lists.",
    ),
    series(
        "gpu_process_memory",
        DATA,
        "Memory that the server's own processes hold on its GPUs, where the driver tells their process ids.",
    ),
    series(
        "gpu_other_memory",
        DATA,
        "Memory that other processes hold on the server's GPUs, where the driver tells their process ids.",
    ),
    series(
        "gpu_util",
        NONE,
        "Share of time in which a kernel ran, mean over the server's GPUs, by NVML.",
    ),
    series("host_memory", DATA, "Memory in use on the host."),
];

pub fn phase_metric(name: &str) -> Option<&'static MetricDef> {
    PHASE_METRICS.iter().find(|metric| metric.name == name)
}

pub fn server_series(name: &str) -> Option<&'static SeriesDef> {
    SERVER_SERIES.iter().find(|series| series.name == name)
}
