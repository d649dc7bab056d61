//! What a request comes to in the simulator. As in the built-in engine one word is one token, and an
//! answer is as long as it may be.

use crate::load::spec::{Media, Part, Request};
use crate::sim;

/// A request as the simulator takes it; blocks of KV cache have so many tokens.
pub fn request(id: u64, asked: &Request, block: u32) -> sim::Request {
    let texts = asked.content.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Media { .. } => None,
    });
    let mut prompt = sim::Prompt::new(block);
    for text in asked.system.as_deref().into_iter().chain(texts) {
        prompt.text(text);
    }
    let media = asked.content.iter().filter_map(|part| match part {
        Part::Media { kind, .. } => Some(of_media(*kind)),
        Part::Text(_) => None,
    });
    let images = asked.content.iter().filter(|part| {
        matches!(
            part,
            Part::Media {
                kind: Media::Image,
                ..
            }
        )
    });
    let output = asked
        .max_tokens
        .map(|most| u32::try_from(most).unwrap_or(u32::MAX));
    sim::Request {
        id,
        prompt: media.fold(prompt.tokens(), u32::saturating_add),
        output: output.unwrap_or(sim::ANSWER_TOKENS),
        prefix: prompt.into_prefix(),
        images: u32::try_from(images.count()).unwrap_or(u32::MAX),
    }
}

/// Prompt tokens of a picture, a piece of sound or a video, as the built-in engine counts them.
fn of_media(kind: Media) -> u32 {
    match kind {
        Media::Image => sim::IMAGE_TOKENS,
        Media::Audio => sim::AUDIO_TOKENS,
        Media::Video => sim::VIDEO_TOKENS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn asked(system: Option<&str>, content: Vec<Part>, max_tokens: Option<u64>) -> Request {
        Request {
            row: 0,
            system: system.map(String::from),
            content,
            max_tokens,
            temperature: None,
            ignore_eos: false,
            stream: true,
            extra: Arc::default(),
        }
    }

    #[test]
    fn words_and_media_are_tokens() {
        let text = Part::Text("two words".into());
        let image = Part::Media {
            kind: Media::Image,
            url: String::new(),
        };
        let of = |asked| {
            let request = request(7, &asked, 16);
            (request.prompt, request.output)
        };
        assert_eq!(
            of(asked(Some("be kind"), vec![text.clone()], Some(5))),
            (4, 5)
        );
        assert_eq!(of(asked(None, vec![image, text], None)), (258, 16));
    }
}
