//! `events.jsonl`: what happened and when, one JSON object a line.

use super::write::append_to;
use super::{Redactor, StoreError};
use jiff::Zoned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds on the run's clock.
    pub t: f64,
    /// RFC 3339, local time zone, milliseconds.
    pub wall: String,
    pub event: String,
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// What could be read of an `events.jsonl`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Events {
    pub events: Vec<Event>,
    /// The last line has no end: the run was killed, or is writing it now.
    pub truncated: bool,
    /// Numbers, from 1, of whole lines that are no events (a full disk cut them).
    pub damaged: Vec<usize>,
}

/// The writing side. Every event is handed to the system at once, so that a kill keeps it.
#[derive(Debug)]
pub(super) struct EventLog {
    path: PathBuf,
    file: Mutex<Out>,
}

#[derive(Debug)]
struct Out {
    file: File,
    /// A write failed half-way: the next event begins a line of its own.
    torn: bool,
}

impl EventLog {
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = append_to(&path)?;
        Ok(Self {
            path,
            file: Mutex::new(Out { file, torn: false }),
        })
    }

    pub(super) fn write(
        &self,
        t: f64,
        event: &str,
        fields: Value,
        redactor: &Redactor,
    ) -> Result<(), StoreError> {
        let mut line = Map::new();
        line.insert("t".into(), Value::from((t * 1e6).round() / 1e6));
        let wall = Zoned::now()
            .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
            .to_string();
        line.insert("wall".into(), wall.into());
        line.insert("event".into(), event.into());
        match fields {
            Value::Object(fields) => {
                for (key, mut value) in fields {
                    redactor.value(&mut value);
                    line.entry(redactor.text(&key)).or_insert(value);
                }
            }
            Value::Null => {}
            mut other => {
                redactor.value(&mut other);
                line.insert("value".into(), other);
            }
        }
        let line = Value::Object(line).to_string() + "\n";

        let mut out = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let line = if out.torn { format!("\n{line}") } else { line };
        let written = out.file.write_all(line.as_bytes());
        out.torn = written.is_err();
        written.map_err(|e| StoreError::io("append to", &self.path, e))
    }

    /// Forces what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let out = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        out.file
            .sync_data()
            .map_err(|e| StoreError::io("sync", &self.path, e))
    }
}

/// Reads an `events.jsonl`, also one whose last line was cut by a kill.
pub fn read_events(path: &Path) -> Result<Events, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        // a disk that was full from the start took none
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(StoreError::io("read", path, e)),
    };
    let mut found = Events {
        truncated: bytes.last().is_some_and(|last| *last != b'\n'),
        ..Events::default()
    };
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    for (i, line) in lines.iter().enumerate() {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(event) => found.events.push(event),
            Err(_) if found.truncated && i + 1 == lines.len() => {}
            Err(_) => found.damaged.push(i + 1),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_full_disk_is_an_error_and_the_next_event_has_its_own_line() {
        let log = EventLog::open("/dev/full".into()).unwrap();
        let redactor = Redactor::default();
        let error = log.write(1.0, "x", json!({}), &redactor).unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");

        // the same log, its disk mended: half a line is there already
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("events.jsonl");
        std::fs::write(&path, "{\"t\": 1.0, \"wa").unwrap();
        log.file.lock().unwrap().file = append_to(&path).unwrap();
        log.write(2.0, "y", json!({"n": 1}), &redactor).unwrap();
        let read = read_events(&path).unwrap();
        assert_eq!(read.events.len(), 1);
        assert_eq!(read.damaged, [1]);
        assert!(!read.truncated);
    }

    #[test]
    fn an_event_keeps_its_own_fields() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("events.jsonl");
        let log = EventLog::open(path.clone()).unwrap();
        let secret = Redactor::new(["hunter22".to_string()]);
        let fields = json!({"t": "no", "event": "no", "said": "hunter22\nand more"});
        log.write(1.5, "phase_started", fields, &secret).unwrap();
        let event = &read_events(&path).unwrap().events[0];
        assert_eq!((event.t, event.event.as_str()), (1.5, "phase_started"));
        assert_eq!(event.fields["said"], "***\nand more");
        assert!(
            event.wall.parse::<jiff::Timestamp>().is_ok(),
            "{}",
            event.wall
        );
    }
}
