//! From a workload to requests, and from answers to whether they are accepted.

use super::{Shared, wrong};
use crate::eval::{Evaluator, Nothing, Value};
use crate::load::drive::RequestSource;
use crate::load::random::{Random, What, rng};
use crate::load::record::{Failure, FailureClass, Outcome, Record};
use crate::load::spec::{Load, Media, Part, Request};
use crate::load::words;
use crate::report::model::WorldError;
use crate::scenario::{PartSpec, WorkloadSpec, answered};
use crate::schema::RestsOn;
use base64::Engine as _;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;

/// The largest file that is sent.
const MOST_BYTES: u64 = 64 << 20;

/// A workload's requests, with the files that they send.
pub struct Requests {
    workload: Arc<WorkloadSpec>,
    files: Files,
}

/// What files are sent as: `data:` URLs. Rows that name one file share it.
type Files = HashMap<(Media, Arc<Path>), String>;

/// The requests of one round of a load.
pub struct Round {
    requests: Arc<Requests>,
    /// For the words of prompts, and for lengths: see [`Load`].
    words: u64,
    lengths: u64,
}

impl Round {
    pub fn new(requests: Arc<Requests>, load: &Load) -> Self {
        Self {
            requests,
            words: load.seed,
            lengths: load.lengths_seed,
        }
    }
}

impl RequestSource for Round {
    fn request(&self, index: u64) -> Request {
        let Requests { workload, files } = &*self.requests;
        let asks = &workload.asks;
        let row = (index % workload.requests.len() as u64) as usize;
        let spec = &workload.requests[row];
        let tokens = |random: &Random, what| random.draw_count(&mut rng(self.lengths, index, what));
        let content = match &asks.input {
            Some(input) => {
                let tokens = tokens(input, What::Input);
                vec![Part::Text(words::prompt(tokens, self.words, index))]
            }
            None => spec.content.iter().map(|one| part(one, files)).collect(),
        };
        let most = asks.max_tokens.as_ref();
        Request {
            row,
            system: spec.system.as_deref().map(String::from),
            content,
            max_tokens: most.map(|most| tokens(most, What::Output)),
            temperature: asks.temperature,
            ignore_eos: asks.ignore_eos,
            stream: asks.stream,
            extra: workload.body.clone(),
        }
    }
}

/// Reads the files that a workload names.
pub fn prepare(workload: &Arc<WorkloadSpec>) -> Result<Requests, WorldError> {
    let mut files = Files::new();
    for one in workload.requests.iter().flat_map(|spec| &spec.content) {
        if let PartSpec::File { kind, path } = one
            && let Entry::Vacant(place) = files.entry((*kind, path.clone()))
        {
            place.insert(data_url(*kind, path)?);
        }
    }
    Ok(Requests {
        workload: workload.clone(),
        files,
    })
}

fn part(part: &PartSpec, files: &Files) -> Part {
    match part {
        PartSpec::Text(text) => Part::Text(text.to_string()),
        PartSpec::Url { kind, url } => Part::Media {
            kind: *kind,
            url: url.to_string(),
        },
        PartSpec::File { kind, path } => Part::Media {
            kind: *kind,
            url: files
                .get(&(*kind, path.clone()))
                .cloned()
                .unwrap_or_default(),
        },
    }
}

/// What a file is sent as.
fn data_url(kind: Media, path: &Path) -> Result<String, WorldError> {
    let failed = |why: String| {
        super::error::other(
            "file_unreadable",
            format!("cannot send {}: {why}", path.display()),
            Some("the scenario's `content` names this file"),
        )
    };
    let size = std::fs::metadata(path)
        .map_err(|e| failed(e.to_string()))?
        .len();
    if size > MOST_BYTES {
        return Err(failed(format!(
            "it has {size} bytes, the most is {MOST_BYTES}"
        )));
    }
    let bytes = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let media_type = match kind {
        Media::Image => image_kind(&bytes)
            .map(str::to_string)
            .ok_or_else(|| failed("it is no PNG, JPEG, WebP, GIF or BMP image".into()))?,
        Media::Audio | Media::Video => kind
            .media_type(path)
            .ok_or_else(|| failed(format!("its ending is none of {}", kind.noun())))?,
    };
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    Ok(format!("data:{media_type};base64,{data}"))
}

/// The media type by the file's first bytes; its name may say anything.
fn image_kind(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'B', b'M', ..] => "image/bmp",
        _ => return None,
    })
}

/// Judges an answer by the workload's `accept`; a wrong one becomes a failure of its own class, and
/// one that `accept` cannot tell of becomes one of another.
pub fn judge(shared: &Shared, workload: &WorkloadSpec, record: &mut Record) {
    // there is nothing in answers that are only as long as asked for
    if shared.world.lacks(RestsOn::Answers).is_some() {
        return;
    }
    let Some(accept) = workload
        .accept
        .as_ref()
        .filter(|_| record.outcome == Outcome::Ok)
    else {
        return;
    };
    let text = |text: Option<&str>| text.map_or(Value::None, |text| Value::Text(Arc::from(text)));
    let row = workload.rows.get(record.row).unwrap_or(&Value::None);
    let scope = answered(
        &accept.scope,
        text(Some(&record.answer)),
        text(record.finish_reason.as_deref()),
        row,
    );
    let eval = Evaluator::new(&shared.program, &shared.params, &Nothing);
    let verdict = eval.eval(&accept.expr, &scope);
    let found = eval.take_found();
    let (accepted, class, detail) = match verdict {
        Value::Bool(true) => {
            record.accepted = Some(true);
            return;
        }
        Value::Bool(false) => {
            let detail = wrong::said(shared, workload, accept, record);
            (Some(false), FailureClass::WrongAnswer, detail)
        }
        // no word about the answer: what judges it is wrong
        other => {
            let why = match found.first() {
                Some(problem) => problem.message.clone(),
                None => format!("it is {}, and not true or false", other.describe()),
            };
            let detail = format!("`accept` could not be evaluated: {why}");
            (None, FailureClass::NotJudged, detail)
        }
    };
    record.accepted = accepted;
    record.outcome = Outcome::Failed(Failure { class, detail });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_bytes() {
        assert_eq!(image_kind(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        assert_eq!(image_kind(&[0xff, 0xd8, 0xff, 0xe0]), Some("image/jpeg"));
        assert_eq!(image_kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(image_kind(b"<svg></svg>"), None);
        assert_eq!(image_kind(b""), None);
    }
}
