//! A request in the words of an API: the JSON body that is sent.

use crate::load::spec::{Api, AudioPart, Media, Part, Protocol, Request, Target};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

/// Why a request cannot be put in an API's words. Found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error(
        "the API {path} does not know `ignore_eos`: leave it out of the workload, or bound \
         the answers with `max_tokens` alone"
    )]
    IgnoreEos { path: String },
    #[error(
        "the API {path} takes no {}: use a chat API, or leave them out of the workload",
        kind.noun()
    )]
    Media { path: String, kind: Media },
    #[error("the API {path} takes sound as data only, not by its URL: name a file in `audio(…)`")]
    AudioByUrl { path: String },
    #[error(
        "the API {path} has no system message: put its text at the start of the prompt, or use \
         a chat API"
    )]
    System { path: String },
    #[error("a request for {path} has no content: give the workload a prompt")]
    Empty { path: String },
    #[error(
        "the further field `{field}` for {path} contradicts what the workload says: use the \
         workload's own `{field}`"
    )]
    Contradiction { path: String, field: &'static str },
    #[error("a request for {path} cannot be written as JSON: {reason}")]
    Json { path: String, reason: String },
}

/// The request's JSON body for this target. Further fields of the request win over the
/// target's, and both over what is filled in here; only `stream` must not be contradicted.
pub fn encode(target: &Target, request: &Request) -> Result<Vec<u8>, RequestError> {
    check(&target.api, request)?;
    for fields in [&target.body, request.extra.as_ref()] {
        if fields.get("stream").is_some_and(|v| *v != request.stream) {
            return Err(RequestError::Contradiction {
                path: target.api.path.clone(),
                field: "stream",
            });
        }
    }
    serde_json::to_vec(&Body { target, request }).map_err(|error| RequestError::Json {
        path: target.api.path.clone(),
        reason: error.to_string(),
    })
}

fn check(api: &Api, request: &Request) -> Result<(), RequestError> {
    let path = || api.path.clone();
    if request.ignore_eos && !api.ignore_eos {
        return Err(RequestError::IgnoreEos { path: path() });
    }
    if request.content.is_empty() {
        return Err(RequestError::Empty { path: path() });
    }
    if api.protocol == Protocol::OpenaiCompletions && request.system.is_some() {
        return Err(RequestError::System { path: path() });
    }
    for part in &request.content {
        let Part::Media { kind, url } = part else {
            continue;
        };
        if api.protocol == Protocol::OpenaiCompletions {
            return Err(RequestError::Media {
                path: path(),
                kind: *kind,
            });
        }
        let data_only = api.audio == AudioPart::InputAudio && *kind == Media::Audio;
        if data_only && audio_data(url).is_none() {
            return Err(RequestError::AudioByUrl { path: path() });
        }
    }
    Ok(())
}

/// Base64 and format of a data URL of sound: `data:audio/wav;base64,…`.
pub fn audio_data(url: &str) -> Option<(&str, &str)> {
    let (format, data) = url.strip_prefix("data:audio/")?.split_once(";base64,")?;
    Some((data, format))
}

struct Body<'a> {
    target: &'a Target,
    request: &'a Request,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (target, request) = (self.target, self.request);
        let api = &target.api;
        let mut map = Fields {
            map: serializer.serialize_map(None)?,
            overridden: [&target.body, request.extra.as_ref()],
        };
        map.field("model", &target.model)?;
        match api.protocol {
            Protocol::OpenaiChat => map.field("messages", &Messages(request, api.audio))?,
            Protocol::OpenaiCompletions => map.field("prompt", &prompt(request))?,
        }
        if let Some(max_tokens) = request.max_tokens {
            map.field(&api.max_tokens_field, &max_tokens)?;
        }
        if let Some(temperature) = request.temperature {
            map.field("temperature", &temperature)?;
        }
        if request.ignore_eos {
            map.field("ignore_eos", &true)?;
        }
        map.field("stream", &request.stream)?;
        if request.stream && api.stream_usage {
            map.field(
                "stream_options",
                &StreamOptions {
                    include_usage: true,
                },
            )?;
        }
        let mut map = map.map;
        for (key, value) in &target.body {
            if !request.extra.contains_key(key) {
                map.serialize_entry(key, value)?;
            }
        }
        for (key, value) in request.extra.as_ref() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Writes the fields that no further field replaces: a key is never there twice.
struct Fields<'a, M> {
    map: M,
    overridden: [&'a serde_json::Map<String, serde_json::Value>; 2],
}

impl<M: SerializeMap> Fields<'_, M> {
    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), M::Error> {
        if self.overridden.iter().any(|map| map.contains_key(key)) {
            return Ok(());
        }
        self.map.serialize_entry(key, value)
    }
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

fn prompt(request: &Request) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Media { .. } => String::new(), // refused by `check`
    };
    request.content.iter().map(text).collect()
}

struct Messages<'a>(&'a Request, AudioPart);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        if let Some(system) = &self.0.system {
            seq.serialize_element(&Message {
                role: "system",
                content: Content::Plain(system),
            })?;
        }
        let content = match self.0.content.as_slice() {
            // Servers without vision often take a plain string only.
            [Part::Text(text)] => Content::Plain(text),
            parts => Content::Parts(parts.iter().map(|p| ContentPart::of(p, self.1)).collect()),
        };
        seq.serialize_element(&Message {
            role: "user",
            content,
        })?;
        seq.end()
    }
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Plain(&'a str),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Url<'a> },
    VideoUrl { video_url: Url<'a> },
    AudioUrl { audio_url: Url<'a> },
    InputAudio { input_audio: InputAudio<'a> },
}

#[derive(Serialize)]
struct Url<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct InputAudio<'a> {
    data: &'a str,
    /// `wav`, `mp3`
    format: &'a str,
}

impl<'a> ContentPart<'a> {
    fn of(part: &'a Part, audio: AudioPart) -> Self {
        let (kind, url) = match part {
            Part::Text(text) => return Self::Text { text },
            Part::Media { kind, url } => (*kind, Url { url }),
        };
        match (kind, audio, audio_data(url.url)) {
            (Media::Image, ..) => Self::ImageUrl { image_url: url },
            (Media::Video, ..) => Self::VideoUrl { video_url: url },
            (Media::Audio, AudioPart::InputAudio, Some((data, format))) => Self::InputAudio {
                input_audio: InputAudio { data, format },
            },
            (Media::Audio, ..) => Self::AudioUrl { audio_url: url },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn target(protocol: Protocol) -> Target {
        Target {
            base_url: "http://127.0.0.1:1".into(),
            model: "tiny".into(),
            api: Api {
                protocol,
                path: "/v1/x".into(),
                max_tokens_field: "max_completion_tokens".into(),
                stream_usage: true,
                ignore_eos: true,
                audio: AudioPart::InputAudio,
                done_marker: true,
                keep_alive: true,
            },
            headers: Vec::new(),
            ca_file: None,
            body: serde_json::Map::new(),
        }
    }

    fn request() -> Request {
        Request {
            row: 0,
            system: None,
            content: vec![Part::Text("hi \"you\"".into())],
            max_tokens: Some(16),
            temperature: Some(0.0),
            ignore_eos: false,
            stream: true,
            extra: Default::default(),
        }
    }

    fn body(target: &Target, request: &Request) -> Value {
        serde_json::from_slice(&encode(target, request).unwrap()).unwrap()
    }

    #[test]
    fn chat_with_text_alone_is_a_plain_string() {
        let mut request = request();
        request.system = Some("be brief".into());
        request.ignore_eos = true;
        assert_eq!(
            body(&target(Protocol::OpenaiChat), &request),
            json!({
                "model": "tiny",
                "messages": [
                    {"role": "system", "content": "be brief"},
                    {"role": "user", "content": "hi \"you\""},
                ],
                "max_completion_tokens": 16,
                "temperature": 0.0,
                "ignore_eos": true,
                "stream": true,
                "stream_options": {"include_usage": true},
            })
        );
    }

    #[test]
    fn chat_with_an_image_has_parts() {
        let mut request = request();
        request
            .content
            .push(media(Media::Image, "data:image/png;base64,AA"));
        let body = body(&target(Protocol::OpenaiChat), &request);
        assert_eq!(
            body["messages"][0]["content"],
            json!([
                {"type": "text", "text": "hi \"you\""},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            ])
        );
    }

    fn media(kind: Media, url: &str) -> Part {
        let url = url.into();
        Part::Media { kind, url }
    }

    #[test]
    fn sound_and_video_stand_as_the_api_takes_them() {
        let mut target = target(Protocol::OpenaiChat);
        let mut request = request();
        request.content = vec![
            media(Media::Audio, "data:audio/mp3;base64,QUI="),
            media(Media::Video, "data:video/mp4;base64,QUI="),
        ];
        let parts = |target: &Target, request: &Request| {
            body(target, request)["messages"][0]["content"].clone()
        };
        let video =
            json!({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,QUI="}});
        let own = json!({"type": "input_audio", "input_audio": {"data": "QUI=", "format": "mp3"}});
        assert_eq!(parts(&target, &request), json!([own, video]));
        target.api.audio = AudioPart::AudioUrl;
        let url = json!({"type": "audio_url", "audio_url": {"url": "data:audio/mp3;base64,QUI="}});
        assert_eq!(parts(&target, &request), json!([url, video]));
        // a URL can only stand as one
        request.content[0] = media(Media::Audio, "http://x/y.mp3");
        assert_eq!(
            parts(&target, &request)[0]["audio_url"]["url"],
            "http://x/y.mp3"
        );
        target.api.audio = AudioPart::InputAudio;
        assert!(matches!(
            encode(&target, &request),
            Err(RequestError::AudioByUrl { .. })
        ));
    }

    #[test]
    fn what_was_not_asked_for_is_not_sent() {
        let mut target = target(Protocol::OpenaiCompletions);
        target.api.stream_usage = false;
        let mut request = request();
        request.content.push(Part::Text(" there".into()));
        request.max_tokens = None;
        request.temperature = None;
        assert_eq!(
            body(&target, &request),
            json!({"model": "tiny", "prompt": "hi \"you\" there", "stream": true})
        );
        target.api.stream_usage = true;
        request.stream = false;
        let plain = body(&target, &request);
        assert_eq!(plain["stream"], false);
        assert!(plain.get("stream_options").is_none());
    }

    #[test]
    fn further_fields_replace_and_are_there_once() {
        let mut target = target(Protocol::OpenaiChat);
        target.body.insert("top_k".into(), json!(1));
        target.body.insert("temperature".into(), json!(0.5));
        let mut request = request();
        Arc::make_mut(&mut request.extra).insert("top_k".into(), json!(2));
        Arc::make_mut(&mut request.extra).insert("stream".into(), json!(true));
        let bytes = encode(&target, &request).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for key in ["top_k", "temperature", "\"stream\""] {
            assert_eq!(text.matches(key).count(), 1, "{key} in {text}");
        }
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["top_k"], 2);
        assert_eq!(body["temperature"], 0.5);
        Arc::make_mut(&mut request.extra).insert("stream".into(), json!(false));
        assert!(matches!(
            encode(&target, &request),
            Err(RequestError::Contradiction {
                field: "stream",
                ..
            })
        ));
    }

    #[test]
    fn what_the_api_does_not_know_is_refused_by_name() {
        let mut target = target(Protocol::OpenaiCompletions);
        target.api.ignore_eos = false;
        let mut request = request();
        request.ignore_eos = true;
        let error = encode(&target, &request).unwrap_err();
        assert!(error.to_string().contains("/v1/x"), "{error}");
        assert!(error.to_string().contains("ignore_eos"), "{error}");
        request.ignore_eos = false;
        request.system = Some("s".into());
        assert!(matches!(
            encode(&target, &request),
            Err(RequestError::System { .. })
        ));
        request.system = None;
        request.content.push(media(Media::Image, "http://x/y.png"));
        assert!(matches!(
            encode(&target, &request),
            Err(RequestError::Media { .. })
        ));
        request.content.clear();
        assert!(matches!(
            encode(&target, &request),
            Err(RequestError::Empty { .. })
        ));
    }
}
