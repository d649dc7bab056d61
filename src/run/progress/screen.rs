//! A terminal: what has happened scrolls up, and two lines below it move.
//!
//! Between two paintings the cursor rests at the start of the first moving line. What the
//! terminal itself writes there (the `^C` of an interrupt) is painted over, and nothing needs to
//! be restored when the process is killed: no mode is changed, and no cursor is hidden.

use super::listener::Show;
use super::said::{Detail, lines};
use super::view::View;
use super::{Event, live};
use crate::stop::StopLevel;
use std::io::Write;
use std::time::Instant;

/// To the line's start, and everything from there on cleared.
const CLEAR: &str = "\r\x1b[J";

pub(super) struct Screen<W> {
    out: W,
    /// Columns, asked anew for every painting: terminals are resized.
    width: Box<dyn Fn() -> usize + Send>,
    detail: Detail,
    view: View,
    /// Whether moving lines stand on the screen.
    painted: bool,
    /// Nothing moves before a run has started, or after it was told to stop at once.
    live: bool,
}

impl<W: Write + Send + 'static> Screen<W> {
    pub fn new(out: W, width: Box<dyn Fn() -> usize + Send>, detail: Detail) -> Self {
        Self {
            out,
            width,
            detail,
            view: View::new(Instant::now()),
            painted: false,
            live: false,
        }
    }

    /// Writes lines that stay, and the moving ones anew, in one piece.
    fn paint(&mut self, said: &[String], now: Instant) {
        let mut text = String::new();
        if self.painted || !said.is_empty() {
            text.push_str(CLEAR);
        }
        for line in said {
            text.push_str(line);
            text.push('\n');
        }
        self.painted = self.live;
        if self.live {
            // the last column stays free: some terminals wrap as soon as it is written
            let width = (self.width)().saturating_sub(1).max(10);
            let [head, body] = live::lines(&self.view, width, self.detail.color, now);
            text.push_str(&format!("{CLEAR}{head}\n{body}\r\x1b[1A"));
        }
        // a terminal that is gone is no reason to end a run
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .ok();
    }
}

impl<W: Write + Send + 'static> Show for Screen<W> {
    fn event(&mut self, event: &Event, now: Instant) {
        self.view.apply(event, now);
        match event {
            Event::RunStarted { .. } => self.live = true,
            Event::Interrupting {
                level: StopLevel::Now,
            }
            | Event::RunEnded => self.live = false,
            _ => {}
        }
        let said = lines(event, &self.view, self.detail);
        // readings come often; the next tick shows the latest
        if !said.is_empty() || !matches!(event, Event::PhaseTick(_) | Event::Waiting { .. }) {
            self.paint(&said, now);
        }
    }

    fn tick(&mut self, now: Instant) {
        if self.live {
            self.paint(&[], now);
        }
    }

    fn moves(&self) -> bool {
        self.live
    }

    fn end(&mut self) {
        self.live = false;
        if self.painted {
            self.paint(&[], Instant::now());
        }
    }
}
