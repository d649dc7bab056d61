//! Loads, phases and times in the words that plans, reports and progress share.

use crate::load::random::Random;
use crate::load::spec::{Arrival, Load, Media, Pace};
use crate::scenario::{LoadSpec, PhaseSpec, WorkloadSpec};
use crate::units::{Dimension, Quantity, number};
use std::time::Duration;

/// `closed loop, 16 clients, 200 requests × 12 rounds, quiesce`
pub fn phase_words(phase: &PhaseSpec) -> String {
    if let Some(reason) = &phase.skipped {
        return format!("skipped: {reason}");
    }
    let mut parts = Vec::new();
    if phase.flush {
        parts.push("flush".to_string());
    }
    let rounds = rounds_words(phase)
        .map(|rounds| format!(" × {rounds}"))
        .unwrap_or_default();
    match (phase.loads.as_slice(), phase.idle) {
        ([], Some(idle)) => parts.push(format!("idle for {}{rounds}", of(idle))),
        ([], None) => {}
        ([one], _) if one.load.name.is_none() => parts.push(format!("{}{rounds}", load_words(one))),
        (several, _) => {
            let named: Vec<String> = several
                .iter()
                .map(|load| {
                    format!(
                        "{}: {}",
                        load.load.name.as_deref().unwrap_or("load"),
                        load_words(load)
                    )
                })
                .collect();
            parts.push(format!("{}{rounds}", named.join("; ")));
        }
    }
    if phase.quiesce {
        parts.push("quiesce".into());
    }
    if !phase.measured {
        parts.push("not measured".into());
    }
    parts.join(", ")
}

/// `12 rounds, 2 s apart`; none for a phase that runs its load once.
pub fn rounds_words(phase: &PhaseSpec) -> Option<String> {
    if phase.repeat <= 1 {
        return None;
    }
    let apart = if phase.pause.is_zero() {
        String::new()
    } else {
        format!(", {} apart", of(phase.pause))
    };
    Some(format!("{}{apart}", count(phase.repeat, "round")))
}

/// `open loop, 10 req/s (Poisson), 1 min`
pub fn load_words(spec: &LoadSpec) -> String {
    let load = &spec.load;
    let pace = match &load.pace {
        Pace::Closed { concurrency, think } => {
            let think = match think.fixed() {
                Some(0.0) => String::new(),
                Some(seconds) => format!(", thinking {}", time_words(seconds)),
                None => format!(", thinking {think}"),
            };
            format!("closed loop, {}{think}", count(*concurrency, "client"))
        }
        Pace::Open {
            rate_per_s,
            arrival,
            ramp,
        } => {
            let rate = match ramp {
                None => {
                    Quantity::new(*rate_per_s, Dimension::REQUESTS.per(Dimension::TIME)).to_string()
                }
                Some(ramp) => ramp.to_string(),
            };
            let arrival = match arrival {
                Arrival::Poisson => "Poisson".to_string(),
                Arrival::Constant => "constant".to_string(),
                Arrival::Gamma { shape } => format!("gamma of shape {}", number(*shape, 3)),
            };
            format!("open loop, {rate} ({arrival})")
        }
        Pace::Batch => return batch_words(load),
    };
    let end = end_words(load);
    let seed = seed_words(load);
    match load.drain {
        Some(drain) => format!("{pace}, {end}, drained for {}{seed}", of(drain)),
        None => format!("{pace}, {end}{seed}"),
    }
}

/// `, seed 7`, of a load that says one.
fn seed_words(load: &Load) -> String {
    match load.seed {
        0 => String::new(),
        seed => format!(", seed {seed}"),
    }
}

/// `batch of 8 requests, all at once`
fn batch_words(load: &Load) -> String {
    let all = count(load.requests.unwrap_or(0), "request");
    let drain = load
        .drain
        .map(|drain| format!(", drained for {}", of(drain)));
    let (drain, seed) = (drain.unwrap_or_default(), seed_words(load));
    format!("batch of {all}, all at once{drain}{seed}")
}

fn end_words(load: &Load) -> String {
    match (load.requests, load.duration) {
        (Some(requests), Some(duration)) => {
            format!("{} or {}", count(requests, "request"), of(duration))
        }
        (Some(requests), None) => count(requests, "request"),
        (None, Some(duration)) => of(duration),
        (None, None) => "until it is stopped".into(),
    }
}

/// `chat, text and image, answers of at most 64 tokens, temperature 0, answers are judged`
pub fn workload_words(workload: &WorkloadSpec) -> String {
    let mut parts = vec![workload.api.clone()];
    let asks = &workload.asks;
    let (mut text, mut system) = (false, false);
    let mut media = Vec::new();
    for request in workload.requests.iter() {
        system |= request.system.is_some();
        for part in &request.content {
            match part.media() {
                None => text = true,
                Some(kind) if media.contains(&kind) => {}
                Some(kind) => media.push(kind),
            }
        }
    }
    let has = |kind| media.contains(&kind);
    let kinds = [
        (system, "system message"),
        (text, "text"),
        (has(Media::Image), "image"),
        (has(Media::Audio), "audio"),
        (has(Media::Video), "video"),
    ];
    let kinds: Vec<&str> = kinds
        .iter()
        .filter(|(there, _)| *there)
        .map(|(_, kind)| *kind)
        .collect();
    parts.push(kinds.join(" and "));
    if let Some(input) = &asks.input {
        parts.push(format!("prompts of about {}", tokens_words(input)));
    }
    if workload.requests.len() > 1 {
        parts.push(count(workload.requests.len() as u64, "row"));
    }
    if let Some(most) = &asks.max_tokens {
        let exactly = if asks.ignore_eos {
            "exactly"
        } else {
            "at most"
        };
        parts.push(format!("answers of {exactly} {}", tokens_words(most)));
    }
    if let Some(temperature) = asks.temperature {
        parts.push(format!("temperature {}", number(temperature, 3)));
    }
    if !asks.stream {
        parts.push("not streamed".into());
    }
    if workload.accepts() {
        parts.push("answers are judged".into());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// `64 tokens`, `uniform(50 tok, 100 tok), 75 tokens on average`
fn tokens_words(tokens: &Random) -> String {
    match tokens.fixed() {
        Some(fixed) => count(fixed as u64, "token"),
        None => format!(
            "{tokens}, {} on average",
            count(tokens.mean().round() as u64, "token")
        ),
    }
}

/// `1 request`, `200 requests`
pub fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A length of time as people say it: `850 ms`, `12.3 s`, `3 min 12 s`, `2 h 5 min`.
pub fn time_words(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 60.0 {
        return Quantity::seconds(seconds).to_string();
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn of(duration: Duration) -> String {
    time_words(duration.as_secs_f64())
}
