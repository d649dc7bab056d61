//! What a judgement rests on: the data of one case, or what was kept of several.

use crate::eval::{Cases, Fitted, Measurements, Query, Value};
use crate::measure::case::{CaseData, Lack, LackKind, Measured, figure_from};
use crate::report::model::Figure;
use crate::scenario::{Case, Names};
use crate::units::Dimension;
use std::collections::HashMap;
use std::sync::Arc;

/// Figures, of the case at hand (`None`) or of another, by its id.
pub(super) trait Facts: Measurements {
    fn answer_of(&self, case: Option<&str>, query: &Query) -> Result<Measured, Lack>;

    /// Why no verdict can rest on a figure that there is.
    fn doubt_of(&self, case: Option<&str>, query: &Query) -> Option<Lack>;

    fn figure_of(&self, case: Option<&str>, query: &Query) -> Figure {
        figure_from(query, self.answer_of(case, query))
    }
}

impl Facts for CaseData {
    fn answer_of(&self, case: Option<&str>, query: &Query) -> Result<Measured, Lack> {
        match case {
            None => self.answer(query),
            Some(case) => Err(Lack::missing(format!("the case {case} is not read here"))),
        }
    }

    fn doubt_of(&self, _: Option<&str>, query: &Query) -> Option<Lack> {
        self.doubt(query)
    }
}

/// What checks across cases read of one case, kept when it has run: its requests and samples are
/// not held until the others have.
#[derive(Debug, Default)]
pub struct Answers {
    names: Names,
    kept: Vec<(Query, Result<Measured, Lack>, Option<Lack>)>,
}

impl Answers {
    /// The answers to what is wanted of a case.
    pub fn of(case: &Case, data: &CaseData) -> Self {
        let wanted = case.wanted.iter();
        Self {
            names: data.names.clone(),
            kept: wanted
                .map(|query| (query.clone(), data.answer(query), data.doubt(query)))
                .collect(),
        }
    }
}

/// The kept answers of a scenario's cases, seen from one of them.
pub(super) struct Kept<'a> {
    pub case: &'a Case,
    /// By the id of the case.
    pub answers: &'a HashMap<String, Answers>,
}

impl Kept<'_> {
    fn names(&self) -> Option<&Names> {
        self.answers
            .get(&self.case.id)
            .map(|answers| &answers.names)
    }
}

impl Facts for Kept<'_> {
    fn answer_of(&self, case: Option<&str>, query: &Query) -> Result<Measured, Lack> {
        let id = case.unwrap_or(&self.case.id);
        let Some(answers) = self.answers.get(id) else {
            return Err(Lack {
                kind: LackKind::NotRun,
                reason: format!("the case {id} has not run"),
            });
        };
        let found = answers.kept.iter().find(|(kept, ..)| kept == query);
        match found {
            Some((_, answer, _)) => answer.clone(),
            None => Err(Lack::missing(format!("it was not kept of the case {id}"))),
        }
    }

    fn doubt_of(&self, case: Option<&str>, query: &Query) -> Option<Lack> {
        let answers = self.answers.get(case.unwrap_or(&self.case.id))?;
        let found = answers.kept.iter().find(|(kept, ..)| kept == query);
        found.and_then(|(_, _, doubt)| doubt.clone())
    }
}

impl Measurements for Kept<'_> {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.names()
            .map(|names| names.loads(phase))
            .unwrap_or_default()
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        let names = self.names();
        names
            .map(|names| names.engine_metrics(server))
            .unwrap_or_default()
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.names()
            .map(|names| names.roles(server))
            .unwrap_or_default()
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        let cases = &self.case.cases;
        let of = (self.case.id.as_str().into(), server.into());
        Some(cases.fits.get(&of).cloned().unwrap_or(Fitted::Broken))
    }

    fn measure(&self, query: &Query) -> Value {
        value(self.answer_of(None, query))
    }

    fn cases(&self) -> Option<(Arc<Cases>, Arc<str>)> {
        Some((self.case.cases.clone(), self.case.id.as_str().into()))
    }

    fn measure_at(&self, case: &str, query: &Query) -> Value {
        value(self.answer_of(Some(case), query))
    }
}

fn value(answer: Result<Measured, Lack>) -> Value {
    match answer {
        Ok(measured) => Value::Number(measured.quantity),
        Err(lack) => Value::Unavailable(lack.reason.into()),
    }
}
