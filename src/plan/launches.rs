//! The launches of a plan for people: what starts, in full, and for whom.

use super::command::{grouped, variable};
use super::fold::listed;
use super::page::Page;
use super::wrap::{packed, wrap};
use super::{Launch, Plan, command_line, count, shown_url};
use crate::report::text::one_line;
use crate::scenario::{Case, ServerSpec, Start};
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;

/// With more launches than this, a command that is like one above is shown by what differs.
const MANY_LAUNCHES: usize = 6;

impl Page {
    pub fn launches(&mut self, cases: &[Case], plan: &Plan) {
        let many = plan.launches.len() > MANY_LAUNCHES;
        let mut shown: Vec<(u32, &ServerSpec)> = Vec::new();
        for launch in &plan.launches {
            let differences: Vec<Option<String>> = launch
                .servers
                .iter()
                .map(|server| {
                    shown
                        .iter()
                        .filter(|_| many)
                        .find_map(|first| like(*first, server))
                })
                .collect();
            if differences.iter().any(Option::is_none) {
                self.text.push('\n');
            }
            let title = self.bold(&format!("launch {}", launch.number));
            let who = self.dim(&one_line(&who(cases, launch)));
            self.line(0, &format!("{title}  {who}"));
            for (server, difference) in launch.servers.iter().zip(differences) {
                let difference_said = difference
                    .as_ref()
                    .map(|difference| format!(": {difference}"))
                    .unwrap_or_default();
                let words = one_line(&format!("{}{difference_said}", server_words(server)));
                for (i, line) in wrap(&words, self.style.width.saturating_sub(4))
                    .into_iter()
                    .enumerate()
                {
                    self.line(if i == 0 { 2 } else { 4 }, &line);
                }
                if let Some(memory) = &server.memory {
                    let words = one_line(&memory.words());
                    for (i, line) in wrap(&words, self.style.width.saturating_sub(6))
                        .into_iter()
                        .enumerate()
                    {
                        self.line(if i == 0 { 4 } else { 6 }, &self.dim(&line));
                    }
                }
                if difference.is_none() {
                    self.start(server);
                    shown.push((launch.number, server));
                }
            }
        }
    }

    /// The whole command, broken so that it can be copied.
    fn start(&mut self, server: &ServerSpec) {
        match &server.start {
            Start::Launch {
                command,
                environment,
                setup,
                ..
            } => {
                let variables = environment
                    .iter()
                    .map(|(name, value)| variable(name, value));
                let words: Vec<String> = variables
                    .chain(grouped(&command_line(command)))
                    .map(|word| one_line(&word))
                    .collect();
                let lines = packed(words, self.style.width.saturating_sub(8));
                for (i, line) in lines.iter().enumerate() {
                    let more = if i + 1 < lines.len() { " \\" } else { "" };
                    self.line(if i == 0 { 4 } else { 6 }, &format!("{line}{more}"));
                }
                if let Some(setup) = setup {
                    self.line(4, &self.dim(&format!("installed by {}", setup.display())));
                }
            }
            Start::Running { url, pid } => {
                let pid = pid.map_or_else(
                    || "its memory is not measured: no pid".to_string(),
                    |pid| format!("pid {pid}"),
                );
                self.line(
                    4,
                    &format!("runs already at {} ({pid})", one_line(&shown_url(url))),
                );
            }
        }
    }
}

/// `vlm_stress (12 cases), vlm_quick (1 case)`
fn who(cases: &[Case], launch: &Launch) -> String {
    let mut counts: IndexMap<&str, u64> = IndexMap::new();
    for &index in &launch.cases {
        *counts.entry(cases[index].scenario.as_str()).or_default() += 1;
    }
    let each = counts
        .iter()
        .map(|(scenario, n)| format!("{scenario}, {}", count(*n, "case")));
    listed(each.collect(), "; ")
}

/// `sut: engine serving Qwen/Qwen2.5-VL-7B, tp 2, 2 GPUs`
fn server_words(server: &ServerSpec) -> String {
    let mut words = format!("{}: {}", server.name, server.engine);
    if let Some(version) = &server.stated {
        words.push_str(&format!(" {version}"));
    }
    if let Some(model) = &server.model {
        words.push_str(&format!(" serving {model}"));
    }
    let layout = server.layout;
    for (name, ranks) in [
        ("tp", layout.tp),
        ("pp", layout.pp),
        ("dp", layout.dp),
        ("ep", layout.ep),
    ] {
        if ranks > 1 {
            words.push_str(&format!(", {name} {ranks}"));
        }
    }
    if let Some(capacity) = server.capacity {
        let rate = Quantity::new(capacity, Dimension::REQUESTS.per(Dimension::TIME));
        words.push_str(&format!(", said to carry {rate}"));
        if layout.dp > 1 {
            words.push_str(" a replica");
        }
    }
    if let Start::Launch { port, .. } = server.start {
        if server.played {
            words.push_str(", played by the built-in server");
        } else if server.gpus > 0 {
            words.push_str(&format!(", {}", count(server.gpus, "GPU")));
        }
        if let Some(port) = port {
            words.push_str(&format!(", port {port}"));
        }
    }
    words
}

/// `as launch 1, with --tp 4 in place of --tp 2`; none where they have little in common.
fn like((number, before): (u32, &ServerSpec), after: &ServerSpec) -> Option<String> {
    if (&before.name, &before.engine) != (&after.name, &after.engine) {
        return None;
    }
    let words = |server: &ServerSpec| match &server.start {
        Start::Launch {
            command,
            environment,
            setup,
            ..
        } => {
            let mut words: Vec<String> = environment
                .iter()
                .map(|(name, value)| variable(name, value))
                .collect();
            words.extend(grouped(&command_line(command)));
            Some((words, setup.clone()))
        }
        Start::Running { .. } => None,
    };
    let ((old, old_setup), (new, new_setup)) = (words(before)?, words(after)?);
    let only = |these: &[String], others: &[String]| {
        these
            .iter()
            .filter(|word| !others.contains(word))
            .map(|word| one_line(word))
            .collect::<Vec<_>>()
    };
    let (gone, come) = (only(&old, &new), only(&new, &old));
    // words that stand elsewhere, or twice, cannot be told by what comes and goes
    let kept = |these: &[String], others: &[String]| {
        these
            .iter()
            .filter(|word| others.contains(word))
            .cloned()
            .collect::<Vec<_>>()
    };
    let tellable = kept(&old, &new) == kept(&new, &old) && old_setup == new_setup;
    if !tellable || gone.len() + come.len() > old.len() {
        return None;
    }
    let difference = match (gone.is_empty(), come.is_empty()) {
        (true, true) => "with the same command".into(),
        (true, false) => format!("with {}", come.join(" ")),
        (false, true) => format!("without {}", gone.join(" ")),
        (false, false) => format!("with {} in place of {}", come.join(" "), gone.join(" ")),
    };
    Some(format!("as launch {number}, {difference}"))
}
