//! Diagnostics as people read them in a terminal. The only place that knows miette.

use std::fmt::{self, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::snippet::{Snippet, clean};
use super::{Diagnostic, Fix, Label, Severity, concealed};
use crate::source::{FileId, Sources, Span};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub color: bool,
    /// Frames and marks beyond ASCII.
    pub unicode: bool,
    /// In columns.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            unicode: true,
            width: 100,
        }
    }
}

/// All findings, each with its places in the text, and a last line that counts them.
/// Empty if nothing was found.
pub fn render(sources: &Sources, found: &[Diagnostic], options: &Options) -> String {
    let mut out = String::new();
    for diagnostic in &concealed(sources, found) {
        one(&mut out, sources, diagnostic, options);
        out.push('\n');
    }
    if !found.is_empty() {
        out.push_str(&count(found));
        out.push('\n');
    }
    out
}

/// `2 errors, 1 warning`
pub fn count(found: &[Diagnostic]) -> String {
    let kinds = [Severity::Error, Severity::Warning, Severity::Note];
    let counts = kinds.map(|kind| (found.iter().filter(|d| d.severity == kind).count(), kind));
    let said = counts.iter().filter(|(n, _)| *n > 0);
    let said =
        said.map(|(n, kind)| format!("{n} {}{}", kind.word(), if *n == 1 { "" } else { "s" }));
    said.collect::<Vec<_>>().join(", ")
}

fn one(out: &mut String, sources: &Sources, diagnostic: &Diagnostic, options: &Options) {
    let mut text = String::new();
    let primary = diagnostic.span();
    for (n, file) in files(diagnostic).into_iter().enumerate() {
        let labels: Vec<&Label> = diagnostic
            .labels
            .iter()
            .filter(|l| l.span.file == file)
            .collect();
        let spans: Vec<Span> = labels.iter().map(|l| l.span).collect();
        let mut snippet = Snippet::new(sources.get(file), &spans, options.width.max(60));
        let at = if primary.file == file {
            primary
        } else {
            labels.first().map_or(primary, |l| l.span)
        };
        let report = Report {
            message: if n == 0 {
                clean(&diagnostic.message)
            } else {
                String::new()
            },
            severity: diagnostic.severity,
            labels: labels.iter().map(|l| labelled(&snippet, l)).collect(),
            primary: snippet.place(at.start as usize),
            place: clean(&sources.place(at)),
            name: clean(&sources.get(file).name),
            before: snippet.before,
            text: std::mem::take(&mut snippet.text),
        };
        let mut part = String::new();
        // Its only error is that of the writer, and a string takes everything.
        let _ = handler(diagnostic, options).render_report(&mut part, &report);
        let part = snippet.folded(&part, options.unicode);
        // After the first file there is no message: only the snippet is wanted.
        let skip = if n == 0 {
            0
        } else {
            part.find('\n').map_or(0, |n| n + 1)
        };
        text.push_str(&part[skip..]);
    }
    out.push_str(text.strip_prefix("  ").unwrap_or(&text));
    for help in &diagnostic.help {
        note(out, &clean(help), options);
    }
    for fix in &diagnostic.fixes {
        // what the help has said already is only there for machines
        let said = |text: &str| diagnostic.help.iter().any(|help| help.contains(text));
        if matches!(fix.edits.as_slice(), [(_, text)] if !fix.safe && !text.is_empty() && said(text))
        {
            continue;
        }
        let suggestion = suggestion(fix);
        let begins = |help: &String| match help.strip_prefix(&suggestion) {
            Some(rest) => rest.is_empty() || rest.starts_with([';', ',']),
            None => false,
        };
        if !diagnostic.help.iter().any(begins) {
            note(out, &suggestion, options);
        }
    }
}

/// The files of the labels, that of the primary one first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = vec![diagnostic.span().file];
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn labelled(snippet: &Snippet, label: &Label) -> LabeledSpan {
    let start = snippet.place(label.span.start as usize);
    let end = snippet.place(label.span.end as usize).max(start);
    let text = Some(clean(&label.text)).filter(|t| !t.is_empty());
    let span = (start, end - start);
    if label.primary {
        LabeledSpan::new_primary_with_span(text, span)
    } else {
        LabeledSpan::new_with_span(text, span)
    }
}

/// What a fix does, in one line.
fn suggestion(fix: &Fix) -> String {
    let title = clean(&fix.title);
    match fix.edits.as_slice() {
        [(_, text)] if !text.trim().is_empty() => {
            let text = clean(text.trim());
            match text.chars().count() <= 80 && !title.contains(&format!("`{text}`")) {
                true => format!("{title}: `{text}`"),
                false => title,
            }
        }
        _ => title,
    }
}

/// A line of help, wrapped.
fn note(out: &mut String, text: &str, options: &Options) {
    let label = if options.color {
        "\u{1b}[36mhelp:\u{1b}[0m"
    } else {
        "help:"
    };
    let room = options.width.saturating_sub(8).max(20);
    let _ = write!(out, "  {label}");
    let mut used = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > room {
            out.push_str("\n       ");
            used = 0;
        }
        let _ = write!(out, " {word}");
        used += width + 1;
    }
    out.push('\n');
}

fn handler(diagnostic: &Diagnostic, options: &Options) -> GraphicalReportHandler {
    let mut characters = if options.unicode {
        ThemeCharacters::unicode()
    } else {
        ThemeCharacters::ascii()
    };
    let word = diagnostic.severity.word();
    let head = format!("{word}[{}] {}:", diagnostic.code, diagnostic.rule);
    characters.error = head.clone();
    characters.warning = head.clone();
    characters.advice = head;
    let styles = if options.color {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(options.width.max(40))
        .with_links(false)
        .with_context_lines(1)
        .without_primary_span_start()
        .without_syntax_highlighting()
        .tab_width(4)
}

/// One diagnostic's part of one file, as miette wants to see it.
struct Report {
    message: String,
    severity: Severity,
    labels: Vec<LabeledSpan>,
    /// Where the primary label starts in `text`.
    primary: usize,
    /// `file:line:column` of it.
    place: String,
    name: String,
    text: String,
    /// Lines of the file before `text`.
    before: usize,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl SourceCode for Report {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        let shown = inner.span();
        let has_primary = (shown.offset()..=shown.offset() + shown.len()).contains(&self.primary);
        // miette's own columns are those of the clipped text.
        let name = if has_primary {
            self.place.clone()
        } else {
            format!("{}:{}", self.name, self.before + inner.line() + 1)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            name,
            inner.data(),
            *shown,
            self.before + inner.line(),
            inner.column(),
            self.before + inner.line_count(),
        )))
    }
}
