//! The loop: takes messages in order, keeps documents, and lints when typing pauses.

use super::diagnose::Published;
use super::files::{Document, Files, real};
use super::protocol::{self, Changed, Failure, Of, Opened, Written, code, params};
use super::text::{Lines, Range};
use super::wire::{self, Received};
use super::{Lint, Linted, library};
use crate::resolve::{self, Program};
use crate::source::{FileId, Span};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use url::Url;

/// How long typing must pause before a document is linted, unless the editor says otherwise.
const PAUSE: Duration = Duration::from_millis(80);

/// Where the client and this server are with one another.
#[derive(PartialEq)]
enum Stage {
    New,
    Running,
    ShutDown,
}

/// A document, and what its last lint came to.
pub(super) struct Open {
    pub document: Document,
    pub linted: Option<Rc<Linted>>,
    /// Its text, or one that it uses, has changed since.
    pub stale: bool,
    /// The files that it was made of, links followed.
    uses: HashSet<PathBuf>,
}

pub(super) struct Server<'a, W> {
    output: W,
    lint: &'a Lint,
    pub(super) files: Rc<Files>,
    /// By the editor's own name for each.
    pub(super) open: BTreeMap<String, Open>,
    pub(super) folders: Vec<PathBuf>,
    stage: Stage,
    incoming: Receiver<Received>,
    /// What has come and was not looked at yet.
    backlog: VecDeque<Received>,
    pause: Duration,
    due: Option<Instant>,
    published: Published,
    watches: bool,
}

/// Serves one client until it says `exit` or its stream ends; the exit code.
pub fn serve(input: impl Read + Send + 'static, output: impl Write, lint: &Lint) -> u8 {
    let (sender, incoming) = channel();
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        // a stream that cannot be read has ended
        while let Ok(Some(received)) = wire::read(&mut input) {
            if sender.send(received).is_err() {
                break;
            }
        }
    });
    let server = Server {
        output,
        lint,
        files: Rc::default(),
        open: BTreeMap::new(),
        folders: Vec::new(),
        stage: Stage::New,
        incoming,
        backlog: VecDeque::new(),
        pause: PAUSE,
        due: None,
        published: Published::default(),
        watches: false,
    };
    server.run()
}

impl<W: Write> Server<'_, W> {
    fn run(mut self) -> u8 {
        while let Some(received) = self.next() {
            let done = match received {
                Received::Broken(why) => {
                    let failure = Failure::new(code::PARSE, why);
                    self.answer_with(&protocol::response(&Value::Null, Err(failure)))
                }
                Received::Message(message) => match self.message(message) {
                    Ok(false) => Ok(()),
                    Ok(true) => break,
                    Err(error) => Err(error),
                },
            };
            // nobody reads any more
            if done.is_err() {
                break;
            }
        }
        u8::from(self.stage != Stage::ShutDown)
    }

    /// The next message, after what was to be linted meanwhile; none where there are no more.
    fn next(&mut self) -> Option<Received> {
        loop {
            self.gather();
            if let Some(received) = self.backlog.pop_front() {
                return Some(received);
            }
            let Some(due) = self.due else {
                return self.incoming.recv().ok();
            };
            let left = due.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok(received) => return Some(received),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.lint_due().ok()?,
            }
        }
    }

    fn gather(&mut self) {
        self.backlog.extend(self.incoming.try_iter());
    }

    /// Whether a message of this method that waits has this in its parameters.
    fn waits(&self, method: &str, pointer: &str, value: &Value) -> bool {
        self.backlog.iter().any(|received| match received {
            Received::Message(message) => {
                message["method"] == method && message.pointer(pointer) == Some(value)
            }
            Received::Broken(_) => false,
        })
    }

    pub(super) fn send(&mut self, message: &Value) -> io::Result<()> {
        wire::write(&mut self.output, &message.to_string())
    }

    fn answer_with(&mut self, response: &str) -> io::Result<()> {
        wire::write(&mut self.output, response)
    }

    /// A line for the editor's log.
    pub(super) fn log(&mut self, text: &str) -> io::Result<()> {
        let params = json!({ "type": 2, "message": text });
        self.send(&protocol::notification("window/logMessage", params))
    }

    /// Deals with one message; whether it was the last.
    fn message(&mut self, mut message: Value) -> io::Result<bool> {
        let method = message["method"].as_str().map(str::to_string);
        let id = message.get("id").cloned();
        let given = message
            .get_mut("params")
            .map(Value::take)
            .unwrap_or_default();
        match (method, id) {
            (Some(method), Some(id)) => {
                let answer = self.request(&method, &id, given);
                self.answer_with(&protocol::response(&id, answer))?;
            }
            (Some(method), None) if method == "exit" => return Ok(true),
            (Some(method), None) => self.notified(&method, given)?,
            // an answer to what this server asked: it asks for nothing that it must know of
            (None, Some(_)) if message.get("result").or(message.get("error")).is_some() => {}
            (None, id) => {
                let failure = Failure::new(code::INVALID_REQUEST, "a message without a `method`");
                let id = id.unwrap_or_default();
                self.answer_with(&protocol::response(&id, Err(failure)))?;
            }
        }
        Ok(false)
    }

    fn request(&mut self, method: &str, id: &Value, given: Value) -> Written {
        let refuse = |code, text: &str| Err(Failure::new(code, text));
        match (&self.stage, method) {
            (Stage::New, "initialize") => return protocol::written(&self.initialize(&given)),
            (Stage::New, _) => return refuse(code::NOT_INITIALIZED, "`initialize` comes first"),
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                return protocol::written(&Value::Null);
            }
            (Stage::Running, "initialize") => {
                return refuse(code::INVALID_REQUEST, "`initialize` comes once");
            }
            (Stage::Running, _) => {}
            (Stage::ShutDown, _) => return refuse(code::INVALID_REQUEST, "after `shutdown`"),
        }
        self.gather();
        if self.waits("$/cancelRequest", "/params/id", id) {
            return refuse(code::CANCELLED, "cancelled");
        }
        let answered = catch_unwind(AssertUnwindSafe(|| self.written(method, given)));
        answered.unwrap_or_else(|_| {
            let text = format!("a fault of scn in `{method}`: see its standard error");
            refuse(code::INTERNAL, &text)
        })
    }

    fn initialize(&mut self, given: &Value) -> Value {
        self.stage = Stage::Running;
        let folders = given["workspaceFolders"].as_array().into_iter().flatten();
        let folders = folders.filter_map(|folder| folder["uri"].as_str());
        let mut folders: Vec<PathBuf> = folders.filter_map(path_of).collect();
        if folders.is_empty() {
            folders.extend(given["rootUri"].as_str().and_then(path_of));
        }
        self.folders = folders;
        let pause = &given["initializationOptions"]["pause_ms"];
        self.pause = pause.as_u64().map_or(PAUSE, Duration::from_millis);
        let watched = "/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration";
        self.watches = given.pointer(watched) == Some(&Value::Bool(true));
        super::requests::capabilities()
    }

    fn notified(&mut self, method: &str, given: Value) -> io::Result<()> {
        if self.stage != Stage::Running {
            return Ok(());
        }
        let done = match method {
            "initialized" => return self.watch(),
            "textDocument/didOpen" => params(given).map(|it| self.opened(it)),
            "textDocument/didChange" => params(given).map(|it| self.changed(it)),
            "textDocument/didClose" => params(given).map(|it| self.closed(&it)),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.touch(None);
                Ok(())
            }
            _ => Ok(()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(failure) => self.log(&format!("{method}: {}", failure.message)),
        }
    }

    /// Asks to be told of files that change on disk.
    fn watch(&mut self) -> io::Result<()> {
        if !self.watches {
            return Ok(());
        }
        let watchers = json!([{ "globPattern": "**/*.scn" }]);
        self.send(&json!({
            "jsonrpc": "2.0", "id": "watch", "method": "client/registerCapability",
            "params": { "registrations": [{
                "id": "watch", "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": watchers },
            }] },
        }))
    }

    fn opened(&mut self, Opened { text_document: it }: Opened) {
        // what has no file is called as the editor calls it
        let path = path_of(&it.uri).unwrap_or_else(|| PathBuf::from(&it.uri));
        let document = Document {
            path,
            version: it.version,
            text: it.text.into(),
        };
        self.files.open(&document.path, &document.text);
        self.touch(Some(&document.path));
        let open = Open {
            document,
            linted: None,
            stale: true,
            uses: HashSet::new(),
        };
        self.open.insert(it.uri, open);
        // nobody is typing yet
        self.due = Some(Instant::now());
    }

    fn changed(&mut self, it: Changed) {
        let Some(open) = self.open.get_mut(&it.text_document.uri) else {
            return;
        };
        open.stale = true;
        open.document.version = it.text_document.version;
        for change in it.content_changes {
            open.document.change(change.range, &change.text);
        }
        let document = open.document.clone();
        self.files.open(&document.path, &document.text);
        self.touch(Some(&document.path));
    }

    fn closed(&mut self, it: &Of) {
        if let Some(open) = self.open.remove(&it.text_document.uri) {
            self.files.close(&open.document.path);
            self.touch(Some(&open.document.path));
            self.due = Some(Instant::now());
        }
    }

    /// What uses the file is to be linted again; without one, everything is.
    fn touch(&mut self, path: Option<&Path>) {
        let path = path.map(real);
        for open in self.open.values_mut() {
            open.stale |= path.as_ref().is_none_or(|path| open.uses.contains(path));
        }
        self.due = Some(Instant::now() + self.pause);
    }

    /// Lints what has changed. What changes again meanwhile is not shown, but linted again.
    fn lint_due(&mut self) -> io::Result<()> {
        self.due = None;
        let stale = self.open.iter().filter(|(_, open)| open.stale);
        let stale: Vec<String> = stale.map(|(uri, _)| uri.clone()).collect();
        for uri in &stale {
            self.linted(uri)?;
            self.gather();
            let value = Value::String(uri.clone());
            let waits = |method| self.waits(method, "/params/textDocument/uri", &value);
            if waits("textDocument/didChange") || waits("textDocument/didClose") {
                return Ok(());
            }
        }
        let messages = self.published.update(&self.open, &stale);
        messages.iter().try_for_each(|message| self.send(message))
    }

    /// What the document's text as it is now comes to; none where it is not linted.
    pub(super) fn linted(&mut self, uri: &str) -> io::Result<Option<Rc<Linted>>> {
        let Some(open) = self.open.get_mut(uri) else {
            return Ok(None);
        };
        if !open.stale {
            return Ok(open.linted.clone());
        }
        open.stale = false;
        if library::holds(&open.document.path) {
            return Ok(None);
        }
        let path = open.document.path.clone();
        let linted = catch_unwind(AssertUnwindSafe(|| (self.lint)(self.read(&[path]))));
        let why = match linted {
            Ok(Ok(linted)) => {
                let linted = Rc::new(linted);
                if let Some(open) = self.open.get_mut(uri) {
                    let files = linted.program.sources.iter();
                    let paths = files.filter_map(|(_, file)| file.path.as_deref());
                    open.uses = paths.map(real).collect();
                    open.linted = Some(linted.clone());
                }
                return Ok(Some(linted));
            }
            Ok(Err(why)) => why,
            Err(_) => "a fault of scn: see its standard error".into(),
        };
        self.log(&format!("{uri} could not be linted: {why}"))?;
        Ok(None)
    }

    /// Reads files through what editors have open.
    pub(super) fn read(&self, paths: &[PathBuf]) -> (Program, Vec<crate::diagnostics::Diagnostic>) {
        resolve::load_through(paths, &[], self.files.clone())
    }

    /// How the editor calls a file of a program; none where it cannot be shown.
    pub(super) fn uri(&self, program: &Program, file: FileId) -> Option<String> {
        let source = program.sources.get(file);
        match &source.path {
            Some(path) => Some(uri_of(path, &self.open)),
            None => {
                let written = library::file(&source.name, &source.text).ok()?;
                Url::from_file_path(written).ok().map(String::from)
            }
        }
    }

    /// Looks up places of a program.
    pub(super) fn places<'p>(&'p self, program: &'p Program) -> Places<'p, W> {
        let known = HashMap::new();
        Places {
            server: self,
            program,
            known,
        }
    }
}

/// Places of a program as the editor calls them; each file is looked at once for all of its places.
pub(super) struct Places<'p, W> {
    server: &'p Server<'p, W>,
    program: &'p Program,
    known: HashMap<FileId, Option<(String, Lines<'p>)>>,
}

impl<W: Write> Places<'_, W> {
    /// The file and the range in it; none where the file cannot be shown.
    pub(super) fn of(&mut self, span: Span) -> Option<(&str, Range)> {
        let file = self.known.entry(span.file).or_insert_with(|| {
            let lines = Lines::new(&self.program.sources.get(span.file).text);
            Some((self.server.uri(self.program, span.file)?, lines))
        });
        let (uri, lines) = file.as_ref()?;
        Some((uri, lines.range(span)))
    }

    pub(super) fn location(&mut self, span: Span) -> Option<Value> {
        let (uri, range) = self.of(span)?;
        Some(json!({ "uri": uri, "range": range }))
    }
}

/// The editor's own name for a file, where it has it open.
pub(super) fn uri_of(path: &Path, open: &BTreeMap<String, Open>) -> String {
    let whole = real(path);
    let known = open
        .iter()
        .find(|(_, open)| real(&open.document.path) == whole);
    match known {
        Some((uri, _)) => uri.clone(),
        None => {
            Url::from_file_path(&whole).map_or_else(|()| path.display().to_string(), String::from)
        }
    }
}

fn path_of(uri: &str) -> Option<PathBuf> {
    Url::parse(uri).ok()?.to_file_path().ok()
}

/// Texts by how the editor calls their file.
pub(super) type ByFile = HashMap<String, Vec<Value>>;
