//! Results made by hand, for the tests of reports and of the run folder.
#![allow(dead_code)] // each test file uses its own part

use indexmap::IndexMap;
use scn::report::model::*;
use scn::store::{HostFacts, RunFolder};
use scn::syntax::ast::CheckLevel;
use scn::units::{Dimension, Quantity};
use std::path::Path;

pub const HOSTILE: &str =
    "a|b\n<script>alert(1)</script> `x` \x1b[31mred\x1b[0m ```\r\n# no heading\u{202e}";

pub fn ms(value: f64) -> Figure {
    Figure::quantity(Quantity::seconds(value / 1e3)).with_samples(200)
}

pub fn mb(value: f64) -> Figure {
    Figure::quantity(Quantity::bytes(value * 1e6))
}

fn rate(value: f64, of: Dimension) -> Figure {
    Figure::quantity(Quantity::new(value, of.per(Dimension::TIME)))
}

pub fn metrics(entries: Vec<(&str, Figure)>) -> IndexMap<String, Figure> {
    entries
        .into_iter()
        .map(|(k, v)| (k.to_string(), v))
        .collect()
}

pub fn load_metrics(prefix: &str) -> Vec<(String, Figure)> {
    [
        ("requests", Figure::quantity(Quantity::requests(200.0))),
        ("success_rate", Figure::ratio(0.985)),
        ("request_rate", rate(12.5, Dimension::REQUESTS)),
        ("ttft.p50", ms(212.0)),
        ("ttft.p95", ms(812.4)),
        ("ttft.p99", ms(1004.0)),
        ("itl.p50", ms(18.2)),
        ("itl.p99", ms(44.0)),
        (
            "tpot.p50",
            Figure::unavailable("the server sent no `usage`"),
        ),
        ("e2e.p50", ms(1400.0)),
        ("e2e.p99", ms(3050.0)),
        ("output_throughput", rate(801.2, Dimension::TOKENS)),
    ]
    .into_iter()
    .map(|(k, v)| (format!("{prefix}{k}"), v))
    .collect()
}

pub fn server() -> ServerResult {
    ServerResult {
        name: "sut".into(),
        engine: "vllm".into(),
        model: "models/tiny".into(),
        version: Some("0.32.0".into()),
        command: [
            "vllm",
            "serve",
            "models/tiny",
            "--dtype",
            "bfloat16",
            "--served-model-name",
            "it's tiny",
        ]
        .map(String::from)
        .into(),
        url: "http://127.0.0.1:8000".into(),
        process: None,
        launch: 1,
        ready_s: Some(43.2),
        log: Some("server.log".into()),
        log_copy: None,
        gpus: None,
        metrics: metrics(vec![
            ("memory.first", mb(4100.0)),
            ("memory.max", mb(4420.0)),
            ("memory.last", mb(4210.0)),
            ("memory.growth", mb(96.0)),
            ("roles.api.memory.first", mb(900.0)),
            ("roles.api.memory.max", mb(910.0)),
            ("roles.api.memory.last", mb(905.0)),
            ("roles.worker.memory.first", mb(3200.0)),
            ("roles.worker.memory.max", mb(3510.0)),
            ("roles.worker.memory.last", mb(3305.0)),
            (
                "roles.worker.memory.growth",
                Figure::unavailable("the process ended"),
            ),
            ("gpu_memory.first", Figure::unavailable("no NVML library")),
            ("gpu_memory.max", Figure::unavailable("no NVML library")),
            ("gpu_memory.last", Figure::unavailable("no NVML library")),
        ]),
    }
}

pub fn phases() -> Vec<PhaseResult> {
    vec![
        PhaseResult {
            name: "warmup".into(),
            start_s: 44.0,
            end_s: 47.0,
            load: "closed loop, 4 clients, 20 requests".into(),
            metrics: metrics(vec![(
                "requests",
                Figure::quantity(Quantity::requests(20.0)),
            )]),
            ..PhaseResult::default()
        },
        PhaseResult {
            name: "stress".into(),
            doc: Some("As many as the server takes.".into()),
            start_s: 47.0,
            end_s: 63.2,
            measured: true,
            load: "closed loop, 16 clients, 200 requests".into(),
            metrics: load_metrics("").into_iter().collect(),
            failures: vec![
                FailureCount {
                    class: "status".into(),
                    count: 2,
                    example: "500: out of KV blocks".into(),
                    more: Vec::new(),
                },
                FailureCount {
                    class: "cut_stream".into(),
                    count: 1,
                    example: "ended after 12 tokens".into(),
                    more: Vec::new(),
                },
            ],
            notes: vec!["the client sent 3 requests more than 5 ms late (worst 12 ms)".into()],
            ..PhaseResult::default()
        },
        PhaseResult {
            name: "mixed".into(),
            start_s: 63.2,
            end_s: 73.2,
            measured: true,
            load: "chat: open loop, 5 req/s, poisson; batch: closed loop, 2 clients; 10 s".into(),
            metrics: load_metrics("chat.")
                .into_iter()
                .chain(load_metrics("batch."))
                .collect(),
            ..PhaseResult::default()
        },
        PhaseResult {
            name: "cooldown".into(),
            start_s: 73.2,
            end_s: 83.2,
            measured: true,
            load: "idle for 10 s".into(),
            ..PhaseResult::default()
        },
    ]
}

pub fn check(name: &str, verdict: Verdict) -> CheckResult {
    CheckResult {
        name: name.into(),
        level: CheckLevel::Expect,
        verdict,
        text: "stress.ttft.p95 <= 800ms".into(),
        when: None,
        because: None,
        place: "scenarios/stress.scn:31:3".into(),
        evidence: vec![Evidence {
            text: "stress.ttft.p95".into(),
            value: ms(512.4),
            phase: Some("stress".into()),
        }],
        why: "ttft.p95 = 512 ms, must be at most 800 ms (stress)".into(),
    }
}

pub fn failing() -> CheckResult {
    CheckResult {
        when: Some("concurrency == 16".into()),
        because: Some("the limit of the chat product".into()),
        evidence: vec![
            Evidence {
                text: "stress.ttft.p95".into(),
                value: ms(812.4),
                phase: Some("stress".into()),
            },
            Evidence {
                text: "limit".into(),
                value: Figure::quantity(Quantity::seconds(0.8)),
                phase: None,
            },
        ],
        why: "ttft.p95 = 812.4 ms, must be at most 800 ms (stress)".into(),
        ..check("quick", Verdict::Fail)
    }
}

pub fn case(id: &str, checks: Vec<CheckResult>) -> CaseResult {
    let columns = vec![
        ("case".to_string(), Figure::text(id)),
        ("ttft.p50".to_string(), ms(212.0)),
        ("output".to_string(), rate(801.2, Dimension::TOKENS)),
        (
            "gpu_memory".to_string(),
            Figure::unavailable("no NVML library"),
        ),
    ];
    let report = |name: &str, format, to: &[&str], template: Option<Template>| ReportData {
        name: name.into(),
        format,
        to: to.iter().map(|t| t.to_string()).collect(),
        template: template.map(std::sync::Arc::new),
        columns: columns.clone(),
        ..ReportData::default()
    };
    let summary = Template {
        name: "std:summary.md.j2".into(),
        text: scn::report::std_template("std:summary.md.j2")
            .unwrap()
            .into(),
    };
    let verdict = checks
        .iter()
        .filter(|c| c.level == CheckLevel::Expect)
        .map(|c| c.verdict)
        .max()
        .unwrap_or(Verdict::Pass);
    CaseResult {
        infeasible: None,
        schema: SCHEMA_VERSION,
        scenario: "stress".into(),
        scenario_doc: Some("Latency holds under load, and memory comes back.".into()),
        case: id.into(),
        axes: metrics(vec![
            ("tp", Figure::quantity(Quantity::plain(2.0))),
            ("concurrency", Figure::quantity(Quantity::plain(16.0))),
        ]),
        tags: vec!["nightly".into()],
        world: World::Real,
        verdict,
        error: None,
        started: "2026-11-21T23:57:03+00:00".into(),
        start_s: 0.5,
        duration_s: 83.7,
        servers: vec![server()],
        growth_between: Some(Between {
            from: "warmup".into(),
            to: "cooldown".into(),
        }),
        phases: phases(),
        checks,
        ranks: Vec::new(),
        reports: vec![
            report(
                "table",
                ReportFormat::Template,
                &["summary.md"],
                Some(summary),
            ),
            report("numbers", ReportFormat::Csv, &["csv/results.csv"], None),
            report("rows", ReportFormat::Markdown, &["table.md"], None),
            // without columns, it has all results
            ReportData {
                columns: Vec::new(),
                ..report("raw", ReportFormat::Json, &["raw.json"], None)
            },
            report("tests", ReportFormat::Junit, &["stress.xml"], None),
        ],
        attempts: Vec::new(),
        notes: vec!["token counts are the server's own".into()],
    }
}

/// A server that never got ready: no phase, no figure.
pub fn broken(id: &str) -> CaseResult {
    let mut case = case(id, vec![]);
    case.verdict = Verdict::Error;
    case.error = Some(WorldError {
        kind: "server_not_ready".into(),
        message: "server `sut` (vllm) ended with exit code 1 before it was ready".into(),
        help: Some("look at its log; `--tensor-parallel-size 2` needs two GPUs".into()),
        log_tail: Some("INFO starting\nValueError: no GPU found\n".into()),
        phase: None,
    });
    case.phases.clear();
    case.servers[0].ready_s = None;
    case.servers[0].version = None;
    case.servers[0].metrics.clear();
    case.checks = vec![CheckResult {
        evidence: vec![Evidence {
            text: "stress.ttft.p95".into(),
            value: Figure::unavailable("the phase did not run"),
            phase: Some("stress".into()),
        }],
        why: "phase stress did not run: the server was not ready".into(),
        ..check("quick", Verdict::NoData)
    }];
    for report in &mut case.reports {
        for (_, figure) in report.columns.iter_mut().skip(1) {
            *figure = Figure::unavailable("phase stress did not run");
        }
    }
    case
}

/// Everything a server or a scenario can put in words, made to break out.
pub fn hostile() -> CaseResult {
    let mut case = case(HOSTILE, vec![check(HOSTILE, Verdict::Pass), failing()]);
    case.scenario = HOSTILE.into();
    case.scenario_doc = Some(HOSTILE.into());
    case.axes = metrics(vec![(HOSTILE, Figure::text(HOSTILE))]);
    case.notes = vec![HOSTILE.into()];
    case.error = Some(WorldError {
        kind: "server_died".into(),
        message: HOSTILE.into(),
        help: Some(HOSTILE.into()),
        log_tail: Some(HOSTILE.into()),
        phase: Some(HOSTILE.into()),
    });
    case.verdict = Verdict::Error;
    let server = &mut case.servers[0];
    for text in [
        &mut server.name,
        &mut server.engine,
        &mut server.model,
        &mut server.url,
    ] {
        *text = HOSTILE.into();
    }
    server.version = Some(HOSTILE.into());
    server.command = vec![HOSTILE.into()];
    server
        .metrics
        .insert("gpu_memory.max".into(), Figure::unavailable(HOSTILE));
    let phase = &mut case.phases[1];
    phase.name = HOSTILE.into();
    phase.doc = Some(HOSTILE.into());
    phase.load = HOSTILE.into();
    phase.skipped = None;
    phase.notes = vec![HOSTILE.into()];
    phase.failures = vec![FailureCount {
        class: HOSTILE.into(),
        count: 1,
        example: HOSTILE.into(),
        more: Vec::new(),
    }];
    phase
        .metrics
        .insert("ttft.p99".into(), Figure::unavailable(HOSTILE));
    let check = &mut case.checks[1];
    check.text = HOSTILE.into();
    check.when = Some(HOSTILE.into());
    check.because = Some(HOSTILE.into());
    check.place = HOSTILE.into();
    check.why = HOSTILE.into();
    check.evidence[0] = Evidence {
        text: HOSTILE.into(),
        value: Figure::text(HOSTILE),
        phase: Some(HOSTILE.into()),
    };
    for report in (case.reports.iter_mut()).filter(|report| !report.columns.is_empty()) {
        report.columns[0].1 = Figure::text(HOSTILE);
        report.columns[3].1 = Figure::unavailable(HOSTILE);
        report
            .columns
            .push((HOSTILE.into(), Figure::text("=cmd()")));
    }
    case
}

pub fn warning() -> CheckResult {
    CheckResult {
        level: CheckLevel::Warn,
        name: "steady".into(),
        ..failing()
    }
}

pub fn run(cases: &[CaseResult]) -> RunResult {
    RunResult {
        schema: SCHEMA_VERSION,
        scn_version: "0.1.0".into(),
        id: "2026-11-21T23-57-02".into(),
        started: "2026-11-21T23:57:02+00:00".into(),
        finished: Some("2026-11-21T23:58:40+00:00".into()),
        command: ["scn", "run", "scenarios/stress.scn", "-p", "rounds=3"]
            .map(String::from)
            .into(),
        files: vec!["scenarios/stress.scn".into()],
        params: IndexMap::from([("rounds".to_string(), "3".to_string())]),
        exit_code: Some(1),
        cases: cases
            .iter()
            .map(|case| CaseSummary {
                scenario: case.scenario.clone(),
                case: case.case.clone(),
                folder: format!(
                    "cases/{}/{}",
                    scn::store::folder_name(&case.scenario),
                    scn::store::folder_name(&case.case)
                ),
                verdict: case.verdict,
                duration_s: case.duration_s,
            })
            .collect(),
        ..RunResult::default()
    }
}

pub fn host() -> HostFacts {
    HostFacts {
        scn_version: "0.1.0".into(),
        os: Some("Linux (Ubuntu 24.04)".into()),
        kernel: Some("6.8.0".into()),
        architecture: "x86_64".into(),
        cpu: Some("A Fine CPU @ 2 GHz".into()),
        cores: Some(2),
        usable_cores: Some(2),
        memory: Some(16_000_000_000),
        ..HostFacts::default()
    }
}

pub fn now() -> jiff::Zoned {
    "2026-11-21T23:57:02+00:00[UTC]".parse().unwrap()
}

/// A finished run's folder with these cases, and no reports yet.
pub fn folder(path: &Path, cases: &[CaseResult]) -> RunFolder {
    let folder = RunFolder::create(Some(path), &now()).unwrap();
    folder.write_env(&host()).unwrap();
    for case in cases {
        let made = folder.case(&case.scenario, &case.case).unwrap();
        made.write_result(case).unwrap();
    }
    folder.write_run(&run(cases)).unwrap();
    folder
}
