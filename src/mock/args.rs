//! The command line of `scn serve`.

use super::fault::{ChildPlace, Faults};
use super::memory::MemoryArgs;
use super::schedule::Timing;
use crate::sim;
use crate::units::{Dimension, parse_unit};
use std::path::PathBuf;
use std::time::Duration;

/// Start the built-in engine: an OpenAI-compatible server whose timing is declared, or simulated.
///
/// With --gpu it is as slow as a model of the library on GPUs of the library would be, without any:
/// `scn serve --model llama_3_1_8b --gpu h200 --tp 2`. The serving simulator plays its scheduler, KV
/// cache, prefix cache and GPUs, and says when each chunk is due; /metrics has their state.
///
/// One word is one token; an image counts as `--image-tokens`. Token k of an answer is due at
/// arrival (or the end of the wait in the queue) + ttft + k · itl, and never sent earlier. Every
/// streamed chunk says when it was due and when it was sent, in nanoseconds of CLOCK_MONOTONIC.
///
/// Exits with 0 after SIGTERM or SIGINT, 2 on wrong usage or for a server that cannot be, 98 if the port is taken, 1 on any other
/// failure, and 3 where --die-after asks for it.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Port to listen on; 0 takes a free one, which the start line names
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// Model name that is served; with --gpu, a model of the library
    #[arg(long, default_value = "builtin")]
    pub model: String,
    /// Most tokens of prompt and answer together [default: 32768; with --gpu, the model's]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    pub context: Option<u64>,
    /// Ask for this key (`Authorization: Bearer …`) below /v1; in the variable, a process listing
    /// does not show it
    #[arg(
        long,
        value_name = "KEY",
        env = "SCN_SERVE_API_KEY",
        hide_env_values = true
    )]
    pub api_key: Option<Secret>,
    /// For everything random: jitter, words, faults
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    #[command(flatten, next_help_heading = "Timing")]
    pub timing: TimingArgs,
    #[command(flatten, next_help_heading = "Simulation, in place of declared timing")]
    pub simulation: SimulationArgs,
    #[command(flatten, next_help_heading = "Answers")]
    pub answers: AnswerArgs,
    #[command(flatten, next_help_heading = "Faults, for testing a tester")]
    pub faults: FaultArgs,
    #[command(flatten, next_help_heading = "Memory, for testing a tester")]
    pub memory: MemoryArgs,

    /// Be the sleeping child of `--spawn-child`
    #[arg(long, hide = true)]
    pub be_child: Option<ChildPlace>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct TimingArgs {
    /// Time to the first token, from the request's arrival
    #[arg(long, default_value = "20ms", value_parser = duration)]
    pub ttft: Duration,
    /// Time between tokens
    #[arg(long, default_value = "5ms", value_parser = duration)]
    pub itl: Duration,
    /// Most that a token may be due earlier or later, as a part of ttft (first) or itl (others);
    /// at most 50%
    #[arg(long, default_value = "0%", value_parser = jitter)]
    pub jitter: f64,
    /// Requests answered at a time; others wait in order of arrival. Unlimited if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_concurrent: Option<u64>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct SimulationArgs {
    /// Play a server on this GPU of the library, as the serving simulator has it, in real time
    #[arg(long, requires = "model", conflicts_with_all = DECLARED)]
    pub gpu: Option<String>,
    /// Engine of the library that is played
    #[arg(long, default_value = "vllm", requires = "gpu")]
    pub engine: String,
    /// Its version; the newest if not given
    #[arg(long, value_name = "VERSION", requires = "gpu", value_parser = version)]
    pub engine_version: Option<String>,
    /// GPUs that share each layer
    #[arg(long, value_name = "N", default_value_t = 1, requires = "gpu", value_parser = clap::value_parser!(u64).range(1..))]
    pub tp: u64,
    /// Stages that layers are split into
    #[arg(long, value_name = "N", default_value_t = 1, requires = "gpu", value_parser = clap::value_parser!(u64).range(1..))]
    pub pp: u64,
    /// Copies of the model
    #[arg(long, value_name = "N", default_value_t = 1, requires = "gpu", value_parser = clap::value_parser!(u64).range(1..))]
    pub dp: u64,
    /// Play the server of this file: a setup of the simulator as JSON
    #[arg(long, value_name = "FILE", hide = true, conflicts_with = "gpu", conflicts_with_all = DECLARED)]
    pub setup: Option<PathBuf>,
}

/// What says of declared times when tokens are due.
const DECLARED: [&str; 4] = ["ttft", "itl", "jitter", "max_concurrent"];

#[derive(Debug, Clone, clap::Args)]
pub struct AnswerArgs {
    /// Tokens of an answer where the request sets no limit
    #[arg(long, default_value_t = sim::ANSWER_TOKENS.into(), value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    pub answer_tokens: u64,
    /// Words of every answer, repeated or cut to its length
    #[arg(long, value_name = "TEXT", value_parser = words)]
    pub answer: Option<String>,
    /// Prompt tokens that an image counts
    #[arg(long, default_value_t = sim::IMAGE_TOKENS.into(), value_name = "TOKENS")]
    pub image_tokens: u64,
    /// Prompt tokens that a piece of sound counts
    #[arg(long, default_value_t = sim::AUDIO_TOKENS.into(), value_name = "TOKENS")]
    pub audio_tokens: u64,
    /// Prompt tokens that a video counts
    #[arg(long, default_value_t = sim::VIDEO_TOKENS.into(), value_name = "TOKENS")]
    pub video_tokens: u64,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct FaultArgs {
    /// Share of requests that are refused
    #[arg(long, default_value = "0%", value_parser = share)]
    pub fail_rate: f64,
    /// Status of those refusals
    #[arg(long, default_value_t = 500, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..=599))]
    pub fail_status: u16,
    /// Share of answers whose connection is dropped in the middle
    #[arg(long, default_value = "0%", value_parser = share)]
    pub cut_rate: f64,
    /// Answer streaming requests with a web page
    #[arg(long)]
    pub not_sse: bool,
    /// Send data that is not JSON
    #[arg(long)]
    pub garbage: bool,
    /// Never tell the token counts
    #[arg(long)]
    pub omit_usage: bool,
    /// End streams without `data: [DONE]`
    #[arg(long)]
    pub omit_done: bool,
    /// Answer 503 for ever
    #[arg(long, conflicts_with = "ready_after")]
    pub never_ready: bool,
    /// Answer 503 for so long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ready_after: Option<Duration>,
    /// Exit with status 3 after so many answered requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub die_after: Option<u64>,
    /// After so many answered requests send headers only, and then nothing
    #[arg(long, value_name = "N")]
    pub stall_after: Option<u64>,
    /// Do not stop on SIGTERM
    #[arg(long)]
    pub ignore_term: bool,
    /// Memory kept for ever per request, such as 1MB/req
    #[arg(long, value_name = "SIZE", value_parser = size_per_request)]
    pub leak: Option<usize>,
    /// Memory taken at the start, such as 50MB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub grow_at_start: Option<usize>,
    /// Send an SSE comment this often in every stream
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub ping: Option<Duration>,
    /// Keep response headers back for so long after the request's arrival
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub delay_headers: Option<Duration>,
    /// Start a child process that sleeps (at most ten minutes), in our process group or in a
    /// session of its own
    #[arg(long, value_name = "PLACE", num_args = 0..=1, default_missing_value = "group", require_equals = true)]
    pub spawn_child: Option<ChildPlace>,
}

/// A text that never shows in a log or a message.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Compares in a time that depends on the lengths alone.
    pub fn is(&self, other: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.as_bytes());
        let differences = ours.iter().zip(theirs).fold(0, |d, (a, b)| d | (a ^ b));
        ours.len() == theirs.len() && differences == 0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_string())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl ServeArgs {
    pub(super) fn timing(&self) -> Timing {
        Timing {
            ttft_ns: nanoseconds(self.timing.ttft),
            itl_ns: nanoseconds(self.timing.itl),
            jitter: self.timing.jitter,
            seed: self.seed,
        }
    }

    /// What it does wrong; where the command line asks for nothing, as a simulated server's own
    /// faults say.
    pub(super) fn faults(&self, simulated: Option<&sim::Faults>) -> Faults {
        let asked = sim::Faults {
            seed: self.seed,
            fail_rate: self.faults.fail_rate,
            fail_status: self.faults.fail_status,
            cut_rate: self.faults.cut_rate,
            stall_after: self.faults.stall_after,
            die_after: self.faults.die_after,
            memory: (self.memory).with(self.faults.leak, self.faults.grow_at_start),
            ..sim::Faults::default()
        };
        let none = sim::Faults {
            seed: self.seed,
            ..sim::Faults::default()
        };
        Faults {
            common: simulated
                .filter(|_| asked == none)
                .cloned()
                .unwrap_or(asked),
            not_sse: self.faults.not_sse,
            garbage: self.faults.garbage,
        }
    }
}

/// As nanoseconds; parsed durations are bounded, so this does not saturate in practice.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A number with a unit of the given dimension, in base units.
pub(super) fn quantity(text: &str, dimension: Dimension, example: &str) -> Result<f64, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let wanted = || format!("write {} like {example}", dimension.describe());
    let value: f64 = number.parse().map_err(|_| wanted())?;
    match parse_unit(unit.trim()) {
        Some((factor, found)) if found == dimension => Ok(value * factor),
        _ => Err(wanted()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds = quantity(text, Dimension::TIME, "20ms or 0.5s")?;
    if seconds > 86_400.0 {
        return Err("more than a day".into());
    }
    // Rounded to whole nanoseconds, so that 5ms is 5 000 000 ns exactly.
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    let found = duration(text)?;
    if found < Duration::from_millis(1) {
        return Err("less than 1ms".into());
    }
    Ok(found)
}

fn share(text: &str) -> Result<f64, String> {
    // as people write it, or as an engine's ratio is passed on
    let found = match text.trim().parse() {
        Ok(plain) => plain,
        Err(_) => quantity(text, Dimension::NONE, "5%").map_err(|_| "write a share like 5%")?,
    };
    if found.is_nan() || found < 0.0 {
        return Err("write a share like 5%".into());
    }
    if found > 1.0 {
        return Err("more than 100%; write a share like 5%".into());
    }
    Ok(found)
}

fn jitter(text: &str) -> Result<f64, String> {
    let found = share(text)?;
    if found > 0.5 {
        return Err("more than 50%: tokens could change places".into());
    }
    Ok(found)
}

pub(super) fn size(text: &str) -> Result<usize, String> {
    bytes(quantity(text, Dimension::DATA, "50MB")?)
}

pub(super) fn size_per_request(text: &str) -> Result<usize, String> {
    let text = text.strip_suffix("/req").unwrap_or(text);
    bytes(quantity(text, Dimension::DATA, "1MB/req")?)
}

pub(super) fn bytes(value: f64) -> Result<usize, String> {
    if value > 1e12 {
        return Err("more than 1TB".into());
    }
    Ok(value.round() as usize)
}

/// Written into a scenario, so that nothing else may be in it.
fn version(text: &str) -> Result<String, String> {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    match text.split('.').all(part) {
        true => Ok(text.to_string()),
        false => Err("write a version like 0.26".into()),
    }
}

fn words(text: &str) -> Result<String, String> {
    if text.split_whitespace().next().is_none() {
        return Err("has no word".into());
    }
    Ok(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_units() {
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5 ms"), Ok(Duration::from_nanos(5_000_000)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(size("50MB"), Ok(50_000_000));
        assert_eq!(size_per_request("1MB/req"), Ok(1_000_000));
        assert_eq!(size_per_request("64KiB"), Ok(65_536));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in ["20", "ms", "20MB", "-5ms", "1.2.3s", "nan s", ""] {
            let problem = duration(text).expect_err(text);
            assert!(problem.contains("20ms"), "{text}: {problem}");
        }
        assert!(share("101%").is_err());
        assert!(jitter("51%").is_err());
        assert!(positive_duration("0ms").is_err());
        assert!(size("5ms").is_err());
        assert!(words(" \n").is_err());
    }

    #[test]
    fn a_secret_compares_whole_and_does_not_show() {
        let secret = Secret::from("hunter2");
        assert!(secret.is("hunter2"));
        assert!(!secret.is("hunter") && !secret.is("hunter22") && !secret.is(""));
        assert!(!format!("{secret:?}").contains("hunter"));
    }
}
