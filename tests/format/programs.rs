//! Random programs without mistakes, written as badly as the grammar allows.

pub fn program(seed: &[u8]) -> String {
    let mut gen_ = Writer {
        seed,
        at: 0,
        out: String::new(),
        comments: 0,
    };
    gen_.lines();
    gen_.items(4);
    gen_.out
}

struct Writer<'a> {
    seed: &'a [u8],
    at: usize,
    out: String,
    comments: usize,
}

impl Writer<'_> {
    /// Below `below`; 0 once the seed is used up, so that a program ends.
    fn pick(&mut self, below: usize) -> usize {
        let byte = self.seed.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % below
    }

    fn one_of(&mut self, texts: &[&str]) {
        let n = self.pick(texts.len());
        self.out.push_str(texts[n]);
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Where a blank must be, and nothing else can.
    fn blank(&mut self) {
        self.one_of(&[" ", "  ", "\t", " \\\n "]);
    }

    fn maybe_blank(&mut self) {
        self.one_of(&["", " ", "   ", " \t"]);
    }

    fn comment(&mut self) {
        self.comments += 1;
        let mark = ["#c", "# #c", "## #c", "### #c"][self.pick(4)];
        let tail = ["", "  ", " \"{[(", " é, '"][self.pick(4)];
        self.out += &format!(" {mark}{}{tail}", self.comments);
    }

    /// Where a line may end.
    fn lines(&mut self) {
        match self.pick(6) {
            0 | 1 => self.put(" "),
            2 => self.put("\n"),
            3 => self.put("\n\n  \n"),
            _ => {
                for _ in 0..=self.pick(3) {
                    self.comment();
                    self.one_of(&["\n", "\n\n\n"]);
                }
            }
        }
    }

    /// Between two things of a block: a comma or the end of a line at least.
    fn separator(&mut self) {
        match self.pick(4) {
            0 => self.put(","),
            1 => self.put("\n"),
            2 => self.put("\n\n\n"),
            _ => {
                self.comment();
                self.put("\n");
                if self.pick(2) == 1 {
                    self.put(",");
                }
            }
        }
        self.lines();
    }

    fn name(&mut self) {
        self.one_of(&[
            "a",
            "b_1",
            "requests",
            "a_name_that_takes_some_room",
            "µ_s",
            "rank",
            "phase",
        ]);
    }

    fn items(&mut self, depth: usize) {
        for n in 0..self.pick(5) {
            if n > 0 {
                self.separator();
            }
            self.item(depth);
        }
        self.lines();
    }

    fn item(&mut self, depth: usize) {
        match self.pick(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => {
                self.name();
                self.set(depth);
            }
            2 => {
                self.one_of(&["param", "let"]);
                self.blank();
                self.name();
                self.set(depth);
            }
            3 => {
                self.one_of(&["use\tstd.models", "use  x as y", "use \"./a.scn\"  as  b"]);
            }
            4 | 5 => self.check(depth),
            _ => {
                self.name();
                match self.pick(3) {
                    0 => {}
                    1 => {
                        self.blank();
                        self.name();
                    }
                    _ => self.put(" x  extends  common.base"),
                }
                self.maybe_blank();
                self.put("{");
                self.lines();
                self.items(depth - 1);
                self.put("}");
            }
        }
    }

    fn set(&mut self, depth: usize) {
        self.maybe_blank();
        self.put("=");
        self.lines();
        match self.pick(6) {
            5 if depth > 0 => self.record(depth),
            _ => self.expr(depth),
        }
    }

    fn check(&mut self, depth: usize) {
        if self.pick(4) == 0 {
            self.put("exclude  when ");
            self.expr(depth);
            return;
        }
        self.one_of(&["expect", "warn"]);
        self.blank();
        if self.pick(3) > 0 {
            self.name();
            self.put(":");
            self.lines();
        }
        self.expr(depth);
        if self.pick(2) == 1 {
            self.lines();
            self.put(" when ");
            self.expr(depth);
        }
        if self.pick(2) == 1 {
            self.lines();
            self.put(" because ");
            self.one_of(&["\"so\"", "\"\"\"\n  of ${x}\n  lines\n  \"\"\""]);
        }
    }

    fn expr(&mut self, depth: usize) {
        if depth == 0 {
            return self.leaf();
        }
        let depth = depth - 1;
        match self.pick(12) {
            0 | 1 => self.leaf(),
            2 | 3 => {
                self.operand(depth);
                for _ in 0..self.pick(5) {
                    match self.pick(3) {
                        0 => {
                            self.lines();
                            self.one_of(&[" and ", " or "]);
                        }
                        1 => {
                            self.maybe_blank();
                            self.one_of(&["+", "- ", "*", "/ "]);
                        }
                        _ => {
                            // comparisons are not chained
                            self.put(" and ");
                            self.operand(depth);
                            self.one_of(&["==", " not  in ", " in ", "<="]);
                            self.lines();
                            self.operand(depth);
                            self.put(" or ");
                        }
                    }
                    self.lines();
                    self.operand(depth);
                }
            }
            4 => {
                // `if {` on a line of its own would be read as a block
                self.one_of(&["if x == ", "if  not ("]);
                let bracket = self.out.ends_with('(');
                self.operand(depth);
                if bracket {
                    self.put(")");
                }
                self.lines();
                self.put(" then ");
                self.expr(depth);
                self.lines();
                self.put(" else ");
                self.lines();
                self.expr(depth);
            }
            _ => self.operand(depth),
        }
    }

    fn operand(&mut self, depth: usize) {
        if self.pick(8) == 1 {
            self.one_of(&["-", "- ", "- -"]);
        }
        match self.pick(if depth == 0 { 2 } else { 9 }) {
            0 | 1 => self.leaf(),
            2 => {
                self.put("(");
                self.lines();
                self.expr(depth - 1);
                self.lines();
                self.put(")");
            }
            3 | 4 => {
                self.put("[");
                self.row(depth, |w, depth| w.expr(depth));
                self.put("]");
            }
            5 => {
                self.put("f(");
                self.row(depth, |w, depth| {
                    if w.pick(2) == 1 {
                        w.name();
                        w.put("=");
                        w.lines();
                    }
                    w.expr(depth);
                });
                self.put(")");
            }
            6 => {
                let call = self.pick(2) == 1;
                self.put(if call { "f(" } else { "[ " });
                self.record(depth);
                self.put(if call { ")" } else { "]" });
            }
            7 => {
                self.put("[");
                self.lines();
                self.expr(depth - 1);
                self.lines();
                self.put(" for x in ");
                self.operand(depth - 1);
                if self.pick(2) == 1 {
                    self.lines();
                    self.put(" if ");
                    self.operand(depth - 1);
                }
                self.lines();
                self.put("]");
            }
            _ => {
                self.put("x");
                self.one_of(&[".p50", ".a.b", "[0]", "[ y ]", ".if"]);
            }
        }
    }

    /// Only where no name can stand before it, which would make it a block.
    fn record(&mut self, depth: usize) {
        self.put("{");
        self.lines();
        for n in 0..self.pick(4) {
            if n > 0 {
                self.separator();
            }
            self.one_of(&["a", "\"quoted key\"", "rather_a_long_name_of_a_field"]);
            self.set(depth - 1);
        }
        self.lines();
        self.put("}");
    }

    /// The things of a list or call.
    fn row(&mut self, depth: usize, each: impl Fn(&mut Self, usize)) {
        self.lines();
        let count = self.pick(5);
        for n in 0..count {
            if n > 0 {
                self.put(",");
                self.lines();
            }
            each(self, depth - 1);
            self.lines();
        }
        if count > 0 && self.pick(3) == 1 {
            self.put(",");
            self.lines();
        }
    }

    fn leaf(&mut self) {
        self.one_of(&[
            "1",
            "x",
            "250ms",
            "1.5   GiB",
            "99.9%",
            "0.54 USD/Mtok",
            "2.5e-3",
            "1_000",
            "true",
            "none",
            "stress.output_throughput.of.something.long",
            "\"text\"",
            "\"a longer text, to fill a line with it until it is full\"",
            "\"${f(\"a ${b} # c\")} $${d}\"",
            "'raw # \\d'",
            "\"\"\"\n    of\n      lines # here\n  \"\"\"",
            "\"\"",
        ]);
    }
}
