//! Figures by the names that tables give them, and how each is read off a simulated run.

use super::drive::{Bench, Measured, mean, percentile};
use crate::sim::Setup;

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    of: Of,
    stat: Stat,
    /// Whether it is measured at the engine, without a server before it.
    pub offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    Ttft,
    Tpot,
    Itl,
    E2e,
    Requests,
    OutputTokens,
    AllTokens,
    OutputTokensPerGpu,
    Blocks,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stat {
    Mean,
    Percentile(f64),
}

impl Metric {
    /// As a column of a table of runs is called: `mean_ttft_ms`, `output_tok_s`.
    pub fn column(name: &str) -> Option<Self> {
        let figure = match name {
            "req_s" => Some(Of::Requests),
            "output_tok_s" => Some(Of::OutputTokens),
            "total_tok_s" => Some(Of::AllTokens),
            _ => None,
        };
        if let Some(of) = figure {
            return Some(Self::online(of, Stat::Mean));
        }
        let (stat, of) = name.strip_suffix("_ms")?.split_once('_')?;
        Some(Self::online(latency(of)?, statistic(stat)?))
    }

    /// As a row of a table of figures calls it: `ttft_p99`, `num_gpu_blocks`.
    pub fn named(name: &str) -> Option<Self> {
        let engine = |of| Self {
            offline: true,
            ..Self::online(of, Stat::Mean)
        };
        Some(match name {
            "num_gpu_blocks" => engine(Of::Blocks),
            "output_throughput_total" => engine(Of::OutputTokens),
            "output_throughput_per_gpu" => engine(Of::OutputTokensPerGpu),
            "request_throughput" => engine(Of::Requests),
            "first_token_latency" | "prompt_time" => engine(Of::Ttft),
            "token_time" => engine(Of::Tpot),
            "e2e_latency_mean" => engine(Of::E2e),
            _ => {
                let (of, stat) = name.split_once('_').unwrap_or((name, "mean"));
                let stat = stat.strip_suffix("_or_mean").map_or(stat, |_| "mean");
                Self::online(latency(of)?, statistic(stat)?)
            }
        })
    }

    fn online(of: Of, stat: Stat) -> Self {
        Self {
            of,
            stat,
            offline: false,
        }
    }

    /// Whether requests must be sent for it.
    pub fn needs_run(&self) -> bool {
        self.of != Of::Blocks
    }

    /// What it is, whatever its statistic and unit: errors of these are put together.
    pub fn group(&self) -> &'static str {
        let mean = self.stat == Stat::Mean;
        match (self.of, mean) {
            (Of::Ttft, true) => "TTFT mean",
            (Of::Ttft, false) => "TTFT percentiles",
            (Of::Tpot, true) => "TPOT mean",
            (Of::Tpot, false) => "TPOT percentiles",
            (Of::Itl, true) => "ITL mean",
            (Of::Itl, false) => "ITL percentiles",
            (Of::E2e, true) => "E2E mean",
            (Of::E2e, false) => "E2E percentiles",
            (Of::Blocks, _) => "KV blocks",
            _ => "throughput",
        }
    }

    /// Latencies in ms, throughputs a second; none where the run has no such figure.
    pub fn read(
        &self,
        setup: &Setup,
        gpus: u64,
        (run, bench): (&Measured, Option<&Bench>),
    ) -> Option<f64> {
        let of = |values: &[f64]| {
            let value = match self.stat {
                Stat::Mean => mean(values),
                Stat::Percentile(share) => percentile(values, share),
            };
            value.map(|seconds| seconds * 1e3)
        };
        let a_second = |count: f64| (run.duration > 0.0).then(|| count / run.duration);
        let tokens = run.tokens as f64;
        match self.of {
            Of::Ttft => of(&run.ttft),
            Of::Tpot => of(&run.tpot),
            Of::Itl if self.stat == Stat::Mean => {
                (run.gaps > 0).then(|| run.gaps_sum / run.gaps as f64 * 1e3)
            }
            Of::Itl => of(&run.itl),
            Of::E2e => of(&run.e2e),
            Of::Requests => a_second(run.e2e.len() as f64),
            Of::OutputTokens => a_second(tokens),
            Of::AllTokens => a_second(tokens + bench.map_or(0.0, |b| b.prompts(run.e2e.len()))),
            Of::OutputTokensPerGpu => a_second(tokens / gpus as f64),
            Of::Blocks => Some(setup.blocks.count as f64),
        }
    }
}

fn latency(name: &str) -> Option<Of> {
    Some(match name {
        "ttft" => Of::Ttft,
        "tpot" => Of::Tpot,
        "itl" => Of::Itl,
        "e2e" => Of::E2e,
        _ => return None,
    })
}

fn statistic(name: &str) -> Option<Stat> {
    match name {
        "mean" => Some(Stat::Mean),
        "median" => Some(Stat::Percentile(0.5)),
        _ => {
            let share: f64 = name.strip_prefix('p')?.parse().ok()?;
            (0.0..=100.0)
                .contains(&share)
                .then_some(Stat::Percentile(share / 100.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_names_of_both_tables() {
        let p99 = Metric::online(Of::Ttft, Stat::Percentile(0.99));
        assert_eq!(Metric::column("p99_ttft_ms"), Some(p99));
        assert_eq!(Metric::named("ttft_p99"), Some(p99));
        let mean = Metric::online(Of::Tpot, Stat::Mean);
        assert_eq!(Metric::named("tpot_median_or_mean"), Some(mean));
        assert_eq!(Metric::named("ttft").unwrap().group(), "TTFT mean");
        for other in ["std_ttft_ms", "sm_mhz_mean", "tp", "duration_s"] {
            assert_eq!(Metric::column(other), None, "{other}");
        }
    }
}
