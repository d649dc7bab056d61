//! Tables of measurements: one figure a row, or one run a row with a column for each figure.

use super::drive::{Bench, Lengths, Load};
use super::metrics::Metric;
use std::collections::HashMap;
use std::io::Read;

/// One measured figure, and the run that it was measured in.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub source: String,
    pub model: String,
    pub gpu: String,
    pub metric: String,
    pub measured: f64,
    /// Whether its notes leave it to be judged by.
    pub judged: bool,
    /// What was run and read, or why that cannot be done again.
    pub asked: Result<(Asked, Metric), String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Texts that name the engine, the likeliest first.
    pub engine: Vec<String>,
    pub model: String,
    pub gpu: String,
    pub tp: u64,
    pub pp: u64,
    pub dp: u64,
    pub ep: u64,
    /// How weights are stored; empty: as the model says.
    pub precision: String,
    /// Words and numbers that may be options of the engine.
    pub settings: Vec<(String, String)>,
    /// None where only the server is asked about.
    pub bench: Option<Bench>,
    /// Whether there was no server before the engine.
    pub offline: bool,
}

impl Asked {
    pub fn gpus(&self) -> u64 {
        self.tp * self.pp * self.dp
    }
}

/// The rows of a table. Errors: why it is none of those that are understood.
pub fn read(input: impl Read) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(input);
    let cannot = |error: csv::Error| format!("it is no CSV: {error}");
    let headers: Vec<String> = reader
        .headers()
        .map_err(cannot)?
        .iter()
        .map(|name| name.trim().to_string())
        .collect();
    let has = |name: &str| headers.iter().any(|one| one == name);
    let narrow = ["source", "model", "gpu", "metric", "value"];
    let wide = ["engine", "model", "gpu", "isl", "osl"];
    let is_narrow = narrow.into_iter().all(has);
    if !is_narrow && !wide.into_iter().all(has) {
        return Err(format!(
            "it has neither the columns {} nor {}",
            narrow.join(", "),
            wide.join(", ")
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(cannot)?;
        let fields = headers.iter().cloned().zip(record.iter());
        let line = Line(fields.map(|(k, v)| (k, v.trim().to_string())).collect());
        match is_narrow {
            true => rows.push(line.figure()),
            false => rows.extend(line.run(&headers)),
        }
    }
    Ok(rows)
}

struct Line(HashMap<String, String>);

impl Line {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> Option<f64> {
        let value: f64 = self.text(name).parse().ok()?;
        value.is_finite().then_some(value)
    }

    fn whole(&self, name: &str) -> Option<u32> {
        let value = self.number(name)?;
        (value >= 1.0 && value.fract() == 0.0 && value <= 1e9).then_some(value as u32)
    }

    fn axis(&self, name: &str) -> u64 {
        self.whole(name).map_or(1, u64::from)
    }

    /// Prompt and answer; `None` where a source only names a trace.
    fn lengths(&self) -> Result<(u32, u32), String> {
        match (self.whole("isl"), self.whole("osl")) {
            (Some(prompt), Some(output)) => Ok((prompt, output)),
            _ => Err("the lengths of its requests are not in the table".to_string()),
        }
    }

    fn asked(&self, engine: Vec<String>, notes: &str) -> Asked {
        Asked {
            engine,
            model: self.text("model").to_string(),
            gpu: self.text("gpu").to_string(),
            tp: self.axis("tp"),
            pp: self.axis("pp"),
            dp: self.axis("dp"),
            ep: self.axis("ep"),
            precision: self.text("precision").to_string(),
            settings: settings(notes),
            bench: None,
            offline: false,
        }
    }

    /// A row that is one figure.
    fn figure(&self) -> Row {
        let notes = self.text("notes");
        let load = self.text("concurrency_or_batch");
        let metric = self.text("metric");
        let asked = || {
            if self.number("value").is_none() {
                return Err("it has no value".to_string());
            }
            let metric = Metric::named(metric).ok_or("its metric is not known")?;
            let engine = vec![notes.to_string(), self.text("source").to_string()];
            let mut asked = self.asked(engine, &format!("{load}; {notes}"));
            asked.offline = metric.offline;
            if metric.needs_run() {
                let (prompt, output) = self.lengths()?;
                let (load, requests) = loads(load, notes)?;
                asked.bench = Some(Bench {
                    load,
                    requests,
                    of: Lengths::Alike {
                        prompt,
                        output,
                        shared: number_after(notes, "shared system prompt").unwrap_or(0),
                    },
                });
            }
            Ok((asked, metric))
        };
        Row {
            source: self.text("source").to_string(),
            model: self.text("model").to_string(),
            gpu: self.text("gpu").to_string(),
            metric: metric.to_string(),
            measured: self.number("value").unwrap_or(0.0),
            judged: !notes.contains("do not gate"),
            asked: asked(),
        }
    }

    /// A row that is a run: one for each of its figures.
    fn run(&self, headers: &[String]) -> Vec<Row> {
        let source = format!("{} {}", self.text("engine"), self.text("version"));
        let asked = || {
            let (prompt, output) = self.lengths()?;
            let requests = self.whole("num_prompts").ok_or("it has no `num_prompts`")?;
            let load = match (self.whole("concurrency"), self.number("request_rate")) {
                (Some(together), _) => Load::Closed { together },
                (None, Some(rate)) if rate > 0.0 => Load::Poisson {
                    stretches: vec![(rate, f64::INFINITY)],
                },
                _ => return Err("it has neither a concurrency nor a rate".to_string()),
            };
            let mut asked = self.asked(vec![source.clone()], self.text("note"));
            asked.bench = Some(Bench {
                load,
                requests,
                of: Lengths::Alike {
                    prompt,
                    output,
                    shared: 0,
                },
            });
            Ok(asked)
        };
        let asked = asked();
        let figures = headers.iter().filter_map(|name| {
            let metric = Metric::column(name)?;
            let measured = self.number(name)?;
            Some(Row {
                source: source.trim().to_string(),
                model: self.text("model").to_string(),
                gpu: self.text("gpu").to_string(),
                metric: name.clone(),
                measured,
                judged: true,
                asked: asked.clone().map(|asked| (asked, metric)),
            })
        });
        figures.collect()
    }
}

/// How requests come, and how many of them: `4` (at once), `all 3000 requests queued at t=0`, or
/// rates and seconds, `2.5x600 6x600`.
fn loads(text: &str, notes: &str) -> Result<(Load, u32), String> {
    if let Ok(together) = text.parse::<u32>() {
        let load = Load::Closed { together };
        // a static batch is sent once; benchmarks of a closed loop send ten times as many
        let rounds = if notes.contains("closed loop") { 10 } else { 1 };
        return Ok((load, together.saturating_mul(rounds)));
    }
    let stretches: Vec<(f64, f64)> = text
        .split_whitespace()
        .filter_map(|word| {
            let (rate, seconds) = word.split_once('x')?;
            Some((rate.parse().ok()?, seconds.parse().ok()?))
        })
        .collect();
    if !stretches.is_empty() {
        return Ok((Load::Poisson { stretches }, u32::MAX));
    }
    let queued = text.contains("queued at t=0").then(|| {
        // of several numbers the last is the count: `… (1024/1024 uses 3000)`
        let numbers = text.split(|c: char| !c.is_ascii_digit());
        let mut numbers = numbers.filter_map(|word| word.parse::<u32>().ok());
        numbers.rfind(|count| *count > 0)
    });
    match queued.flatten() {
        Some(together) => Ok((Load::Closed { together }, together)),
        None => Err(format!("how its requests come is not known: `{text}`")),
    }
}

/// Pairs of a word and a number in notes: `max_num_seqs 128; max_num_batched_tokens 2048`.
fn settings(notes: &str) -> Vec<(String, String)> {
    let clauses = notes.split([';', ',']).map(str::split_whitespace);
    let pairs = clauses.filter_map(|mut words| Some((words.next()?, words.next()?)));
    pairs
        .filter(|(_, value)| value.parse::<f64>().is_ok())
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn number_after(text: &str, words: &str) -> Option<u32> {
    let (_, rest) = text.split_once(words)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_read_as_sources_write_them() {
        let closed = |together| Load::Closed { together };
        assert_eq!(loads("4", "vllm; closed loop"), Ok((closed(4), 40)));
        assert_eq!(loads("8", "static batch 8"), Ok((closed(8), 8)));
        let all = "all 3000 requests queued at t=0";
        let queued = |text: &str| loads(text, "").unwrap().1;
        assert_eq!(queued(all.replace("at t=0", "at t=0 ").trim_end()), 3000);
        assert_eq!(queued("all queued at t=0; 1500"), 1500);
        let stretches = vec![(2.5, 600.0), (6.0, 600.0)];
        let (load, _) = loads("Poisson req/s x s: 2.5x600 6x600", "").unwrap();
        assert_eq!(load, Load::Poisson { stretches });
        assert!(loads("ShareGPT trace", "").is_err());
    }

    #[test]
    fn settings_are_pairs_of_a_word_and_a_number() {
        let found = settings("max_num_seqs 128; real num_gpu_blocks 8253; lengths nominal");
        assert_eq!(found, [("max_num_seqs".to_string(), "128".to_string())]);
        assert_eq!(
            number_after("a shared prompt 100 tokens", "prompt"),
            Some(100)
        );
    }

    #[test]
    fn a_table_without_the_columns_is_refused() {
        let error = read("a,b\n1,2\n".as_bytes()).unwrap_err();
        assert!(error.starts_with("it has neither"), "{error}");
    }
}
