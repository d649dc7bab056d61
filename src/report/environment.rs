//! What is known of the machine and of the engines, for whoever wants to run something again.

use super::error::ReportError;
use super::figures::shell;
use super::model::{CaseResult, RunResult, ServerGpu, ServerResult};
use super::text::one_line;
use crate::store::HostFacts;

const UNKNOWN: &str = "not known";

/// As JSON: `{schema, run, host, servers}`.
///
/// Errors: none but those of the JSON writer.
pub(super) fn json(
    run: &RunResult,
    host: Option<&HostFacts>,
    cases: &[&CaseResult],
) -> Result<Vec<u8>, ReportError> {
    let servers = distinct(cases);
    let servers: Vec<serde_json::Value> = servers
        .iter()
        .map(|server| {
            serde_json::json!({
                "name": server.name, "engine": server.engine, "version": server.version,
                "model": server.model, "command": server.command, "url": server.url,
                "gpus": server.gpus,
            })
        })
        .collect();
    let page = serde_json::json!({
        "schema": super::model::SCHEMA_VERSION,
        "run": { "id": run.id, "world": run.world, "started": run.started, "scn_version": run.scn_version,
                 "command": run.command, "params": run.params },
        "host": host,
        "servers": servers,
    });
    let mut bytes = serde_json::to_vec_pretty(&page).map_err(|e| ReportError::Data {
        what: "the environment as JSON".into(),
        why: e.to_string(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// As text, a line for each thing.
pub(super) fn text(run: &RunResult, host: Option<&HostFacts>, cases: &[&CaseResult]) -> String {
    let mut page = Page::default();
    page.line("run", &run.id);
    page.line("started", &run.started);
    page.line("scn", &run.scn_version);
    if let Some(said) = run.world.simulated() {
        page.line("world", said);
    }
    page.line("command", &shell(run.command.clone()));
    page.head("machine");
    match host {
        None => page.line("machine", UNKNOWN),
        Some(host) => page.host(host),
    }
    for server in distinct(cases) {
        page.server(server);
    }
    if let Some(host) = host {
        page.head("environment variables");
        for (name, value) in &host.environment {
            page.line(name, value);
        }
    }
    page.0
}

/// Servers that differ in what is told of them; many cases may have shared one.
fn distinct<'a>(cases: &[&'a CaseResult]) -> Vec<&'a ServerResult> {
    let mut all: Vec<&ServerResult> = Vec::new();
    let told = |s: &ServerResult| {
        (
            s.name.clone(),
            s.engine.clone(),
            s.version.clone(),
            s.model.clone(),
            without_port(s),
        )
    };
    for server in cases.iter().flat_map(|case| &case.servers) {
        if !all.iter().any(|other| told(other) == told(server)) {
            all.push(server);
        }
    }
    all
}

/// The command, in which the port of this start stands for nothing.
fn without_port(server: &ServerResult) -> Vec<String> {
    let port = server.url.rsplit(':').next().unwrap_or_default();
    let words = server.command.iter();
    words
        .filter(|word| word.as_str() != port)
        .cloned()
        .collect()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, name: &str, value: &str) {
        let (name, value) = (one_line(name), one_line(value));
        self.0.push_str(&format!("{name}: {value}\n"));
    }

    fn known(&mut self, name: &str, value: Option<&str>) {
        self.line(name, value.unwrap_or(UNKNOWN));
    }

    fn head(&mut self, title: &str) {
        self.0.push_str(&format!("\n== {} ==\n", one_line(title)));
    }

    fn host(&mut self, host: &HostFacts) {
        let count = |n: Option<u64>| n.map(|n| n.to_string());
        let bytes = |n: Option<u64>| n.map(|n| crate::units::Quantity::bytes(n as f64).to_string());
        self.known("operating system", host.os.as_deref());
        self.known("kernel", host.kernel.as_deref());
        self.line("architecture", &host.architecture);
        self.known("host", host.host.as_deref());
        self.known("processor", host.cpu.as_deref());
        self.known("cores", count(host.cores).as_deref());
        self.known("usable cores", count(host.usable_cores).as_deref());
        self.known("memory", bytes(host.memory).as_deref());
        if host.memory_limit.is_some() {
            self.known("memory limit", bytes(host.memory_limit).as_deref());
        }
        let driver = host.nvidia_driver.as_deref();
        self.line("NVIDIA driver", driver.unwrap_or("none found"));
    }

    fn server(&mut self, server: &ServerResult) {
        self.head(&format!("server {}", server.name));
        self.line("engine", &server.engine);
        self.known("version", server.version.as_deref());
        self.line("model", &server.model);
        match server.command.as_slice() {
            [] => self.line("url", &server.url),
            command => self.line("command", &shell(command.to_vec())),
        }
        match &server.gpus {
            None => self.line("GPUs", "none were counted"),
            Some(gpus) => {
                self.line("GPUs", &gpus.why);
                for gpu in &gpus.counted {
                    self.line(
                        &gpu_name(gpu),
                        &format!("{}, {}", gpu.name, gpu.memory.text),
                    );
                }
            }
        }
    }
}

fn gpu_name(gpu: &ServerGpu) -> String {
    match gpu.index {
        Some(index) => format!("GPU {index} ({})", gpu.uuid),
        None => format!("GPU instance ({})", gpu.uuid),
    }
}
