//! Cases from small scenario texts, with an engine of their own.

use scn::plan::{Plan, plan};
use scn::scenario::{Case, compile};

/// An engine that shows what plans show of one: flags, GPUs, a script.
pub const ENGINE: &str = r#"
engine demo {
  command = ["demo-serve", model.path, "--host", host, "--port", port, arguments]
  gpus    = layout.tp * layout.pp
  option tp_size { type = "int", value = layout.tp, default = 1 }
  option memory_fraction { type = "ratio" }
  option chat_template { type = "string" }
  api chat { protocol = "openai_chat", path = "/v1/chat/completions", ignore_eos = true }
  ready { request = "GET /health", timeout = 5min }
}
model tiny { path = "org/tiny-7b", heads = 32, kv_heads = 8 }
workload hello { prompt = "Say hello.", output = 16 }
"#;

/// The cases of a text, which must be free of errors.
pub fn cases(text: &str) -> Vec<Case> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo.scn");
    std::fs::write(&file, format!("{ENGINE}{text}")).unwrap();
    std::fs::write(folder.path().join("page.md.j2"), "{{ run.id }}").unwrap();
    let (program, mut found) = scn::resolve::load(&[file]);
    let compiled = compile(&program, &Default::default(), &|_| true);
    found.extend(compiled.found);
    let errors: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    compiled.cases
}

#[allow(dead_code)]
pub fn planned(text: &str) -> (Vec<Case>, Plan) {
    let cases = cases(text);
    let plan = plan(&cases);
    (cases, plan)
}
