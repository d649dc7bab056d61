//! The sampler end to end: real processes, a real HTTP server for metrics, GPUs made up.

mod pages;

use regex::Regex;
use scn::clock::Clock;
use scn::probe::gpu::{GpuError, GpuInfo, GpuProcess, GpuSample, GpuScope, Gpus};
use scn::probe::nvml::NvmlGpus;
use scn::probe::sampler::{OpenGpus, Sampler, Targets, start, start_with};
use scn::probe::scrape::{EngineMetric, MetricKind, MetricsTarget, Reduce};
use scn::probe::series::{Series, SeriesSet};
use scn::probe::visible::Visible;
use scn::probe::{Reading, Unavailable};
use scn::units::Dimension;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// No process has such an id.
const STRANGER: u32 = 4_200_000_000;
const PACE: Duration = Duration::from_millis(50);
const NO_ANSWER: &str = "the server's /metrics gave no answer yet";
const VLLM: &str = include_str!("../probe_data/vllm_metrics.txt");
const LLAMA: &str = include_str!("../probe_data/llama_metrics.txt");

struct Killed(Child);

impl Killed {
    fn sleep() -> Self {
        Self(
            Command::new("sleep")
                .arg("600")
                .stdin(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two GPUs; the second tells nothing but its memory. Memory rises by 1 at every look.
struct FakeGpus {
    looks: AtomicUsize,
    process: u32,
}

impl Gpus for FakeGpus {
    fn pids_are_ours(&self) -> bool {
        false
    }

    fn list(&self) -> Result<Vec<GpuInfo>, GpuError> {
        let gpu = |uuid: &str| GpuInfo {
            uuid: uuid.into(),
            name: "Fake".into(),
            total: 1000,
            index: None,
            split: false,
        };
        Ok(vec![gpu("GPU-a"), gpu("GPU-b")])
    }

    fn sample(&self, uuid: &str) -> Result<GpuSample, GpuError> {
        let looks = self.looks.fetch_add(1, Ordering::SeqCst) as u64;
        let process = |used| GpuProcess {
            pid: self.process,
            used,
        };
        let hidden = || Err(Unavailable::new("not supported by this device"));
        let sample = GpuSample {
            used: 100 + looks,
            reserved: 7,
            processes: Ok(vec![process(Some(60))]),
            utilisation: Ok(0.5),
            power: Ok(300.0),
            sm_clock: Ok(1.5e9),
        };
        match uuid {
            "GPU-a" => Ok(sample),
            "GPU-b" => Ok(GpuSample {
                utilisation: hidden(),
                power: hidden(),
                processes: Ok(vec![
                    process(Some(20)),
                    GpuProcess {
                        pid: STRANGER,
                        used: Some(33),
                    },
                ]),
                ..sample
            }),
            _ => Err(GpuError::UnknownDevice(uuid.into())),
        }
    }
}

fn fake(process: i32) -> OpenGpus {
    let process = u32::try_from(process).unwrap();
    Box::new(move || {
        let looks = AtomicUsize::new(0);
        Ok(Box::new(FakeGpus { looks, process }) as Box<dyn Gpus>)
    })
}

fn no_gpu() -> GpuScope {
    GpuScope::Nothing("no GPU belongs to this server".into())
}

fn no_gpus() -> OpenGpus {
    Box::new(|| panic!("nobody asked for GPUs"))
}

/// Answers every request with what `answer` gives for its number and head; until the test ends.
fn serve(answer: impl Fn(usize, &str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            // The client may have left.
            let _ = stream.write_all(answer(n, &head).as_bytes());
        }
    });
    format!("http://{address}/metrics")
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn metric(name: &str, kind: MetricKind, series: &str) -> EngineMetric {
    EngineMetric {
        name: name.into(),
        kind,
        series: series.into(),
        others: Vec::new(),
        lacks: None,
        dimension: Dimension::NONE,
        reduce: Reduce::Sum,
    }
}

fn metrics(url: String, metrics: Vec<EngineMetric>) -> Option<MetricsTarget> {
    Some(MetricsTarget {
        url,
        headers: vec![("authorization".into(), "Bearer hidden".into())],
        ca_file: None,
        every: PACE,
        metrics,
    })
}

fn wait_until(sampler: &Sampler, what: &str, right: impl Fn(&SeriesSet) -> bool) -> SeriesSet {
    let start = Instant::now();
    loop {
        let set = sampler.snapshot();
        if right(&set) {
            return set;
        }
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "never {what}: {set:#?}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn has(set: &SeriesSet, name: &str, points: usize) -> bool {
    set.series
        .get(name)
        .is_some_and(|series| series.points.len() >= points)
}

fn series<'a>(set: &'a SeriesSet, name: &str) -> &'a Series {
    set.series
        .get(name)
        .unwrap_or_else(|| panic!("no series {name}"))
}

fn why(set: &SeriesSet, name: &str) -> String {
    let series = series(set, name);
    series
        .unavailable
        .clone()
        .unwrap_or_else(|| panic!("{name} has no reason: {series:?}"))
}

#[test]
fn a_server_is_sampled_whole() {
    let server = Killed::sleep();
    let url = serve(|n, _| {
        ok(&format!(
            "up{{e=\"0\"}} 1\nup{{e=\"1\"}} 2\nseen_total {n}\nt_sum 4\nt_count 8\n"
        ))
    });
    let clock = Clock::start();
    let targets = Targets {
        server: "sut".into(),
        roots: vec![server.pid()],
        roles: vec![
            ("sleeper".into(), Regex::new("^sleep").unwrap()),
            ("worker".into(), Regex::new("^VLLM::Worker").unwrap()),
        ],
        gpus: GpuScope::default(),
        metrics: metrics(
            url,
            vec![
                metric("up", MetricKind::Gauge, "up"),
                EngineMetric {
                    reduce: Reduce::Max,
                    ..metric("up_max", MetricKind::Gauge, "up")
                },
                metric("up_1", MetricKind::Gauge, "up{e=\"1\"}"),
                metric("seen", MetricKind::Counter, "seen_total"),
                metric("itl", MetricKind::Histogram, "t"),
                metric("absent", MetricKind::Gauge, "not:there"),
            ],
        ),
        host: true,
        ..Targets::default()
    };
    let begun = clock.now();
    let sampler = start_with(targets, PACE, clock, fake(server.pid()));
    wait_until(&sampler, "three samples", |set| {
        has(set, "host_memory", 3) && has(set, "seen", 3)
    });
    let checkpoint = sampler.checkpoint();
    let latest = sampler.latest();
    let by_gpu = sampler.latest_gpus();
    let counted = sampler.gpus().unwrap();
    let set = sampler.stop();

    // Nothing but the sleeper, all of it.
    let memory = series(&set, "memory");
    assert_eq!(memory.dimension, Some(Dimension::DATA));
    assert_eq!(memory.unavailable, None);
    let value = |name: &str| series(&set, name).points.last().unwrap().1;
    assert!(value("memory_anon") > 0.0 && value("memory_anon") < 50e6);
    assert_eq!(
        value("memory"),
        value("memory_anon") + value("memory_shared")
    );
    assert_eq!(value("roles.sleeper.memory"), value("memory"));
    assert_eq!(value("processes"), 1.0);
    assert!(!set.series.contains_key("roles.other.memory"));
    assert!(why(&set, "roles.worker.memory").contains("^VLLM::Worker"));
    assert_eq!((latest.processes, latest.memory.is_some()), (Some(1), true));
    assert!(latest.time.is_some());

    // Times are the clock's, in order, none before its turn.
    let points = &memory.points;
    assert!(points.is_sorted_by(|a, b| a.0 < b.0));
    assert!(points.last().unwrap().0 <= clock.now());
    for (k, (time, _)) in points.iter().enumerate() {
        let due = begun + k as f64 * PACE.as_secs_f64();
        assert!(*time >= due, "sample {k} at {time}, due at {due}");
    }

    let total = checkpoint.total.unwrap();
    assert!(total.pss > 0 && total.uss <= total.pss);
    assert_eq!(
        series(&set, "pss").points,
        [(checkpoint.time, total.pss as f64)]
    );
    assert_eq!(
        series(&set, "memory_pss").points,
        [(checkpoint.time, total.held.unwrap() as f64)]
    );
    assert_eq!(
        series(&set, "roles.sleeper.uss").points,
        [(checkpoint.time, total.uss as f64)]
    );

    assert_eq!(
        (value("up"), value("up_max"), value("up_1")),
        (3.0, 2.0, 2.0)
    );
    assert!(series(&set, "seen").points.is_sorted_by(|a, b| a.1 < b.1));
    assert_eq!((value("itl.sum"), value("itl.count")), (4.0, 8.0));
    assert_eq!(
        why(&set, "absent"),
        "the server's /metrics has no series `not:there`"
    );
    assert!(series(&set, "absent").points.is_empty());

    // Two looks a sample: 100 + 101, 102 + 103, …
    assert_eq!(series(&set, "gpu_memory").points[1].1, 205.0);
    assert_eq!(series(&set, "gpus.1.memory").points[0].1, 101.0);
    assert_eq!(
        (value("gpus.0.reserved"), value("gpus.0.power")),
        (7.0, 300.0)
    );
    assert_eq!(
        by_gpu
            .iter()
            .map(|(uuid, _)| uuid.as_str())
            .collect::<Vec<_>>(),
        ["GPU-a", "GPU-b"]
    );
    assert!(by_gpu.iter().all(|(_, used)| *used >= 100.0));
    // the server's process is on both, a stranger on the second
    assert_eq!(counted.gpus.len(), 2);
    assert!(counted.gpus.iter().all(|gpu| gpu.own == Some(1)));
    assert!(counted.gpus[0].others.is_empty());
    assert_eq!(counted.gpus[1].others[0].used, Some(33));
    assert_eq!(value("gpu_other_memory"), 33.0);
    assert_eq!(why(&set, "gpu_util"), "not supported by this device");
    assert_eq!(why(&set, "gpus.1.util"), "not supported by this device");
    assert_eq!(
        (
            value("gpu_process_memory"),
            value("roles.sleeper.gpu_memory")
        ),
        (80.0, 80.0)
    );

    assert!(value("host_memory") > 0.0 && value("host_memory_available") > 0.0);
    let cgroup = series(&set, "cgroup_memory");
    assert!(cgroup.unavailable.is_some() == cgroup.points.is_empty());
    let cost = series(&set, "probe_cpu");
    assert!(
        cost.points.iter().all(|(_, share)| *share > 0.0),
        "{cost:?}"
    );
}

#[test]
fn a_server_that_ends_ends_its_series() {
    let mut server = Killed::sleep();
    let roots = vec![server.pid()];
    let roles = vec![("sleeper".into(), Regex::new("^sleep").unwrap())];
    let targets = Targets {
        roots,
        roles,
        gpus: no_gpu(),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    wait_until(&sampler, "two samples", |set| has(set, "memory", 2));
    server.0.kill().unwrap();
    // A zombie holds no memory either: it is not reaped yet.
    let set = wait_until(&sampler, "ended", |set| {
        series(set, "memory").unavailable.is_some()
    });
    server.0.wait().unwrap();
    for name in ["memory", "memory_anon", "processes", "roles.sleeper.memory"] {
        assert_eq!(why(&set, name), "the process ended");
        assert!(has(&set, name, 2));
    }
    let checkpoint = sampler.checkpoint();
    assert_eq!(checkpoint.total, Err(Unavailable::new("the process ended")));
    assert_eq!(sampler.latest().memory, None);
    let set = sampler.stop();
    assert_eq!(why(&set, "pss"), "the process ended");
    assert_eq!(why(&set, "gpu_memory"), "no GPU belongs to this server");
}

#[test]
fn a_server_of_unknown_processes_says_so() {
    let targets = Targets {
        gpus: no_gpu(),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    wait_until(&sampler, "asked", |set| set.series.contains_key("memory"));
    let set = sampler.stop();
    assert!(why(&set, "memory").contains("give its `pid`"));
    assert!(series(&set, "memory").points.is_empty());

    let mut gone = Command::new("true").spawn().unwrap();
    let roots = vec![i32::try_from(gone.id()).unwrap()];
    gone.wait().unwrap();
    let targets = Targets {
        roots,
        gpus: no_gpu(),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), no_gpus());
    wait_until(&sampler, "asked", |set| set.series.contains_key("memory"));
    assert!(why(&sampler.stop(), "memory").contains("no process of this server was found"));
}

#[test]
fn gpus_that_cannot_be_asked_are_unavailable_not_zero() {
    let gpu_memory = |gpus: GpuScope, open: OpenGpus| {
        let targets = Targets {
            gpus,
            ..Targets::default()
        };
        let sampler = start_with(targets, PACE, Clock::start(), open);
        wait_until(&sampler, "asked", |set| {
            set.series.contains_key("gpu_memory")
        });
        let set = sampler.stop();
        assert!(series(&set, "gpu_memory").points.is_empty());
        why(&set, "gpu_memory")
    };
    let failing: Reading<Box<dyn Gpus>> = Err(Unavailable(GpuError::NoDriver.to_string()));
    let text = gpu_memory(GpuScope::default(), Box::new(move || failing));
    assert!(text.contains("driver is not loaded"), "{text}");
    let text = gpu_memory(GpuScope::Visible(Visible::new("GPU-z", None)), fake(1));
    assert!(text.contains("names none of the 2"), "{text}");
    let text = gpu_memory(GpuScope::Visible(Visible::new("", None)), fake(1));
    assert!(text.contains("CUDA_VISIBLE_DEVICES is empty"), "{text}");

    // Whatever this machine has: figures, or the reason that NVML itself gives.
    let sampler = start(Targets::default(), PACE, Clock::start());
    let set = wait_until(&sampler, "asked", |set| {
        set.series.contains_key("gpu_memory")
    });
    match NvmlGpus::open() {
        Ok(_) => {
            assert!(has(&set, "gpu_memory", 1) || set.series["gpu_memory"].unavailable.is_some())
        }
        Err(error) => assert_eq!(why(&set, "gpu_memory"), error.to_string()),
    }
}

#[test]
fn only_the_gpus_that_a_server_sees_are_counted() {
    let server = Killed::sleep();
    let targets = Targets {
        roots: vec![server.pid()],
        gpus: GpuScope::Visible(Visible::new("1", None)),
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), fake(server.pid()));
    wait_until(&sampler, "sampled", |set| has(set, "gpu_memory", 2));
    let counted = sampler.gpus().unwrap();
    let set = sampler.stop();
    // one look a sample: 100, 101, …
    let points = &series(&set, "gpu_memory").points;
    assert_eq!((points[0].1, points[1].1), (100.0, 101.0));
    assert_eq!(series(&set, "gpu_process_memory").points[0].1, 20.0);
    assert!(!set.series.contains_key("gpus.1.memory"));
    assert_eq!(counted.why, "named by CUDA_VISIBLE_DEVICES");
    assert_eq!(counted.gpus.len(), 1);
    assert_eq!(counted.gpus[0].info.uuid, "GPU-b");
}

#[test]
fn processes_of_another_namespace_are_not_taken_for_none() {
    let server = Killed::sleep();
    let targets = Targets {
        roots: vec![server.pid()],
        ..Targets::default()
    };
    let sampler = start_with(targets, PACE, Clock::start(), fake(i32::MAX));
    wait_until(&sampler, "asked", |set| has(set, "gpu_memory", 1));
    let set = sampler.stop();
    assert!(series(&set, "gpu_process_memory").points.is_empty());
    assert!(why(&set, "gpu_process_memory").contains("host's process ids"));
}
