//! The plan for machines: `plan.json`, and `scn plan --json`.

use super::{Estimate, Launch, Plan, gpus, phase_words, shown_url};
use crate::scenario::{Case, ServerSpec, Start, WorkloadSpec};
use serde_json::{Map, Value, json};

/// Raised when a field changes its meaning.
const SCHEMA_VERSION: u32 = 2;

/// The whole plan. Servers stand with their launch, and each distinct workload once: cases name
/// them. Secrets are masked.
pub fn to_json(cases: &[Case], plan: &Plan) -> Value {
    let mut workloads = Workloads::default();
    let mut launch_of = vec![None; cases.len()];
    for (launch, index) in plan.order() {
        launch_of[index] = Some(launch.number);
    }
    let infeasible = cases.iter().filter(|case| case.infeasible.is_some());
    let all: Vec<Value> = cases
        .iter()
        .zip(&launch_of)
        .map(|(case, launch)| case_json(case, *launch, &mut workloads))
        .collect();
    json!({
        "schema": SCHEMA_VERSION,
        "totals": {
            "cases": cases.len(),
            "infeasible": infeasible.count(),
            "launches": plan.launches.len(),
            "server_starts": plan.starts(),
            "gpus": plan.gpus(),
            "estimate": plan.estimate(cases),
        },
        "notes": plan.notes,
        "launches": plan.launches.iter().map(|launch| launch_json(cases, launch)).collect::<Vec<_>>(),
        "cases": all,
        "workloads": workloads.by_name,
    })
}

fn launch_json(cases: &[Case], launch: &Launch) -> Value {
    let names = launch.cases.iter().map(|&index| {
        let case = &cases[index];
        json!({ "scenario": case.scenario, "case": case.id })
    });
    json!({
        "number": launch.number,
        "server_starts": launch.starts(),
        "gpus": launch.gpus(),
        "estimate": launch.estimate(cases),
        "servers": launch.servers.iter().map(server_json).collect::<Vec<_>>(),
        "cases": names.collect::<Vec<_>>(),
    })
}

fn server_json(server: &ServerSpec) -> Value {
    let mut server = server.clone();
    if let Start::Running { url, .. } = &mut server.start {
        *url = shown_url(url);
    }
    value(&server)
}

fn case_json(case: &Case, launch: Option<u32>, workloads: &mut Workloads) -> Value {
    let mut json = value(case);
    let Some(fields) = json.as_object_mut() else {
        return json;
    };
    fields.shift_remove("servers");
    fields.insert("launch".into(), launch.into());
    fields.insert("gpus".into(), gpus(&case.servers).into());
    fields.insert(
        "written_estimate".into(),
        fields.get("estimate").cloned().unwrap_or(Value::Null),
    );
    fields.insert("estimate".into(), value(&Estimate::of_case(case)));
    let phases = fields.get_mut("phases").and_then(Value::as_array_mut);
    for (json, phase) in phases.into_iter().flatten().zip(&case.phases) {
        json["words"] = phase_words(phase).into();
        json["estimate"] = value(&Estimate::of_phase(phase));
        let loads = json.get_mut("loads").and_then(Value::as_array_mut);
        for (json, load) in loads.into_iter().flatten().zip(&phase.loads) {
            json["workload"] = workloads.name(&load.workload).into();
            in_seconds(&mut json["load"]);
        }
    }
    json
}

/// Durations as numbers, like everywhere else in the plan.
fn in_seconds(json: &mut Value) {
    let Value::Object(fields) = json else { return };
    let part = |name: &str| fields.get(name).and_then(Value::as_f64);
    match (fields.len(), part("secs"), part("nanos")) {
        (2, Some(seconds), Some(nanos)) => *json = (seconds + nanos / 1e9).into(),
        _ => fields.values_mut().for_each(in_seconds),
    }
}

/// Distinct workloads by name; others of the same name are `name#2`, `name#3`, ….
#[derive(Default)]
struct Workloads {
    by_name: Map<String, Value>,
}

impl Workloads {
    fn name(&mut self, workload: &WorkloadSpec) -> String {
        let json = value(workload);
        let mut name = workload.name.clone();
        let mut number = 1;
        while self.by_name.get(&name).is_some_and(|other| *other != json) {
            number += 1;
            name = format!("{}#{number}", workload.name);
        }
        self.by_name.entry(name.clone()).or_insert(json);
        name
    }
}

/// As JSON; null for what has no such form, which of these types none has.
fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}
