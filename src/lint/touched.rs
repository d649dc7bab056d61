//! What of a scenario an error touches: what is wrong elsewhere hides nothing that is to be said of
//! the rest, and a rule never objects because of what is missing only since it was wrong.

use crate::check::{names_in, names_of, surely_mended};
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::resolve::{
    Definition, DefinitionKind, Flat, FlatAttr, FlatCheck, Module, ModuleId, Program,
};
use crate::scenario::Case;
use crate::source::Span;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a rule reads besides what it speaks of, and so has to be whole: bits.
pub type Needs = u8;
pub const NOTHING: Needs = 0;
/// Every phase: their order, or how much they do together.
pub const PHASES: Needs = 1;
/// The servers, or what they run on.
pub const SERVERS: Needs = 2;
/// Every check.
pub const CHECKS: Needs = 4;
/// The attributes of the scenario itself.
pub const SETTINGS: Needs = 8;
/// Every name that is written, wherever it stands.
pub const NAMES: Needs = 16;
/// Every rank and report.
const SHOWN: Needs = 32;

/// What errors leave of a scenario.
#[derive(Default)]
pub struct Touched {
    /// What is not whole.
    broken: Needs,
    phases: HashSet<String>,
    reports: HashSet<String>,
    ranks: HashSet<String>,
    /// By where their conditions stand.
    checks: HashSet<Span>,
}

impl Touched {
    /// Whether no error touches the scenario.
    pub fn is_sound(&self) -> bool {
        self.broken == NOTHING
    }

    /// Those of some rules of which everything that they need is whole.
    pub fn ask<'r, R>(&self, rules: &'r [(Needs, R)]) -> impl Iterator<Item = &'r R> + use<'r, R> {
        let broken = self.broken;
        let whole = move |(needs, _): &&(Needs, R)| needs & broken == NOTHING;
        rules.iter().filter(whole).map(|(_, rule)| rule)
    }

    /// The cases without what is touched.
    pub fn rest(&self, flat: &Flat, cases: &[Case]) -> Vec<Case> {
        let mut out = cases.to_vec();
        for case in &mut out {
            case.phases.retain(|one| !self.phases.contains(&one.name));
            case.reports.retain(|one| !self.reports.contains(&one.name));
            case.ranks.retain(|one| !self.ranks.contains(&one.name));
            case.checks.retain(|one| !self.checks.contains(&one.span));
        }
        // a phase whose server is wrong may be missing too, and what reads it finds nothing
        let there: HashSet<&str> = cases.first().map_or_else(HashSet::new, |case| {
            case.phases
                .iter()
                .map(|phase| phase.name.as_str())
                .collect()
        });
        let lost: HashSet<&str> = flat
            .children_of("phase")
            .map(|phase| phase.title())
            .filter(|name| !there.contains(name))
            .collect();
        let reads = |read: HashSet<&str>| !read.is_disjoint(&lost);
        if lost.is_empty() {
            return out;
        }
        if flat.lets.values().any(|attr| reads(names_of(&attr.expr))) {
            return Vec::new();
        }
        let checks = flat.checks.iter();
        let checks = checks.filter(|check| reads(check_names(check)));
        let checks: HashSet<Span> = checks.map(|check| check.expr.span).collect();
        let children = flat.children.iter();
        let children = children.filter(|child| reads(names_in(child)));
        let shown: HashSet<(&str, &str)> = children
            .map(|child| (child.kind.text.as_str(), child.title()))
            .collect();
        for case in &mut out {
            case.checks.retain(|one| !checks.contains(&one.span));
            case.ranks
                .retain(|one| !shown.contains(&("rank", one.name.as_str())));
            case.reports
                .retain(|one| !shown.contains(&("report", one.name.as_str())));
        }
        out
    }
}

/// A block of a file that others read only where they build on it.
struct Apart {
    span: Span,
    head: Span,
    /// Others build on it.
    base: bool,
}

/// For each scenario what the errors touch of it; none where they may touch anything.
pub fn touched(
    program: &Program,
    scenarios: &[Arc<Flat>],
    found: &[Diagnostic],
) -> Vec<Option<Touched>> {
    let whole = |_| Some(Touched::default());
    let errors = found.iter().filter(|d| d.severity == Severity::Error);
    let mut errors = errors
        .filter(|d| !surely_mended(&program.sources, d))
        .peekable();
    if errors.peek().is_none() {
        return scenarios.iter().map(whole).collect();
    }
    let nothing = || scenarios.iter().map(|_| None).collect();
    let blocks = apart(program);
    let mut inside: HashMap<Span, Vec<&Diagnostic>> = HashMap::new();
    let mut outside: HashMap<ModuleId, HashSet<&str>> = HashMap::new();
    let mut definitions = None;
    for error in errors {
        let span = error.span();
        let begins = |block: &Apart| (block.span.file, block.span.start) <= (span.file, span.start);
        let before = blocks[..blocks.partition_point(begins)].last();
        match before.filter(|b| within(b.span, span)) {
            Some(block) if block.base => return nothing(),
            // a name that another file has too, or that was said before, hides nothing of either
            Some(block) if error.code == codes::DUPLICATE.0 && within(block.head, span) => {}
            Some(block) => inside.entry(block.head).or_default().push(error),
            None => {
                let definitions = definitions.get_or_insert_with(|| values(program));
                let Some((module, name)) = definition(definitions, span) else {
                    return nothing();
                };
                outside.entry(module).or_default().insert(name);
            }
        }
    }
    if outside.len() > 1 {
        return nothing();
    }
    let wrong = outside.into_iter().next();
    let wrong = wrong.map(|(module, names)| (module, reached(program.module(module), names)));
    scenarios
        .iter()
        .map(|flat| {
            let own = inside.get(&flat.head()).map_or(&[][..], Vec::as_slice);
            match &wrong {
                // what another file defines is read by the names of its fields too
                Some((module, _)) if *module != flat.module => None,
                Some((_, names)) => of_scenario(flat, own, names),
                None => of_scenario(flat, own, &HashSet::new()),
            }
        })
        .collect()
}

fn within(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// The scenarios and suites of all files, in order of their places.
fn apart(program: &Program) -> Vec<Apart> {
    let mut out = Vec::new();
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            if let DefinitionKind::Block(flat) = &definition.kind
                && matches!(flat.kind.text.as_str(), "scenario" | "suite")
            {
                out.push(Apart {
                    span: flat.span,
                    head: flat.head(),
                    base: program.is_base(id, name),
                });
            }
        }
    }
    out.sort_by_key(|block| (block.span.file, block.span.start));
    out
}

/// Where a definition stands, and the module and name that it has.
type Place<'a> = (Span, ModuleId, &'a str);

/// What of the users' files expressions can mean, in order of their places.
fn values(program: &Program) -> Vec<Place<'_>> {
    let mut out = Vec::new();
    for id in program.user_modules() {
        let names = program.module(id).names.iter();
        out.extend(names.filter_map(|(name, definition)| {
            let span = match &definition.kind {
                // what reads one without a name is not known
                DefinitionKind::Block(flat) if flat.is_nameless() => return None,
                DefinitionKind::Block(flat) if !program.is_base(id, name) => flat.span,
                DefinitionKind::Let(value) | DefinitionKind::Param(value) => {
                    definition.span.to(value.span)
                }
                _ => return None,
            };
            Some((span, id, name.as_str()))
        }));
    }
    out.sort_by_key(|(span, ..)| (span.file, span.start));
    out
}

fn definition<'a>(places: &[Place<'a>], span: Span) -> Option<(ModuleId, &'a str)> {
    let begins = |(of, ..): &Place<'_>| (of.file, of.start) <= (span.file, span.start);
    let (of, module, name) = places[..places.partition_point(begins)].last()?;
    within(*of, span).then_some((*module, *name))
}

/// The names of a module that rest on some of them.
fn reached<'a>(module: &'a Module, names: HashSet<&'a str>) -> HashSet<&'a str> {
    let mut readers: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, definition) in &module.names {
        for read in read_by(definition) {
            readers.entry(read).or_default().push(name);
        }
    }
    let mut left: Vec<&str> = names.iter().copied().collect();
    let mut out = names;
    while let Some(name) = left.pop() {
        for reader in readers.get(name).into_iter().flatten() {
            if out.insert(reader) {
                left.push(reader);
            }
        }
    }
    out
}

fn read_by(definition: &Definition) -> HashSet<&str> {
    match &definition.kind {
        DefinitionKind::Block(flat) if definition.is_value() => names_in(flat),
        DefinitionKind::Let(value) | DefinitionKind::Param(value) => names_of(value),
        _ => HashSet::new(),
    }
}

/// What errors of a scenario touch of it, and wrong definitions around it; none where that may be
/// anything.
fn of_scenario(flat: &Flat, errors: &[&Diagnostic], around: &HashSet<&str>) -> Option<Touched> {
    let mut out = Touched::default();
    if errors.is_empty() && names_in(flat).is_disjoint(around) {
        return Some(out);
    }
    let wrong = parts_of(flat, errors, &mut out)?;
    fn of(attr: &FlatAttr) -> HashSet<&str> {
        names_of(&attr.expr)
    }
    if !flat.attrs.values().all(|attr| of(attr).is_disjoint(around)) {
        out.broken |= SETTINGS;
    }
    // what is said of a phase rests on it
    let mut names: HashSet<&str> = HashSet::new();
    for child in &flat.children {
        if !wrong.contains(&child.span) && names_in(child).is_disjoint(around) {
            continue;
        }
        match child.kind.text.as_str() {
            "phase" => {
                out.broken |= PHASES;
                out.phases.insert(child.title().to_string());
                names.insert(child.title());
            }
            "server" => {
                out.broken |= SERVERS | PHASES;
                names.insert("case");
            }
            "report" | "rank" => {}
            _ => return None,
        }
    }
    let rests = |read: HashSet<&str>| !read.is_disjoint(around) || !read.is_disjoint(&names);
    // what else reads them by another name is not followed
    let phases = flat
        .children_of("phase")
        .filter(|phase| !out.phases.contains(phase.title()));
    if phases.into_iter().any(|phase| rests(names_in(phase)))
        || flat.lets.values().any(|attr| rests(of(attr)))
    {
        return None;
    }
    for child in &flat.children {
        let shown = match child.kind.text.as_str() {
            "rank" => &mut out.ranks,
            "report" => &mut out.reports,
            _ => continue,
        };
        if wrong.contains(&child.span) || rests(names_in(child)) {
            shown.insert(child.title().to_string());
            out.broken |= SHOWN;
        }
    }
    for check in &flat.checks {
        if wrong.contains(&check.span) || rests(check_names(check)) {
            out.checks.insert(check.expr.span);
            out.broken |= CHECKS;
        }
    }
    Some(out)
}

/// The checks and blocks of a scenario that errors stand in; none where one stands elsewhere than
/// in these and its attributes.
fn parts_of(flat: &Flat, errors: &[&Diagnostic], out: &mut Touched) -> Option<HashSet<Span>> {
    let checks = flat.checks.iter().map(|check| (check.span, false));
    let children = flat.children.iter().map(|child| (child.span, false));
    let attrs = flat.attrs.values();
    let attrs = attrs.map(|attr| (attr.name.span.to(attr.expr.span), true));
    // and whether each is an attribute
    let mut parts: Vec<(Span, bool)> = checks.chain(children).chain(attrs).collect();
    parts.sort_by_key(|(part, _)| (part.file, part.start));
    let mut wrong = HashSet::new();
    for error in errors {
        let span = error.span();
        let begins = |(part, _): &(Span, bool)| (part.file, part.start) <= (span.file, span.start);
        let part = parts[..parts.partition_point(begins)].last();
        match part.filter(|(part, _)| within(*part, span))? {
            (_, true) => out.broken |= SETTINGS,
            (part, false) => {
                wrong.insert(*part);
            }
        }
        // a name that is meant there is not read then
        let misnamed = [codes::UNKNOWN_NAME.0, codes::BAD_ARGUMENT.0];
        if error.code.starts_with("E01") || misnamed.contains(&error.code) {
            out.broken |= NAMES;
        }
    }
    (!flat.incomplete).then_some(wrong)
}

/// The names that a check reads.
fn check_names(check: &FlatCheck) -> HashSet<&str> {
    let more = check.when.iter().chain(&check.because);
    let exprs = std::iter::once(&check.expr).chain(more);
    exprs.flat_map(|expr| names_of(expr)).collect()
}
