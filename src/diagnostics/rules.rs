//! All rules, by what their pages say: name, code, level, and the page itself.

use super::{Severity, codes};
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/rule_pages.rs"));

/// A rule, and what there is to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo {
    /// `unknown-attribute`
    pub name: &'static str,
    /// `E0202`
    pub code: &'static str,
    /// What its findings are unless somebody says otherwise.
    pub level: Severity,
    /// Markdown: what it finds, why it matters, a wrong and a right example.
    pub page: &'static str,
}

/// Rules of errors whose findings may be warnings or notes.
const SOMETIMES_LESS: [codes::Rule; 2] = [codes::CONSTRAINT, codes::UNSET_VARIABLE];

static RULES: LazyLock<Vec<RuleInfo>> = LazyLock::new(|| {
    let mut rules: Vec<RuleInfo> = PAGES.iter().filter_map(|page| of_page(page)).collect();
    rules.sort_by_key(|rule| (rule.level, rule.code));
    rules
});

/// All rules: those of errors first, in order of their codes.
pub fn rules() -> &'static [RuleInfo] {
    &RULES
}

/// The rule of that name or code.
pub fn rule(name: &str) -> Option<&'static RuleInfo> {
    let is = |rule: &&RuleInfo| rule.name == name || rule.code.eq_ignore_ascii_case(name);
    rules().iter().find(is)
}

/// A page begins with `# name (code)`.
fn of_page(page: &'static str) -> Option<RuleInfo> {
    let title = page.lines().next()?.strip_prefix("# ")?;
    let (name, code) = title.strip_suffix(')')?.split_once(" (")?;
    let level = match code.as_bytes().first()? {
        b'E' => Severity::Error,
        b'W' => Severity::Warning,
        _ => Severity::Note,
    };
    Some(RuleInfo {
        name,
        code,
        level,
        page,
    })
}

impl RuleInfo {
    /// Whether findings of it may be suppressed: nothing that is an error can.
    pub fn can_be_allowed(&self) -> bool {
        self.level != Severity::Error || SOMETIMES_LESS.iter().any(|rule| rule.0 == self.code)
    }

    /// What it finds, in a sentence.
    pub fn summary(&self) -> &'static str {
        let text = self.page.split("\n\n").nth(1).unwrap_or_default();
        let end = text.find(". ").map_or(text.len(), |at| at + 1);
        text[..end].trim()
    }

    /// The example under a heading of the page, `Wrong` or `Right`, with the word behind its
    /// fence: how it is written.
    pub fn example(&self, heading: &str) -> Option<(&'static str, &'static str)> {
        let (_, rest) = self.page.split_once(&format!("\n## {heading}\n"))?;
        let (_, rest) = rest.split_once("```")?;
        let (word, rest) = rest.split_once('\n')?;
        let end = if rest.starts_with("```") {
            0
        } else {
            rest.find("\n```")? + 1
        };
        Some((word, &rest[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_one_of_a_rule() {
        assert_eq!(rules().len(), PAGES.len());
        let mut seen = std::collections::HashSet::new();
        for rule in rules() {
            assert!(seen.insert(rule.name), "{} twice", rule.name);
            assert!(seen.insert(rule.code), "{} twice", rule.code);
            let summary = rule.summary();
            assert!(summary.ends_with('.'), "{summary}");
            for part in ["## Why it matters", "## Wrong", "## Right"] {
                assert!(rule.page.contains(part), "{} lacks {part}", rule.name);
            }
            for heading in ["Wrong", "Right"] {
                assert!(rule.example(heading).is_some(), "{}", rule.name);
            }
        }
    }

    #[test]
    fn a_rule_is_found_by_name_and_by_code() {
        assert_eq!(rule("unknown-attribute"), rule("e0202"));
        assert_eq!(rule("unknown-attribute").unwrap().code, "E0202");
        assert_eq!(rule("no-such-rule"), None);
    }
}
