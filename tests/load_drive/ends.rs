//! How a load ends: by its time, a stop, a server that is gone or a fault.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duration_ends_a_load_and_waits_for_answers() {
    let server = always(vec![Step::Wait(150), send(good())]).await;
    let load = Load {
        duration: Some(ms(200)),
        ..closed(2)
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Duration);
    let start = ran.end.start;
    assert!(ran.records.iter().all(|r| r.due - start < 0.2));
    assert!(ran.records.iter().all(|r| r.outcome == Outcome::Ok));
    assert!(
        ran.end.end - start > 0.2,
        "the answers after the end are waited for"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_drain_cancels_is_a_record() {
    let server = serve(|call| async move {
        let steps = match call.number % 2 {
            0 => vec![send(good())],
            _ => vec![send(SSE), send(chunk(token("a"))), Step::Hang],
        };
        play(call.stream, &steps).await
    })
    .await;
    let load = Load {
        requests: Some(10),
        drain: Some(ms(300)),
        ..open(200.0, Arrival::Constant)
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Drain);
    assert_eq!((ran.end.started, ran.end.cancelled), (10, 5));
    let cancelled: Vec<&Record> = ran
        .records
        .iter()
        .filter(|r| r.outcome != Outcome::Ok)
        .collect();
    for record in cancelled {
        let (class, detail) = failure(record);
        assert_eq!(class, FailureClass::Cancelled);
        assert!(
            detail.contains("drain") && detail.contains("1 chunk"),
            "{detail}"
        );
        assert_eq!(record.answer, "a", "what had come is kept");
        assert!(record.end - ran.records[9].due >= 0.29);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_that_is_long_enough_cancels_nothing() {
    let server = always(vec![Step::Wait(50), send(good())]).await;
    let load = Load {
        requests: Some(4),
        drain: Some(Duration::from_secs(20)),
        ..closed(4)
    };
    let ran = run(&load, &server.url).await;
    assert_eq!(ran.end.stopped_by, EndedBy::Requests);
    assert_eq!(ran.end.cancelled, 0);
    assert!(ran.end.end - ran.end.start < 10.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_cancels_what_is_in_flight_and_starts_nothing_new() {
    for load in [closed(3), open(100.0, Arrival::Poisson)] {
        let server = always(vec![Step::Hang]).await;
        let (stopper, stop) = stop_pair();
        let calls = server.calls.clone();
        let asker = tokio::spawn(async move {
            while calls.load(SeqCst) < 3 {
                tokio::time::sleep(ms(1)).await;
            }
            stopper.raise(StopLevel::Finish);
            stopper
        });
        let ran = tokio::time::timeout(
            Duration::from_secs(10),
            run_with(&load, &server.url, stop, Arc::new(Rows)),
        )
        .await
        .expect("it returns soon after the stop");
        asker.await.unwrap();
        assert_eq!(ran.end.stopped_by, EndedBy::Stop);
        assert!(ran.end.started >= 3);
        assert_eq!(ran.end.cancelled, ran.end.started);
        assert!(failure(&ran.records[0]).1.contains("stopped"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_a_drain_too() {
    let server = always(vec![Step::Hang]).await;
    let (stopper, stop) = stop_pair();
    let load = Load {
        requests: Some(1),
        ..closed(1)
    };
    let asker = tokio::spawn(async move {
        tokio::time::sleep(ms(100)).await;
        stopper.raise(StopLevel::Now);
        stopper
    });
    let ran = run_with(&load, &server.url, stop, Arc::new(Rows)).await;
    asker.await.unwrap();
    assert_eq!((ran.end.stopped_by, ran.end.cancelled), (EndedBy::Stop, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_fails_every_request_but_not_the_load() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for load in [closed(2), open(1000.0, Arrival::Constant)] {
        let load = Load {
            requests: Some(20),
            ..load
        };
        let ran = run(&load, &url).await;
        assert_eq!(ran.end.started, 20);
        for record in &ran.records {
            assert_eq!(failure(record).0, FailureClass::Connect);
        }
        assert_eq!(ran.live.reading().failed, 20);
        assert_eq!(ran.live.reading().ttft_mean, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_does_not_hammer_a_port_that_refuses() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let load = Load {
        duration: Some(ms(450)),
        ..closed(2)
    };
    let ran = run(&load, &url).await;
    // each of two clients at 0, 100, 200, 300 and 400 ms at the earliest
    assert!((2..=10).contains(&ran.end.started), "{}", ran.end.started);
    for record in &ran.records {
        assert_eq!(failure(record).0, FailureClass::Connect);
        assert_eq!(record.sent, None);
        assert!(record.end - record.due < 0.1, "the wait is in no record");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loads_without_requests_end() {
    let server = always(vec![send(good())]).await;
    let nothing = Load {
        requests: Some(0),
        ..closed(2)
    };
    assert_eq!(run(&nothing, &server.url).await.end.started, 0);
    let nothing = Load {
        requests: Some(0),
        ..open(10.0, Arrival::Poisson)
    };
    let ran = run(&nothing, &server.url).await;
    assert_eq!(
        (ran.end.started, ran.end.stopped_by),
        (0, EndedBy::Requests)
    );
    assert_eq!(ran.end.end, ran.end.start);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_panics_does_not_pass_for_a_complete_load() {
    let server = always(vec![send(good())]).await;
    let url = Arc::new(server.url.clone());
    for load in [closed(2), open(1000.0, Arrival::Constant)] {
        let load = Load {
            requests: Some(10),
            ..load
        };
        let url = url.clone();
        let (_stopper, stop) = stop_pair();
        let task = tokio::spawn(async move {
            run_with(&load, &url, stop, Arc::new(Faulty)).await;
        });
        assert!(task.await.is_err_and(|error| error.is_panic()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_load_leaves_nothing_running() {
    let server = always(vec![Step::Wait(1), send(good())]).await;
    let client = Arc::new(Client::new(&target(&server.url)).unwrap());
    for load in [closed(2), open(500.0, Arrival::Constant)] {
        let (_stopper, stop) = stop_pair();
        let records = Arc::new(AtomicU64::new(0));
        let count = records.clone();
        let on_record = Arc::new(move |_| {
            count.fetch_add(1, SeqCst);
        });
        let live = Arc::new(Live::new());
        let clock = Clock::start();
        let source = Arc::new(Rows);
        let load = drive(&load, client.clone(), source, clock, stop, live, on_record);
        assert!(tokio::time::timeout(ms(100), load).await.is_err());
        tokio::time::sleep(ms(300)).await;
        let after = records.load(SeqCst);
        assert!(after > 0);
        tokio::time::sleep(ms(100)).await;
        assert_eq!(records.load(SeqCst), after);
    }
}
