//! Runs as they look on a screen and in a log, moment by moment.

use super::listener::Show;
use super::plain::Plain;
use super::said::Detail;
use super::screen::Screen;
use super::*;
use proptest::prelude::*;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was written, for a look at it while it is written.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The screen of a terminal that got all this; its driver adds carriage returns.
    fn screen(&self, rows: u16, columns: u16) -> String {
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(self.text().replace('\n', "\r\n").as_bytes());
        let rows: Vec<String> = parser
            .screen()
            .rows(0, columns)
            .map(|row| row.trim_end().to_string())
            .collect();
        rows.join("\n").trim_end().to_string()
    }
}

const PLAIN: Detail = Detail {
    quiet: false,
    verbose: false,
    color: false,
    moves: false,
};
const MOVING: Detail = Detail {
    moves: true,
    ..PLAIN
};

fn launch(number: u32) -> [Event; 3] {
    let server = || "sut".to_string();
    [
        Event::LaunchStarting {
            number,
            again: false,
            server: server(),
            engine: "vllm".into(),
            command: "vllm serve tiny --port {port}".into(),
            runs_already: false,
        },
        Event::LaunchWaiting {
            number,
            server: server(),
            waited_s: 12.0,
            log: Some("\x1b[32mINFO\x1b[0m loading weights\x1b]0;owned\x07 1/4 \r\n".into()),
        },
        Event::LaunchReady {
            number,
            server: server(),
            after_s: Some(34.2),
        },
    ]
}

fn phase(name: &str) -> Event {
    Event::PhaseStarted {
        name: name.into(),
        words: "closed loop, 16 clients, 200 requests × 12 rounds, quiesce".into(),
        planned_requests: Some(2400),
        planned_s: None,
    }
}

fn reading(done: u64) -> Reading {
    Reading {
        round: Some((5, 12)),
        done,
        failed: 2,
        in_flight: 16,
        drained_in: None,
        rate: Some(12.14),
        ttft_p50: Some(0.0452),
        ttft_p95: Some(0.0803),
        memory: Some(1.23e9),
        gpu_memory: None,
    }
}

fn settling(waited_s: f64) -> Event {
    Event::Waiting {
        what: "the memory of sut to settle".into(),
        waited_s,
        limit: Limit::AtMost(30.0),
        memory: Some(1.23e9),
    }
}

fn case(index: usize) -> Event {
    Event::CaseStarted {
        index,
        scenario: "stress".into(),
        id: format!("tp=2,concurrency={index}"),
    }
}

fn check(name: &str, verdict: Verdict, warn: bool) -> CheckLine {
    CheckLine {
        name: name.into(),
        verdict,
        warn,
        why: format!("{name}.ttft.p95 = 812 ms, must be at most 800 ms"),
    }
}

/// A run with a moment for each event, in seconds.
fn run() -> Vec<(u64, Event)> {
    let [starting, waiting, ready] = launch(1);
    vec![
        (
            0,
            Event::RunStarted {
                left_out: 0,
                cases: 4,
                launches: 2,
                folder: "runs/one".into(),
            },
        ),
        (0, starting),
        (12, waiting),
        (34, ready),
        (34, case(0)),
        (34, phase("stress")),
        (40, Event::PhaseTick(reading(100))),
        (41, Event::PhaseTick(reading(112))),
        (52, Event::PhaseTick(reading(812))),
        (90, settling(0.0)),
        (95, settling(5.0)),
        (
            99,
            Event::PhaseEnded {
                name: "stress".into(),
                seconds: 65.0,
                summary: "2400 requests, 37 req/s".into(),
            },
        ),
        (
            99,
            Event::Note {
                text: "the server counts no tokens".into(),
            },
        ),
        (
            100,
            Event::CaseEnded {
                scenario: "stress".into(),
                id: "tp=2,concurrency=0".into(),
                verdict: Verdict::Fail,
                seconds: 66.0,
                checks: vec![
                    check("answered", Verdict::Pass, false),
                    check("quick", Verdict::Fail, false),
                    check("slow", Verdict::Fail, true),
                ],
            },
        ),
    ]
}

fn played(show: &mut impl Show, events: &[(u64, Event)]) {
    let start = Instant::now();
    for (second, event) in events {
        show.event(event, start + Duration::from_secs(*second));
    }
}

/// The screen after the first so many events, one tick later.
fn screen(events: &[(u64, Event)], columns: u16, detail: Detail) -> String {
    let tape = Tape::default();
    let mut screen = Screen::new(tape.clone(), Box::new(move || usize::from(columns)), detail);
    let start = Instant::now();
    for (second, event) in events {
        screen.event(event, start + Duration::from_secs(*second));
    }
    let last = events.last().map_or(0, |(second, _)| *second);
    screen.tick(start + Duration::from_secs(last));
    tape.screen(40, columns)
}

#[test]
fn a_screen_while_a_server_starts() {
    insta::assert_snapshot!(screen(&run()[..3], 80, MOVING));
}

#[test]
fn a_screen_while_a_phase_runs() {
    insta::assert_snapshot!(screen(&run()[..9], 110, MOVING));
}

#[test]
fn a_narrow_screen_leaves_the_least_out() {
    insta::assert_snapshot!(screen(&run()[..9], 60, MOVING));
}

#[test]
fn a_screen_while_memory_settles() {
    insta::assert_snapshot!(screen(&run()[..11], 80, MOVING));
}

#[test]
fn a_screen_after_a_case() {
    insta::assert_snapshot!(screen(&run(), 80, MOVING));
}

/// A phase that ends by the clock, 25 s after it began.
fn timed(event: Event) -> String {
    let events = [
        (
            0,
            Event::RunStarted {
                left_out: 0,
                cases: 1,
                launches: 1,
                folder: "runs/one".into(),
            },
        ),
        (0, case(0)),
        (
            0,
            Event::PhaseStarted {
                name: "quiet".into(),
                words: "idle for 1 min 40 s".into(),
                planned_requests: None,
                planned_s: Some(100.0),
            },
        ),
        (25, event),
    ];
    screen(&events, 70, MOVING)
}

#[test]
fn a_phase_of_quiet() {
    insta::assert_snapshot!(timed(Event::Note {
        text: "time passes".into()
    }));
}

#[test]
fn a_phase_by_the_clock() {
    insta::assert_snapshot!(timed(Event::PhaseTick(Reading {
        round: None,
        ..reading(300)
    })));
}

#[test]
fn quiet_says_what_it_waits_for_and_how_long_and_nothing_of_requests() {
    let idle = Event::Waiting {
        what: "idle".into(),
        waited_s: 12.0,
        limit: Limit::Exactly(30.0),
        memory: None,
    };
    for (event, said) in [
        (
            settling(12.0),
            "waiting for the memory of sut to settle, 12 s of at most 30 s",
        ),
        (idle, "idle, 12 s of 30 s"),
    ] {
        let events = [(0, phase("after")), (12, event)];
        let text = log(&events, PLAIN);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with(&format!("  after: {said}")), "{text}");
        assert!(
            !last.contains("request") && !last.contains("in flight"),
            "{text}"
        );
        let started = [(0, run()[0].1.clone())].into_iter().chain(events);
        let shown = screen(&started.collect::<Vec<_>>(), 110, MOVING);
        assert!(
            shown.contains(said) && !shown.contains("in flight"),
            "{shown}"
        );
    }
}

/// A load that ended by the clock after 3 s, and whose last answers are awaited.
fn drained() -> Vec<(u64, Event)> {
    let tick = |in_flight, drained_in| {
        Event::PhaseTick(Reading {
            round: None,
            in_flight,
            drained_in,
            ..reading(30)
        })
    };
    vec![
        (
            0,
            Event::RunStarted {
                left_out: 0,
                cases: 1,
                launches: 1,
                folder: "runs/one".into(),
            },
        ),
        (0, case(0)),
        (
            0,
            Event::PhaseStarted {
                name: "open".into(),
                words: "open loop, 10 req/s (Poisson), 3 s".into(),
                planned_requests: None,
                planned_s: Some(3.0),
            },
        ),
        (2, tick(12, None)),
        (3, tick(9, Some(600.0))),
        (13, tick(4, Some(589.6))),
    ]
}

#[test]
fn a_phase_that_drains_says_so_and_how_many_are_in_flight() {
    let events = drained();
    for columns in [110, 60, 40] {
        let shown = screen(&events, columns, MOVING);
        assert!(
            shown.contains("draining for 10 s") && shown.contains("4 in flight"),
            "{shown}"
        );
        assert!(!shown.contains("of 3 s"), "{shown}");
    }
    let wide = screen(&events, 110, MOVING);
    assert!(
        wide.contains("4 in flight  at most 9 min 50 s more"),
        "{wide}"
    );
    let before = screen(&events[..4], 110, MOVING);
    assert!(before.contains("2 s of 3 s"), "{before}");
    let text = log(&events, PLAIN);
    assert!(
        text.contains(
            "open: 30 requests, draining for 10 s (no more are sent), 2 failed, 4 in flight, at most 9 min 50 s more"
        ),
        "{text}"
    );
    // the next round sends again
    let mut again = drained();
    again.push((14, Event::PhaseTick(reading(31))));
    let shown = screen(&again, 110, MOVING);
    assert!(!shown.contains("draining"), "{shown}");
}

#[test]
fn nothing_moves_after_the_end_and_nothing_is_left_behind() {
    for end in [
        Event::RunEnded,
        Event::Interrupting {
            level: StopLevel::Now,
        },
    ] {
        for columns in [200, 80, 60, 30] {
            let tape = Tape::default();
            let mut screen =
                Screen::new(tape.clone(), Box::new(move || usize::from(columns)), MOVING);
            played(&mut screen, &run()[..9]);
            played(&mut screen, &[(60, end.clone())]);
            screen.tick(Instant::now());
            screen.end();
            let shown = tape.screen(40, columns);
            assert!(!shown.contains("req/s") && !shown.contains("0:"), "{shown}");
            let said = shown.lines().filter(|line| !line.is_empty()).count();
            assert!(said >= 3 && shown.lines().count() == said, "{shown}");
            assert!(tape.text().ends_with('\n') || tape.text().ends_with("\x1b[J"));
            assert!(
                !tape.text().contains("\x1b[?"),
                "no mode of the terminal is touched"
            );
        }
    }
}

#[test]
fn an_echoed_interrupt_is_painted_over() {
    let tape = Tape::default();
    let mut screen = Screen::new(tape.clone(), Box::new(|| 60), MOVING);
    played(&mut screen, &run()[..9]);
    tape.clone().write_all(b"^C").unwrap();
    played(
        &mut screen,
        &[(
            60,
            Event::Interrupting {
                level: StopLevel::Finish,
            },
        )],
    );
    let shown = tape.screen(40, 60);
    assert!(!shown.contains("^C"), "{shown}");
    assert_eq!(
        shown.matches("[1/4]").count(),
        2,
        "once as what has begun, once moving: {shown}"
    );
    assert!(shown.contains("stopping  1:00"), "{shown}");
}

fn log(events: &[(u64, Event)], detail: Detail) -> String {
    let tape = Tape::default();
    played(&mut Plain::new(tape.clone(), detail), events);
    tape.text()
}

#[test]
fn a_log() {
    insta::assert_snapshot!(log(&run(), PLAIN));
}

#[test]
fn a_verbose_log() {
    insta::assert_snapshot!(log(
        &run(),
        Detail {
            verbose: true,
            ..PLAIN
        }
    ));
}

#[test]
fn a_log_says_how_it_goes_every_ten_seconds_at_most() {
    let mut events = run()[..6].to_vec();
    events.extend((0..1000).map(|i| (35 + i / 10, Event::PhaseTick(reading(i)))));
    let text = log(&events, PLAIN);
    assert_eq!(text.matches("in flight").count(), 10, "{text}");
}

#[test]
fn quiet_leaves_errors_only() {
    let quiet = Detail {
        quiet: true,
        ..PLAIN
    };
    assert_eq!(log(&run(), quiet), "");
    let mut events = run();
    events.push((
        101,
        Event::Error {
            text: "the disk is full\nfree some".into(),
        },
    ));
    events.push((
        102,
        Event::LaunchFailed {
            number: 2,
            server: "sut".into(),
            message: "it exited with 1".into(),
        },
    ));
    assert_eq!(
        log(&events, quiet),
        "error: the disk is full\n  free some\n"
    );
}

#[test]
fn colour_is_only_where_it_is_asked_for() {
    let colored = log(
        &run(),
        Detail {
            color: true,
            verbose: true,
            ..PLAIN
        },
    );
    let plain = log(
        &run(),
        Detail {
            verbose: true,
            ..PLAIN
        },
    );
    assert!(!plain.contains('\x1b'));
    assert_eq!(console::strip_ansi_codes(&colored), plain);
    assert_ne!(colored, plain);
}

proptest! {
    #[test]
    fn moving_lines_fit_and_carry_nothing_of_the_servers(
        width in 10usize..160,
        log in "(\x1b\\[[0-9;]{0,3}[mJH]|\r|\n|漢|[a-z ]){0,60}",
        name in "[a-z_漢]{1,50}",
        done in 0u64..5000,
        verbose: bool,
    ) {
        let view = |events: &[Event]| {
            let now = Instant::now();
            let mut view = view::View::new(now);
            events.iter().for_each(|event| view.apply(event, now));
            live::lines(&view, width, false, now + Duration::from_secs(3700))
        };
        let start = Event::RunStarted { left_out: 0, cases: 4, launches: 2, folder: "x".into() };
        let [starting, _, _] = launch(1);
        let waiting = Event::LaunchWaiting { number: 1, server: "sut".into(), waited_s: 1.0, log: Some(log.clone()) };
        let told = log.clone();
        for lines in [
            view(&[start.clone(), starting, waiting]),
            view(&[start.clone(), case(1), phase(&name), Event::PhaseTick(reading(done))]),
            view(&[start, case(1), phase(&name), Event::Waiting { what: log, waited_s: 1.0, limit: Limit::AtMost(2.0), memory: None }]),
        ] {
            for line in lines {
                prop_assert!(console::measure_text_width(&line) <= width, "{width}: {line:?}");
                prop_assert!(!line.contains(['\x1b', '\r', '\n']), "{line:?}");
            }
        }
        let tape = Tape::default();
        let mut plain = Plain::new(tape.clone(), Detail { verbose, ..PLAIN });
        let waiting = Event::LaunchWaiting { number: 1, server: told.clone(), waited_s: 1.0, log: Some(told.clone()) };
        played(&mut plain, &[(0, phase(&told)), (20, waiting), (40, Event::Error { text: told })]);
        prop_assert!(!tape.text().contains(['\x1b', '\r']));
    }
}
