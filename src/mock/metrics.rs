//! The engine's own counters, as Prometheus text under vLLM's names. Only what the engine has: where
//! times are declared there is no KV cache, so there is no figure for one. Pure.
//!
//! The names are what this server imitates, as a stand-in for the real one; the rest of scn knows
//! them only from the engine's block in the standard library.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bucket bounds in seconds, as vLLM has them.
const FIRST_TOKEN: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
];
const BETWEEN_TOKENS: &[f64] = &[
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0,
    40.0, 80.0,
];
const REQUEST: &[f64] = &[
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0,
    480.0, 960.0, 1920.0, 7680.0,
];

/// Why a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Stop,
    Length,
    /// The client left, or we cut the connection.
    Abort,
}

impl Finish {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Stop, "stop"),
        (Self::Length, "length"),
        (Self::Abort, "abort"),
    ];
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub running: usize,
    pub waiting: usize,
    /// Where there is a KV cache.
    pub cache: Option<Cache>,
}

/// What the simulator says of its KV cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cache {
    /// The share of its blocks that is in use.
    pub usage: f64,
    /// Preemptions since the start.
    pub preempted: u64,
}

/// Observations in buckets.
#[derive(Debug, Clone)]
struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len()],
            count: 0,
            sum: 0.0,
        }
    }

    fn observe(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.sum += value;
    }
}

/// Under which name these stand in the file of a setup.
pub const SETUP_METRICS: &str = "metrics";

/// What a simulated engine calls its metrics, by their names in engine blocks: `running`.
pub type MetricNames = BTreeMap<String, String>;

/// Everything counted since the start.
#[derive(Debug, Clone)]
pub struct Metrics {
    names: MetricNames,
    prompt_tokens: u64,
    generation_tokens: u64,
    finished: [u64; 3],
    first_token: Histogram,
    between_tokens: Histogram,
    request: Histogram,
    queue: Histogram,
}

impl Metrics {
    pub fn new(names: MetricNames) -> Self {
        Self {
            names,
            prompt_tokens: 0,
            generation_tokens: 0,
            finished: [0; 3],
            first_token: Histogram::new(FIRST_TOKEN),
            between_tokens: Histogram::new(BETWEEN_TOKENS),
            request: Histogram::new(REQUEST),
            queue: Histogram::new(REQUEST),
        }
    }

    /// A request has waited so many seconds in the queue. Of simulated ones that is not known.
    pub fn queued(&mut self, seconds: f64) {
        self.queue.observe(seconds);
    }

    /// A request's first tokens, `since_arrival` seconds after it came.
    pub fn first_tokens(&mut self, prompt_tokens: u64, tokens: u64, since_arrival: f64) {
        self.prompt_tokens += prompt_tokens;
        self.generation_tokens += tokens;
        self.first_token.observe(since_arrival);
    }

    /// Further tokens, so many seconds after those before; when each of several came is not known.
    pub fn next_tokens(&mut self, tokens: u64, gap: f64) {
        self.generation_tokens += tokens;
        for _ in 0..tokens {
            self.between_tokens.observe(gap / tokens as f64);
        }
    }

    /// The end of a request, so many seconds after its arrival.
    pub fn finish(&mut self, reason: Finish, since_arrival: f64) {
        self.finished[reason as usize] += 1;
        self.request.observe(since_arrival);
    }

    /// Prometheus text format 0.0.4.
    pub fn text(&self, model: &str, now: Figures) -> String {
        let model = model
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let mut page = Page {
            text: String::new(),
            labels: format!("engine=\"0\",model_name=\"{model}\""),
        };
        page.single(
            "num_requests_running",
            "gauge",
            "Number of requests in model execution batches.",
            now.running as f64,
        );
        page.single(
            "num_requests_waiting",
            "gauge",
            "Number of requests waiting to be processed.",
            now.waiting as f64,
        );
        if let Some(cache) = now.cache {
            page.single(
                "kv_cache_usage_perc",
                "gauge",
                "KV-cache usage. 1 means 100 percent usage.",
                cache.usage,
            );
            page.single(
                "num_preemptions_total",
                "counter",
                "Cumulative number of preemption from the engine.",
                cache.preempted as f64,
            );
        }
        page.single(
            "prompt_tokens_total",
            "counter",
            "Number of prefill tokens processed.",
            self.prompt_tokens as f64,
        );
        page.single(
            "generation_tokens_total",
            "counter",
            "Number of generation tokens processed.",
            self.generation_tokens as f64,
        );
        page.head(
            "request_success_total",
            "counter",
            "Count of successfully processed requests.",
        );
        for (reason, name) in Finish::ALL {
            let label = format!(",finished_reason=\"{name}\"");
            let count = self.finished[reason as usize] as f64;
            page.line("request_success_total", &label, count);
        }
        page.histogram(
            "time_to_first_token_seconds",
            "Histogram of time to first token in seconds.",
            &self.first_token,
        );
        page.histogram(
            "inter_token_latency_seconds",
            "Histogram of inter-token latency in seconds.",
            &self.between_tokens,
        );
        page.histogram(
            "e2e_request_latency_seconds",
            "Histogram of e2e request latency in seconds.",
            &self.request,
        );
        self.under_other_names(now, &mut page);
        if now.cache.is_none() {
            page.histogram(
                "request_queue_time_seconds",
                "Histogram of time spent in WAITING phase for request.",
                &self.queue,
            );
        }
        page.text
    }
}

impl Metrics {
    /// The same as the engine that is played calls it, where that is something else.
    fn under_other_names(&self, now: Figures, page: &mut Page) {
        for (name, series) in &self.names {
            let figure = match name.as_str() {
                "running" => Some(now.running as f64),
                "waiting" => Some(now.waiting as f64),
                "kv_usage" => now.cache.map(|cache| cache.usage),
                "preemptions" | "retractions" => now.cache.map(|cache| cache.preempted as f64),
                "prompt_tokens" => Some(self.prompt_tokens as f64),
                "generation_tokens" => Some(self.generation_tokens as f64),
                _ => None,
            };
            let said = format!("# TYPE {series} ");
            if let Some(figure) = figure.filter(|_| !page.text.contains(&said)) {
                let kind = match series.ends_with("_total") {
                    true => "counter",
                    false => "gauge",
                };
                // Writing to a String cannot fail.
                let _ = writeln!(
                    page.text,
                    "{said}{kind}\n{series}{{{}}} {figure:?}",
                    page.labels
                );
            }
        }
    }
}

struct Page {
    text: String,
    labels: String,
}

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.text,
            "# HELP vllm:{name} {help}\n# TYPE vllm:{name} {kind}"
        );
    }

    fn line(&mut self, name: &str, more: &str, value: f64) {
        let _ = writeln!(self.text, "vllm:{name}{{{}{more}}} {value:?}", self.labels);
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.head(name, kind, help);
        self.line(name, "", value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.counts) {
            below += count;
            self.line(&bucket, &format!(",le=\"{bound:?}\""), below as f64);
        }
        self.line(&bucket, ",le=\"+Inf\"", histogram.count as f64);
        self.line(&format!("{name}_count"), "", histogram.count as f64);
        self.line(&format!("{name}_sum"), "", histogram.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up() {
        let mut metrics = Metrics::new(MetricNames::new());
        metrics.first_tokens(7, 1, 0.02);
        metrics.next_tokens(1, 0.25);
        metrics.next_tokens(2, 0.5);
        metrics.finish(Finish::Length, 0.055);
        metrics.finish(Finish::Abort, 9999.0);
        let mut figures = Figures {
            running: 1,
            waiting: 2,
            cache: None,
        };
        let text = metrics.text("a\"b", figures);
        let labels = r#"engine="0",model_name="a\"b""#;
        for line in [
            format!("vllm:num_requests_running{{{labels}}} 1.0"),
            format!("vllm:num_requests_waiting{{{labels}}} 2.0"),
            format!("vllm:prompt_tokens_total{{{labels}}} 7.0"),
            format!("vllm:generation_tokens_total{{{labels}}} 4.0"),
            format!("vllm:request_success_total{{{labels},finished_reason=\"length\"}} 1.0"),
            format!("vllm:request_success_total{{{labels},finished_reason=\"stop\"}} 0.0"),
            format!("vllm:time_to_first_token_seconds_bucket{{{labels},le=\"0.01\"}} 0.0"),
            format!("vllm:time_to_first_token_seconds_bucket{{{labels},le=\"0.02\"}} 1.0"),
            format!("vllm:inter_token_latency_seconds_bucket{{{labels},le=\"0.3\"}} 3.0"),
            format!("vllm:inter_token_latency_seconds_sum{{{labels}}} 0.75"),
            format!("vllm:e2e_request_latency_seconds_bucket{{{labels},le=\"7680.0\"}} 1.0"),
            format!("vllm:e2e_request_latency_seconds_bucket{{{labels},le=\"+Inf\"}} 2.0"),
            format!("vllm:e2e_request_latency_seconds_count{{{labels}}} 2.0"),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line}\nin\n{text}"
            );
        }
        assert!(!text.contains("kv_cache"));
        figures.cache = Some(Cache {
            usage: 0.25,
            preempted: 3,
        });
        let text = metrics.text("m", figures);
        let labels = r#"engine="0",model_name="m""#;
        assert!(text.contains(&format!("vllm:kv_cache_usage_perc{{{labels}}} 0.25\n")));
        assert!(text.contains(&format!("vllm:num_preemptions_total{{{labels}}} 3.0\n")));
        assert!(!text.contains("request_queue_time"));
    }
}
