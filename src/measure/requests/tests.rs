//! The figures of hand-made requests, and rates and percentiles against naive ones.

use super::*;
use crate::load::delay::RunDelay;
use crate::load::record::Failure;
use crate::measure::case::{ReplicaWork, Round};
use crate::schema::{DISTRIBUTION_STATS, PHASE_METRICS, Shape};
use proptest::prelude::*;

/// Answered with `tokens` output tokens in as many chunks, the first after `ttft`, 10 ms apart.
fn answered(due: f64, ttft: f64, tokens: u64) -> Record {
    let chunks: Vec<f64> = (0..tokens).map(|i| due + ttft + 0.01 * i as f64).collect();
    Record {
        due,
        sent: Some(due + 0.001),
        first_token: chunks.first().copied(),
        first_answer: chunks.first().copied(),
        last_token: chunks.last().copied(),
        end: chunks.last().map_or(due + ttft, |last| last + 0.005),
        chunks,
        prompt_tokens: Some(100),
        completion_tokens: Some(tokens),
        token_source: TokenSource::Usage,
        clips: Some(0),
        videos: Some(0),
        ..Record::default()
    }
}

fn failed(due: f64, end: f64, class: FailureClass) -> Record {
    Record {
        due,
        end,
        sent: Some(due),
        outcome: Outcome::Failed(Failure {
            class,
            detail: format!("{class:?} in words"),
        }),
        ..Record::default()
    }
}

fn phase(records: Vec<Record>) -> PhaseData {
    PhaseData {
        name: "stress".into(),
        records,
        client_delay: Some(Ok(RunDelay {
            waited_s: 0.5,
            times: 100,
        })),
        ..PhaseData::default()
    }
}

fn scalar(phase: &PhaseData, metric: &str) -> Reading<f64> {
    Requests::of(phase, None).scalar(metric)
}

fn stat(phase: &PhaseData, metric: &str, stat: &str) -> Reading<f64> {
    let values = Requests::of(phase, None).distribution(metric);
    statistic(&values, stat).map(|(value, _)| value)
}

fn near(value: Reading<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

fn why(value: Reading<f64>) -> String {
    value.unwrap_err().0
}

#[test]
fn every_metric_follows_its_definition() {
    let mut late = answered(1.0, 0.3, 2);
    late.sent = Some(1.2);
    late.first_answer = Some(1.31);
    late.images = 2;
    late.clips = Some(3);
    late.videos = Some(1);
    let p = phase(vec![
        answered(0.0, 0.1, 3),
        late,
        failed(0.5, 9.0, FailureClass::Timeout),
    ]);
    near(stat(&p, "ttft", "mean"), 0.2);
    near(stat(&p, "ttfa", "max"), 0.31);
    near(stat(&p, "itl", "count"), 3.0);
    near(stat(&p, "itl", "max"), 0.01);
    near(stat(&p, "tpot", "min"), 0.01);
    near(stat(&p, "e2e", "max"), 0.315);
    // the failed one was sent too
    near(stat(&p, "lateness", "count"), 3.0);
    near(stat(&p, "lateness", "max"), 0.2);
    near(stat(&p, "input", "mean"), 100.0);
    near(stat(&p, "output", "mean"), 2.5);
    near(stat(&p, "tokens_per_chunk", "max"), 1.0);
    near(scalar(&p, "requests"), 3.0);
    near(scalar(&p, "completed"), 2.0);
    near(scalar(&p, "failed"), 1.0);
    near(scalar(&p, "success_rate"), 2.0 / 3.0);
    // from 0 to the end of the timeout: that time was spent
    near(scalar(&p, "duration"), 9.0);
    near(scalar(&p, "request_rate"), 2.0 / 9.0);
    near(scalar(&p, "output_throughput"), 5.0 / 9.0);
    near(scalar(&p, "input_throughput"), 200.0 / 9.0);
    near(scalar(&p, "total_throughput"), 205.0 / 9.0);
    near(scalar(&p, "image_rate"), 2.0 / 9.0);
    near(scalar(&p, "audio_rate"), 3.0 / 9.0);
    near(scalar(&p, "video_rate"), 1.0 / 9.0);
    assert_eq!(Requests::of(&p, None).failures("timeout"), 1);
    assert_eq!(Requests::of(&p, None).failures("status"), 0);
}

#[test]
fn every_metric_of_the_schema_is_known_here() {
    let mut one = answered(0.0, 0.1, 3);
    one.accepted = Some(true);
    // all sent at once, as prefill and decode need it
    let mut p = phase(vec![one, answered(0.01, 0.1, 3)]);
    let work = |requests, busy| ReplicaWork { requests, busy };
    p.replicas = Some(vec![work(1, vec![0.5, 0.25]), work(3, vec![1.0, 2.5])]);
    p.rounds = [0.0, 10.0]
        .map(|start| Round {
            start,
            end: start + 1.0,
            ..Round::default()
        })
        .to_vec();
    for metric in PHASE_METRICS {
        if metric.shape == Shape::Scalar {
            scalar(&p, metric.name).expect(metric.name);
        } else {
            for name in DISTRIBUTION_STATS {
                stat(&p, metric.name, name).expect(metric.name);
            }
        }
    }
}

#[test]
fn what_replicas_did_is_of_whole_phases_and_of_the_simulator() {
    let mut p = phase(vec![answered(0.0, 0.1, 3)]);
    let why = |p: &PhaseData, load| {
        let values = Requests::of(p, load).distribution("gpu_busy");
        values.unwrap_err().0
    };
    assert!(why(&p, None).contains("only the simulator"));
    let work = |requests, busy| ReplicaWork { requests, busy };
    p.replicas = Some(vec![work(1, vec![0.5, 0.25]), work(3, vec![1.0, 2.5])]);
    let round = |start| Round {
        start,
        end: start + 1.0,
        ..Round::default()
    };
    p.rounds = vec![round(0.0), round(10.0)];
    let of = |metric| {
        let values = Requests::of(&p, None).distribution(metric).unwrap();
        values.values().to_vec()
    };
    assert_eq!(of("replica_requests"), [1.0, 3.0]);
    // of the two seconds of both repetitions; the step under way at the end lasts longer
    assert_eq!(of("gpu_busy"), [0.125, 0.25, 0.5, 1.0]);
    assert!(why(&p, Some("chat")).contains("whole phases"));
}

#[test]
fn prefill_and_decode_of_a_batch_are_apart() {
    // two at once, twice; the first tokens come after 0.1 and 0.4 s, the last answer ends at
    // 0.4 + 0.19 + 0.005 s
    let round = |round, due| {
        [answered(due, 0.1, 10), answered(due, 0.4, 20)].map(|record| Record { round, ..record })
    };
    let p = phase([round(0, 0.0), round(1, 50.0)].concat());
    near(scalar(&p, "prefill_throughput"), 400.0 / 0.8);
    near(scalar(&p, "decode_throughput"), 60.0 / (2.0 * 0.195));
    // one that failed is in neither
    let mut some = round(0, 0.0).to_vec();
    some.push(failed(0.0, 9.0, FailureClass::Status));
    near(scalar(&phase(some), "prefill_throughput"), 200.0 / 0.4);
    let overlapping = phase(vec![answered(0.0, 0.1, 10), answered(0.2, 0.1, 10)]);
    for metric in ["prefill_throughput", "decode_throughput"] {
        let why = why(scalar(&overlapping, metric));
        assert!(why.contains("not all sent at once"), "{why}");
    }
    let mut whole = answered(0.0, 0.1, 10);
    whole.first_token = None;
    assert!(why(scalar(&phase(vec![whole]), "decode_throughput")).contains("streamed"));
}

#[test]
fn pauses_between_repetitions_are_no_time_of_the_phase() {
    let mut second = answered(100.0, 0.5, 1);
    second.round = 1;
    let first = answered(0.0, 0.5, 1);
    let both = phase(vec![first.clone(), second]);
    near(scalar(&both, "duration"), 2.0 * 0.505);
    near(scalar(&both, "request_rate"), 2.0 / 1.01);
    // a repetition without an answer took its time
    let mut broken = failed(100.0, 103.0, FailureClass::Timeout);
    broken.round = 1;
    near(scalar(&phase(vec![first, broken]), "duration"), 3.505);
}

#[test]
fn a_wrong_answer_is_an_answer_and_a_failure() {
    let judged = |accepted| Record {
        accepted: Some(accepted),
        ..answered(0.0, 0.1, 2)
    };
    let wrong = Record {
        outcome: failed(0.0, 0.0, FailureClass::WrongAnswer).outcome,
        ..judged(false)
    };
    let p = phase(vec![
        judged(true),
        judged(true),
        wrong,
        failed(0.0, 1.0, FailureClass::Status),
    ]);
    near(scalar(&p, "completed"), 3.0);
    near(scalar(&p, "failed"), 2.0);
    near(scalar(&p, "success_rate"), 0.5);
    near(scalar(&p, "accept_rate"), 2.0 / 3.0);
    near(stat(&p, "ttft", "count"), 3.0);
    // also where only `accepted` says so
    assert_eq!(class(&judged(false)), Some(FailureClass::WrongAnswer));
    let unjudged = phase(vec![answered(0.0, 0.1, 2)]);
    assert!(why(scalar(&unjudged, "accept_rate")).contains("no `accept`"));
}

#[test]
fn what_nobody_answered_has_no_latency_and_no_rate() {
    let p = phase(vec![failed(0.0, 1.0, FailureClass::Connect)]);
    for metric in ["ttft", "itl", "tpot", "e2e", "output"] {
        assert_eq!(
            why(stat(&p, metric, "p50")),
            "no request of `stress` was answered"
        );
    }
    for metric in ["request_rate", "output_throughput", "image_rate"] {
        assert_eq!(
            why(scalar(&p, metric)),
            "no request of `stress` was answered"
        );
    }
    // the time was spent all the same
    near(scalar(&p, "duration"), 1.0);
    near(scalar(&p, "failed"), 1.0);
    near(scalar(&p, "completed"), 0.0);
    near(scalar(&p, "success_rate"), 0.0);
    let nothing = phase(Vec::new());
    near(scalar(&nothing, "requests"), 0.0);
    for metric in ["success_rate", "request_rate", "duration"] {
        assert_eq!(
            why(scalar(&nothing, metric)),
            "no request of `stress` was due"
        );
    }
}

#[test]
fn tokens_that_the_server_did_not_tell_are_not_zero() {
    let untold = |due| Record {
        token_source: TokenSource::Missing,
        prompt_tokens: None,
        completion_tokens: None,
        ..answered(due, 0.1, 3)
    };
    let none = phase(vec![untold(0.0), untold(1.0)]);
    for metric in ["tpot", "input", "output", "tokens_per_chunk"] {
        assert!(
            why(stat(&none, metric, "p50")).contains("no `usage`"),
            "{metric}"
        );
    }
    for metric in ["output_throughput", "input_throughput", "total_throughput"] {
        assert!(
            why(scalar(&none, metric)).contains("no `usage`"),
            "{metric}"
        );
    }
    near(stat(&none, "ttft", "mean"), 0.1);
    assert_eq!(Requests::of(&none, None).notes().len(), 1);
    // counts that are not from the server's usage do not count
    let guessed = phase(vec![Record {
        completion_tokens: Some(5),
        ..untold(0.0)
    }]);
    assert!(why(stat(&guessed, "output", "mean")).contains("no `usage`"));

    let some = phase(vec![untold(0.0), answered(1.0, 0.1, 3)]);
    near(stat(&some, "output", "count"), 1.0);
    let notes = Requests::of(&some, None).notes();
    assert!(notes[0].contains("1 of 2 answers of `stress`"), "{notes:?}");
    // what was told of some is no throughput of all
    for metric in ["output_throughput", "input_throughput", "total_throughput"] {
        let reason = why(scalar(&some, metric));
        assert!(
            reason.starts_with("1 of 2 answers of `stress` had no `usage`"),
            "{metric}: {reason}"
        );
    }
    near(scalar(&some, "request_rate"), 2.0 / 1.125);
    // completion tokens alone: the prompt's are unavailable, with the right reason
    let half = phase(vec![Record {
        prompt_tokens: None,
        ..answered(0.0, 0.1, 3)
    }]);
    near(stat(&half, "output", "mean"), 3.0);
    let reason = why(scalar(&half, "total_throughput"));
    assert!(reason.contains("does not tell"), "{reason}");
}

#[test]
fn without_a_stream_there_is_no_first_token() {
    let plain = Record {
        first_token: None,
        first_answer: None,
        last_token: None,
        chunks: Vec::new(),
        ..answered(0.0, 0.4, 3)
    };
    let p = phase(vec![plain]);
    for metric in ["ttft", "ttfa", "tpot", "tokens_per_chunk"] {
        assert!(
            why(stat(&p, metric, "p50")).contains("was streamed"),
            "{metric}"
        );
    }
    assert!(why(stat(&p, "itl", "p50")).contains("two chunks"));
    near(stat(&p, "output", "mean"), 3.0);
    near(stat(&p, "e2e", "count"), 1.0);
}

#[test]
fn time_per_token_needs_two_tokens() {
    let p = phase(vec![answered(0.0, 0.1, 1), answered(1.0, 0.1, 5)]);
    near(stat(&p, "tpot", "count"), 1.0);
    let one = phase(vec![answered(0.0, 0.1, 1)]);
    assert!(why(stat(&one, "tpot", "mean")).contains("two tokens"));
    assert!(why(stat(&one, "e2e", "stddev")).contains("deviation"));
}

#[test]
fn tokens_that_came_at_one_moment_have_no_time_between_them() {
    let at_once = |chunks: usize| Record {
        first_token: Some(0.1),
        last_token: Some(0.1),
        chunks: vec![0.1; chunks],
        completion_tokens: Some(40),
        ..answered(0.0, 0.1, 1)
    };
    // in one chunk, and in three chunks of one piece
    for chunks in [1, 3] {
        let p = phase(vec![at_once(chunks)]);
        let reason = why(stat(&p, "tpot", "p50"));
        assert!(
            reason.contains("`stress` all tokens came at one"),
            "{reason}"
        );
        assert!(stat(&p, "itl", "p50").is_err());
        near(stat(&p, "ttft", "p50"), 0.1);
        let notes = Requests::of(&p, None).notes();
        assert!(notes[0].contains("in 1 of 1 answers"), "{notes:?}");
    }
    assert!(why(stat(&phase(vec![at_once(1)]), "itl", "p50")).contains("two chunks"));
    assert!(why(stat(&phase(vec![at_once(3)]), "itl", "p50")).contains("at one moment"));
    // beside others they are left out
    let p = phase(vec![at_once(3), answered(1.0, 0.1, 5)]);
    near(stat(&p, "tpot", "count"), 1.0);
    near(stat(&p, "tpot", "min"), 0.01);
    near(stat(&p, "itl", "count"), 4.0);
    // distinct chunks keep their gaps, and many of 0 are said
    let mut pairs = answered(0.0, 0.1, 4);
    pairs.chunks = vec![0.1, 0.1, 0.13, 0.13];
    let p = phase(vec![pairs]);
    near(stat(&p, "itl", "count"), 3.0);
    let notes = Requests::of(&p, None).notes();
    assert!(
        notes[0].contains("2 of 3 gaps of `stress` are 0"),
        "{notes:?}"
    );
}

#[test]
fn cancelled_requests_fail_unless_the_phase_was_cut_short() {
    let cancelled = failed(0.5, 1.0, FailureClass::Cancelled);
    let mut p = phase(vec![answered(0.0, 0.1, 2), cancelled]);
    near(scalar(&p, "success_rate"), 0.5);
    assert_eq!(Requests::of(&p, None).failures("cancelled"), 1);
    p.not_run = Some("interrupted".into());
    near(scalar(&p, "success_rate"), 1.0);
    near(scalar(&p, "requests"), 1.0);
}

#[test]
fn a_load_has_its_own_requests() {
    let of = |load: &str, record: Record| Record {
        load: Some(load.into()),
        ..record
    };
    let p = phase(vec![
        of("chat", answered(0.0, 0.1, 2)),
        of("batch", answered(0.0, 0.9, 2)),
    ]);
    let chat = Requests::of(&p, Some("chat"));
    near(chat.scalar("requests"), 1.0);
    near(
        statistic(&chat.distribution("ttft"), "max").map(|v| v.0),
        0.1,
    );
    assert_eq!(
        why(Requests::of(&p, Some("none")).scalar("success_rate")),
        "no request of `stress.none` was due"
    );
}

#[test]
fn names_of_percentiles() {
    let names = ["p50", "p999", "p95", "max", "p", "px"];
    assert_eq!(
        names.map(share_of),
        [Some(0.5), Some(0.999), Some(0.95), None, None, None]
    );
}

#[test]
fn chunks_of_several_tokens_are_noted() {
    let mut record = answered(0.0, 0.1, 4);
    record.completion_tokens = Some(12);
    let notes = Requests::of(&phase(vec![record]), None).notes();
    assert!(notes[0].contains("3 tokens on average"), "{notes:?}");
}

proptest! {
    #[test]
    fn rates_and_percentiles_are_the_naive_ones(
        requests in prop::collection::vec(
            (0u32..3, 0.0f64..10.0, 0.01f64..5.0, 0u64..20, prop::bool::weighted(0.8)), 1..60,
        ),
    ) {
        let records: Vec<Record> = requests.iter().map(|(round, due, ttft, tokens, ok)| {
            let due = due + 100.0 * f64::from(*round);
            let mut record = match ok {
                true => answered(due, *ttft, *tokens),
                false => failed(due, due + ttft, FailureClass::Status),
            };
            record.round = *round;
            record
        }).collect();
        let good: Vec<&Record> = records.iter().filter(|r| r.outcome == Outcome::Ok).collect();
        let mut seconds = 0.0;
        for round in 0..3 {
            let of = |r: &&Record| r.round == round;
            let mut due: Vec<f64> = records.iter().filter(of).map(|r| r.due).collect();
            let mut ends: Vec<f64> = records.iter().filter(of).map(|r| r.end).collect();
            due.sort_by(f64::total_cmp);
            ends.sort_by(f64::total_cmp);
            if let (Some(first), Some(last)) = (due.first(), ends.last()) {
                seconds += last - first;
            }
        }
        let p = phase(records.clone());
        prop_assert!((scalar(&p, "success_rate").unwrap() - good.len() as f64 / records.len() as f64).abs() < 1e-12);
        prop_assert!((scalar(&p, "duration").unwrap() - seconds).abs() < 1e-9);
        if good.is_empty() {
            prop_assert!(scalar(&p, "request_rate").is_err());
            return Ok(());
        }
        let rate = good.len() as f64 / seconds;
        prop_assert!((scalar(&p, "request_rate").unwrap() - rate).abs() < 1e-9 * rate.max(1.0));
        let tokens: u64 = good.iter().filter_map(|r| r.completion_tokens).sum();
        let throughput = tokens as f64 / seconds;
        let found = scalar(&p, "output_throughput").unwrap();
        prop_assert!((found - throughput).abs() < 1e-9 * throughput.max(1.0));

        let mut waits: Vec<f64> = good.iter().filter_map(|r| Some(r.first_token? - r.due)).collect();
        waits.sort_by(f64::total_cmp);
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let Some(last) = waits.len().checked_sub(1) else {
                prop_assert!(stat(&p, "ttft", name).is_err());
                continue;
            };
            let at = share * last as f64;
            let (low, high) = (waits[at.floor() as usize], waits[at.ceil() as usize]);
            let naive = low + (at - at.floor()) * (high - low);
            prop_assert!((stat(&p, "ttft", name).unwrap() - naive).abs() < 1e-9);
        }
    }
}
