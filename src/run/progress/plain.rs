//! Plain lines, for logs and for terminals that cannot move their cursor: what starts and ends,
//! and now and then how it goes.

use super::listener::Show;
use super::said::{Detail, lines};
use super::view::{Doing, View};
use super::{Event, live};
use crate::report::text::one_line;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long nothing may be said before a line says how it goes.
const EVERY: Duration = Duration::from_secs(10);

pub(super) struct Plain<W> {
    out: W,
    detail: Detail,
    view: View,
    last: Instant,
}

impl<W: Write + Send + 'static> Plain<W> {
    pub fn new(out: W, detail: Detail) -> Self {
        let now = Instant::now();
        Self {
            out,
            detail,
            view: View::new(now),
            last: now,
        }
    }

    /// How it goes, for events that only say so.
    fn progress(&self, event: &Event, now: Instant) -> Option<String> {
        let asked = matches!(
            event,
            Event::PhaseTick(_) | Event::Waiting { .. } | Event::LaunchWaiting { .. }
        );
        if !asked || self.detail.quiet || live::since(self.last, now) < EVERY {
            return None;
        }
        match &self.view.doing {
            Doing::Starting {
                server,
                since,
                log,
                runs_already,
                ..
            } => {
                let log = log
                    .as_ref()
                    .map(|log| format!(": {}", one_line(log)))
                    .unwrap_or_default();
                let waited = live::whole(live::since(*since, now));
                let what = match runs_already {
                    true => "has not answered",
                    false => "is not ready",
                };
                Some(format!("  {} {what} after {waited}{log}", one_line(server)))
            }
            Doing::Phase(phase) => Some(live::sentence(phase, now)),
            Doing::Stopping { .. } | Doing::Nothing => None,
        }
    }
}

impl<W: Write + Send + 'static> Show for Plain<W> {
    fn event(&mut self, event: &Event, now: Instant) {
        self.view.apply(event, now);
        let mut said = lines(event, &self.view, self.detail);
        if said.is_empty() {
            said.extend(self.progress(event, now));
        }
        if !said.is_empty() {
            self.last = now;
            write_lines(&mut self.out, &said);
        }
    }

    fn tick(&mut self, _: Instant) {}

    fn moves(&self) -> bool {
        false
    }

    fn end(&mut self) {}
}

/// A log that is gone is no reason to end a run.
fn write_lines(out: &mut impl Write, lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .ok();
}
