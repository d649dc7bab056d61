//! What a run keeps of the files it was read from.

use crate::resolve::{Kept, KeptTemplate, Program};
use crate::scenario::{Case, Start, Word};
use crate::store::Redactor;

/// What the run was read from, without keys and passwords that are written out in it.
pub(super) fn kept(program: &Program, cases: &[Case]) -> Kept {
    let mut redactor = Redactor::default();
    for server in cases.iter().flat_map(|case| &case.servers) {
        let mut words: Vec<&Word> = server.headers.iter().map(|(_, word)| word).collect();
        match &server.start {
            Start::Running { url, .. } => {
                let login = url
                    .rsplit_once('@')
                    .and_then(|(login, _)| login.split_once("://"));
                if let Some((_, password)) = login.and_then(|(_, login)| login.split_once(':')) {
                    redactor.add(password);
                }
            }
            Start::Launch {
                command,
                environment,
                ..
            } => {
                words.extend(command);
                words.extend(environment.iter().map(|(_, word)| word));
            }
        }
        for word in words.into_iter().filter(|word| word.secret) {
            redactor.add(word.text.strip_prefix("Bearer ").unwrap_or(&word.text));
        }
    }
    let mut kept = Kept::of(program, templates(cases));
    for file in &mut kept.files {
        file.text = redactor.text(&file.text);
    }
    for template in &mut kept.templates {
        template.text = redactor.text(&template.text);
    }
    kept
}

/// The templates that cases have from files of their pack.
fn templates(cases: &[Case]) -> Vec<KeptTemplate> {
    let mut kept: Vec<KeptTemplate> = Vec::new();
    for case in cases {
        for template in case.reports.iter().filter_map(|r| r.template.as_ref()) {
            let one = KeptTemplate {
                scenario: case.scenario.clone(),
                name: template.name.clone(),
                text: template.text.clone(),
            };
            if !one.name.starts_with("std:") && !kept.contains(&one) {
                kept.push(one);
            }
        }
    }
    kept
}
