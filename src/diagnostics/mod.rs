//! One concrete diagnostic for every mistake in a user's text, and its renderers.
//! Knows no language rule.

pub mod concise;
pub mod github;
pub mod human;
pub mod json;
pub mod rules;
pub mod sarif;
mod snippet;

use crate::source::{FileId, Sources, Span};
use std::collections::HashMap;

/// How bad a finding is: errors keep a scenario from running, warnings do not, and notes say
/// what only matters elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    /// As messages begin.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place that takes part in a finding, and what it is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    pub span: Span,
    pub text: String,
    /// The place the finding is about; others give context.
    pub primary: bool,
}

/// A repair that a machine can make.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fix {
    pub title: String,
    pub edits: Vec<(Span, String)>,
    /// Keeps the meaning that the writer surely had.
    pub safe: bool,
}

/// A finding about the user's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    pub severity: Severity,
    /// `E0201`: stable, for search and for `explain`.
    pub code: &'static str,
    /// `unknown-attribute`: the rule's name.
    pub rule: &'static str,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: Vec<String>,
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error of the rule (its code and name: see [`codes`]), with the place it is about.
    pub fn error(
        rule: (&'static str, &'static str),
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code: rule.0,
            rule: rule.1,
            message: shortened(message.into()),
            labels: vec![Label {
                span,
                text: String::new(),
                primary: true,
            }],
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A warning of the rule.
    pub fn warning(
        rule: (&'static str, &'static str),
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, span, message)
        }
    }

    /// Says what the primary place is.
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.labels[0].text = shortened(text.into());
        self
    }

    /// Adds a second place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        push(
            &mut self.labels,
            Label {
                span,
                text: shortened(text.into()),
                primary: false,
            },
        );
        self
    }

    /// Adds a line of help: what to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        push(&mut self.help, shortened(text.into()));
        self
    }

    /// Adds a repair that replaces one span.
    pub fn fix(
        mut self,
        title: impl Into<String>,
        span: Span,
        text: impl Into<String>,
        safe: bool,
    ) -> Self {
        push(
            &mut self.fixes,
            Fix {
                title: title.into(),
                edits: vec![(span, text.into())],
                safe,
            },
        );
        self
    }

    /// The repair that a machine makes by itself: the first safe one, and with `unsafe_too` also
    /// one that is not. Several of these are alternatives, between which a person chooses.
    pub fn repair(&self, unsafe_too: bool) -> Option<&Fix> {
        let safe = self.fixes.iter().find(|fix| fix.safe);
        safe.or(match self.fixes.as_slice() {
            [only] if unsafe_too => Some(only),
            _ => None,
        })
    }

    /// The place that the finding is about.
    pub fn span(&self) -> Span {
        self.labels
            .iter()
            .find(|l| l.primary)
            .map(|l| l.span)
            .unwrap_or_default()
    }
}

/// Adds to what is mostly short, with no room for more: of a text that is wrong all over there are
/// very many findings.
fn push<T>(to: &mut Vec<T>, one: T) {
    if to.len() < 4 {
        to.reserve_exact(1);
    }
    to.push(one);
}

/// A name of more letters is shown with its first and its last ones.
const LONGEST_WORD: usize = 120;
const FIRST_LETTERS: usize = 60;
const LAST_LETTERS: usize = 20;

/// Words for people, in which names are of a length that can be read.
fn shortened(text: String) -> String {
    if text.len() <= LONGEST_WORD {
        return text;
    }
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_letter) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_letter(c)).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        out.push_str(before);
        // of short ones no letters need be counted
        let letters = if word.len() > LONGEST_WORD {
            word.chars().count()
        } else {
            0
        };
        if letters > LONGEST_WORD {
            out.extend(word.chars().take(FIRST_LETTERS));
            out.push('…');
            out.extend(word.chars().skip(letters - LAST_LETTERS));
        } else {
            out.push_str(word);
        }
        rest = behind;
    }
    out + rest
}

/// Sorts by place and drops what was said twice (one place evaluated for several cases).
pub fn tidy(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by(|a, b| {
        (a.span(), a.severity, a.code, &a.message).cmp(&(b.span(), b.severity, b.code, &b.message))
    });
    found.dedup();
    // what is unknown at a place is unknown once, whoever saw it first
    found.dedup_by(|a, b| {
        a.code == b.code && a.span() == b.span() && a.rule.starts_with("unknown-")
    });
    // a figure that a check and a table read through one name is of too few requests once
    found.dedup_by(|a, b| {
        a.code == codes::FEW_REQUESTS.0
            && a.code == b.code
            && a.span() == b.span()
            && a.message == b.message
    });
    found
}

/// The findings by the name of their file and their place in it, as they may be shown.
fn by_place(sources: &Sources, found: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut found = concealed(sources, found);
    found.sort_by(|a, b| {
        let place = |d: &Diagnostic| (sources.get(d.span().file).name.clone(), d.span());
        (place(a), a.code, &a.message).cmp(&(place(b), b.code, &b.message))
    });
    found
}

/// So many findings of one command are worth a reader's time, and so many mistakes of reading of one
/// file.
const MOST_SHOWN: usize = 1000;
pub const MOST_MISTAKES: usize = 100;

/// Programs get so many findings of short files, and of longer ones as many more as their length and
/// what may be taken for it allow.
const MOST_TOLD: usize = 3_000;
const BYTES_EACH: usize = 16;

/// What people are shown: the first findings, and in place of the others one that counts them.
pub fn for_people(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut mistakes: HashMap<FileId, usize> = HashMap::new();
    let is_mistake = |d: &Diagnostic| d.severity == Severity::Error && d.code.starts_with("E01");
    for one in found.iter().filter(|d| is_mistake(d)) {
        *mistakes.entry(one.span().file).or_default() += 1;
    }
    let mut seen: HashMap<FileId, usize> = HashMap::new();
    let mut out = Vec::new();
    for one in found {
        if !is_mistake(&one) {
            out.push(one);
            continue;
        }
        let span = one.span();
        let seen = seen.entry(span.file).or_default();
        *seen += 1;
        if *seen <= MOST_MISTAKES {
            out.push(one);
        }
        let more = mistakes[&span.file].saturating_sub(MOST_MISTAKES);
        if *seen == MOST_MISTAKES && more > 0 {
            out.push(more_mistakes(more, span));
        }
    }
    capped(out, MOST_SHOWN, 0)
}

/// What is not shown of a file's mistakes of reading.
pub fn more_mistakes(more: usize, last: Span) -> Diagnostic {
    let message = format!("{more} more mistakes are not shown");
    Diagnostic::error(codes::SYNTAX, last, message).says("the first of them come after this")
}

/// What programs are told of files of so many bytes: all, but where that is so much that it takes
/// much memory.
/// `dropped` of them were before.
pub fn for_programs(found: Vec<Diagnostic>, bytes: usize, dropped: usize) -> Vec<Diagnostic> {
    capped(found, most_told(bytes), dropped)
}

/// So many findings programs are told of files of so many bytes.
pub fn most_told(bytes: usize) -> usize {
    MOST_TOLD + bytes / BYTES_EACH
}

/// The first of them, and in place of the others one that counts them, as bad as the worst.
fn capped(mut found: Vec<Diagnostic>, most: usize, before: usize) -> Vec<Diagnostic> {
    let dropped = found.split_off(found.len().min(most));
    // an error that lint makes a note is the last to speak for others
    let rank = |d: &&Diagnostic| (d.severity, d.code == codes::UNSET_VARIABLE.0);
    let worst = match dropped.is_empty() && before > 0 {
        true => found.last(),
        false => dropped.iter().min_by_key(rank),
    };
    if let Some(worst) = worst {
        let message = format!("{} more findings are not shown", before + dropped.len());
        let mut rest = Diagnostic::error((worst.code, worst.rule), worst.span(), message)
            .says("this is one of them")
            .help("mend the first ones, and look again");
        rest.severity = worst.severity;
        found.push(rest);
    }
    found
}

/// The same findings with `***` for what the sources hide. A repair that would have to show it
/// is left out.
pub fn concealed(sources: &Sources, found: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut found = found.to_vec();
    if sources.iter().all(|(_, file)| file.hidden.is_empty()) {
        return found;
    }
    let clean = |text: &mut String| *text = sources.conceal(text).into_owned();
    for diagnostic in &mut found {
        clean(&mut diagnostic.message);
        diagnostic
            .labels
            .iter_mut()
            .for_each(|l| clean(&mut l.text));
        diagnostic.help.iter_mut().for_each(clean);
        diagnostic
            .fixes
            .iter_mut()
            .for_each(|f| clean(&mut f.title));
        diagnostic.fixes.retain(|fix| {
            fix.edits
                .iter()
                .all(|(_, text)| sources.conceal(text) == *text)
        });
    }
    found
}

pub fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|d| d.severity == Severity::Error)
}

/// Every code and rule name, in one place so that none is used twice.
pub mod codes {
    pub type Rule = (&'static str, &'static str);

    // E00: files
    pub const FILE_UNREADABLE: Rule = ("E0001", "unreadable-file");
    pub const FILE_NOT_TEXT: Rule = ("E0002", "not-text");
    pub const FILE_EMPTY: Rule = ("E0003", "empty-file");
    // E01: syntax
    pub const SYNTAX: Rule = ("E0101", "syntax");
    pub const UNCLOSED: Rule = ("E0102", "unclosed");
    pub const TOO_DEEP: Rule = ("E0103", "too-deep");
    pub const FOREIGN_FORM: Rule = ("E0104", "foreign-form");
    pub const BAD_ESCAPE: Rule = ("E0105", "bad-escape");
    pub const BAD_NUMBER: Rule = ("E0106", "bad-number");
    pub const MISSING_BODY: Rule = ("E0107", "missing-body");
    pub const MISSING_HEAD: Rule = ("E0108", "missing-head");
    // E02: names
    pub const UNKNOWN_BLOCK: Rule = ("E0201", "unknown-block");
    pub const UNKNOWN_ATTRIBUTE: Rule = ("E0202", "unknown-attribute");
    pub const UNKNOWN_NAME: Rule = ("E0203", "unknown-name");
    pub const UNKNOWN_MODULE: Rule = ("E0204", "unknown-module");
    pub const USE_CYCLE: Rule = ("E0205", "use-cycle");
    pub const DUPLICATE: Rule = ("E0206", "duplicate");
    pub const SHADOWED: Rule = ("E0207", "shadowed");
    pub const UNKNOWN_FUNCTION: Rule = ("E0208", "unknown-function");
    pub const UNKNOWN_FIELD: Rule = ("E0209", "unknown-field");
    pub const UNKNOWN_METRIC: Rule = ("E0210", "unknown-metric");
    pub const UNKNOWN_UNIT: Rule = ("E0211", "unknown-unit");
    pub const UNKNOWN_OPTION: Rule = ("E0213", "unknown-option");
    pub const MISPLACED: Rule = ("E0214", "misplaced");
    // E03: types
    pub const TYPE_MISMATCH: Rule = ("E0301", "type-mismatch");
    pub const DIMENSIONS: Rule = ("E0302", "unlike-dimensions");
    pub const MISSING_UNIT: Rule = ("E0303", "missing-unit");
    pub const BAD_ARGUMENT: Rule = ("E0304", "bad-argument");
    pub const NOT_CONSTANT: Rule = ("E0305", "not-constant");
    pub const OUT_OF_RANGE: Rule = ("E0306", "out-of-range");
    pub const BAD_CHOICE: Rule = ("E0307", "bad-choice");
    pub const ARITHMETIC: Rule = ("E0308", "arithmetic");
    pub const NO_AXIS: Rule = ("E0340", "within-no-axis");
    // E04: meaning
    pub const MISSING_ATTRIBUTE: Rule = ("E0401", "missing-attribute");
    pub const EMPTY_MATRIX: Rule = ("E0402", "empty-matrix");
    pub const CONSTRAINT: Rule = ("E0403", "engine-constraint");
    pub const CONTRADICTION: Rule = ("E0404", "contradiction");
    pub const DUPLICATE_CASE: Rule = ("E0405", "duplicate-case");
    pub const MISSING_FILE: Rule = ("E0406", "missing-file");
    pub const CYCLE: Rule = ("E0407", "definition-cycle");
    pub const NEVER_HOLDS: Rule = ("E0408", "never-holds");
    pub const NO_ACCEPT: Rule = ("E0409", "no-accept");
    pub const NO_FLOOR: Rule = ("E0410", "no-floor");
    pub const NO_REQUESTS: Rule = ("E0411", "no-requests");
    pub const NOT_STREAMED: Rule = ("E0412", "not-streamed");
    /// A metric of the engine that no version has which the server may be of.
    pub const METRIC_NOT_IN_VERSION: Rule = ("E0486", "metric-not-in-version");
    /// A metric of the engine that the server lacks as it is set up.
    pub const METRIC_TURNED_OFF: Rule = ("W0700", "metric-turned-off");
    /// Check of a figure that nothing of the phase's requests gives values of.
    pub const NO_VALUES: Rule = ("E0485", "no-values");
    pub const UNSET_VARIABLE: Rule = ("E0413", "unset-variable");
    pub const DOES_NOT_FIT: Rule = ("E0414", "does-not-fit");
    pub const NONE_FEASIBLE: Rule = ("E0455", "none-feasible");
    pub const TOO_FEW_GPUS: Rule = ("E0456", "too-few-gpus");
    pub const UNCONNECTED: Rule = ("E0458", "unconnected-gpus");
    pub const BAD_LINK: Rule = ("E0459", "bad-link");
    pub const FIT_UNKNOWN: Rule = ("E0457", "fit-unknown");
    pub const BAD_DATA: Rule = ("E0430", "bad-data");
    pub const REPORT_FILES: Rule = ("E0475", "report-files");
    pub const SUITE_GPUS: Rule = ("E0476", "suite-gpus");
    pub const BAD_DISTRIBUTION: Rule = ("E0465", "bad-distribution");
    pub const BEYOND_CONTEXT: Rule = ("E0466", "beyond-context");
    pub const WRONG_MODALITY: Rule = ("E0467", "wrong-modality");
    pub const WHICH_PHASE: Rule = ("E0490", "which-phase");
    pub const UNKNOWN_CASE: Rule = ("E0431", "unknown-case");
    // W05: warnings about meaning
    pub const NO_SUCH_CASE: Rule = ("W0530", "no-such-case");
    pub const USELESS_EXCLUDE: Rule = ("W0501", "useless-exclude");
    pub const UNUSED: Rule = ("W0502", "unused");
    pub const MIXED_LIST: Rule = ("W0721", "mixed-list");
    pub const FEW_REQUESTS: Rule = ("W0503", "few-requests");
    pub const UNMEASURED_CHECK: Rule = ("W0504", "unmeasured-check");
    pub const ALWAYS_HOLDS: Rule = ("W0505", "always-holds");
    pub const BAD_SUPPRESSION: Rule = ("W0506", "bad-suppression");
    pub const UNKNOWN_RULE: Rule = ("W0507", "unknown-rule");
    pub const MISSING_INTERPOLATION: Rule = ("W0650", "missing-interpolation");
    pub const NONE_IN_PROMPT: Rule = ("W0670", "none-in-prompt");
    pub const MISSPELT_BLOCK: Rule = ("W0710", "misspelt-block");
    pub const EMPTY_REASON: Rule = ("W0712", "empty-reason");
    pub const RANK_OF_THE_CHOSEN: Rule = ("W0713", "rank-of-the-chosen");
    pub const ANSWER_IN_TEXT: Rule = ("W0714", "answer-in-text");
    pub const SUITE_TIMEOUT: Rule = ("W0655", "suite-timeout");
    pub const USELESS_SUPPRESSION: Rule = ("W0508", "useless-suppression");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_counted_and_still_fails() {
        let warning = Diagnostic::warning(codes::UNUSED, Span::default(), "a warning");
        let mut found = vec![warning.clone(); MOST_SHOWN];
        assert_eq!(for_people(found.clone()).len(), MOST_SHOWN);
        found.push(warning);
        found.push(Diagnostic::error(codes::CYCLE, Span::default(), "an error"));
        let shown = for_people(found);
        let last = shown.last().unwrap();
        assert_eq!(shown.len(), MOST_SHOWN + 1);
        assert_eq!(last.message, "2 more findings are not shown");
        assert!(has_errors(&shown));
    }
}
