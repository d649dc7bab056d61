//! Whether the client itself was late enough to be seen in a phase's figures.
//!
//! Where all cores are busy, the client's thread waits for one before it can stamp what has
//! arrived: TTFT, ITL and what is made of them then hold the client's delay too. The kernel tells
//! the sum of these waits and their number, so the mean is known, and not more. That is enough for
//! medians: no more than half of the waits can be longer than twice their mean (Markov), so a mean
//! of 5 % of a median can shift it by 10 % at most. Beyond that the phase gets a warning. High
//! percentiles may hold more: a few long waits hardly show in a mean.
//!
//! In an open loop a request can also be sent after it was due (`lateness`). TTFT and E2E count
//! from when it was due, so this is part of both by definition, and the same share is said.

use super::requests::{Requests, statistic};
use crate::load::delay::RunDelay;
use crate::probe::Reading;
use crate::report::model::Warning;
use crate::units::Quantity;

/// The part of a median that the mean wait may be before it is said.
const SHARE: f64 = 0.05;

/// Shorter waits, in seconds, are never said: an idle machine has them too, and where several
/// chunks come in one piece the median gap is next to nothing.
const GRAIN: f64 = 100e-6;

/// Mean waits below this, in seconds, are those of an idle machine: however many they are, no core
/// was missing.
const CALM: f64 = 10e-6;

/// The kind of warning, as results name it.
pub const CLIENT_LATE: &str = "client_late";

/// The kind of the warning of an open loop whose requests were sent late.
pub const SENT_LATE: &str = "sent_late";

const HELP: &str = "leave the client a core, or run scn as root or with CAP_SYS_NICE: it then \
                    comes before what keeps the cores busy";

/// A warning where the waits of the client's threads can be seen in the medians of a phase's ttft
/// or itl; where nothing was streamed, in that of e2e.
pub(super) fn warning(
    delay: Option<&Reading<RunDelay>>,
    requests: &Requests<'_>,
) -> Option<Warning> {
    let delay = delay?.as_ref().ok()?;
    let mean = delay.mean().filter(|mean| *mean > GRAIN)?;
    let median = |metric: &str| Some(statistic(&requests.distribution(metric), "p50").ok()?.0);
    let streamed = ["ttft", "itl"].map(|metric| (metric, median(metric)));
    let read = match streamed.iter().any(|(_, median)| median.is_some()) {
        true => streamed.to_vec(),
        false => vec![("e2e", median("e2e"))],
    };
    let seen: Vec<String> = read
        .into_iter()
        .filter_map(|(metric, median)| Some((metric, median?)))
        .filter(|(_, median)| mean > SHARE * median)
        .map(|(metric, median)| format!("{metric}.p50 is {}", Quantity::seconds(median)))
        .collect();
    if seen.is_empty() {
        return None;
    }
    Some(Warning {
        kind: CLIENT_LATE.into(),
        text: format!(
            "the client itself was late: its threads waited {} for a core each time, the mean of {} \
             waits ({} in all); {}, and its own delays are part of that",
            Quantity::seconds(mean),
            delay.times,
            Quantity::seconds(delay.waited_s),
            seen.join(" and ")
        ),
        help: HELP.into(),
    })
}

/// A warning where an open loop's requests were sent so late that it can be seen in the median of
/// their ttft; where nothing was streamed, of their e2e: both count from when a request was due.
pub(super) fn sends(delay: Option<&Reading<RunDelay>>, requests: &Requests<'_>) -> Option<Warning> {
    let median = |metric: &str| Some(statistic(&requests.distribution(metric), "p50").ok()?.0);
    let late = median("lateness").filter(|late| *late > GRAIN)?;
    let (metric, whole) = ["ttft", "e2e"]
        .into_iter()
        .find_map(|metric| Some((metric, median(metric)?)))?;
    if late <= SHARE * whole {
        return None;
    }
    Some(Warning {
        kind: SENT_LATE.into(),
        text: format!(
            "requests were sent late: {} after they were due (lateness.p50); {metric}.p50 is {}, \
             and this is part of it",
            Quantity::seconds(late),
            Quantity::seconds(whole)
        ),
        help: why_late(late, delay.and_then(|delay| delay.as_ref().ok()), requests),
    })
}

/// What to do about sends that were so late, by what made them so. What the threads waited for a
/// core is known, and which requests had to open a connection first, which lies between the
/// moment when one was due and its send.
fn why_late(late: f64, delay: Option<&RunDelay>, requests: &Requests<'_>) -> String {
    let sent = requests.records().iter().filter(|r| r.sent.is_some());
    let all = sent.clone().count();
    let opened = sent.clone().filter(|r| r.opened == Some(true)).count();
    let kept = sent.filter(|r| r.opened == Some(false)).count();
    let waits = |delay: &&RunDelay| {
        let each = delay.waited_s / all.max(1) as f64;
        each >= late / 2.0 && delay.mean().is_some_and(|mean| mean >= CALM)
    };
    if delay.filter(waits).is_some() {
        return HELP.into();
    }
    let waited = match delay.and_then(RunDelay::mean) {
        Some(mean) => format!(
            "the client's threads did not wait for a core ({} each time)",
            Quantity::seconds(mean)
        ),
        None => "whether the client's threads waited for a core is not known".into(),
    };
    if opened > kept {
        return format!(
            "{opened} of {all} requests opened a connection first, which is part of this, and every \
             client of a server that closes connections waits for it (or of one whose engine says \
             `keep_alive = false`); {waited}"
        );
    }
    let connections = match kept {
        0 => "nor is it known which requests opened connections",
        _ => "and most connections were kept",
    };
    format!(
        "why is not known: {waited}, {connections}; what is left is the client's own way from the \
         moment that a request is due to its send"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::Record;
    use crate::measure::case::PhaseData;
    use crate::probe::Unavailable;

    /// Ten answers with a ttft of 100 ms and gaps of 20 ms, and waits of this mean.
    fn phase(mean: f64) -> PhaseData {
        let record = Record {
            first_token: Some(0.1),
            chunks: vec![0.1, 0.12, 0.14],
            end: 0.2,
            ..Record::default()
        };
        PhaseData {
            name: "steady".into(),
            records: vec![record; 10],
            client_delay: Some(Ok(RunDelay {
                waited_s: mean * 50.0,
                times: 50,
            })),
            ..PhaseData::default()
        }
    }

    fn said(phase: &PhaseData) -> Option<String> {
        let warning = warning(phase.client_delay.as_ref(), &Requests::of(phase, None))?;
        assert_eq!(warning.kind, CLIENT_LATE);
        Some(warning.text)
    }

    #[test]
    fn waits_beyond_a_twentieth_of_a_median_are_said() {
        assert_eq!(said(&phase(0.9e-3)), None);
        let text = said(&phase(2e-3)).unwrap();
        assert!(text.contains("waited 2 ms for a core each time"), "{text}");
        assert!(text.contains("50 waits (100 ms in all)"), "{text}");
        assert!(text.contains("itl.p50 is 20 ms"), "{text}");
        assert!(!text.contains("ttft"), "2 ms do not show in 100 ms: {text}");
        let text = said(&phase(6e-3)).unwrap();
        assert!(text.contains("ttft.p50 is 100 ms and itl.p50"), "{text}");
    }

    #[test]
    fn short_waits_are_none_though_chunks_came_in_one_piece() {
        let mut one_piece = phase(50e-6);
        for record in &mut one_piece.records {
            record.chunks = vec![0.1; 3];
        }
        assert_eq!(said(&one_piece), None);
    }

    #[test]
    fn what_was_not_streamed_is_compared_as_a_whole() {
        let mut plain = phase(30e-3);
        for record in &mut plain.records {
            (record.first_token, record.chunks) = (None, Vec::new());
        }
        assert!(said(&plain).unwrap().contains("e2e.p50 is 200 ms"));
    }

    #[test]
    fn sends_beyond_a_twentieth_of_the_median_are_said() {
        let sent = |late: f64, ttft: Option<f64>| {
            let record = Record {
                sent: Some(late),
                first_token: ttft,
                end: 0.2,
                ..Record::default()
            };
            let phase = PhaseData {
                records: vec![record; 10],
                ..PhaseData::default()
            };
            let warning = sends(None, &Requests::of(&phase, None))?;
            assert_eq!(warning.kind, SENT_LATE);
            Some(warning.text)
        };
        assert_eq!(sent(4e-3, Some(0.1)), None);
        let text = sent(6e-3, Some(0.1)).unwrap();
        assert!(text.contains("6 ms after they were due"), "{text}");
        assert!(text.contains("ttft.p50 is 100 ms"), "{text}");
        assert_eq!(sent(50e-6, Some(100e-6)), None, "too short to be said");
        assert_eq!(sent(6e-3, None), None, "200 ms in all");
        assert!(sent(20e-3, None).unwrap().contains("e2e.p50 is 200 ms"));
    }

    #[test]
    fn the_advice_follows_from_what_made_sends_late() {
        // 10 requests of 600 us lateness, and what the threads waited for a core in all
        let advice = |waited_s: f64, times: u64, opened: bool| {
            let record = Record {
                sent: Some(600e-6),
                first_token: Some(5e-3),
                end: 10e-3,
                opened: Some(opened),
                ..Record::default()
            };
            let phase = PhaseData {
                records: vec![record; 10],
                client_delay: Some(Ok(RunDelay { waited_s, times })),
                ..PhaseData::default()
            };
            let requests = Requests::of(&phase, None);
            sends(phase.client_delay.as_ref(), &requests).unwrap().help
        };
        assert_eq!(advice(5e-3, 50, true), HELP, "500 us of each 600");
        let opened = advice(400e-9 * 50.0, 50, true);
        assert!(
            opened.starts_with("10 of 10 requests opened a connection"),
            "{opened}"
        );
        assert!(opened.contains("400 ns each time"), "{opened}");
        assert!(!opened.contains("CAP_SYS_NICE"), "{opened}");
        let unknown = advice(400e-9 * 50.0, 50, false);
        assert!(unknown.starts_with("why is not known"), "{unknown}");
        // very many short waits, as for the chunks of long answers
        assert!(advice(400e-9 * 1e5, 100_000, false).starts_with("why is not known"));
    }

    #[test]
    fn only_open_loops_are_warned_of_late_sends() {
        let mut phase = phase(0.0);
        for record in &mut phase.records {
            record.sent = Some(0.05);
        }
        let kinds = |phase: &PhaseData| {
            let warnings = crate::measure::figures::phase_result(phase).warnings;
            warnings.into_iter().map(|w| w.kind).collect::<Vec<_>>()
        };
        assert!(kinds(&phase).is_empty());
        phase.open_loop = true;
        assert_eq!(kinds(&phase), [SENT_LATE]);
    }

    #[test]
    fn what_is_not_known_is_no_warning() {
        let mut unknown = phase(1.0);
        unknown.client_delay = Some(Err(Unavailable::new("no schedstat")));
        assert_eq!(said(&unknown), None);
        let requests = Requests::of(&unknown, None);
        let why = requests.scalar("client_delay").unwrap_err();
        assert_eq!(why.0, "no schedstat");
        assert_eq!(
            Requests::of(&phase(2e-3), None).scalar("client_delay"),
            Ok(2e-3)
        );
    }
}
