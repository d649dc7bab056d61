//! Says what a server writes to its log, line by line, while it runs. The log has no secrets.

use super::Shared;
use super::progress::Event;
use crate::report::text::one_line;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// The most of one line that is held back for its end, in bytes.
const LINE: usize = 64 * 1024;

/// Follows one log. Where the log becomes so large that its end lies elsewhere, it says no more.
pub(super) struct Follower {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Follows the log of a server, which need not be there yet.
    pub(super) fn start(shared: &Arc<Shared>, server: &str, log: &Path) -> Self {
        let (end, mut ended) = oneshot::channel();
        let shared = shared.clone();
        let mut said = Said {
            path: log.to_path_buf(),
            file: None,
            rest: Vec::new(),
        };
        let server = server.to_string();
        let task = tokio::spawn(async move {
            let say = |line: String| {
                let server = server.clone();
                // without terminal escapes, the halves of a secret may stand together
                let line = shared.folder.redactor().text(&one_line(&line));
                shared.progress.event(Event::ServerSaid { server, line });
            };
            loop {
                let over = tokio::time::timeout(EVERY, &mut ended).await.is_ok();
                said.lines(over).into_iter().for_each(say);
                if over {
                    return;
                }
            }
        });
        Self { end, task }
    }

    /// Says what is left, and ends. To be called when the server has ended.
    pub(super) async fn end(self) {
        // whether it was sent or dropped, the task is told
        let _ = self.end.send(());
        let _ = self.task.await;
    }
}

struct Said {
    path: PathBuf,
    file: Option<File>,
    /// A line whose end has not been written yet.
    rest: Vec<u8>,
}

impl Said {
    /// What was written since the last time: whole lines, and what is left where nothing follows.
    fn lines(&mut self, over: bool) -> Vec<String> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        if let Some(file) = &mut self.file {
            // what cannot be read now is read the next time
            let _ = file.read_to_end(&mut self.rest);
        }
        let whole = match self.rest.iter().rposition(|byte| *byte == b'\n') {
            _ if over || self.rest.len() > LINE => self.rest.len(),
            Some(at) => at + 1,
            None => 0,
        };
        let text: Vec<u8> = self.rest.drain(..whole).collect();
        let text = String::from_utf8_lossy(&text);
        text.lines().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_said_once_and_whole() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("server.log");
        let mut said = Said {
            path: path.clone(),
            file: None,
            rest: Vec::new(),
        };
        assert!(said.lines(false).is_empty(), "there is no log yet");
        let mut log = File::create(&path).unwrap();
        log.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(said.lines(false), ["one", "two"]);
        log.write_all(b"ee\nfour").unwrap();
        assert_eq!(said.lines(false), ["three"]);
        assert_eq!(said.lines(true), ["four"]);
        assert!(said.lines(true).is_empty());
    }
}
