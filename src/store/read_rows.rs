//! `requests.csv` and `samples.csv` read back, also where a kill or a full disk cut the last row.

use super::StoreError;
use super::{requests, samples};
use crate::clock::whole_nanoseconds;
use crate::load::record::{Failure, FailureClass, Outcome, Record, TokenSource};
use crate::probe::series::SeriesSet;
use crate::units::Dimension;
use indexmap::IndexMap;
use std::path::Path;

/// The requests of each phase, in the order of their rows. Times are as they were to the last
/// bit where they were whole nanoseconds; what servers answered is not among the rows.
///
/// # Errors
/// The file cannot be read, or holds something else. One that is not there has no rows.
pub(super) fn read_requests(path: &Path) -> Result<IndexMap<String, Vec<Record>>, StoreError> {
    let mut phases: IndexMap<String, Vec<Record>> = IndexMap::new();
    each_row(path, (&requests::HEADER, &requests::LATER), |row| {
        let phase = row.text("phase").to_string();
        phases.entry(phase).or_default().push(record(row)?);
        Some(())
    })?;
    Ok(phases)
}

/// The series of each server, in the order in which they first came.
///
/// # Errors
/// As [`read_requests`].
pub(super) fn read_samples(path: &Path) -> Result<IndexMap<String, SeriesSet>, StoreError> {
    let mut servers: IndexMap<String, SeriesSet> = IndexMap::new();
    each_row(path, (&samples::HEADER, &[]), |row| {
        let set = servers.entry(row.text("server").to_string()).or_default();
        let series = set.series.entry(row.text("series").to_string());
        let series = series.or_default();
        let dimension = Dimension::of_unit_text(row.text("unit"))?;
        series.dimension.get_or_insert(dimension);
        match row.number::<f64>("t (s)")? {
            Some(t) => series.points.push((t, row.number("value")??)),
            None => series.unavailable = row.some("unavailable").map(uncelled),
        }
        Some(())
    })?;
    Ok(servers)
}

fn record(row: &Row<'_>) -> Option<Record> {
    let due: f64 = row.number("due (s)")??;
    let since_due = |name: &str| {
        let ms = row.number::<f64>(name)?;
        Some(ms.map(|ms| whole_nanoseconds(due + ms / 1e3)))
    };
    let failure = match row.some("failure") {
        None => None,
        Some(name) => Some(FailureClass::ALL.into_iter().find(|c| c.name() == name)?),
    };
    let first_token = since_due("ttft (ms)")?;
    let prompt_tokens = row.number("prompt tokens (tok)")?;
    let completion_tokens = row.number("completion tokens (tok)")?;
    Some(Record {
        index: row.number("index")??,
        load: row.some("load").map(Into::into),
        round: row.number("round")??,
        row: row.number("row")??,
        due,
        sent: since_due("sent (ms)")?,
        headers: since_due("headers (ms)")?,
        first_token,
        first_answer: since_due("first answer (ms)")?,
        last_token: since_due("last token (ms)")?,
        end: since_due("e2e (ms)")?.unwrap_or(f64::NAN),
        chunks: chunks(row, first_token.unwrap_or(due))?,
        prompt_tokens,
        completion_tokens,
        // counts of another source are not written
        token_source: match prompt_tokens.or(completion_tokens) {
            Some(_) => TokenSource::Usage,
            None => TokenSource::Missing,
        },
        status: row.number("status")?,
        finish_reason: row.some("finish reason").map(uncelled),
        answer: String::new(),
        reasoning: String::new(),
        images: row.number("images")??,
        clips: row.number("clips")?,
        videos: row.number("videos")?,
        // in the phase's notes only
        resent: false,
        opened: None,
        unmarked: false,
        outcome: failure.map_or(Outcome::Ok, |class| {
            let detail = row.some("detail").map(uncelled).unwrap_or_default();
            Outcome::Failed(Failure { class, detail })
        }),
        accepted: match row.text("accepted") {
            "" => None,
            text => Some(text.parse().ok()?),
        },
    })
}

/// The first chunk that carries tokens is the first token's.
fn chunks(row: &Row<'_>, first: f64) -> Option<Vec<f64>> {
    let count: usize = row.number("chunks")??;
    let mut chunks = Vec::new();
    let mut at = first;
    if count > 0 {
        chunks.push(at);
    }
    for gap in row.text("gaps (ms)").split_whitespace() {
        at = whole_nanoseconds(at + gap.parse::<f64>().ok()? / 1e3);
        chunks.push(at);
    }
    (chunks.len() == count).then_some(chunks)
}

/// A text without the mark that keeps spreadsheets from taking it for a formula.
fn uncelled(text: &str) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.into(),
        _ => text.into(),
    }
}

/// One row, by the names of its columns.
struct Row<'a> {
    header: &'a csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row<'_> {
    fn text(&self, name: &str) -> &str {
        let at = self.header.iter().position(|column| column == name);
        at.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }

    fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// None inside where the cell is empty, none outside where it holds no such number.
    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<Option<T>> {
        match self.some(name) {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        }
    }
}

/// Gives every whole row to `take`, which says none of one that it cannot read. Of its columns a file
/// may lack those that came later.
fn each_row(
    path: &Path,
    (columns, later): (&[&str], &[&str]),
    mut take: impl FnMut(&Row<'_>) -> Option<()>,
) -> Result<(), StoreError> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StoreError::io("read", path, e)),
    };
    // what follows the last line end was cut; no cell holds one
    bytes.truncate(
        bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1),
    );
    let damaged = |line: Option<u64>, why: &str| StoreError::Damaged {
        path: path.into(),
        why: format!("line {}: {why}", line.unwrap_or(1)),
    };
    let rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    let mut header = csv::StringRecord::new();
    for (i, cells) in rows.into_records().enumerate() {
        let cells =
            cells.map_err(|e| damaged(e.position().map(csv::Position::line), &e.to_string()))?;
        let line = cells.position().map(csv::Position::line);
        if i == 0 {
            let there = |column: &&&str| cells.iter().any(|cell| cell == **column);
            let wanted = columns.iter().filter(|column| !later.contains(column));
            if let Some(column) = { wanted }.find(|column| !there(column)) {
                let why = format!("there is no column `{column}`, which this file has");
                return Err(damaged(line, &why));
            }
            header = cells;
            continue;
        }
        let row = Row {
            header: &header,
            cells,
        };
        if take(&row).is_none() {
            return Err(damaged(line, "this row cannot be read"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Redactor, RequestLog, SampleLog};
    use std::sync::Arc;

    fn records() -> Vec<Record> {
        let answered = Record {
            index: 3,
            round: 1,
            row: 2,
            due: 10.123_456_789,
            sent: Some(10.123_5),
            headers: Some(10.2),
            first_token: Some(10.25),
            first_answer: Some(10.35),
            last_token: Some(10.75),
            chunks: vec![10.25, 10.350_000_001, 10.75],
            end: 10.76,
            prompt_tokens: Some(4),
            completion_tokens: Some(6),
            token_source: TokenSource::Usage,
            status: Some(200),
            finish_reason: Some("stop".into()),
            images: 2,
            clips: Some(1),
            videos: Some(3),
            accepted: Some(true),
            ..Record::default()
        };
        let failed = Record {
            load: Some("chat".into()),
            due: 11.0,
            end: 11.5,
            outcome: Outcome::Failed(Failure {
                class: FailureClass::Status,
                detail: "=500, \"no\"".into(),
            }),
            ..Record::default()
        };
        vec![answered, failed]
    }

    fn log(place: &Path) -> RequestLog {
        let answers = place.join("answers.jsonl");
        RequestLog::open(
            place.join("requests.csv"),
            answers,
            Arc::new(Redactor::default()),
        )
        .unwrap()
    }

    #[test]
    fn requests_are_read_as_they_were_written() {
        let place = tempfile::tempdir().unwrap();
        let mut log = log(place.path());
        for record in records() {
            log.write("stress", &record).unwrap();
        }
        drop(log);
        let read = read_requests(&place.path().join("requests.csv")).unwrap();
        assert_eq!(read["stress"].len(), 2);
        for (read, was) in read["stress"].iter().zip(records()) {
            assert_eq!(*read, was);
        }
    }

    #[test]
    fn a_row_that_was_cut_is_left_out_and_another_file_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("requests.csv");
        let mut log = log(place.path());
        for record in records() {
            log.write("stress", &record).unwrap();
        }
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let lines = whole[..cut].iter().filter(|b| **b == b'\n').count();
            let read = read_requests(&path).unwrap();
            let rows = read.get("stress").map_or(0, Vec::len);
            assert_eq!(rows, lines.saturating_sub(1), "after {cut} bytes");
        }
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let error = read_requests(&path).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(
            read_requests(&place.path().join("none.csv"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_file_of_before_sound_and_videos_is_read_without_them() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("requests.csv");
        let old = "phase,load,round,index,row,due (s),sent (ms),headers (ms),ttft (ms),\
            first answer (ms),last token (ms),e2e (ms),tpot (ms),longest gap (ms),chunks,\
            prompt tokens (tok),completion tokens (tok),status,finish reason,accepted,failure,\
            detail,images,gaps (ms)\n\
            stress,,0,0,0,1.5,0.1,1,20,20,40,41,5,20,2,4,5,200,stop,,,,2,20\n";
        std::fs::write(&path, old).unwrap();
        let read = read_requests(&path).unwrap();
        let [record] = read["stress"].as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(record.images, 2);
        assert_eq!((record.clips, record.videos), (None, None));
        assert_eq!(record.completion_tokens, Some(5));
    }

    #[test]
    fn samples_are_read_as_they_were_written() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("samples.csv");
        let mut log = SampleLog::open(path.clone()).unwrap();
        let mut set = SeriesSet::default();
        set.push("memory", Dimension::DATA, 0.123_456_789, 5e8);
        set.push("kv_usage", Dimension::NONE, 1.0, 1.0 / 3.0);
        set.unavailable("gpu_memory", "no NVML library, \"libnvidia-ml.so\"");
        set.series["gpu_memory"].dimension = Some(Dimension::DATA);
        set.unavailable("waiting", "no answer yet");
        set.series["waiting"].dimension = Some(Dimension::REQUESTS);
        log.write_new("sut", &set).unwrap();
        // a reason that no longer holds is forgotten
        set.series["waiting"].unavailable = None;
        set.push("waiting", Dimension::REQUESTS, 2.0, 3.0);
        set.unavailable("memory", "the process ended");
        log.write_new("sut", &set).unwrap();
        drop(log);
        assert_eq!(read_samples(&path).unwrap()["sut"], set);
    }
}
