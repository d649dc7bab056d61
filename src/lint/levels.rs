//! Levels of rules that somebody sets: `--deny`, `--warn`, `--allow`.

use crate::check::nearest;
use crate::diagnostics::rules::{RuleInfo, rule, rules};
use crate::diagnostics::{Diagnostic, Severity};

/// Rules whose findings are to be errors, warnings, or nothing. Where a rule is named in several,
/// the strictest holds.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    deny: Vec<&'static RuleInfo>,
    warn: Vec<&'static RuleInfo>,
    allow: Vec<&'static RuleInfo>,
}

impl Levels {
    /// Of names or codes. Errors, in a sentence: a name that is no rule's, and a rule of errors
    /// that would be less than one.
    pub fn of(deny: &[String], warn: &[String], allow: &[String]) -> Result<Self, String> {
        Ok(Self {
            deny: known("deny", deny)?,
            warn: lessened("warn", warn)?,
            allow: lessened("allow", allow)?,
        })
    }

    /// Sets the level of each finding that is no error by itself, and drops what is allowed.
    pub fn apply(&self, found: &mut Vec<Diagnostic>) {
        let names = |rules: &[&RuleInfo], d: &Diagnostic| rules.iter().any(|r| r.code == d.code);
        found.retain_mut(|d| {
            if d.severity == Severity::Error {
                return true;
            }
            if names(&self.deny, d) {
                d.severity = Severity::Error;
            } else if names(&self.warn, d) {
                d.severity = Severity::Warning;
            } else if names(&self.allow, d) {
                return false;
            }
            true
        });
    }
}

fn known(flag: &str, names: &[String]) -> Result<Vec<&'static RuleInfo>, String> {
    let one = |name: &String| {
        rule(name).ok_or_else(|| {
            let near = nearest(name, rules().iter().map(|rule| rule.name));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`scn explain` lists the rules".to_string(),
            };
            format!("--{flag} {name}: there is no such rule; {help}")
        })
    };
    names.iter().map(one).collect()
}

fn lessened(flag: &str, names: &[String]) -> Result<Vec<&'static RuleInfo>, String> {
    let rules = known(flag, names)?;
    match rules.iter().find(|rule| !rule.can_be_allowed()) {
        Some(rule) => Err(format!(
            "--{flag} {}: it is an error, and nothing could run with it; mend what `scn lint` finds",
            rule.name
        )),
        None => Ok(rules),
    }
}
