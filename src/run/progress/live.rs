//! The two lines that move: which case, and how its phase goes, in the columns there are.

use super::Limit;
use super::said::painted;
use super::view::{Doing, Phase, View, Waiting};
use crate::plan::{count, time_words};
use crate::report::text::one_line;
use crate::units::{Quantity, number};
use console::{measure_text_width, truncate_str};
use std::time::{Duration, Instant};

const FRAMES: [&str; 8] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"];

/// The widest that a bar gets.
const WIDEST_BAR: usize = 24;

/// Both lines, each of at most `width` columns.
pub(super) fn lines(view: &View, width: usize, color: bool, now: Instant) -> [String; 2] {
    let paint = |code, text: &str| painted(code, text, color);
    let elapsed = since(view.started, now);
    let frame = (elapsed.as_millis() / 200) as usize % FRAMES.len();
    let spinner = paint(36, FRAMES[frame]);
    let title = match (&view.case, &view.doing) {
        (Some((number, case)), _) => format!(
            "{} {}",
            paint(1, &format!("[{number}/{}]", view.cases)),
            one_line(case)
        ),
        (None, Doing::Starting { number, .. }) => {
            paint(1, &format!("launch {number}/{}", view.launches))
        }
        (None, _) => "between cases".to_string(),
    };
    let stopping = if view.stopping.is_some() {
        paint(33, "stopping") + "  "
    } else {
        String::new()
    };
    let clock = paint(2, &clock(elapsed));
    let head = spread(
        &format!("{spinner} {title}"),
        &format!("{stopping}{clock}"),
        width,
    );
    let body = match &view.doing {
        Doing::Nothing => String::new(),
        Doing::Starting {
            server,
            since: from,
            log,
            runs_already,
            ..
        } => {
            let text = format!(
                "  {} {}, {}",
                if *runs_already { "asking" } else { "starting" },
                one_line(server),
                whole(since(*from, now))
            );
            match log {
                Some(log) => format!("{text}  {}", paint(2, &one_line(log))),
                None => text,
            }
        }
        Doing::Stopping {
            server,
            since: from,
        } => {
            format!(
                "  stopping {}, {}",
                one_line(server),
                whole(since(*from, now))
            )
        }
        Doing::Phase(phase) => phase_line(phase, width, color, now),
    };
    [head, body].map(|line| truncate_str(&line, width, "…").into_owned())
}

/// `left`, and `right` at the right margin; `left` is cut where there is no room for both.
fn spread(left: &str, right: &str, width: usize) -> String {
    let room = width.saturating_sub(measure_text_width(right) + 2);
    let left = truncate_str(left, room, "…");
    let gap = width.saturating_sub(measure_text_width(&left) + measure_text_width(right));
    format!("{left}{}{right}", " ".repeat(gap))
}

fn phase_line(phase: &Phase, width: usize, color: bool, now: Instant) -> String {
    let elapsed = since(phase.since, now);
    let name = truncate_str(&one_line(&phase.name), width / 3, "…").into_owned();
    if let Some(waiting) = &phase.waiting {
        let mut said: Vec<Part> = vec![(0, waiting_words(waiting, now))];
        said.extend(
            waiting
                .memory
                .map(|b| (4, format!("{}", Quantity::bytes(b)))),
        );
        let bar = match waiting.limit {
            Limit::Exactly(all) => {
                let share = since(waiting.since, now).as_secs_f64() / all;
                bar(share.clamp(0.0, 1.0), width, color)
            }
            Limit::AtMost(_) => String::new(),
        };
        return joined(format!("  {name}{bar}"), &said, width);
    }
    // while it drains, a bar that stands still says nothing
    let share = share(phase, elapsed).filter(|_| phase.draining.is_none());
    let Some(share) = share else {
        return joined(format!("  {name}"), &parts(phase, now), width);
    };
    let bar = bar(share, width, color);
    joined(format!("  {name}{bar}"), &parts(phase, now), width)
}

/// A bar with a gap before it; nothing where there is no room.
fn bar(share: f64, width: usize, color: bool) -> String {
    if width < 40 {
        return String::new();
    }
    let cells = (width / 5).min(WIDEST_BAR);
    let full = ((share * cells as f64) as usize).min(cells);
    let [full, rest] = ["━".repeat(full), "─".repeat(cells - full)];
    format!(
        "  {}{}",
        painted(36, &full, color),
        painted(2, &rest, color)
    )
}

/// `waiting for the memory of sut to settle, 12 s of at most 30 s`; `idle, 3 s of 10 s`
fn waiting_words(waiting: &Waiting, now: Instant) -> String {
    let (what, waited) = (one_line(&waiting.what), whole(since(waiting.since, now)));
    match waiting.limit {
        Limit::AtMost(most) => {
            format!(
                "waiting for {what}, {waited} of at most {}",
                time_words(most.ceil())
            )
        }
        Limit::Exactly(all) => format!("{what}, {waited} of {}", time_words(all)),
    }
}

/// How much of the phase is over: by requests or by time, whichever is further.
fn share(phase: &Phase, elapsed: Duration) -> Option<f64> {
    let done = phase.reading.as_ref().map_or(0, |reading| reading.done);
    let by_requests = phase
        .planned_requests
        .filter(|planned| *planned > 0)
        .map(|planned| done as f64 / planned as f64);
    let by_time = phase
        .planned_s
        .filter(|planned| *planned > 0.0)
        .map(|planned| elapsed.as_secs_f64() / planned);
    let share = match (by_requests, by_time) {
        (Some(a), Some(b)) => a.max(b),
        (a, b) => a.or(b)?,
    };
    Some(share.clamp(0.0, 1.0))
}

/// A part of the line, and how early it is left out where there is no room (0: never).
type Part = (u8, String);

/// What is said of a phase, in the order in which it is read.
fn parts(phase: &Phase, now: Instant) -> Vec<Part> {
    let elapsed = since(phase.since, now);
    let mut parts: Vec<Part> = Vec::new();
    let Some(reading) = &phase.reading else {
        return match phase.planned_s {
            Some(planned) => vec![(0, of_planned(elapsed, planned))],
            None => vec![(0, whole(elapsed)), (5, one_line(&phase.words))],
        };
    };
    match (phase.planned_requests, phase.planned_s) {
        (Some(planned), _) => parts.push((0, format!("{}/{planned}", reading.done))),
        (None, Some(_)) if phase.draining.is_some() => {
            parts.push((2, format!("{} done", reading.done)));
        }
        (None, Some(planned)) => {
            parts.push((0, of_planned(elapsed, planned)));
            parts.push((2, format!("{} done", reading.done)));
        }
        (None, None) => parts.push((0, format!("{} done, {}", reading.done, whole(elapsed)))),
    }
    if let Some(from) = phase.draining {
        parts.push((0, draining(from, now)));
    }
    if reading.failed > 0 {
        parts.push((1, format!("{} failed", reading.failed)));
    }
    if let Some(rate) = reading.rate {
        parts.push((2, rate_words(rate)));
    }
    if let Some(p50) = reading.ttft_p50 {
        parts.push((3, format!("TTFT {}", Quantity::seconds(p50))));
    }
    if let Some((round, rounds)) = reading.round {
        parts.push((5, format!("round {round}/{rounds}")));
    }
    if let Some(memory) = reading.memory {
        parts.push((4, format!("{}", Quantity::bytes(memory))));
    }
    if let Some(memory) = reading.gpu_memory {
        parts.push((4, format!("GPU {}", Quantity::bytes(memory))));
    }
    if let Some(left) = left(phase).filter(|_| phase.draining.is_none()) {
        parts.push((6, format!("{left} left")));
    }
    let least = if phase.draining.is_some() { 0 } else { 7 };
    parts.push((least, format!("{} in flight", reading.in_flight)));
    parts.extend(reading.drained_in.map(|left| (1, at_most(left))));
    parts
}

/// `10 s of 1 min`; once it is longer than planned, only how long.
fn of_planned(elapsed: Duration, planned: f64) -> String {
    if elapsed.as_secs_f64() < planned + 1.0 {
        format!("{} of {}", whole(elapsed), time_words(planned))
    } else {
        format!("after {}", whole(elapsed))
    }
}

/// `draining for 7 s`: the last answers are awaited.
fn draining(from: Instant, now: Instant) -> String {
    format!("draining for {}", whole(since(from, now)))
}

/// How long what is in flight may still take, before it has timed out.
fn at_most(left: f64) -> String {
    format!("at most {} more", time_words(left.ceil()))
}

/// How long the rest takes at the present rate.
fn left(phase: &Phase) -> Option<String> {
    let reading = phase.reading.as_ref()?;
    let rate = reading.rate.filter(|rate| *rate > 0.0)?;
    let left = phase.planned_requests?.checked_sub(reading.done)? as f64 / rate;
    (1.0..1e6).contains(&left).then(|| time_words(left.round()))
}

/// As many parts as fit, the least important ones left out.
fn joined(head: String, parts: &[Part], width: usize) -> String {
    let mut limit = u8::MAX;
    loop {
        let kept = parts.iter().filter(|(priority, _)| *priority <= limit);
        let line = kept.fold(head.clone(), |line, (_, text)| format!("{line}  {text}"));
        if limit == 0 || measure_text_width(&line) <= width {
            return line;
        }
        limit = parts
            .iter()
            .map(|(priority, _)| *priority)
            .filter(|priority| *priority < limit)
            .max()
            .unwrap_or(0);
    }
}

pub(super) fn rate_words(rate: f64) -> String {
    format!("{} req/s", number(rate, 3))
}

/// How a phase goes, for a log: `stress: 812/2400 requests, 12.1 req/s, TTFT p50 45 ms, …`
pub(super) fn sentence(phase: &Phase, now: Instant) -> String {
    let name = one_line(&phase.name);
    if let Some(waiting) = &phase.waiting {
        let memory = waiting
            .memory
            .map(|bytes| format!(", memory {}", Quantity::bytes(bytes)))
            .unwrap_or_default();
        return format!("  {name}: {}{memory}", waiting_words(waiting, now));
    }
    let elapsed = since(phase.since, now);
    let after = match (phase.draining, phase.planned_s) {
        (Some(from), _) => draining(from, now),
        (None, Some(planned)) => of_planned(elapsed, planned),
        (None, None) => format!("after {}", whole(elapsed)),
    };
    let Some(reading) = &phase.reading else {
        return format!("  {name}: {after}");
    };
    let mut parts = vec![match phase.planned_requests {
        Some(planned) => format!("{}/{planned} requests", reading.done),
        None => count(reading.done, "request"),
    }];
    parts.push(match phase.draining {
        Some(_) => format!("{after} (no more are sent)"),
        None => after,
    });
    parts.extend(
        reading
            .round
            .map(|(round, rounds)| format!("round {round}/{rounds}")),
    );
    parts.extend((reading.failed > 0).then(|| format!("{} failed", reading.failed)));
    parts.push(format!("{} in flight", reading.in_flight));
    parts.extend(reading.drained_in.map(at_most));
    parts.extend(reading.rate.map(rate_words));
    let ttft = |name: &str, seconds: f64| format!("TTFT {name} {}", Quantity::seconds(seconds));
    parts.extend(reading.ttft_p50.map(|seconds| ttft("p50", seconds)));
    parts.extend(reading.ttft_p95.map(|seconds| ttft("p95", seconds)));
    parts.extend(
        reading
            .memory
            .map(|bytes| format!("memory {}", Quantity::bytes(bytes))),
    );
    parts.extend(
        reading
            .gpu_memory
            .map(|bytes| format!("GPU memory {}", Quantity::bytes(bytes))),
    );
    format!("  {name}: {}", parts.join(", "))
}

pub(super) fn since(from: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(from)
}

/// In whole seconds: a clock that flickers says nothing more.
pub(super) fn whole(elapsed: Duration) -> String {
    time_words(elapsed.as_secs() as f64)
}

/// `1:05`, `1:02:03`
fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, rest) => format!("{minutes}:{rest:02}"),
        (hours, minutes, rest) => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}
