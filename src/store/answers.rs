//! `answers.jsonl`: what a server said where it was wrong, or all that it said where a report
//! wants that; bounded in size.

use super::write::append_to;
use super::{Redactor, StoreError};
use crate::load::record::{Outcome, Record};
use serde::Deserialize;
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The longest answer kept, in characters.
const ANSWER: usize = 2000;
/// The most a file holds, in bytes.
const FILE: u64 = 8 << 20;

/// A line of `answers.jsonl`, read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AnswerLine {
    pub phase: String,
    pub load: Option<String>,
    pub round: u32,
    pub index: u64,
    /// What was asked, where all answers are kept.
    pub question: Option<String>,
    pub answer: String,
    pub reasoning: String,
    /// None where the workload has no `accept`.
    pub accepted: Option<bool>,
    /// A failure's class and what is said of it.
    pub class: Option<String>,
    pub detail: Option<String>,
    /// In the place of all others that would have followed: why they do not.
    pub omitted: Option<String>,
}

/// The lines of a file, as far as they were written whole; none where there is no file.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn read_answers(path: &Path) -> Result<Vec<AnswerLine>, StoreError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StoreError::io("read", path, e)),
    };
    // a kill or a full disk may have cut the last line
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// Made when the first answer to keep comes; a case without one has no such file.
#[derive(Debug)]
pub(super) struct AnswerLog {
    /// Whether right answers are kept too.
    pub(super) all: bool,
    path: PathBuf,
    file: Option<File>,
    written: u64,
    full: bool,
}

impl AnswerLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            all: false,
            path,
            file: None,
            written: 0,
            full: false,
        }
    }

    /// Keeps the answer of a request that failed or was answered wrongly; of any, where all are
    /// kept.
    pub(super) fn write(
        &mut self,
        phase: &str,
        record: &Record,
        question: Option<&str>,
        redactor: &Redactor,
    ) -> Result<(), StoreError> {
        let failure = match &record.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Ok => None,
        };
        let wrong = failure.is_none() && record.accepted == Some(false);
        if !self.all && failure.is_none() && !wrong {
            return Ok(());
        }
        if self.full {
            return Ok(());
        }
        let mut line = json!({
            "phase": phase,
            "load": record.load,
            "round": record.round,
            "index": record.index,
            "row": record.row,
            "class": failure.map(|f| f.class.name()).or(wrong.then_some("wrong_answer")),
            "detail": failure.map(|f| f.detail.as_str()),
            "status": record.status,
            "finish_reason": record.finish_reason,
            "answer": bounded(&redactor.text(&record.answer)),
            "reasoning": bounded(&redactor.text(&record.reasoning)),
        });
        if self.all {
            line["question"] = question.map(|text| bounded(&redactor.text(text))).into();
            line["accepted"] = record.accepted.into();
        }
        redactor.value(&mut line);
        let mut line = line.to_string();
        if self.written + line.len() as u64 > FILE {
            self.full = true;
            line = json!({"omitted": format!("further answers: {FILE} bytes are reached")})
                .to_string();
        }
        line.push('\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = append_to(&self.path)?;
                self.written = file.metadata().map(|m| m.len()).unwrap_or(0);
                none.insert(file)
            }
        };
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.leave_no_empty_file();
            return Err(StoreError::io("append to", &self.path, error));
        }
        self.written += line.len() as u64;
        Ok(())
    }

    /// A full disk may have made the file and taken nothing of its first line.
    fn leave_no_empty_file(&mut self) {
        let file = self.file.take();
        if file.is_some_and(|file| file.metadata().is_ok_and(|m| m.len() == 0)) {
            // where that fails, the error of the write is the one to report
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Cut after [`ANSWER`] characters, saying how much there was. Secrets go before the cut, so
/// that none is left in half.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(ANSWER) {
        None => text.to_string(),
        Some((end, _)) => format!(
            "{}… ({} characters in all)",
            &text[..end],
            text.chars().count()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::{Failure, FailureClass};

    #[test]
    fn right_answers_are_kept_where_all_are_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let right = Record {
            answer: "Paris, said sk-1234567".into(),
            accepted: Some(true),
            index: 3,
            ..Record::default()
        };
        let redactor = Redactor::new(["sk-1234567".to_string()]);
        let path = |all: bool| folder.path().join(format!("{all}.jsonl"));
        for all in [false, true] {
            let mut log = AnswerLog::new(path(all));
            log.all = all;
            let asked = Some("Where is it, sk-1234567?");
            log.write("a", &right, asked, &redactor).unwrap();
        }
        assert_eq!(read_answers(&path(false)).unwrap(), []);
        let [line] = read_answers(&path(true)).unwrap().try_into().unwrap();
        assert_eq!(line.answer, "Paris, said ***");
        assert_eq!(line.question.as_deref(), Some("Where is it, ***?"));
        assert_eq!(
            (line.class, line.accepted, line.index),
            (None, Some(true), 3)
        );
    }

    #[test]
    fn a_disk_that_takes_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.jsonl");
        let failed = Record {
            outcome: Outcome::Failed(Failure {
                class: FailureClass::Cancelled,
                detail: "the disk is full".into(),
            }),
            ..Record::default()
        };
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut log = AnswerLog::new(path.clone());
        let none = Redactor::default();
        assert!(log.write("a", &failed, None, &none).is_err());
        assert!(path.symlink_metadata().is_err(), "it is left, and empty");

        // when there is room again, and when there was something before
        log.write("a", &failed, None, &none).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(kept.lines().count(), 1);
        log.file = Some(File::open(&path).unwrap());
        assert!(log.write("a", &failed, None, &none).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    }
}
