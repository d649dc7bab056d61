//! `answers.jsonl`: what a server said where it was wrong, bounded in size.

use super::write::append_to;
use super::{Redactor, StoreError};
use crate::load::record::{Outcome, Record};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// The longest answer kept, in characters.
const ANSWER: usize = 2000;
/// The most a file holds, in bytes.
const FILE: u64 = 8 << 20;

/// Made when the first failure comes; a case without failures has no such file.
#[derive(Debug)]
pub(super) struct AnswerLog {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    full: bool,
}

impl AnswerLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            written: 0,
            full: false,
        }
    }

    /// Keeps the answer of a request that failed or was answered wrongly.
    pub(super) fn write(
        &mut self,
        phase: &str,
        record: &Record,
        redactor: &Redactor,
    ) -> Result<(), StoreError> {
        let failure = match &record.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Ok if record.accepted == Some(false) => None,
            Outcome::Ok => return Ok(()),
        };
        if self.full {
            return Ok(());
        }
        let mut line = json!({
            "phase": phase,
            "load": record.load,
            "round": record.round,
            "index": record.index,
            "row": record.row,
            "class": failure.map_or("wrong_answer", |f| f.class.name()),
            "detail": failure.map(|f| f.detail.as_str()),
            "status": record.status,
            "finish_reason": record.finish_reason,
            "answer": bounded(&redactor.text(&record.answer)),
            "reasoning": bounded(&redactor.text(&record.reasoning)),
        });
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
        assert!(log.write("a", &failed, &none).is_err());
        assert!(path.symlink_metadata().is_err(), "it is left, and empty");

        // when there is room again, and when there was something before
        log.write("a", &failed, &none).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(kept.lines().count(), 1);
        log.file = Some(File::open(&path).unwrap());
        assert!(log.write("a", &failed, &none).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    }
}
