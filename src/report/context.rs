//! What a template is given: the result model as it is, with `none` for what it leaves out.

use super::error::ReportError;
use super::model::{CaseResult, Part, RunResult};
use super::part::limited;
use super::rank::{Ranking, rankings};
use super::same;
use super::table::Table;
use super::tally::Tally;
use crate::store::HostFacts;
use indexmap::IndexMap;
use minijinja::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;

/// All but the report's own name and rows, made once for all templates of a run.
pub(super) struct Context {
    run: Value,
    host: Value,
    /// Folders of cases without a result of their own.
    unfinished: Vec<String>,
    /// Folders of the cases, in order.
    folders: Vec<Option<String>>,
    /// One per case, in order; with the scenario it belongs to.
    cases: Vec<(String, Option<String>, Value)>,
    rankings: Vec<Ranking>,
}

/// What one page is of, besides its cases.
pub(super) struct About<'a> {
    pub name: &'a str,
    pub table: &'a Table,
    pub tally: Tally,
    /// Where the report says `each`.
    pub part: Option<&'a Part>,
    pub notes: Vec<&'a str>,
    /// Where the template reads it.
    pub transcript: Option<Vec<Json>>,
}

impl Context {
    pub(super) fn new(
        run: &RunResult,
        cases: &[CaseResult],
        host: Option<&HostFacts>,
        unfinished: Vec<String>,
    ) -> Result<Self, ReportError> {
        let with_doc = cases.iter().map(|case| {
            let mut value = json(case)?;
            complete_case(&mut value);
            Ok((
                case.scenario.clone(),
                case.scenario_doc.clone(),
                to_value(value),
            ))
        });
        let folder = |case: &CaseResult| {
            let mut of = run.cases.iter();
            let of = of.find(|s| s.scenario == case.scenario && s.case == case.case);
            of.map(|summary| summary.folder.clone())
        };
        Ok(Self {
            run: to_value(json(run)?),
            host: to_value(json(&host)?),
            unfinished,
            folders: cases.iter().map(folder).collect(),
            cases: with_doc.collect::<Result<_, ReportError>>()?,
            rankings: rankings(cases),
        })
    }

    /// The context of one page: `chosen` are its cases, with their indices.
    pub(super) fn page(
        &self,
        about: About<'_>,
        chosen: &[(usize, &CaseResult)],
    ) -> Result<Value, ReportError> {
        let mut scenarios: IndexMap<&str, (Option<&str>, Vec<Value>)> = IndexMap::new();
        for (at, result) in chosen {
            let Some((scenario, doc, case)) = self.cases.get(*at) else {
                continue;
            };
            let entry = scenarios.entry(scenario).or_default();
            entry.0 = entry.0.or(doc.as_deref());
            entry.1.push(match limited(result, about.part) {
                Cow::Borrowed(_) => case.clone(),
                Cow::Owned(limited) => {
                    let mut value = json(&limited)?;
                    complete_case(&mut value);
                    to_value(value)
                }
            });
        }
        let errors = same::errors(chosen.iter().map(|(_, case)| *case));
        let mut errors = json(&errors)?;
        each_item(&mut errors, |one| fill(&mut one["error"], ERROR));
        let ranked = |ranking: &&Ranking| scenarios.contains_key(ranking.scenario.as_str());
        let ranked: Vec<&Ranking> = self.rankings.iter().filter(ranked).collect();
        let ranked = to_value(json(&ranked)?);
        let scenarios = scenarios.into_iter().map(|(name, (doc, cases))| {
            minijinja::context! { name => name, doc => doc, cases => cases }
        });
        // one whose figures were made from what it had written stands among the cases
        let shown = |one: &String| {
            chosen.iter().any(|(i, _)| {
                self.folders
                    .get(*i)
                    .is_some_and(|f| f.as_ref() == Some(one))
            })
        };
        let unfinished: Value = self.unfinished.iter().filter(|one| !shown(one)).collect();
        let mut rows = json(&about.table.rows)?;
        if let Json::Array(rows) = &mut rows {
            for row in rows {
                each_item(row, complete_figure);
            }
        }
        let each = about.part.map(|part| part.each);
        let phase = about.part.and_then(|part| part.phase.clone());
        let round = about.part.and_then(|part| part.round);
        let context = minijinja::context! {
            run => self.run.clone(),
            host => self.host.clone(),
            unfinished => unfinished,
            tally => to_value(json(&about.tally)?),
            report => minijinja::context! {
                name => about.name,
                headers => about.table.headers.clone(),
                rows => to_value(rows),
                notes => to_value(json(&about.notes)?),
                each => to_value(json(&each)?),
                phase => phase,
                round => round,
            },
            scenarios => scenarios.collect::<Value>(),
            errors => to_value(errors),
            rankings => ranked,
        };
        Ok(match about.transcript {
            None => context,
            Some(lines) => minijinja::context! {
                transcript => to_value(Json::Array(lines)),
                ..context
            },
        })
    }
}

fn json(value: &impl Serialize) -> Result<Json, ReportError> {
    serde_json::to_value(value).map_err(|e| ReportError::Data {
        what: "the results".into(),
        why: e.to_string(),
    })
}

/// Optional fields that serde leaves out are `none` in a template: there, a name that is missing
/// is a mistake.
/// What an error may leave out.
const ERROR: &[&str] = &["help", "log_tail", "phase"];

fn complete_case(case: &mut Json) {
    fill(
        case,
        &[
            "scenario_doc",
            "infeasible",
            "error",
            "growth_between",
            "attempts",
        ],
    );

    fill(&mut case["error"], ERROR);
    each_value(&mut case["axes"], complete_figure);
    each_item(&mut case["servers"], |server| {
        fill(
            server,
            &["version", "ready_s", "log", "log_copy", "gpus", "process"],
        );
        fill(&mut server["process"], &["warning"]);
        if let Some(gpus) = server.pointer_mut("/gpus/counted") {
            each_item(gpus, complete_gpu);
        }
        each_value(&mut server["metrics"], complete_figure);
    });
    each_item(&mut case["phases"], |phase| {
        fill(phase, &["doc", "skipped"]);
        each_item(&mut phase["failures"], |failure| fill(failure, &["more"]));
        each_value(&mut phase["metrics"], complete_figure);
    });
    each_item(&mut case["checks"], |check| {
        fill(check, &["when", "because"]);
        each_item(&mut check["evidence"], |part| {
            fill(part, &["phase"]);
            complete_figure(&mut part["value"]);
        });
    });
    each_item(&mut case["reports"], |report| {
        fill(report, &["template", "part", "series", "note"]);
        each_item(&mut report["columns"], |column| {
            complete_figure(&mut column[1]);
        });
    });
}

fn complete_gpu(gpu: &mut Json) {
    fill(gpu, &["index", "server_processes"]);
    complete_figure(&mut gpu["memory"]);
    each_item(&mut gpu["other_processes"], |other| {
        complete_figure(&mut other["memory"]);
    });
}

fn complete_figure(figure: &mut Json) {
    fill(
        figure,
        &[
            "value",
            "samples",
            "needed",
            "between",
            "unavailable",
            "cut",
            "ending",
            "link",
        ],
    );
    if let Json::Object(fields) = figure {
        fields.entry("unit").or_insert_with(|| json!(""));
    }
}

fn fill(value: &mut Json, names: &[&str]) {
    if let Json::Object(fields) = value {
        for name in names {
            fields.entry(*name).or_insert(Json::Null);
        }
    }
}

fn each_item(list: &mut Json, act: impl FnMut(&mut Json)) {
    if let Json::Array(items) = list {
        items.iter_mut().for_each(act);
    }
}

fn each_value(map: &mut Json, act: impl FnMut(&mut Json)) {
    if let Json::Object(fields) = map {
        fields.values_mut().for_each(act);
    }
}

/// JSON as the template engine has it; maps keep their order.
pub(super) fn to_value(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(b),
        Json::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(i), _, _) => Value::from(i),
            (_, Some(u), _) => Value::from(u),
            (_, _, Some(f)) => Value::from(f),
            _ => Value::from(n.to_string()),
        },
        Json::String(s) => Value::from(s),
        Json::Array(items) => items.into_iter().map(to_value).collect(),
        Json::Object(fields) => object(fields),
    }
}

fn object(fields: Map<String, Json>) -> Value {
    let map: IndexMap<Value, Value> = fields
        .into_iter()
        .map(|(key, value)| (Value::from(key), to_value(value)))
        .collect();
    Value::from(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::*;
    use crate::syntax::ast::CheckLevel;
    use crate::units::Quantity;

    /// A case with everything, or with nothing that may be left out. Every field is named: a
    /// new one does not compile until it is here.
    fn example(whole: bool) -> CaseResult {
        let some = |text: &str| whole.then(|| text.to_string());
        let figure = || Figure {
            value: whole.then_some(1.0),
            dimension: whole.then_some(Quantity::seconds(1.0).dimension),
            text: "x".into(),
            samples: whole.then_some(3),
            needed: whole.then_some(100),
            between: Some(Bounds {
                least: 0.0,
                most: 2.0,
                why: "it moved".into(),
            }),
            link: some("https://example.org/trace"),
            ending: whole.then_some(super::super::Ending::Verdict),
            cut: some("it was killed"),
            unavailable: some("no"),
        };
        let figures = || IndexMap::from([("a".to_string(), figure())]);
        CaseResult {
            schema: 1,
            scenario: "s".into(),
            scenario_doc: some("doc"),
            case: "c".into(),
            axes: figures(),
            tags: vec![],
            world: World::Real,
            verdict: Verdict::Pass,
            infeasible: some("i"),
            error: Some(WorldError {
                kind: "k".into(),
                message: "m".into(),
                help: some("h"),
                log_tail: some("l"),
                phase: some("p"),
            }),
            started: String::new(),
            start_s: 0.0,
            duration_s: 0.0,
            servers: vec![ServerResult {
                name: "sut".into(),
                engine: "e".into(),
                model: "m".into(),
                version: some("1"),
                command: vec![],
                url: "u".into(),
                process: Some(ServerProcess {
                    pid: 1,
                    name: "n".into(),
                    command: "c".into(),
                    warning: whole.then(|| Warning {
                        kind: "k".into(),
                        text: "t".into(),
                        help: "h".into(),
                    }),
                }),
                launch: 0,
                ready_s: whole.then_some(1.0),
                log: some("server.log"),
                log_copy: some("logs/c.log"),
                gpus: Some(ServerGpus {
                    why: "w".into(),
                    counted: vec![ServerGpu {
                        index: whole.then_some(0),
                        uuid: "u".into(),
                        name: "n".into(),
                        memory: figure(),
                        server_processes: whole.then_some(1),
                        other_processes: vec![OtherProcess {
                            pid: 1,
                            name: "n".into(),
                            memory: figure(),
                        }],
                    }],
                }),
                metrics: figures(),
            }],
            growth_between: whole.then(|| Between {
                from: "b".into(),
                to: "c".into(),
            }),
            phases: vec![PhaseResult {
                name: "p".into(),
                doc: some("d"),
                start_s: 0.0,
                end_s: 1.0,
                measured: true,
                skipped: some("s"),
                load: "l".into(),
                open_loop: false,
                metrics: figures(),
                failures: vec![],
                warnings: vec![Warning {
                    kind: "k".into(),
                    text: "t".into(),
                    help: "h".into(),
                }],
                notes: vec![],
            }],
            checks: vec![CheckResult {
                name: "c".into(),
                level: CheckLevel::Expect,
                verdict: Verdict::Pass,
                text: "t".into(),
                when: some("w"),
                because: some("b"),
                place: "p".into(),
                evidence: vec![Evidence {
                    text: "t".into(),
                    value: figure(),
                    phase: some("p"),
                }],
                why: "w".into(),
            }],
            ranks: Vec::new(),
            attempts: Vec::new(),
            reports: vec![ReportData {
                name: "r".into(),
                format: ReportFormat::Csv,
                to: vec![],
                template: whole.then(|| {
                    let (name, text) = ("n".into(), "t".into());
                    Template { name, text }.into()
                }),
                columns: vec![("h".into(), figure())],
                part: None,
                series: Vec::new(),
                note: some("n"),
            }],
            notes: vec![],
        }
    }

    fn keys(value: &Json, path: &str, found: &mut Vec<String>) {
        match value {
            Json::Object(fields) => {
                for (key, value) in fields {
                    found.push(format!("{path}.{key}"));
                    keys(value, &format!("{path}.{key}"), found);
                }
            }
            Json::Array(items) => {
                for item in items {
                    keys(item, &format!("{path}[]"), found);
                }
            }
            _ => {}
        }
    }

    const ONLY_WHERE_SET: [&str; 3] = [".template.", ".growth_between.", ".warning."];

    #[test]
    fn every_field_is_there_whether_set_or_not() {
        let [whole, bare] = [true, false].map(|whole| {
            let mut value = json(&example(whole)).unwrap();
            complete_case(&mut value);
            let mut found = Vec::new();
            keys(&value, "case", &mut found);
            // what a template holds, and what is within a field that is not set, may differ
            found.retain(|key| ONLY_WHERE_SET.iter().all(|part| !key.contains(part)));
            found.sort();
            found
        });
        assert_eq!(whole, bare);
    }
}
