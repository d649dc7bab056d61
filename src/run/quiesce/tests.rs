//! When memory and engines rest, and what is said where they do not.

use super::*;
use crate::scenario::SeriesName;
use std::sync::LazyLock;

fn memory(points: &[(f64, f64)]) -> SeriesSet {
    let mut set = SeriesSet::default();
    for (t, value) in points {
        set.push("memory", Dimension::DATA, *t, *value);
    }
    set
}

#[test]
fn memory_that_moves_is_not_still() {
    let moving = memory(&[(0.0, 1e9), (0.5, 1.1e9), (1.0, 1.2e9), (1.5, 1.3e9)]);
    assert_eq!(still_since(&moving, MEMORY, 0.0), None);
    let settling = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.4, 1.3e9)]);
    assert_eq!(still_since(&settling, MEMORY, 0.0), None, "only 0.9 s");
    let settled = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.6, 1.3e9)]);
    assert_eq!(still_since(&settled, MEMORY, 0.0), Some(0.5));
    assert_eq!(
        still_since(&settled, MEMORY, 0.9),
        None,
        "what was before the load does not count"
    );
}

#[test]
fn without_memory_there_is_nothing_to_wait_for() {
    assert_eq!(still_since(&unmeasured(), MEMORY, 3.0), Some(3.0));
    assert_eq!(
        still_since(&SeriesSet::default(), MEMORY, 3.0),
        None,
        "not read yet"
    );
}

fn unmeasured() -> SeriesSet {
    let mut set = SeriesSet::default();
    set.unavailable("memory", "it runs on another host");
    set
}

fn watch<'a>(server: &'a str, metrics: &'a [EngineMetric]) -> Watch<'a> {
    static SERIES: LazyLock<Vec<String>> = LazyLock::new(|| vec![MEMORY.into()]);
    Watch {
        server,
        metrics,
        series: &SERIES,
    }
}

fn rest(clock: Clock, metrics: &[EngineMetric], until: f64) -> Rest<'_> {
    Rest {
        servers: vec![watch("sut", metrics)],
        clock,
        tick: Duration::from_millis(50),
        begun: 0.0,
        until,
        fallback: STILL,
    }
}

/// What a sampler that looks every 50 ms has seen by then of memory that is so at a time.
fn sampled(until: f64, memory_at: impl Fn(f64) -> f64) -> SeriesSet {
    let times = (0..).map(|n| f64::from(n) * 0.05);
    let points: Vec<(f64, f64)> = times
        .take_while(|t| *t <= until)
        .map(|t| (t, memory_at(t)))
        .collect();
    memory(&points)
}

#[tokio::test]
async fn memory_that_never_settles_is_given_up_and_said() {
    let clock = Clock::start();
    let rest = rest(clock, &[], 1.3);
    let grows = |t: f64| 1e9 + t * 1e9;
    let look = || vec![sampled(clock.now(), grows)];
    let Quiet { from, notes, .. } = rest.wait(look, || true).await;
    let waited = clock.now();
    assert!(waited >= 1.3, "it was waited for: {waited}");
    assert!((0.3..=waited - 1.0).contains(&from), "its end: {from}");
    let [note] = &notes[..] else {
        panic!("{notes:?}")
    };
    let said = "the memory of sut did not settle within 1.";
    assert!(note.starts_with(said), "{note}");
    assert!(
        note.contains(" s: it was 1 GB at the least and 2."),
        "{note}"
    );
}

#[tokio::test]
async fn memory_that_settles_is_not_waited_for_longer() {
    let clock = Clock::start();
    let rest = rest(clock, &[], 600.0);
    let settles = |t: f64| if t < 0.2 { 1e9 } else { 1.5e9 };
    let look = || vec![sampled(clock.now(), settles)];
    let Quiet { from, notes, .. } = rest.wait(look, || true).await;
    assert_eq!(notes, Vec::<String>::new());
    assert!((0.15..0.25).contains(&from), "{from}");
}

#[tokio::test]
async fn an_engine_that_stays_busy_is_given_up_and_named() {
    let clock = Clock::start();
    let busy = EngineMetric {
        name: "running".into(),
        counter: false,
        formula: None,
        series: vec![SeriesName {
            versions: None,
            name: "num_running".into(),
        }],
        dimension: Dimension::NONE,
        idle: Some(0.0),
        off: None,
    };
    let metrics = [busy];
    let rest = rest(clock, &metrics, 0.2);
    let look = || {
        let mut set = unmeasured();
        set.push("running", Dimension::NONE, clock.now(), 3.0);
        vec![set]
    };
    let Quiet { from, notes, .. } = rest.wait(look, || true).await;
    let [note] = &notes[..] else {
        panic!("{notes:?}")
    };
    assert!(
        note.starts_with("sut did not become idle within "),
        "{note}"
    );
    assert!(note.ends_with(": `running` is 3"), "{note}");
    assert_eq!(from, 0.0, "without memory nothing else was waited for");
    // who stops a run does not want to hear what it did not wait for
    let stopped = rest.wait(look, || false).await;
    assert!(stopped.notes.is_empty(), "{stopped:?}");
}

#[test]
fn the_quiet_stretch_is_what_followed_the_last_move() {
    let rest = rest(Clock::start(), &[], 0.0);
    let since = |t: f64, memory_at: fn(f64) -> f64| rest.since(&[sampled(t, memory_at)]);
    // kept from 1.5 s on: still for a second before, but that is not how it ended
    let late = |t: f64| if t < 1.5 { 11e6 } else { 95e6 };
    assert_eq!(since(1.2, late), Some(0.0));
    assert_eq!(since(2.0, late), None, "it moved half a second ago");
    let from = since(4.0, late).unwrap();
    assert!((1.45..1.55).contains(&from), "{from}");
}

#[test]
fn servers_rest_when_all_of_them_do() {
    let mut rest = rest(Clock::start(), &[], 0.0);
    rest.servers.push(watch("other", &[]));
    let still = |t: f64| sampled(t, |_| 1e9);
    let steps = |t: f64| sampled(t, |t| if t < 1.0 { 1e9 } else { 2e9 });
    assert_eq!(rest.since(&[still(1.5), steps(1.5)]), None);
    let from = rest.since(&[steps(2.5), still(2.5)]).unwrap();
    assert!((0.95..1.05).contains(&from), "{from}");
}

#[test]
fn a_short_idle_time_in_which_nothing_moved_is_not_noted() {
    let rest = rest(Clock::start(), &[], 0.0);
    let still = rest.gave_up(&[sampled(0.5, |_| 1e9)], 0.5);
    assert_eq!(still.notes, Vec::<String>::new());
    let moved = rest.gave_up(&[sampled(0.5, |t| if t < 0.2 { 1e9 } else { 2e9 })], 0.5);
    assert_eq!(moved.notes.len(), 1, "{moved:?}");
}
