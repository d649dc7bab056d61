//! The library's models and GPUs: figures against a table that was computed elsewhere, and
//! against what an engine measured.

use scn::scenario::{Case, Sum, compile};

const GIB: f64 = (1u64 << 30) as f64;

/// An engine that takes all of a GPU, and stores everything as the table does.
const ENGINE: &str = r#"
use std.models
use std.gpus
engine sixteen {
  command = ["serve", model.path]
  gpus    = layout.tp * layout.pp
  api chat { protocol = "openai_chat", path = "/v1/chat/completions" }
  memory  { weights = "bf16" }
}
engine own {
  command = ["serve", model.path]
  gpus    = layout.tp * layout.pp
  api chat { protocol = "openai_chat", path = "/v1/chat/completions" }
  memory  { share = 100%, expert_ranks = layout.tp * layout.dp }
}
engine nine_tenths {
  command = ["serve", model.path]
  gpus    = layout.tp * layout.pp
  api chat { protocol = "openai_chat", path = "/v1/chat/completions" }
  memory  { share = 90% }
}
gpu endless { memory = 8000 GB, bandwidth = 8 TB/s }
workload w { prompt = "hi" }
"#;

/// The cases of scenarios with such servers, which must be free of errors.
fn cases(servers: &[String]) -> Vec<Case> {
    let mut text = ENGINE.to_string();
    for (i, server) in servers.iter().enumerate() {
        text.push_str(&format!(
            "scenario s{i} {{\n  server sut {{ {server} }}\n  phase a {{ workload = w, requests = 1 }}\n}}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.scn");
    std::fs::write(&file, text).unwrap();
    let (program, mut found) = scn::resolve::load(&[file]);
    let compiled = compile(&program, &Default::default(), &|_| true);
    found.extend(compiled.found);
    let errors: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    compiled.cases
}

/// Bytes of weights, bytes of KV cache per token, and seconds of a token.
fn sum(case: &Case) -> (f64, f64, f64) {
    match &case.servers[0].memory.as_ref().unwrap().sum {
        Sum::Known {
            weights_bytes,
            cache_bytes_per_token,
            token_seconds,
            ..
        } => (
            *weights_bytes,
            *cache_bytes_per_token,
            token_seconds.unwrap_or_default(),
        ),
        Sum::Unknown { unknown, .. } => panic!("{}: {unknown}", case.scenario),
    }
}

/// The table's rows, by its headers. Quoted fields may hold commas.
fn rows() -> Vec<std::collections::HashMap<String, String>> {
    let text = include_str!("cost_data/models.csv");
    let fields = |line: &str| -> Vec<String> {
        let mut out = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => out.push(String::new()),
                c => out.last_mut().unwrap().push(c),
            }
        }
        out
    };
    let mut lines = text.lines();
    let headers = fields(lines.next().unwrap());
    lines
        .map(|line| headers.iter().cloned().zip(fields(line)).collect())
        .collect()
}

#[test]
fn every_model_has_the_bytes_of_the_table() {
    let rows = rows();
    assert_eq!(rows.len(), 24);
    let servers: Vec<String> = rows
        .iter()
        .map(|row| {
            let name = row["model"].to_lowercase().replace(['-', '.'], "_");
            let model = match name.as_str() {
                // nobody can serve it, so it is not in the library
                "gpt_3_175b" => "{ path = \"x\", layers = 96, hidden = 12288, heads = 96, intermediate = 49152, gated = false, vocab = 50257, tied_embeddings = true }".into(),
                name => format!("models.{name}"),
            };
            format!("engine = sixteen, model = {model}, gpu = endless")
        })
        .collect();
    for (row, case) in rows.iter().zip(cases(&servers)) {
        let (weights, per_token, seconds) = sum(&case);
        let name = &row["model"];
        let of = |column: &str| row[column].parse::<f64>().unwrap();
        assert_eq!(weights, of("weights_bytes_bf16"), "{name}");
        assert_eq!(per_token, of("kv_bytes_per_token_bf16"), "{name}");
        let active = seconds * 8e12 / 2e9;
        // of the input embedding a token reads a row only
        let tied = row["tied_embeddings"] == "1";
        let embedding = if tied {
            0.0
        } else {
            of("vocab") * of("hidden") / 1e9
        };
        let expected = of("active_params_b_computed") - embedding;
        assert!(
            (active - expected).abs() < 0.001,
            "{name}: {active} for {expected}"
        );
    }
}

#[test]
fn models_that_are_not_in_the_table_have_the_parameters_of_their_cards() {
    let servers = ["llama_3_2_90b_vision", "minicpm_o_2_6"]
        .map(|model| format!("engine = sixteen, model = models.{model}, gpu = endless"));
    let cases = cases(&servers);
    let billions = |case: &Case| sum(case).0 / 2e9;
    // the model card says 88.8
    assert!(
        (billions(&cases[0]) - 88.5).abs() < 0.1,
        "{}",
        billions(&cases[0])
    );
    // 80 of 100 layers keep the text's keys and values, as in Llama-3.1-70B
    assert_eq!(sum(&cases[0]).1, 327_680.0);
    // "8 billion in all"; its speech decoder is not counted
    assert!(
        (billions(&cases[1]) - 8.33).abs() < 0.01,
        "{}",
        billions(&cases[1])
    );
}

#[test]
fn weights_that_were_loaded_have_the_size_that_is_told() {
    let cases = cases(&["engine = own, model = models.llama_3_1_70b, gpu = endless".to_string()]);
    // vLLM 0.26 on an H200: 131.45 GiB
    let told = sum(&cases[0]).0 / GIB;
    assert!((told - 131.45).abs() < 0.1, "{told}");
}

/// Real vLLM on H100 with 90 % of the memory, blocks of 16 tokens (inference-sim's
/// testdata/roofline_goldendataset.json, experiments 64 and 67): what it found room for is a
/// little less than what is told, by its activations and buffers.
#[test]
fn a_real_engine_finds_a_little_less_room() {
    let real = [("qwen2_5_7b", 65_368.0), ("llama_2_7b", 7_463.0)];
    let servers = real
        .map(|(model, _)| format!("engine = nine_tenths, model = models.{model}, gpu = gpus.h100"));
    for ((model, blocks), case) in real.iter().zip(cases(&servers)) {
        let Sum::Known {
            longest_sequence, ..
        } = case.servers[0].memory.as_ref().unwrap().sum
        else {
            panic!("{model}");
        };
        let over = longest_sequence.unwrap() / (blocks * 16.0);
        assert!((1.0..1.03).contains(&over), "{model}: {over}");
    }
}

#[test]
fn layouts_split_what_they_split() {
    let server = |model: &str, layout: &str| {
        format!("engine = own, model = models.{model}, gpu = endless, layout {{ {layout} }}")
    };
    let cases = cases(&[
        server("llama_3_1_8b", "tp = 1"),
        server("llama_3_1_8b", "tp = 4"),
        server("llama_3_1_8b", "tp = 16"),
        server("llama_3_1_8b", "tp = 2, pp = 2"),
        server("deepseek_v3", "tp = 1"),
        server("deepseek_v3", "tp = 8"),
        server("deepseek_v3", "tp = 8, dp = 2"),
        server("gpt_oss_120b", "tp = 1"),
    ]);
    let all: Vec<(f64, f64, f64)> = cases.iter().map(sum).collect();
    assert_eq!(all[1].0, all[0].0 / 4.0);
    assert_eq!(all[1].1, all[0].1 / 4.0);
    // eight heads of keys and values on sixteen ranks: each has one, twice in all
    assert_eq!(all[2].1, all[0].1 / 8.0);
    assert!(all[2].0 > all[0].0 / 16.0);
    assert_eq!(all[3].0, all[0].0 / 4.0);
    assert_eq!(all[3].1, all[0].1 / 4.0);
    // a latent cache is copied, and so are the projections into it
    assert_eq!(all[5].1, all[4].1);
    assert!(all[5].0 > all[4].0 / 8.0);
    // experts are shared by the data-parallel ranks too, attention is not
    assert!(all[6].0 < all[5].0 && all[6].0 > all[5].0 / 2.0);
    // fp8: a byte for each of 671 billion parameters, and 16 bits for embeddings
    assert!((all[4].0 / 1e9 - 673.0).abs() < 1.0, "{}", all[4].0);
    // its checkpoint is 60.8 GiB
    assert!((all[7].0 / GIB - 60.8).abs() < 1.0, "{}", all[7].0 / GIB);
}

/// What a name must have, to be found and to be shown.
#[test]
fn every_item_says_where_it_comes_from() {
    for module in ["models", "gpus"] {
        let files = scn::stdlib::module(module);
        assert!(files.len() > 10);
        for (name, text) in files {
            assert!(text.starts_with("## "), "{name}");
            assert!(text.contains("ource"), "{name} has no source");
        }
    }
}

#[test]
fn every_gpu_can_be_named() {
    let names = scn::stdlib::module("gpus");
    let stem = |path: &str| path.rsplit('/').next().unwrap().replace(".scn", "");
    let servers: Vec<String> = names
        .iter()
        .map(|(path, _)| {
            format!(
                "engine = own, model = models.llama_3_2_1b, gpu = gpus.{}",
                stem(path)
            )
        })
        .collect();
    for case in cases(&servers) {
        let (_, _, seconds) = sum(&case);
        assert!(seconds > 0.0, "{}", case.scenario);
    }
}

#[test]
fn a_plan_says_what_is_known_and_why_not() {
    let cases = cases(&[
        "engine = nine_tenths, model = models.llama_3_1_8b, gpu = gpus.h100".to_string(),
        "engine = own, model = { path = \"x\", layers = 2, hidden = 64 }, gpu = gpus.l4"
            .to_string(),
        "engine = own, model = models.mixtral_8x7b".to_string(),
    ]);
    let words = |case: &Case| case.servers[0].memory.as_ref().map(|memory| memory.words());
    // 71.19 - 14.96 GiB at 128 KiB a token; 15.01 of 16.06 GB read at 3.35 TB/s
    assert_eq!(
        words(&cases[0]).unwrap(),
        "each h100: weights 14.96 GiB of 71.19 GiB, at most 56.23 GiB for KV cache (460660 tokens), 4.48 ms a token at least"
    );
    assert_eq!(
        words(&cases[1]).unwrap(),
        "memory on l4: not known, the model does not say its `heads`"
    );
    assert_eq!(words(&cases[2]), None);
}
