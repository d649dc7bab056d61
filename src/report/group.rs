//! Which files a run's reports are, and which cases each of them tells of.

use super::error::{Clash, ReportError};
use super::model::{CaseResult, Each, Part, ReportData, ReportFormat, Template};
use std::path::{Component, Path, PathBuf};

/// The `to` of the GitHub step summary.
pub(super) const GITHUB: &str = "github:summary";

/// One file to write.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub to: &'a str,
    /// Below `reports/`; none for the step summary.
    pub path: Option<PathBuf>,
    pub name: &'a str,
    pub format: ReportFormat,
    pub template: Option<&'a Template>,
    pub parts: Vec<(&'a CaseResult, &'a ReportData)>,
}

/// The outputs in the order in which their paths first appear. A report of one name in several
/// scenarios may write one page of them all; reports that differ may not share a path.
pub(super) fn outputs(cases: &[CaseResult]) -> (Vec<Output<'_>>, Vec<ReportError>) {
    let mut outputs: Vec<Output<'_>> = Vec::new();
    let mut errors: Vec<ReportError> = Vec::new();
    let mut refused: Vec<&str> = Vec::new();
    let all = cases
        .iter()
        .flat_map(|case| case.reports.iter().map(move |report| (case, report)));
    for (case, report) in all {
        for to in &report.to {
            let path = if to == GITHUB {
                Ok(None)
            } else {
                below(to).map(Some)
            };
            let path = match path {
                Ok(path) => path,
                Err(why) => {
                    if !refused.contains(&to.as_str()) {
                        refused.push(to);
                        errors.push(ReportError::Path {
                            report: report.name.clone(),
                            to: to.clone(),
                            why: why.into(),
                        });
                    }
                    continue;
                }
            };
            // `a.md` and `./a.md` are one file
            let same = outputs
                .iter_mut()
                .find(|o| o.path == path && (path.is_some() || same_page(o, report)));
            let Some(output) = same else {
                outputs.push(Output {
                    to,
                    path,
                    name: &report.name,
                    format: report.format,
                    template: report.template.as_deref(),
                    parts: vec![(case, report)],
                });
                continue;
            };
            match difference(output, report) {
                None => output.parts.push((case, report)),
                Some(_) if refused.contains(&to.as_str()) => {}
                Some(differ) => {
                    refused.push(to);
                    errors.push(ReportError::Clash(Box::new(Clash {
                        to: to.clone(),
                        first: output.name.into(),
                        scenario_first: output.parts[0].0.scenario.clone(),
                        second: report.name.clone(),
                        scenario_second: case.scenario.clone(),
                        differ,
                    })));
                }
            }
        }
    }
    (outputs, errors)
}

/// Of the step summary: what is of one report and of one part of it is one page.
fn same_page(output: &Output<'_>, report: &ReportData) -> bool {
    output.name == report.name && unit(output.part()) == unit(report.part.as_ref())
}

fn unit(part: Option<&Part>) -> Option<(Each, &str)> {
    part.map(|part| (part.each, part.unit.as_str()))
}

impl<'a> Output<'a> {
    /// What it tells of, where its report says `each`.
    pub(super) fn part(&self) -> Option<&'a Part> {
        self.parts.first().and_then(|(_, data)| data.part.as_ref())
    }
}

fn difference(output: &Output<'_>, report: &ReportData) -> Option<&'static str> {
    if output.name != report.name {
        Some("names")
    } else if output.format != report.format {
        Some("formats")
    } else if output.template != report.template.as_deref() {
        Some("templates")
    } else if unit(output.part()) != unit(report.part.as_ref()) {
        Some("parts (`each` makes a file for each)")
    } else {
        None
    }
}

/// A relative path that stays below its folder, in its shortest form; or why it does not.
pub(super) fn below(to: &str) -> Result<PathBuf, &'static str> {
    if to.contains(|c: char| c.is_control()) {
        return Err("a path holds no control characters");
    }
    let mut path = PathBuf::new();
    for component in Path::new(to).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => return Err("it leads out of the run folder (`..`)"),
            Component::RootDir | Component::Prefix(_) => {
                return Err("it is absolute; reports stay in the run folder");
            }
        }
    }
    if path.as_os_str().is_empty() || to.ends_with('/') {
        return Err("it names no file");
    }
    if path.as_os_str().len() > 1000 || path.iter().any(|name| name.len() > 240) {
        return Err("it is longer than file systems allow");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_stay_below_their_folder() {
        assert_eq!(below("./a/./b.md"), Ok(PathBuf::from("a/b.md")));
        for bad in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "",
            ".",
            "a/",
            "a\nb",
            "a\0b",
        ] {
            assert!(below(bad).is_err(), "{bad:?}");
        }
        assert!(below(&"x".repeat(300)).is_err());
    }
}
