//! Drains a server's output into its log, bounded: the beginning and the end are kept, what
//! lies between is counted and left out. Never stops reading, also where the disk is full: a
//! server must not block on its own output.
//!
//! While the server runs, the end lies beside the log in up to two files (`server.log.part`,
//! and `server.log.prev` before it), and is appended to the log when the output ends.

use serde::Serialize;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

use super::tail::last_lines;
use crate::redact::{Redactor, Stream};

/// How much of the end is also kept in memory, for messages.
const RECENT: usize = 64 * 1024;

/// How large a log may grow, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimit {
    /// Kept of the beginning.
    pub head: u64,
    /// Kept of the end: at least this, at most twice.
    pub tail: u64,
}

impl Default for LogLimit {
    /// At most 256 MiB.
    fn default() -> Self {
        Self {
            head: 128 << 20,
            tail: 64 << 20,
        }
    }
}

/// What became of the output so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// Bytes that the server wrote.
    pub bytes: u64,
    /// Bytes left out because the log would have become too large.
    pub left_out: u64,
    /// Bytes that could not be written.
    pub lost: u64,
    /// Why, the first time (a full disk, say).
    pub error: Option<String>,
}

/// The reading side's state, shared with whoever asks for it.
#[derive(Clone)]
pub(super) struct Drain {
    shared: Arc<Mutex<Shared>>,
    ended: watch::Receiver<bool>,
    redactor: Redactor,
}

#[derive(Default)]
struct Shared {
    summary: LogSummary,
    recent: VecDeque<u8>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drain {
    /// Reads `from` to its end on a thread of its own (a busy runtime must not hold the server
    /// up) and writes what it reads, without the secrets, to the log, which is appended to.
    ///
    /// # Errors
    /// The log cannot be opened, or the thread not started.
    pub fn start(
        mut from: impl Read + Send + 'static,
        path: &Path,
        limit: LogLimit,
        redactor: Redactor,
    ) -> io::Result<Self> {
        let mut writer = Writer::open(path, limit)?;
        let mut clean = Stream::new(redactor.clone());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (end, ended) = watch::channel(false);
        let drain = Self {
            shared: shared.clone(),
            ended,
            redactor,
        };
        let work = move || {
            let mut chunk = vec![0; 64 * 1024];
            loop {
                let (text, read) = match from.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(n) => (clean.push(&chunk[..n]), n),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                writer.append(&text);
                let mut shared = lock(&shared);
                shared.note(&text, &writer);
                shared.summary.bytes += read as u64;
            }
            let text = clean.finish();
            writer.append(&text);
            writer.finish();
            lock(&shared).note(&text, &writer);
            end.send_replace(true);
        };
        std::thread::Builder::new()
            .name("server-log".into())
            .spawn(work)?;
        Ok(drain)
    }

    pub fn summary(&self) -> LogSummary {
        lock(&self.shared).summary.clone()
    }

    /// The output's last lines, from memory: also right where the disk is full.
    pub fn tail(&self, lines: usize) -> Vec<String> {
        let recent = lock(&self.shared).recent.clone();
        let lines = last_lines(&Vec::from(recent), lines);
        // once more: without terminal escapes, the halves of a secret may stand together
        lines.iter().map(|line| self.redactor.text(line)).collect()
    }

    /// Waits until all output was read and the log is whole, at most so long.
    pub async fn settle(&self, most: Duration) {
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(most, ended.wait_for(|ended| *ended)).await;
    }
}

impl Shared {
    fn note(&mut self, text: &[u8], writer: &Writer) {
        self.recent
            .extend(&text[text.len().saturating_sub(RECENT)..]);
        let excess = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..excess);
        self.summary.left_out = writer.left_out;
        self.summary.lost = writer.lost;
        self.summary.error.clone_from(&writer.error);
    }
}

/// `server.log` → `server.log.part`
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

struct Writer {
    path: PathBuf,
    limit: LogLimit,
    head: File,
    head_bytes: u64,
    /// The newest part of the end, and its size; none before the head is full.
    part: Option<(File, u64)>,
    prev_bytes: u64,
    left_out: u64,
    lost: u64,
    error: Option<String>,
}

impl Writer {
    fn open(path: &Path, limit: LogLimit) -> io::Result<Self> {
        let head = OpenOptions::new().create(true).append(true).open(path)?;
        let head_bytes = head.metadata()?.len();
        for stale in [".prev", ".part"] {
            match std::fs::remove_file(beside(path, stale)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(Self {
            path: path.to_owned(),
            limit,
            head,
            head_bytes,
            part: None,
            prev_bytes: 0,
            left_out: 0,
            lost: 0,
            error: None,
        })
    }

    fn failed(&mut self, lost: usize, error: &io::Error) {
        self.lost += lost as u64;
        self.error.get_or_insert_with(|| error.to_string());
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = self.limit.head.saturating_sub(self.head_bytes);
        let (head, mut tail) =
            bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        if !head.is_empty() {
            // What is lost counts as well, or a disk that is freed later would get a log whose
            // bounds nobody can tell.
            self.head_bytes += head.len() as u64;
            if let Err((lost, error)) = write(&mut self.head, head) {
                self.failed(lost, &error);
            }
        }
        while !tail.is_empty() {
            if let Err(error) = self.make_room() {
                self.failed(tail.len(), &error);
                return;
            }
            let Some((file, size)) = &mut self.part else {
                return;
            };
            let room = usize::try_from(self.limit.tail - *size).unwrap_or(usize::MAX);
            let (now, later) = tail.split_at(tail.len().min(room));
            *size += now.len() as u64;
            let result = write(file, now);
            tail = later;
            if let Err((lost, error)) = result {
                self.failed(lost, &error);
            }
        }
    }

    /// Makes the newest part one that is not full.
    fn make_room(&mut self) -> io::Result<()> {
        if self
            .part
            .as_ref()
            .is_some_and(|(_, size)| *size < self.limit.tail)
        {
            return Ok(());
        }
        let part = beside(&self.path, ".part");
        if let Some((_, size)) = self.part.take() {
            std::fs::rename(&part, beside(&self.path, ".prev"))?;
            self.left_out += self.prev_bytes;
            self.prev_bytes = size;
        }
        self.part = Some((File::create(&part)?, 0));
        Ok(())
    }

    /// Puts the end behind the beginning. Where that fails, the end stays in its own files.
    fn finish(&mut self) {
        if self.part.take().is_some()
            && let Err(error) = self.join()
        {
            self.failed(0, &error);
        }
    }

    fn join(&mut self) -> io::Result<()> {
        if self.left_out > 0 {
            writeln!(self.head, "\n[… {} bytes left out by scn …]", self.left_out)?;
        }
        for suffix in [".prev", ".part"] {
            let path = beside(&self.path, suffix);
            match File::open(&path) {
                Ok(mut file) => io::copy(&mut file, &mut self.head)?,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            };
            std::fs::remove_file(&path)?;
        }
        Ok(())
    }
}

/// Writes all; an error says how many bytes were not written.
fn write(file: &mut File, mut bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err((bytes.len(), io::ErrorKind::WriteZero.into())),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err((bytes.len(), e)),
        }
    }
    Ok(())
}

/// The last lines of a log on disk, also of one that is still written: for messages, so
/// terminal escapes are removed.
///
/// # Errors
/// The log cannot be read.
pub fn log_tail(path: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    for (suffix, must_be) in [(".part", false), (".prev", false), ("", true)] {
        let mut file = match File::open(beside(path, suffix)) {
            Err(e) if !must_be && e.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        let wanted = (RECENT - bytes.len().min(RECENT)) as u64;
        let size = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(size.saturating_sub(wanted)))?;
        let mut older = Vec::new();
        file.take(wanted).read_to_end(&mut older)?;
        older.append(&mut bytes);
        bytes = older;
    }
    Ok(last_lines(&bytes, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: LogLimit = LogLimit {
        head: 100,
        tail: 50,
    };

    async fn drained(text: Vec<u8>, path: &Path, limit: LogLimit, secrets: &[String]) -> Drain {
        let redactor = Redactor::new(secrets.iter().cloned());
        let drain = Drain::start(io::Cursor::new(text), path, limit, redactor).unwrap();
        drain.settle(Duration::from_secs(60)).await;
        drain
    }

    #[tokio::test]
    async fn keeps_head_and_tail_and_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let text: String = (0..1000).map(|n| format!("{n:03}\n")).collect();
        let drain = drained(text.clone().into_bytes(), &path, SMALL, &[]).await;
        let summary = drain.summary();
        let log = std::fs::read_to_string(&path).unwrap();
        assert_eq!(summary.bytes, 4000);
        assert!(
            (50..=100).contains(&(4000 - 100 - summary.left_out)),
            "{summary:?}"
        );
        assert!(log.starts_with(&text[..100]));
        assert!(log.ends_with(&text[4000 - 50..]));
        assert!(log.contains(&format!("[… {} bytes left out", summary.left_out)));
        assert_eq!(log_tail(&path, 2).unwrap(), ["998", "999"]);
        assert_eq!(drain.tail(2), ["998", "999"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_short_log_is_the_output_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let secrets = ["hunter22".to_string()];
        let drain = drained(b"key hunter22\n".to_vec(), &path, SMALL, &secrets).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key ***\n");
        assert_eq!(drain.tail(5), ["key ***"]);
        // A second server with the same log comes behind the first.
        drained(b"again\n".to_vec(), &path, SMALL, &[]).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key ***\nagain\n");
    }

    #[tokio::test]
    async fn a_secret_in_json_and_between_escapes_is_not_kept_nor_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let text = b"{\"key\": \"hun\\\"ter\\/22\"} %68un%22ter%2f22 hun\"\x1b[31mter/22\n";
        let drain = drained(text.to_vec(), &path, SMALL, &["hun\"ter/22".into()]).await;
        assert_eq!(drain.tail(1), ["{\"key\": \"***\"} *** ***"]);
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(log.starts_with("{\"key\": \"***\"} *** "), "{log}");
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_does_not_stop_the_reading() {
        let text = vec![b'x'; 300_000];
        let limit = LogLimit::default();
        let drain = drained(text, Path::new("/dev/full"), limit, &[]).await;
        let summary = drain.summary();
        assert_eq!((summary.bytes, summary.lost), (300_000, 300_000));
        assert!(summary.error.unwrap().contains("No space left"));
    }

    #[test]
    fn the_tail_of_a_log_that_is_still_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let mut writer = Writer::open(&path, SMALL).unwrap();
        for n in 0..60 {
            writer.append(format!("{n:03}\n").as_bytes());
        }
        assert_eq!(log_tail(&path, 3).unwrap(), ["057", "058", "059"]);
        let many = log_tail(&path, 1000).unwrap();
        assert_eq!(many[0], "000");
        assert!(log_tail(&folder.path().join("none"), 3).is_err());
    }
}
