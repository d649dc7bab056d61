//! A case before it has run: which phases, series and roles it has, and no values.

use super::{Case, Formula, ServerSpec};
use crate::eval::{Cases, Fitted, Measurements, Nothing, Query, Shape, Value};
use crate::resolve::Flat;
use crate::units::Dimension;
use indexmap::IndexSet;
use std::collections::HashMap;
use std::sync::Arc;

/// The names that a case's measurements have.
#[derive(Debug, Clone, Default)]
pub struct Names {
    loads: HashMap<String, IndexSet<Arc<str>>>,
    servers: HashMap<String, ServerNames>,
}

#[derive(Debug, Clone, Default)]
struct ServerNames {
    metrics: Vec<(Arc<str>, Dimension)>,
    /// What those are worked out of that the server does not have itself.
    formulas: HashMap<String, Formula>,
    roles: Vec<Arc<str>>,
    fit: Option<Fitted>,
}

/// Names of a case, for whatever answers in its place.
pub fn names_of(case: &Case) -> Names {
    let loads = |phase: &super::PhaseSpec| {
        phase
            .loads
            .iter()
            .filter_map(|load| load.load.name.as_deref())
            .map(Arc::from)
            .collect()
    };
    let server = |server: &ServerSpec| ServerNames {
        metrics: server
            .metrics
            .iter()
            .map(|m| (m.name.as_str().into(), m.dimension))
            .collect(),
        formulas: server
            .metrics
            .iter()
            .filter_map(|m| Some((m.name.clone(), m.formula.clone()?)))
            .collect(),
        roles: server
            .roles
            .iter()
            .map(|(role, _)| role.as_str().into())
            .chain(["other".into()])
            .collect(),
        fit: Some(server.fitted()),
    };
    Names {
        loads: case
            .phases
            .iter()
            .map(|phase| (phase.name.clone(), loads(phase)))
            .collect(),
        servers: case
            .servers
            .iter()
            .map(|s| (s.name.clone(), server(s)))
            .collect(),
    }
}

impl Names {
    pub fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        let loads = self.loads.get(phase).into_iter().flatten();
        loads.cloned().collect()
    }

    pub fn load(&self, phase: &str, name: &str) -> Option<Arc<str>> {
        self.loads.get(phase)?.get(name).cloned()
    }

    pub fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.servers
            .get(server)
            .map(|s| s.metrics.clone())
            .unwrap_or_default()
    }

    /// What a metric of a server is worked out of; none where the server has it itself.
    pub fn formula(&self, server: &str, metric: &str) -> Option<&Formula> {
        self.servers.get(server)?.formulas.get(metric)
    }

    /// The metrics of a server that are worked out of others.
    pub fn worked_out(&self, server: &str) -> impl Iterator<Item = (&str, Dimension)> {
        let server = self.servers.get(server).into_iter();
        server.flat_map(|server| {
            let derived =
                |(name, _): &&(Arc<str>, Dimension)| server.formulas.contains_key(name.as_ref());
            let metrics = server.metrics.iter().filter(derived);
            metrics.map(|(name, dimension)| (name.as_ref(), *dimension))
        })
    }

    pub fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.servers
            .get(server)
            .map(|s| s.roles.clone())
            .unwrap_or_default()
    }
}

impl Names {
    /// What the model of a server takes of its GPU.
    pub fn fit(&self, server: &str) -> Option<Fitted> {
        let known = self.servers.get(server).and_then(|s| s.fit.clone());
        // one that is not there could not be lowered, which was reported
        Some(known.unwrap_or(Fitted::Broken))
    }
}

/// A case of which no more is known yet than its servers.
pub struct Launched(HashMap<String, Fitted>);

impl Launched {
    pub fn of(servers: &[Arc<ServerSpec>]) -> Self {
        let fit = |server: &Arc<ServerSpec>| (server.name.clone(), server.fitted());
        Self(servers.iter().map(fit).collect())
    }
}

impl Measurements for Launched {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        Nothing.loads(phase)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        Nothing.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        Nothing.roles(server)
    }

    fn measure(&self, query: &Query) -> Value {
        Nothing.measure(query)
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        Some(self.0.get(server).cloned().unwrap_or(Fitted::Broken))
    }
}

/// Answers every question with its dimension.
pub struct Unmeasured(Names, (Arc<Cases>, Arc<str>));

impl Unmeasured {
    /// Of a case in which everything could be lowered.
    pub fn of(case: &Case) -> Self {
        Self(
            names_of(case),
            (case.cases.clone(), case.id.as_str().into()),
        )
    }

    /// Of a case, and of phases that could not be lowered: their loads have names all the same.
    pub fn new(case: &Case, flat: &Flat, cases: Arc<Cases>) -> Self {
        let mut names = names_of(case);
        for phase in flat.children_of("phase") {
            let loads = || {
                phase
                    .children_of("load")
                    .map(|load| load.title().into())
                    .collect()
            };
            names
                .loads
                .entry(phase.title().to_string())
                .or_insert_with(loads);
        }
        Self(names, (cases, case.id.as_str().into()))
    }
}

impl Measurements for Unmeasured {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.0.loads(phase)
    }

    fn load(&self, phase: &str, name: &str) -> Option<Arc<str>> {
        self.0.load(phase, name)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.0.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.0.roles(server)
    }

    fn measure(&self, query: &Query) -> Value {
        Value::Unknown(Shape::Number(query.dimension()))
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        self.0.fit(server)
    }

    fn cases(&self) -> Option<(Arc<Cases>, Arc<str>)> {
        Some(self.1.clone())
    }
}
