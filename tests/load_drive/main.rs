//! Loads over real sockets: paces, ends, drains and stops, and that no request is lost.

mod ends;

#[path = "../load_support/mod.rs"]
mod load_support;

use load_support::*;
use scn::clock::{Clock, whole_nanoseconds};
use scn::load::arrival::Arrivals;
use scn::load::client::Client;
use scn::load::delay::Meter;
use scn::load::drive::{EndedBy, LoadEnd, RequestSource, drive};
use scn::load::live::Live;
use scn::load::random::{Law, Random, What, rng};
use scn::load::record::{FailureClass, Outcome, Record};
use scn::load::spec::{Arrival, Curve, Load, Pace, Ramp, Request};
use scn::stop::{Stop, StopLevel, stop_pair};
use scn::units::Dimension;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Rows;

impl RequestSource for Rows {
    fn request(&self, index: u64) -> Request {
        Request {
            row: index as usize % 3,
            ..request()
        }
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn closed(concurrency: u64) -> Load {
    Load {
        name: Some("side".into()),
        pace: Pace::Closed {
            concurrency,
            think: Duration::ZERO.into(),
        },
        requests: None,
        duration: None,
        drain: None,
        timeout: Duration::from_secs(20),
        seed: 1,
        lengths_seed: 1,
    }
}

fn open(rate_per_s: f64, arrival: Arrival) -> Load {
    Load {
        pace: Pace::Open {
            rate_per_s,
            arrival,
            ramp: None,
        },
        ..closed(1)
    }
}

struct Ran {
    end: LoadEnd,
    /// Sorted by index.
    records: Vec<Record>,
    live: Arc<Live>,
}

async fn run_with(load: &Load, url: &str, stop: Stop, source: Arc<dyn RequestSource>) -> Ran {
    let client = Arc::new(Client::new(&target(url)).unwrap());
    let live = Arc::new(Live::new());
    let records = Arc::new(Mutex::new(Vec::new()));
    let sink = records.clone();
    let on_record = Arc::new(move |record| sink.lock().unwrap().push(record));
    let clock = Clock::start();
    let end = drive(load, client, source, clock, stop, live.clone(), on_record).await;
    let mut records: Vec<Record> = std::mem::take(&mut *records.lock().unwrap());
    records.sort_by_key(|record| record.index);
    assert_eq!(
        records.len() as u64,
        end.started,
        "each started request is one record"
    );
    let indices: Vec<u64> = records.iter().map(|record| record.index).collect();
    assert_eq!(indices, (0..end.started).collect::<Vec<_>>());
    assert_eq!(live.reading().started, end.started);
    assert_eq!(live.reading().in_flight, 0);
    let cancelled = |r: &&Record| matches!(&r.outcome, Outcome::Failed(f) if f.class == FailureClass::Cancelled);
    assert_eq!(
        records.iter().filter(cancelled).count() as u64,
        end.cancelled
    );
    Ran { end, records, live }
}

async fn run(load: &Load, url: &str) -> Ran {
    let (_stopper, stop) = stop_pair();
    run_with(load, url, stop, Arc::new(Rows)).await
}

#[tokio::test]
async fn there_are_no_more_clients_than_requests() {
    let server = always(vec![send(good())]).await;
    let load = Load {
        requests: Some(4),
        ..closed(u64::MAX)
    };
    let (_stopper, stop) = stop_pair();
    let ran = run_with(&load, &server.url, stop, Arc::new(Rows)).await;
    assert_eq!(ran.records.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_has_exactly_so_many_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inner_now, inner_most) = (now.clone(), most.clone());
    let server = serve(move |call| {
        let (now, most) = (inner_now.clone(), inner_most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            // Until all are there: with fewer in flight than asked for, this would never end.
            while call.number < 5 && now.load(SeqCst) < 5 {
                tokio::time::sleep(ms(1)).await;
            }
            tokio::time::sleep(ms(5)).await;
            now.fetch_sub(1, SeqCst);
            play(call.stream, &[send(good())]).await
        }
    })
    .await;
    let load = Load {
        requests: Some(50),
        ..closed(5)
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Requests);
    assert_eq!(ran.end.started, 50);
    assert_eq!(most.load(SeqCst), 5);
    // A next request may open a second connection before the first is free again.
    assert!(
        server.connections.load(SeqCst) <= 25,
        "connections are kept"
    );
    assert_eq!(server.calls.load(SeqCst), 50);
    assert!(ran.records.iter().all(|r| r.outcome == Outcome::Ok));
    assert!(ran.records.iter().all(|r| r.row as u64 == r.index % 3));
    assert!(
        ran.records
            .iter()
            .all(|r| r.load.as_deref() == Some("side"))
    );
    let last = ran.records.iter().map(|r| r.end).fold(0.0, f64::max);
    assert_eq!(ran.end.end, last);
    let live = ran.live.reading();
    assert_eq!((live.ok, live.failed, live.tokens), (50, 0, 100));
    assert!(live.ttft_mean.unwrap() >= 0.005 && live.ttft_recent_median.unwrap() >= 0.005);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_thinks_between_answer_and_next_request() {
    let server = always(vec![send(good())]).await;
    let mut load = Load {
        requests: Some(4),
        ..closed(1)
    };
    load.pace = Pace::Closed {
        concurrency: 1,
        think: ms(40).into(),
    };
    let ran = run(&load, &server.url).await;
    for pair in ran.records.windows(2) {
        let thought = pair[1].due - pair[0].end;
        assert!(thought >= 0.039, "{thought}");
    }
    assert_eq!(ran.end.started, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_loop_keeps_its_schedule_against_a_stalled_server() {
    // Nothing is answered before all have come: a sender that waits would wait for ever.
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let inner = gate.clone();
    let server = serve(move |call| {
        let gate = inner.clone();
        async move {
            let _pass = gate.acquire().await.ok()?;
            play(call.stream, &[send(good())]).await
        }
    })
    .await;
    let load = Load {
        requests: Some(100),
        seed: 9,
        lengths_seed: 9,
        ..open(500.0, Arrival::Poisson)
    };
    let calls = server.calls.clone();
    let opener = tokio::spawn(async move {
        while calls.load(SeqCst) < 100 {
            tokio::time::sleep(ms(1)).await;
        }
        gate.add_permits(1000);
    });
    let ran = run(&load, &server.url).await;
    opener.await.unwrap();
    assert_eq!(ran.end.started, 100);
    let mut arrivals = Arrivals::new(Arrival::Poisson, 500.0, 9);
    for record in &ran.records {
        assert_eq!(
            record.due,
            whole_nanoseconds(ran.end.start + arrivals.next_due()),
            "the seed's own times"
        );
        assert!(record.sent.unwrap() >= record.due);
    }
    // The wait counts from when each was due: the first waited longest.
    let waited = |r: &Record| r.first_token.unwrap() - r.due;
    let (first, last) = (&ran.records[0], &ran.records[99]);
    assert!(waited(first) >= last.due - first.due);
    assert!(first.headers.unwrap() >= last.sent.unwrap());
    assert!(ran.end.late_max >= 0.0 && ran.end.dropped == 0);
    // the pacer slept and was woken, which the kernel counts or does not
    match ran
        .end
        .pacer_delay
        .as_ref()
        .expect("an open loop has a pacer")
    {
        Ok(delay) => assert!(delay.times > 0),
        Err(why) => assert!(why.contains("the kernel does not"), "{why}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_threads_waits_are_metered_while_a_load_runs() {
    let server = always(vec![send(good())]).await;
    let load = Load {
        requests: Some(20),
        ..closed(2)
    };
    let meter = Meter::start();
    let ran = run(&load, &server.url).await;
    match meter.stop() {
        Ok(delay) => assert!(delay.times > 0, "answers wake it: {delay:?}"),
        Err(why) => assert!(why.contains("the kernel does not"), "{why}"),
    }
    assert_eq!(ran.end.pacer_delay, None, "a closed loop has no pacer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_loop_lasts_its_whole_duration() {
    let server = always(vec![send(good())]).await;
    let load = Load {
        duration: Some(ms(500)),
        ..open(10.0, Arrival::Constant)
    };
    let clock = Clock::start();
    let ran = run(&load, &server.url).await;
    assert!(
        clock.now() >= 0.5,
        "though the last request was answered before"
    );
    assert_eq!(ran.end.stopped_by, EndedBy::Duration);
    assert_eq!(ran.end.started, 5, "due at 0, 0.1 … 0.4 s");
    // Whichever comes first.
    let both = Load {
        requests: Some(2),
        ..load
    };
    let ran = run(&both, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Requests);
    assert_eq!(ran.end.started, 2);
}

struct Faulty;

impl RequestSource for Faulty {
    fn request(&self, index: u64) -> Request {
        assert!(index < 3, "no row for {index}");
        request()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_sent_at_once_and_awaited() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inner_now, inner_most) = (now.clone(), most.clone());
    let server = serve(move |call| {
        let (now, most) = (inner_now.clone(), inner_most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            // None is answered before all are there: sent one after another, they would time out.
            while most.load(SeqCst) < 100 {
                tokio::time::sleep(ms(1)).await;
            }
            play(call.stream, &[send(good())]).await
        }
    })
    .await;
    let load = Load {
        pace: Pace::Batch,
        requests: Some(100),
        ..closed(1)
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Requests);
    assert_eq!(ran.end.started, 100);
    assert!(ran.records.iter().all(|r| r.outcome == Outcome::Ok));
    let due = ran.records[0].due;
    assert!(
        ran.records.iter().all(|r| r.due == due),
        "due at one moment"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_thinks_as_long_as_its_seed_draws() {
    let server = always(vec![send(good())]).await;
    let think = Random {
        law: Law::Uniform {
            low: 0.0,
            high: 0.06,
        },
        dimension: Dimension::TIME,
    };
    let mut load = Load {
        requests: Some(8),
        ..closed(1)
    };
    load.pace = Pace::Closed {
        concurrency: 1,
        think: think.clone(),
    };
    let ran = run(&load, &server.url).await;
    for pair in ran.records.windows(2) {
        let drawn = think.draw(&mut rng(load.lengths_seed, pair[0].index, What::Think));
        let thought = pair[1].due - pair[0].end;
        assert!(thought >= drawn - 0.001, "{thought} of {drawn}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ramp_goes_on_to_the_end_of_its_duration() {
    let server = always(vec![send(good())]).await;
    let mut load = Load {
        duration: Some(ms(500)),
        ..open(100.0, Arrival::Constant)
    };
    load.pace = Pace::Open {
        rate_per_s: 100.0,
        arrival: Arrival::Constant,
        ramp: Some(Ramp {
            from_per_s: 0.0,
            to_per_s: 200.0,
            curve: Curve::Linear,
        }),
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Duration);
    // the 51st would be due as it ends
    assert_eq!(ran.end.started, 50);
    let first_half = ran.records.iter().filter(|r| r.due - ran.end.start < 0.25);
    assert_eq!(first_half.count(), 13);
}
