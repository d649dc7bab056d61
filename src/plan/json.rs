//! The plan for machines: `plan.json`, and `scn plan --json`.

use super::{Estimate, Launch, Plan, gpus, phase_words, shown_url};
use crate::redact::Redactor;
use crate::scenario::{Case, ServerSpec, Start, WorkloadSpec};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// Raised when a field changes its meaning.
const SCHEMA_VERSION: u32 = 2;

/// The whole plan, written part by part: a plan of many cases is never in memory as a whole.
/// Servers stand with their launch, and each distinct workload once: cases name them. Secrets are
/// masked; what became part of a text is taken out by the redactor.
pub struct PlanJson<'a> {
    pub cases: &'a [Case],
    pub plan: &'a Plan,
    pub redactor: &'a Redactor,
}

/// The plan as one value.
pub fn to_json(cases: &[Case], plan: &Plan) -> Value {
    value(&PlanJson {
        cases,
        plan,
        redactor: &Redactor::default(),
    })
}

impl Serialize for PlanJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            cases,
            plan,
            redactor,
        } = self;
        let mut launch_of = vec![None; cases.len()];
        for (launch, index) in plan.order() {
            launch_of[index] = Some(launch.number);
        }
        let clean = |mut json: Value| {
            redactor.value(&mut json);
            json
        };
        let infeasible = cases.iter().filter(|case| case.infeasible.is_some());
        let totals = json!({
            "cases": cases.len(),
            "infeasible": infeasible.count(),
            "launches": plan.launches.len(),
            "server_starts": plan.starts(),
            "gpus": plan.gpus(),
            "estimate": plan.estimate(cases),
        });
        let mut workloads = Workloads::default();
        let mut out = serializer.serialize_map(Some(8))?;
        out.serialize_entry("schema", &SCHEMA_VERSION)?;
        out.serialize_entry("totals", &clean(totals))?;
        out.serialize_entry("notes", &clean(value(&plan.notes)))?;
        out.serialize_entry("params", &clean(plan.given.params_json()))?;
        out.serialize_entry("suite", &clean(plan.given.suite_json()))?;
        let launches = plan.launches.iter();
        let launches = launches.map(|launch| clean(launch_json(cases, launch)));
        out.serialize_entry("launches", &Each::of(launches))?;
        let all = cases.iter().zip(&launch_of);
        let all = all.map(|(case, launch)| clean(case_json(case, *launch, &mut workloads)));
        out.serialize_entry("cases", &Each::of(all))?;
        out.serialize_entry("workloads", &workloads.written(redactor))?;
        out.end()
    }
}

/// A list whose entries are made one after another as they are written.
struct Each<I>(RefCell<I>);

impl<I: Iterator<Item = Value>> Each<I> {
    fn of(entries: I) -> Self {
        Self(RefCell::new(entries))
    }
}

impl<I: Iterator<Item = Value>> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
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
        "servers": launch.servers.iter().map(|server| server_json(server)).collect::<Vec<_>>(),
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

fn case_json<'a>(case: &'a Case, launch: Option<u32>, workloads: &mut Workloads<'a>) -> Value {
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
struct Workloads<'a> {
    /// Those of each name, in the order of their numbers.
    named: HashMap<&'a str, Vec<&'a Arc<WorkloadSpec>>>,
    all: Vec<(String, &'a Arc<WorkloadSpec>)>,
}

impl<'a> Workloads<'a> {
    fn name(&mut self, workload: &'a Arc<WorkloadSpec>) -> String {
        let alike = self.named.entry(&workload.name).or_default();
        let same =
            |known: &&Arc<WorkloadSpec>| Arc::ptr_eq(known, workload) || known.asks_as(workload);
        let known = alike.iter().position(same);
        let at = known.unwrap_or(alike.len());
        let name = match at {
            0 => workload.name.clone(),
            at => format!("{}#{}", workload.name, at + 1),
        };
        if known.is_none() {
            alike.push(workload);
            self.all.push((name.clone(), workload));
        }
        name
    }

    fn written<'r>(&'r self, redactor: &'r Redactor) -> Written<'r> {
        Written {
            workloads: self,
            redactor,
        }
    }
}

/// Workloads by name, without what the redactor knows.
struct Written<'r> {
    workloads: &'r Workloads<'r>,
    redactor: &'r Redactor,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (name, workload) in &self.workloads.all {
            if self.redactor.is_empty() {
                out.serialize_entry(name, workload)?;
                continue;
            }
            let mut one = json!({ name.as_str(): value(workload) });
            self.redactor.value(&mut one);
            for (name, workload) in one.as_object().into_iter().flatten() {
                out.serialize_entry(name, workload)?;
            }
        }
        out.end()
    }
}

/// As JSON; null for what has no such form, which of these types none has.
fn value(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}
