//! Sound and videos, as a server gets them.

use crate::raw::{Raw, STREAM};
use crate::support::*;
use serde_json::{Value, json};

const SOUND: &[u8] = b"RIFF....WAVEfmt ";
const VIDEO: &[u8] = b"....ftypmp42";

/// Asks once for the content, through an engine that says `more` of its API.
fn asked(content: &str, more: &str) -> Value {
    let server = Raw::start(|request| match request {
        "POST /v1/chat/completions" => (200, "text/event-stream", STREAM.into()),
        _ => (404, "text/plain", String::new()),
    });
    let pack = Pack::new(&format!(
        "engine own {{ api chat {{ protocol = \"openai_chat\", path = \"/v1/chat/completions\"{more} }} }}
         workload media {{ content = {content}, output = 4 }}
         scenario s {{
           server sut {{ engine = own, url = \"{}\", model = {{ path = \"m\" }} }}
           phase a {{ workload = media, requests = 1 }}
           expect ok: a.success_rate == 100%
         }}",
        server.url
    ));
    std::fs::write(pack.path().join("speech.WAV"), SOUND).unwrap();
    std::fs::write(pack.path().join("talk.mp4"), VIDEO).unwrap();
    pack.run(&[]).exits(0);
    let [body] = server.bodies().try_into().unwrap();
    body["messages"][0]["content"].clone()
}

#[test]
fn sound_and_videos_arrive_in_the_form_that_the_engine_takes() {
    // base64 of the bytes above
    let (sound, video) = ("UklGRi4uLi5XQVZFZm10IA==", "Li4uLmZ0eXBtcDQy");
    let content = "[audio(\"speech.WAV\"), video(\"talk.mp4\"), text(\"hi\")]";
    let video = json!({
        "type": "video_url", "video_url": { "url": format!("data:video/mp4;base64,{video}") }
    });
    let text = json!({ "type": "text", "text": "hi" });
    let own = json!({ "type": "input_audio", "input_audio": { "data": sound, "format": "wav" } });
    assert_eq!(asked(content, ""), json!([own, video, text]));
    let url = json!({
        "type": "audio_url", "audio_url": { "url": format!("data:audio/wav;base64,{sound}") }
    });
    let asked = asked(content, ", audio = \"audio_url\"");
    assert_eq!(asked, json!([url, video, text]));
}

#[test]
fn the_built_in_engine_takes_and_counts_them() {
    let pack = Pack::new(&scenario(
        "s",
        "audio_tokens = 7, video_tokens = 50",
        "phase a { workload = { content = [audio(\"a.mp3\"), text(\"what is this\"), audio(\"a.mp3\")], output = 2 }, requests = 10 }
         phase b { workload = { content = [video(\"b.webm\"), text(\"hi\")], output = 2 }, requests = 10 }
         expect counted: a.input.mean == 17 tok and b.input.mean == 51 tok
         expect rates: a.audio_rate > a.request_rate / 1 req * 1 clip and b.video_rate > 0 video/s",
    ));
    for file in ["a.mp3", "b.webm"] {
        std::fs::write(pack.path().join(file), SOUND).unwrap();
    }
    let ran = pack.run(&[]).exits(0);
    let rows = ran.requests("s/case");
    let counts = |phase: &str| -> Vec<(String, String)> {
        let of = rows.iter().filter(|row| row["phase"] == phase);
        of.map(|row| (row["clips"].clone(), row["videos"].clone()))
            .collect()
    };
    assert_eq!(counts("a"), vec![("2".to_string(), "0".to_string()); 10]);
    assert_eq!(counts("b"), vec![("0".to_string(), "1".to_string()); 10]);
}
