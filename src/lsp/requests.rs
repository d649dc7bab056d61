//! The requests of an editor, each answered by the part that knows.

use super::protocol::{
    Acted, Answer, At, Failure, Of, Over, References, Renamed, Written, code, params, written,
};
use super::server::Server;
use super::text::{Lines, Position, Range};
use super::{actions, capture, complete, hover, library, navigate, rename, symbols};
use crate::diagnostics::Diagnostic;
use crate::resolve::{ModuleId, Program, find_files};
use crate::source::{FileId, Span};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `initialize` is answered.
pub fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "completionProvider": { "triggerCharacters": [".", "\""] },
            "hoverProvider": true,
            "definitionProvider": true,
            "referencesProvider": true,
            "documentSymbolProvider": true,
            "renameProvider": { "prepareProvider": true },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "documentFormattingProvider": true,
            "inlayHintProvider": true,
        },
        "serverInfo": { "name": "scn", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// A document among everything that it uses, as its text is now.
struct View {
    program: Program,
    found: Vec<Diagnostic>,
    module: ModuleId,
    file: FileId,
}

impl View {
    fn text(&self) -> &Arc<str> {
        &self.program.sources.get(self.file).text
    }

    fn lines(&self) -> Lines<'_> {
        Lines::new(self.text())
    }

    fn offset(&self, position: Position) -> usize {
        self.lines().offset(position)
    }

    fn span(&self, range: Range) -> Span {
        let lines = self.lines();
        Span::new(
            self.file,
            lines.offset(range.start),
            lines.offset(range.end),
        )
    }
}

impl<W: Write> Server<'_, W> {
    /// What a request comes to, as it is sent.
    pub(super) fn written(&mut self, method: &str, given: Value) -> Written {
        match method {
            "textDocument/documentSymbol" => self.symbols(&params(given)?),
            "textDocument/references" => self.references(&params(given)?),
            other => written(&self.answer(other, given)?),
        }
    }

    fn answer(&mut self, method: &str, given: Value) -> Answer {
        match method {
            "textDocument/completion" => Ok(self.completion(&params(given)?)),
            "textDocument/hover" => Ok(self.hover(&params(given)?)),
            "textDocument/definition" => Ok(self.definition(&params(given)?)),
            "textDocument/prepareRename" => self.prepare(&params(given)?),
            "textDocument/rename" => self.rename(&params(given)?),
            "textDocument/codeAction" => self.actions(&params(given)?),
            "textDocument/formatting" => Ok(self.formatting(&params(given)?)),
            "textDocument/inlayHint" => self.hints(&params(given)?),
            other => {
                let text = format!("scn knows no `{other}`");
                Err(Failure::new(code::UNKNOWN_METHOD, text))
            }
        }
    }

    fn path(&self, uri: &str) -> Option<PathBuf> {
        Some(self.open.get(uri)?.document.path.clone())
    }

    /// A document by itself; none where it is not open, or empty.
    fn view(&self, uri: &str) -> Option<View> {
        let path = self.path(uri)?;
        view(self.read(std::slice::from_ref(&path)), &path)
    }

    /// A document together with everything in the editor's folders.
    fn workspace(&self, uri: &str) -> Option<View> {
        let path = self.path(uri)?;
        let mut paths = vec![path.clone()];
        paths.extend(self.open.values().map(|open| open.document.path.clone()));
        for folder in &self.folders {
            // an empty folder has no files, and is no mistake
            paths.extend(find_files(std::slice::from_ref(folder)).unwrap_or_default());
        }
        paths.retain(|path| !library::holds(path));
        view(self.read(&paths), &path)
    }

    fn completion(&self, at: &At) -> Value {
        let (items, more) = self.items(at).unwrap_or_default();
        json!({ "isIncomplete": more, "items": items })
    }

    /// What may stand there; and whether there is more, for other letters.
    fn items(&self, at: &At) -> Option<(Vec<Value>, bool)> {
        let open = self.open.get(&at.text_document.uri)?;
        let (path, text) = (&open.document.path, &open.document.text);
        let offset = Lines::new(text).offset(at.position);
        let marked = complete::mark(text, offset)?;
        self.files.open(path, &marked.text.as_str().into());
        let view = self.view(&at.text_document.uri);
        self.files.open(path, text);
        let view = view?;
        Some(complete::complete(
            &view.program,
            view.module,
            &marked,
            text,
        ))
    }

    fn hover(&self, at: &At) -> Value {
        let shown = self.view(&at.text_document.uri).and_then(|view| {
            let offset = view.offset(at.position);
            let (text, span) = hover::hover(&view.program, view.module, view.file, offset)?;
            let contents = json!({ "kind": "markdown", "value": text });
            Some(json!({ "contents": contents, "range": view.lines().range(span) }))
        });
        shown.unwrap_or_default()
    }

    fn definition(&self, at: &At) -> Value {
        let found = self.view(&at.text_document.uri).and_then(|view| {
            let offset = view.offset(at.position);
            let span = navigate::definition(&view.program, view.module, view.file, offset)?;
            self.places(&view.program).location(span)
        });
        found.unwrap_or_default()
    }

    fn references(&self, it: &References) -> Written {
        let Some(view) = self.workspace(&it.at.text_document.uri) else {
            return written(&Value::Null);
        };
        let offset = view.offset(it.at.position);
        let named = navigate::named(&view.program, view.module, view.file, offset);
        let Some(named) = named else {
            return written(&Value::Null);
        };
        let all = navigate::references(&view.program, named.target).into_iter();
        let asked = all.filter(|one| it.context.include_declaration || !one.defines);
        let mut seen = self.places(&view.program);
        let places = asked.filter_map(|one| seen.location(one.span));
        let places: Result<Vec<String>, Failure> = places.map(|place| written(&place)).collect();
        Ok(format!("[{}]", places?.join(",")))
    }

    fn symbols(&self, of: &Of) -> Written {
        let view = self.view(&of.text_document.uri);
        let found = view.as_ref().and_then(|view| {
            let ast = view.program.module(view.module).asts.first()?;
            Some(symbols::symbols(ast, &view.lines()))
        });
        written(&found)
    }

    fn prepare(&self, at: &At) -> Answer {
        let Some(view) = self.view(&at.text_document.uri) else {
            return Ok(Value::Null);
        };
        let offset = view.offset(at.position);
        let (span, _) = rename::prepare(&view.program, view.module, view.file, offset)
            .map_err(|why| Failure::new(code::FAILED, why))?;
        let name = view.program.sources.text(span);
        Ok(json!({ "range": view.lines().range(span), "placeholder": name }))
    }

    fn rename(&self, it: &Renamed) -> Answer {
        let failed = |why: String| Failure::new(code::FAILED, why);
        let Some(view) = self.workspace(&it.at.text_document.uri) else {
            return Ok(Value::Null);
        };
        let offset = view.offset(it.at.position);
        let (_, target) =
            rename::prepare(&view.program, view.module, view.file, offset).map_err(failed)?;
        let places = rename::places(&view.program, target, &it.new_name).map_err(failed)?;
        self.refuse_clash(&view, &places, &it.new_name)
            .map_err(failed)?;
        let mut changes = Map::new();
        let mut seen = self.places(&view.program);
        for span in places {
            let Some((uri, range)) = seen.of(span) else {
                continue;
            };
            let edit = json!({ "range": range, "newText": it.new_name });
            let edits = changes.entry(uri).or_insert_with(|| json!([]));
            if let Some(edits) = edits.as_array_mut() {
                edits.push(edit);
            }
        }
        Ok(json!({ "changes": changes }))
    }

    /// Reads everything as it would be, and says what would be wrong then or mean something else, and
    /// does not now.
    fn refuse_clash(&self, view: &View, places: &[Span], new: &str) -> Result<(), String> {
        let sources = &view.program.sources;
        let open = self.open.values().map(|open| &open.document);
        let open: Vec<_> = open.map(|it| (it.path.clone(), it.text.clone())).collect();
        let texts = rename::replaced(&view.program, places, new);
        let paths = view.program.roots.iter().filter_map(|id| {
            let file = view.program.module(*id).files.first()?;
            sources.get(*file).path.clone()
        });
        let paths: Vec<PathBuf> = paths.collect();
        for (file, text) in &texts {
            if let Some(path) = &sources.get(*file).path {
                self.files.open(path, &text.as_str().into());
            }
        }
        let (after, found) = self.read(&paths);
        for file in texts.keys() {
            if let Some(path) = &sources.get(*file).path {
                self.files.close(path);
            }
        }
        for (path, text) in &open {
            self.files.open(path, text);
        }
        let before = (&view.program, view.found.clone());
        let clash = rename::clash(before, (&after, found));
        match clash.or_else(|| capture::captured(&view.program, &after, places, new)) {
            Some(why) => Err(format!("with `{new}` {why}")),
            None => Ok(()),
        }
    }

    fn actions(&mut self, Acted { over, context }: &Acted) -> Answer {
        let uri = &over.text_document.uri;
        if !context.repairs() {
            return Ok(json!([]));
        }
        let linted = self.linted(uri).map_err(gone)?;
        let (Some(view), Some(linted)) = (self.view(uri), linted) else {
            return Ok(json!([]));
        };
        let within = view.span(over.range);
        let repairs = actions::repairs(&linted, view.file, within, &view.lines());
        let actions = repairs.into_iter().map(|repair| {
            let mut changes = Map::new();
            changes.insert(uri.clone(), Value::Array(repair.edits));
            json!({
                "title": repair.title,
                "kind": "quickfix",
                "isPreferred": repair.safe,
                "edit": { "changes": changes },
            })
        });
        Ok(actions.collect())
    }

    fn formatting(&self, of: &Of) -> Value {
        let open = self.open.get(&of.text_document.uri);
        open.map(|open| actions::formatted(&open.document.text).into())
            .unwrap_or_default()
    }

    fn hints(&mut self, over: &Over) -> Answer {
        let uri = &over.text_document.uri;
        let linted = self.linted(uri).map_err(gone)?;
        let (Some(view), Some(linted)) = (self.view(uri), linted) else {
            return Ok(json!([]));
        };
        let Some(ast) = view.program.module(view.module).asts.first() else {
            return Ok(json!([]));
        };
        let within = view.span(over.range);
        Ok(symbols::hints(ast, &view.lines(), within, &linted.cases).into())
    }
}

fn gone(error: std::io::Error) -> Failure {
    Failure::new(code::INTERNAL, error.to_string())
}

/// The file of that path in a program.
fn view((program, found): (Program, Vec<Diagnostic>), path: &Path) -> Option<View> {
    let path = super::files::real(path);
    let modules = (0..program.modules.len()).map(ModuleId);
    let at = modules.filter_map(|id| Some((id, *program.module(id).files.first()?)));
    let here = |file: FileId| {
        let own = program.sources.get(file).path.as_deref();
        own.is_some_and(|own| super::files::real(own) == path)
    };
    let (module, file) = at.into_iter().find(|(_, file)| here(*file))?;
    Some(View {
        program,
        found,
        module,
        file,
    })
}
