//! `requests.csv`: one row per request, written while the run goes on.

use super::answers::AnswerLog;
use super::rows::{RowLog, ms, seconds};
use super::{Redactor, StoreError};
use crate::load::record::{Outcome, Record, TokenSource};
use crate::report::text::cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The columns. `due (s)` is on the run's clock; the other times count from it.
pub(super) const HEADER: [&str; 26] = [
    "phase",
    "load",
    "round",
    "index",
    "row",
    "due (s)",
    "sent (ms)",
    "headers (ms)",
    "ttft (ms)",
    "first answer (ms)",
    "last token (ms)",
    "e2e (ms)",
    "tpot (ms)",
    "longest gap (ms)",
    "chunks",
    "prompt tokens (tok)",
    "completion tokens (tok)",
    "status",
    "finish reason",
    "accepted",
    "failure",
    "detail",
    "images",
    "clips",
    "videos",
    "gaps (ms)",
];

/// Those that files of earlier versions lack: what is of them was not kept.
pub(super) const LATER: [&str; 2] = ["clips", "videos"];

/// How long a row may wait in memory before it is handed to the system.
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// Writes `requests.csv`, and the answers of failed requests to `answers.jsonl`.
///
/// Rows are flushed a second after the last flush, at [`RequestLog::flush`] and when dropped. A
/// caller that may be idle for long calls `flush` when it falls idle (at a phase's end, on a tick).
#[derive(Debug)]
pub struct RequestLog {
    rows: RowLog,
    answers: AnswerLog,
    flushed: Instant,
    redactor: Arc<Redactor>,
}

impl RequestLog {
    pub(super) fn open(
        path: PathBuf,
        answers: PathBuf,
        redactor: Arc<Redactor>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            rows: RowLog::open(path, &HEADER)?,
            answers: AnswerLog::new(answers),
            flushed: Instant::now(),
            redactor,
        })
    }

    /// Keeps the answers of all requests, with what was asked.
    pub fn keep_all_answers(&mut self) {
        self.answers.all = true;
    }

    pub fn keeps_all_answers(&self) -> bool {
        self.answers.all
    }

    /// Adds one request of a phase.
    pub fn write(&mut self, phase: &str, record: &Record) -> Result<(), StoreError> {
        self.write_asked(phase, record, None)
    }

    /// The same, with what was asked.
    pub fn write_asked(
        &mut self,
        phase: &str,
        record: &Record,
        question: Option<&str>,
    ) -> Result<(), StoreError> {
        self.rows.write(row(phase, record, &self.redactor))?;
        self.answers
            .write(phase, record, question, &self.redactor)?;
        if self.flushed.elapsed() >= FLUSH_AFTER {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands all rows to the system, where a kill of this process cannot lose them.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.flushed = Instant::now();
        self.rows.flush()
    }

    /// Flushes, and forces all rows to the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.rows.sync()
    }
}

fn row(phase: &str, r: &Record, redactor: &Redactor) -> [String; HEADER.len()] {
    let since_due = |t: Option<f64>| t.map(|t| ms(t - r.due)).unwrap_or_default();
    let count = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    // counts that are no server's own are no counts
    let counted = r.token_source == TokenSource::Usage;
    let tpot = r.time_per_token().filter(|_| r.answered());
    let gaps = || r.chunks.windows(2).map(|w| w[1] - w[0]);
    let (failure, detail) = match &r.outcome {
        Outcome::Ok => ("", String::new()),
        Outcome::Failed(f) => (f.class.name(), redactor.text(&f.detail)),
    };
    let finish = redactor.text(r.finish_reason.as_deref().unwrap_or_default());
    [
        cell(phase),
        cell(r.load.as_deref().unwrap_or_default()),
        r.round.to_string(),
        r.index.to_string(),
        r.row.to_string(),
        seconds(r.due),
        since_due(r.sent),
        since_due(r.headers),
        since_due(r.first_token),
        since_due(r.first_answer),
        since_due(r.last_token),
        ms(r.end - r.due),
        tpot.map(ms).unwrap_or_default(),
        gaps().reduce(f64::max).map(ms).unwrap_or_default(),
        r.chunks.len().to_string(),
        count(r.prompt_tokens.filter(|_| counted)),
        count(r.output_tokens()),
        r.status.map(|s| s.to_string()).unwrap_or_default(),
        cell(&finish),
        r.accepted.map(|a| a.to_string()).unwrap_or_default(),
        failure.into(),
        cell(&detail),
        r.images.to_string(),
        count(r.clips.map(u64::from)),
        count(r.videos.map(u64::from)),
        gaps().map(ms).collect::<Vec<_>>().join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::{Failure, FailureClass};

    fn field(record: &Record, name: &str) -> String {
        let at = HEADER.iter().position(|h| *h == name).expect(name);
        row("stress", record, &Redactor::default())[at].clone()
    }

    #[test]
    fn times_count_from_the_moment_a_request_was_due() {
        let record = Record {
            due: 10.0,
            sent: Some(10.002),
            first_token: Some(10.25),
            last_token: Some(10.75),
            chunks: vec![10.25, 10.35, 10.75],
            end: 10.76,
            completion_tokens: Some(6),
            token_source: TokenSource::Usage,
            ..Record::default()
        };
        assert_eq!(field(&record, "due (s)"), "10");
        assert_eq!(field(&record, "sent (ms)"), "2");
        assert_eq!(field(&record, "ttft (ms)"), "250");
        assert_eq!(field(&record, "e2e (ms)"), "760");
        assert_eq!(field(&record, "tpot (ms)"), "100");
        assert_eq!(field(&record, "longest gap (ms)"), "400");
        assert_eq!(field(&record, "completion tokens (tok)"), "6");
        let one_chunk = Record {
            last_token: record.first_token,
            chunks: vec![10.25],
            ..record
        };
        assert_eq!(field(&one_chunk, "tpot (ms)"), "", "never 0");
    }

    #[test]
    fn what_is_missing_is_empty_and_never_zero() {
        let record = Record {
            completion_tokens: Some(5),
            token_source: TokenSource::Missing,
            end: f64::NAN,
            ..Record::default()
        };
        for name in [
            "ttft (ms)",
            "tpot (ms)",
            "e2e (ms)",
            "completion tokens (tok)",
            "prompt tokens (tok)",
            "status",
            "longest gap (ms)",
        ] {
            assert_eq!(field(&record, name), "", "{name}");
        }
    }

    #[test]
    fn a_hostile_detail_is_one_harmless_cell() {
        let record = Record {
            outcome: Outcome::Failed(Failure {
                class: FailureClass::Status,
                detail: "=HYPERLINK(\"x\")\r\n\x1b[31mred".into(),
            }),
            ..Record::default()
        };
        assert_eq!(field(&record, "detail"), "'=HYPERLINK(\"x\") red");
        assert_eq!(field(&record, "failure"), "status");
    }
}
