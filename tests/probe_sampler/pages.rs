//! What is read of a server's metrics page.

use super::*;

fn scraped(url: String, wanted: Vec<EngineMetric>) -> SeriesSet {
    let names: Vec<String> = wanted
        .iter()
        .flat_map(|m| m.series_names())
        .map(|(n, _)| n)
        .collect();
    let targets = Targets {
        gpus: no_gpu(),
        metrics: metrics(url, wanted),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    wait_until(&sampler, "scraped", |set| {
        names.iter().all(|name| {
            let series = set.series.get(name);
            series.is_some_and(|series| series.unavailable.as_deref() != Some(NO_ANSWER))
        })
    });
    sampler.stop()
}

#[test]
fn metrics_can_be_read_out_of_turn() {
    let url = serve(|n, _| ok(&format!("# TYPE seen_total counter\nseen_total {n}\n")));
    let wanted = metrics(url, vec![metric("seen", MetricKind::Counter, "seen_total")]);
    let targets = Targets {
        gpus: no_gpu(),
        metrics: wanted.map(|one| MetricsTarget {
            every: Duration::from_secs(3600),
            ..one
        }),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    wait_until(&sampler, "scraped", |set| has(set, "seen", 1));
    sampler.scrape();
    let two = sampler.snapshot();
    assert_eq!(
        series(&two, "seen").points.len(),
        2,
        "recorded before it returns"
    );
    // Without metrics there is nothing to wait for.
    let nothing = Targets {
        gpus: no_gpu(),
        ..Targets::default()
    };
    start_with(nothing, PACE, Clock::start(), no_gpus()).scrape();
}

#[test]
fn metrics_of_real_engines_are_read() {
    let set = scraped(
        serve(|_, head| {
            assert!(head.contains("authorization: Bearer hidden"), "{head}");
            ok(VLLM)
        }),
        vec![
            metric("running", MetricKind::Gauge, "vllm:num_requests_running"),
            metric("kv_usage", MetricKind::Gauge, "vllm:kv_cache_usage_perc"),
            metric(
                "tokens",
                MetricKind::Counter,
                "vllm:generation_tokens_total",
            ),
            metric(
                "finished",
                MetricKind::Counter,
                "vllm:request_success_total",
            ),
            metric(
                "length",
                MetricKind::Counter,
                "vllm:request_success_total{finished_reason=\"length\"}",
            ),
            metric(
                "itl",
                MetricKind::Histogram,
                "vllm:inter_token_latency_seconds",
            ),
            metric(
                "wrong_kind",
                MetricKind::Gauge,
                "vllm:inter_token_latency_seconds",
            ),
        ],
    );
    let value = |name: &str| series(&set, name).points[0].1;
    assert_eq!((value("running"), value("tokens")), (1.0, 599.0));
    assert!((value("kv_usage") - 0.0006104).abs() < 1e-6);
    assert_eq!((value("finished"), value("length")), (1.0, 1.0));
    assert!(value("itl.sum") > 0.0 && value("itl.count") > 1.0);
    let text = why(&set, "wrong_kind");
    assert!(
        text.contains("no series") && text.contains("histogram"),
        "{text}"
    );

    let set = scraped(
        serve(|_, _| ok(LLAMA)),
        vec![metric(
            "prompt",
            MetricKind::Counter,
            "llamacpp:prompt_tokens_total",
        )],
    );
    assert_eq!(series(&set, "prompt").points[0].1, 90.0);
}

#[test]
fn a_metrics_page_that_fails_gives_its_reason() {
    let one = || vec![metric("running", MetricKind::Gauge, "x")];
    let reason = |url: String| {
        let set = scraped(url, one());
        assert!(series(&set, "running").points.is_empty());
        let text = why(&set, "running");
        assert!(!text.contains("hidden"), "a secret is shown: {text}");
        text
    };
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let text = reason(format!("http://me:hidden@{unused}/metrics?key=hidden"));
    assert!(
        text.contains("refused") && text.contains(&unused.to_string()),
        "{text}"
    );
    let answer = |text: &str| {
        let text = text.to_string();
        serve(move |_, _| text.clone())
    };
    let text = reason(answer(
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ));
    assert!(text.contains("404") && text.contains("flag"), "{text}");
    let text = reason(answer(&ok("<html>a page</html>")));
    assert!(text.contains("no metrics in Prometheus' format"), "{text}");
    let text = reason(answer(
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\nconnection: close\r\n\r\nx 1\n",
    ));
    assert!(
        text.contains("GET http://127.0.0.1"),
        "a cut answer is no answer: {text}"
    );
    let text = reason(answer(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n\u{7}\u{7}",
    ));
    assert!(text.contains("no metrics"), "{text}");
    let text = reason("nonsense".into());
    assert!(text.contains("no URL"), "{text}");
    let bad = metric("running", MetricKind::Gauge, "x{y=1}");
    let set = scraped(answer(&ok("x 1\n")), vec![bad]);
    assert!(why(&set, "running").contains("is no series"));
}

#[test]
fn a_redirect_is_followed_on_the_same_server_only() {
    let to = |place: &str| {
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let one = || vec![metric("running", MetricKind::Gauge, "x")];
    let slash = to("/metrics/");
    let url = serve(move |_, head| match head.starts_with("GET /metrics/ ") {
        true => ok("x 5\n"),
        false => slash.clone(),
    });
    assert_eq!(series(&scraped(url, one()), "running").points[0].1, 5.0);

    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let elsewhere = serve(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        ok("x 6\n")
    });
    let away = to(&elsewhere);
    let set = scraped(serve(move |_, _| away.clone()), one());
    assert!(why(&set, "running").contains("307"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_metrics_page_that_hangs_holds_up_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = Killed::sleep();
    let targets = Targets {
        roots: vec![server.pid()],
        gpus: no_gpu(),
        metrics: metrics(url, vec![metric("running", MetricKind::Gauge, "x")]),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    let set = wait_until(&sampler, "five samples", |set| has(set, "memory", 5));
    assert_eq!(why(&set, "running"), NO_ANSWER);
    let before = Instant::now();
    let set = sampler.stop();
    // Far below the answer's own time limit.
    assert!(before.elapsed() < Duration::from_secs(5));
    assert_eq!(why(&set, "running"), NO_ANSWER);
}
