//! Writes all reports of a run into its folder.

use super::context::{About, Context};
use super::error::{ReportError, ReportErrors};
use super::group::{Output, outputs};
use super::model::{CaseResult, CaseSummary, ReportFormat, RunResult, SCHEMA_VERSION};
use super::part::limited;
use super::table::Table;
use super::tally::Tally;
use super::template::{render, std_template, std_templates};
use super::{
    columns, environment, github, junit, logs, markdown, places, series, tables, transcript,
};
use crate::store::{HostFacts, Redactor, RunFolder, StoreError, write_whole};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

/// The page of a step summary for which the scenario names none.
const SUMMARY_TEMPLATE: &str = "std:summary.md.j2";

/// Where pages for the step summary are also kept, so that they can be looked at anywhere.
const SUMMARY_COPY: &str = "github_summary.md";

/// Reads a run folder and writes its reports, as [`write_all`] does. A run that ends with this
/// and `scn report` write the same bytes.
///
/// Errors: as [`write_all`]; also a folder that cannot be read.
pub fn write_folder(
    folder: &RunFolder,
    step_summary: Option<&Path>,
) -> Result<Vec<PathBuf>, ReportErrors> {
    let read = || Ok((folder.run()?, folder.cases()?));
    match read() {
        Ok((run, cases)) => write_all(&run, &cases, folder, step_summary),
        Err(error) => Err(only(error)),
    }
}

/// Writes `junit.xml` and every report of the cases below `reports/`, and appends to the GitHub
/// step summary (`step_summary`: the path in `GITHUB_STEP_SUMMARY`, none outside of GitHub).
/// Returns the files written. Secrets of the folder's redactor are removed.
///
/// Errors: a path that leads out of `reports/`, two reports with one path, a mistake in a
/// template, a disk that takes no more. What can be written is, whatever fails.
pub fn write_all(
    run: &RunResult,
    cases: &[CaseResult],
    folder: &RunFolder,
    step_summary: Option<&Path>,
) -> Result<Vec<PathBuf>, ReportErrors> {
    let writer = match Writer::new(run, cases, folder) {
        Ok(writer) => writer,
        Err(error) => return Err(only(error)),
    };
    let (outputs, mut errors) = outputs(&writer.cases);
    let mut written = Vec::new();
    let mut keep = |result: Result<PathBuf, ReportError>| match result {
        Ok(path) => written.push(path),
        Err(error) => errors.push(error),
    };
    keep(writer.junit());
    let mut pages = Vec::new();
    for output in &outputs {
        match (&output.path, writer.bytes(output)) {
            (Some(path), Ok(bytes)) => keep(writer.write(output, path, &bytes)),
            (None, Ok(bytes)) => pages.push(page(output, &bytes)),
            (_, Err(error)) => keep(Err(error)),
        }
    }
    for copy in logs::copies(&writer.cases) {
        keep(writer.copy_log(copy));
    }
    if let Some(result) = writer.summary(&pages, step_summary) {
        keep(result);
    }
    if errors.is_empty() {
        Ok(written)
    } else {
        Err(ReportErrors { written, errors })
    }
}

fn only(error: ReportError) -> ReportErrors {
    ReportErrors {
        written: Vec::new(),
        errors: vec![error],
    }
}

struct Writer<'a> {
    run: RunResult,
    cases: Vec<CaseResult>,
    folder: &'a RunFolder,
    context: Context,
}

impl<'a> Writer<'a> {
    fn new(
        run: &RunResult,
        cases: &[CaseResult],
        folder: &'a RunFolder,
    ) -> Result<Self, ReportError> {
        let run: RunResult = as_stored(run, folder.redactor())?;
        let cases = cases.iter().map(|case| as_stored(case, folder.redactor()));
        let mut cases = cases.collect::<Result<Vec<CaseResult>, _>>()?;
        places::put(&mut cases);
        let host: Option<HostFacts> = folder.env()?;
        let context = Context::new(&run, &cases, host.as_ref(), folder.unfinished()?)?;
        Ok(Self {
            run,
            cases,
            folder,
            context,
        })
    }

    fn junit(&self) -> Result<PathBuf, ReportError> {
        let cases: Vec<&CaseResult> = self.cases.iter().collect();
        let path = self.folder.path().join("junit.xml");
        write_whole(&path, &junit::junit(&self.run, &cases)?)?;
        Ok(path)
    }

    /// What one output holds.
    fn bytes(&self, output: &Output<'_>) -> Result<Vec<u8>, ReportError> {
        let table = Table::of(&output.parts);
        if output.parts.iter().any(|(_, part)| !part.series.is_empty()) {
            return self.series(output);
        }
        match output.format {
            ReportFormat::Csv => columns::csv(&table),
            ReportFormat::Markdown => Ok(noted(tables::of_report(&table), output).into_bytes()),
            ReportFormat::Junit => junit::junit(&self.run, &cases_of(output)),
            ReportFormat::Json if !table.headers.is_empty() => columns::json(&table),
            ReportFormat::Json => {
                let cases = cases_of(output);
                let cases = cases.iter().map(|case| limited(case, output.part()));
                json(&self.run, &cases.collect::<Vec<_>>())
            }
            ReportFormat::Template => self.page(output, &table),
            ReportFormat::Environment => {
                let (host, cases) = (self.folder.env()?, cases_of(output));
                match output.to.ends_with(".json") {
                    true => environment::json(&self.run, host.as_ref(), &cases),
                    false => Ok(environment::text(&self.run, host.as_ref(), &cases).into_bytes()),
                }
            }
        }
    }

    fn series(&self, output: &Output<'_>) -> Result<Vec<u8>, ReportError> {
        let mut all = Vec::new();
        for (case, data) in &output.parts {
            let (path, part) = (self.path_of(case), data.part.as_ref());
            all.extend(series::of_case(
                self.folder,
                path,
                case,
                &data.series,
                part,
            )?);
        }
        match output.format {
            ReportFormat::Csv => series::csv(&all),
            _ => series::json(&all, &notes(output)),
        }
    }

    /// A case's folder, relative to the run's.
    fn path_of(&self, case: &CaseResult) -> Option<&str> {
        let of = |s: &&CaseSummary| s.scenario == case.scenario && s.case == case.case;
        let summary = self.run.cases.iter().find(of);
        summary.map(|summary| summary.folder.as_str())
    }

    /// Questions and answers of the output's cases.
    fn transcript(&self, output: &Output<'_>) -> Result<Vec<serde_json::Value>, ReportError> {
        let mut all = Vec::new();
        for (case, data) in &output.parts {
            let (path, part) = (self.path_of(case), data.part.as_ref());
            all.extend(transcript::of_case(self.folder, path, case, part)?);
        }
        Ok(all)
    }

    fn page(&self, output: &Output<'_>, table: &Table) -> Result<Vec<u8>, ReportError> {
        let name = output.template.map_or("", |t| t.name.as_str());
        let text = match output.template {
            Some(template) if !template.text.is_empty() => Some(template.text.as_str()),
            _ => std_template(name),
        };
        let text = text.ok_or_else(|| ReportError::NoTemplate {
            report: output.name.into(),
            name: name.into(),
            near: format!("; the standard library has {}", std_templates().join(", ")),
        })?;
        // one case may have several parts of one page; it is listed once
        let mut chosen = Vec::new();
        for (case, _) in &output.parts {
            let at = self.cases.iter().position(|c| std::ptr::eq(c, *case));
            chosen.extend(at.filter(|at| !chosen.contains(at)));
        }
        let tally = Tally::of(chosen.iter().map(|i| &self.cases[*i]));
        let mut about = About {
            name: output.name,
            table,
            tally,
            part: output.part(),
            notes: notes(output),
            transcript: None,
        };
        if transcript::wants_answers(text) {
            about.transcript = Some(self.transcript(output)?);
        }
        let chosen = chosen.into_iter().map(|at| (at, &self.cases[at]));
        let context = self.context.page(about, &chosen.collect::<Vec<_>>())?;
        render(name, text, &context)
            .map(String::into_bytes)
            .map_err(|error| ReportError::Template {
                report: output.name.into(),
                error,
            })
    }

    fn write(
        &self,
        output: &Output<'_>,
        path: &Path,
        bytes: &[u8],
    ) -> Result<PathBuf, ReportError> {
        let reports = self.folder.reports();
        make_below(&reports, path).map_err(|problem| match problem {
            Problem::Store(error) => ReportError::Store(error),
            Problem::Path(why) => ReportError::Path {
                report: output.name.into(),
                to: output.to.into(),
                why: why.into(),
            },
        })?;
        let path = reports.join(path);
        write_whole(&path, bytes)?;
        Ok(path)
    }

    /// A server's log as it is in the run's folder, where it was masked as it was written.
    fn copy_log(&self, copy: logs::Copy<'_>) -> Result<PathBuf, ReportError> {
        let to = copy.path?;
        let folder = self.path_of(copy.case).unwrap_or_default();
        let from = self.folder.path().join(folder).join(copy.log);
        let bytes = fs::read(&from).map_err(|e| StoreError::io("read the log", &from, e))?;
        let output = Output {
            to: copy.to,
            path: None,
            name: "log",
            format: ReportFormat::Environment,
            template: None,
            parts: Vec::new(),
        };
        self.write(&output, &to, &bytes)
    }

    /// The step summary: the reports that name it, after the verdicts; where none does and there
    /// is a summary to write to, the standard page. Nothing, where nobody asked for it.
    fn summary(
        &self,
        pages: &[String],
        step_summary: Option<&Path>,
    ) -> Option<Result<PathBuf, ReportError>> {
        if pages.is_empty() && step_summary.is_none() {
            return None;
        }
        Some(self.write_summary(pages, step_summary))
    }

    fn write_summary(
        &self,
        pages: &[String],
        step_summary: Option<&Path>,
    ) -> Result<PathBuf, ReportError> {
        let text = if pages.is_empty() {
            self.standard_page()?
        } else {
            let verdicts = github::verdicts(&self.run, &self.cases);
            format!("{verdicts}\n{}", pages.join("\n\n"))
        };
        if let Some(path) = step_summary {
            github::append(path, &text)?;
        }
        let reports = self.folder.reports();
        make_below(&reports, Path::new(SUMMARY_COPY)).map_err(|problem| match problem {
            Problem::Store(error) => ReportError::Store(error),
            Problem::Path(why) => ReportError::Path {
                report: "step summary".into(),
                to: SUMMARY_COPY.into(),
                why: why.into(),
            },
        })?;
        let path = reports.join(SUMMARY_COPY);
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }

    fn standard_page(&self) -> Result<String, ReportError> {
        let name = SUMMARY_TEMPLATE;
        let text = std_template(name).unwrap_or_default();
        let all: Vec<(usize, &CaseResult)> = self.cases.iter().enumerate().collect();
        let about = About {
            name: "step summary",
            table: &Table::default(),
            tally: Tally::of(&self.cases),
            part: None,
            notes: Vec::new(),
            transcript: None,
        };
        let context = self.context.page(about, &all)?;
        render(name, text, &context).map_err(|error| ReportError::Template {
            report: "step summary".into(),
            error,
        })
    }
}

/// A value as the run folder has it: without secrets, and with what JSON cannot hold left out.
/// Reports written from memory and from the folder are then the same.
///
/// Errors: a value that is no JSON, which none of the result model is.
pub fn as_stored<T: Serialize + DeserializeOwned>(
    value: &T,
    redactor: &Redactor,
) -> Result<T, ReportError> {
    let failed = |e: serde_json::Error| ReportError::Data {
        what: "the results".into(),
        why: e.to_string(),
    };
    let mut value = serde_json::to_value(value).map_err(failed)?;
    redactor.value(&mut value);
    serde_json::from_value(value).map_err(failed)
}

fn cases_of<'a>(output: &Output<'a>) -> Vec<&'a CaseResult> {
    let mut cases: Vec<&CaseResult> = Vec::new();
    for (case, _) in &output.parts {
        if !cases.iter().any(|known| std::ptr::eq(*known, *case)) {
            cases.push(case);
        }
    }
    cases
}

/// What the report says below its table, case by case.
fn notes<'a>(output: &Output<'a>) -> Vec<&'a str> {
    let parts = output.parts.iter();
    parts.filter_map(|(_, data)| data.note.as_deref()).collect()
}

fn noted(mut table: String, output: &Output<'_>) -> String {
    for note in notes(output) {
        table.push_str(&format!("\n{}\n", markdown::escape(note)));
    }
    table
}

fn json(run: &RunResult, cases: &[Cow<'_, CaseResult>]) -> Result<Vec<u8>, ReportError> {
    #[derive(Serialize)]
    struct Page<'a> {
        schema: u32,
        run: &'a RunResult,
        cases: &'a [Cow<'a, CaseResult>],
    }
    let page = Page {
        schema: SCHEMA_VERSION,
        run,
        cases,
    };
    let mut bytes = serde_json::to_vec_pretty(&page).map_err(|e| ReportError::Data {
        what: "the results as JSON".into(),
        why: e.to_string(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// An output as a part of a Markdown page.
fn page(output: &Output<'_>, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match output.format {
        ReportFormat::Template | ReportFormat::Markdown => text.into_owned(),
        ReportFormat::Csv
        | ReportFormat::Json
        | ReportFormat::Junit
        | ReportFormat::Environment => markdown::fence(&text),
    }
}

enum Problem {
    Store(StoreError),
    Path(&'static str),
}

/// Makes the folders for a relative path, none of them through a link.
fn make_below(reports: &Path, path: &Path) -> Result<(), Problem> {
    let mut folder = reports.to_path_buf();
    let mut parts = vec![PathBuf::new()];
    parts.extend(
        path.parent()
            .iter()
            .flat_map(|p| p.iter())
            .map(PathBuf::from),
    );
    for part in parts {
        if !part.as_os_str().is_empty() {
            folder.push(part);
        }
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_symlink() => {
                return Err(Problem::Path("a link on the way leads elsewhere"));
            }
            Ok(found) if !found.is_dir() => {
                return Err(Problem::Path("a file stands where a folder is needed"));
            }
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => fs::create_dir(&folder)
                .map_err(|e| Problem::Store(StoreError::io("create the folder", &folder, e)))?,
            Err(e) => return Err(Problem::Store(StoreError::io("look at", &folder, e))),
        }
    }
    if fs::symlink_metadata(reports.join(path)).is_ok_and(|found| found.is_dir()) {
        return Err(Problem::Path("there is a folder of this name"));
    }
    Ok(())
}
