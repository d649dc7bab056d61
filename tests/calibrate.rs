//! `scn calibrate`: constants that are known are found again, from a table and from a run's folder,
//! and what cannot be fitted to is refused. What is measured here was simulated with other
//! constants: few short runs, so that it is quick without optimisation too.

use assert_cmd::Command;
use scn::sim::Setup;
use scn::validate::{Asked, Lengths, Load, Metric, Plan, Row, Setups, carry_out, read, setup_of};
use serde_json::Value;
use std::borrow::Cow;
use std::path::Path;

const FIGURES: [&str; 4] = ["mean_ttft_ms", "mean_tpot_ms", "p50_itl_ms", "output_tok_s"];

/// What a table has of these runs where the server is not what the library says.
fn table(runs: &str, changed: fn(&mut Setup)) -> String {
    let head = "engine,version,model,gpu,isl,osl,concurrency,num_prompts";
    let asked: String = runs.lines().map(|run| format!("vllm,{run},1\n")).collect();
    let rows: Vec<Row> = read(format!("{head},mean_ttft_ms\n{asked}").as_bytes()).expect("a table");
    let plan = Plan::of(&rows, &mut Setups::default());
    let servers = plan.runs.iter().map(|(made, asked)| {
        let mut setup = setup_of(made, asked);
        changed(setup.to_mut());
        setup
    });
    let servers: Vec<Cow<'_, Setup>> = servers.collect();
    let benches = plan
        .runs
        .iter()
        .map(|(_, asked)| asked.bench.as_ref().expect("a load"));
    let all: Vec<_> = servers.iter().cloned().zip(benches).collect();
    let mut text = format!("{head},{}\n", FIGURES.join(","));
    for (line, (run, (setup, bench))) in runs.lines().zip(carry_out(&all).iter().zip(&all)) {
        let run = run.as_ref().expect("it ends");
        let figures = FIGURES.iter().map(|name| {
            let metric = Metric::column(name).expect("a figure");
            let value = metric.read(setup, 1, (run, Some(bench))).expect("a value");
            format!("{value:.6}")
        });
        text += &format!("vllm,{line},{}\n", figures.collect::<Vec<_>>().join(","));
    }
    text
}

/// On an engine that does not work ahead, so that what its host takes shows. Where one model is left
/// out, the others are of so different sizes that they tell it from what reading weights takes.
const RUNS: &str = "\
0.10.0,Llama-3.1-8B,H200,64,16,1,2
0.10.0,Llama-3.1-8B,H200,512,16,4,8
0.10.0,Llama-3.1-8B,H200,128,16,16,16
0.10.0,Llama-3.2-1B,H200,64,16,1,2
0.10.0,Llama-3.2-1B,H200,512,16,4,8
0.10.0,Llama-3.2-1B,H200,128,16,16,16
0.10.0,Qwen3-32B,H200,64,16,1,2
0.10.0,Qwen3-32B,H200,512,16,4,8
0.10.0,Qwen3-32B,H200,128,16,16,16
";

/// Twice the host's time, and four fifths of the memory's bandwidth.
fn slower(setup: &mut Setup) {
    setup.host.step *= 2.0;
    setup.device.sixteen.gemm.memory *= 0.8;
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn scn(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    let output = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn constant<'v>(json: &'v Value, name: &str) -> &'v Value {
    let all = json["constants"].as_array().expect("constants");
    let found = all.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {all:#?}"))
}

#[track_caller]
fn near(json: &Value, name: &str, wanted: f64) {
    let one = constant(json, name);
    let after = one["after"].as_f64().expect("a number");
    assert!(one.get("kept").is_none(), "{one}");
    assert!(
        (after / wanted - 1.0).abs() < 0.03,
        "{one}, wanted {wanted}"
    );
}

#[test]
fn constants_that_are_known_are_found_again_and_used() {
    let folder = folder_with(&[("table.csv", &table(RUNS, slower))]);
    let named = "step,gap,layer,gemm.bf16.memory,request_delay";
    let arguments = [
        "calibrate",
        "table.csv",
        "--constants",
        named,
        "--json",
        "out.json",
    ];
    let said = scn(
        folder.path(),
        &[&arguments[..], &["-o", "fitted.scn"]].concat(),
    );
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let text = std::fs::read_to_string(folder.path().join("out.json")).expect("out.json");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    near(&json, "engine vllm: simulator.step", 1e-3);
    near(&json, "gpu h200: gemm.bf16.memory", 0.81 * 0.8);
    // what lies between two steps is added as the host's time is; nothing is launched kernel by kernel
    let why = |name| constant(&json, name)["kept"].as_str().unwrap_or_default();
    assert!(
        why("engine vllm: simulator.gap").contains("cannot tell it"),
        "{json:#}"
    );
    assert!(
        why("engine vllm: simulator.layer").contains("no figure"),
        "{json:#}"
    );
    assert!(
        why("engine vllm: simulator.chunk").contains("not named"),
        "{json:#}"
    );
    assert!(
        said.out
            .contains("Held out: one model at a time (llama_3_1_8b, llama_3_2_1b, qwen3_32b)")
    );
    for error in json["errors"].as_array().expect("errors") {
        let of = |when: &str| error[when]["median"].as_f64().expect("a number");
        assert!(of("fitted") < 0.02 && of("held_out") < 0.04, "{error}");
    }
    let itl = json["errors"].as_array().into_iter().flatten();
    let before = { itl }
        .find(|error| error["figure"] == "TPOT mean")
        .expect("TPOT");
    assert!(before["before"]["median"].as_f64() > Some(0.1), "{before}");

    // the module is in the one style, has no findings, and what it says is what is simulated
    let scenario = "\
use std.engines
use std.gpus
use std.models
use \"./fitted.scn\" as fitted

workload asked { input = 64 tok, output = 16 tok, ignore_eos = true }

scenario one {
  worlds = [\"sim\"]

  matrix { refitted = [false, true] }

  server sut {
    engine  = if refitted then fitted.vllm else engines.vllm
    version = \"0.10.0\"
    model   = models.llama_3_1_8b
    gpu     = if refitted then fitted.h200 else gpus.h200
  }

  phase all { workload = asked, requests = 20, concurrency = 1 }
}
";
    std::fs::write(folder.path().join("s.scn"), scenario).expect("written");
    let lint = scn(
        folder.path(),
        &["lint", "--format", "concise", "fitted.scn", "s.scn"],
    );
    assert_eq!(lint.code, Some(0), "{}{}", lint.out, lint.err);
    assert!(!lint.out.contains("fitted.scn"), "{}", lint.out);
    let style = scn(folder.path(), &["fmt", "--check", "fitted.scn"]);
    assert_eq!(style.code, Some(0), "{}{}", style.out, style.err);
    let run = scn(
        folder.path(),
        &["run", "--on", "sim", "s.scn", "--json", "-"],
    );
    let ran: Value = serde_json::from_str(&run.out).expect("results");
    let tpot = |case: usize| {
        let metrics = &ran["cases"][case]["phases"][0]["metrics"];
        metrics["tpot.mean"]["value"].as_f64().expect("a time")
    };
    let ratio = tpot(1) / tpot(0);
    assert!(ratio > 1.15, "{ratio}");
}

#[test]
fn the_same_comes_out_again_and_parts_are_held_out_of_one_model() {
    let one_model: String = RUNS
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = folder_with(&[("table.csv", &table(&one_model, slower))]);
    let arguments = [
        "calibrate",
        "table.csv",
        "--constants",
        "step,gemm.bf16.memory",
    ];
    let said = scn(folder.path(), &arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out
            .contains("Held out: one of 3 parts of the cases at a time"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("gpu h200 extends gpus.h200 {"),
        "{}",
        said.out
    );
    assert_eq!(scn(folder.path(), &arguments).out, said.out);
    let some = scn(folder.path(), &[&arguments[..], &["--rows", "2"]].concat());
    assert!(
        some.out.starts_with("Fitted to 2 cases, 8 figures."),
        "{}{}",
        some.out,
        some.err
    );
}

#[test]
fn too_few_cases_and_unknown_names_are_refused() {
    let one: String = RUNS
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let none = "0.10.0,Unheard-Of-1B,H200,64,16,1,2\n";
    let head = table(&one, |_| ());
    let (head, _) = head.split_once('\n').expect("a header");
    let folder = folder_with(&[
        ("few.csv", &table(&one, slower)),
        (
            "none.csv",
            &format!("{head}\nvllm,{},1,1,1,1\n", none.trim_end()),
        ),
        ("other.csv", "a,b\n1,2\n"),
    ]);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let said = scn(folder.path(), &[&["calibrate"], arguments].concat());
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(words), "{arguments:?}: {}", said.err);
        assert!(said.err.contains("\n  help: "), "{}", said.err);
    };
    refused(
        &["few.csv"],
        2,
        "2 cases are too few: their figures depend on ",
    );
    refused(
        &["few.csv", "--constants", "stepp"],
        2,
        "did you mean `step`?",
    );
    refused(
        &["few.csv", "--source", "sglang"],
        2,
        "there is nothing to fit to",
    );
    refused(&["none.csv"], 2, "the library has no model `Unheard-Of-1B`");
    refused(&["other.csv"], 2, "is no table of measurements");
    refused(&["missing.csv"], 2, "cannot read missing.csv");
    refused(&["."], 2, "no run");
}

/// A pack whose engine has so long a step, and its run in virtual time.
fn simulated_run(step: &str) -> tempfile::TempDir {
    let text = format!(
        "use std.engines
use std.gpus
use std.models
engine mine extends engines.vllm {{ simulator {{ step = {step} }} }}
workload asked {{ input = uniform(64 tok, 256 tok), output = 16 tok, ignore_eos = true }}
scenario s {{
  server sut {{
    engine = mine, version = \"0.10.0\", model = models.llama_3_1_8b, gpu = gpus.h200
  }}
  phase one {{ workload = asked, requests = 10, concurrency = 1 }}
  phase some {{ workload = asked, requests = 10, concurrency = 5 }}
  phase open {{ workload = asked, requests = 10, rate = 10 req/s }}
  phase batched {{ workload = asked, batch = 8 }}
  phase thinking {{ workload = asked, requests = 10, concurrency = 2, think = 1s }}
  expect there: one.completed == 10 req
}}
"
    );
    let folder = folder_with(&[("s.scn", &text)]);
    let said = scn(
        folder.path(),
        &["run", "--on", "sim", "s.scn", "--out", "out"],
    );
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    folder
}

/// Changes a text in a file.
fn replace(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(file, text.replace(from, to)).expect("written");
}

#[test]
fn a_run_is_fitted_to_phase_by_phase() {
    let folder = simulated_run("1.5ms");
    let refused = scn(folder.path(), &["calibrate", "out"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .err
            .contains("a simulator is not fitted to a simulator"),
        "{}",
        refused.err
    );

    // as if it had been real, of an engine of which another time was taken
    let out = folder.path().join("out");
    for file in ["run.json", "cases/s/case/result.json"] {
        replace(&out.join(file), r#""world": "sim""#, r#""world": "real""#);
    }
    replace(&out.join("sources.json"), "step = 1.5ms", "step = 0.5ms");
    let arguments = [
        "calibrate",
        "out",
        "--constants",
        "step,request_delay",
        "--json",
        "-",
    ];
    let said = scn(folder.path(), &arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    near(&json, "engine mine: simulator.step", 1.5e-3);
    near(&json, "engine mine: simulator.request_delay", 8.95e-3);
    assert_eq!(json["cases"], 4);
    let unusable = json["unusable"].as_object().expect("reasons");
    assert_eq!(unusable["the clients of a phase think"], 1, "{unusable:?}");
    for row in json["rows"].as_array().expect("rows") {
        let error = row["fitted"].as_f64().unwrap() / row["measured"].as_f64().unwrap() - 1.0;
        assert!(error.abs() < 0.05, "{row}");
    }
    // a block of one's own is printed, and no module is made of it
    let page = scn(folder.path(), &arguments[..4]);
    assert!(
        page.out.contains("\n# in `engine mine`\nsimulator {"),
        "{}",
        page.out
    );
    let refused = scn(folder.path(), &[&arguments[..4], &["-o", "f.scn"]].concat());
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(
        refused.err.contains("`engine mine` is none of the library"),
        "{}",
        refused.err
    );
}

#[test]
fn a_run_of_the_built_in_engine_is_refused() {
    let text = "use std.engines
use std.models
workload asked { prompt = \"hi\", output = 4 tok }
scenario s {
  server sut { engine = engines.builtin, model = models.llama_3_1_8b }
  phase all { workload = asked, requests = 2 }
}
";
    let folder = folder_with(&[("s.scn", text)]);
    let run = scn(folder.path(), &["run", "s.scn", "--out", "out"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let said = scn(folder.path(), &["calibrate", "out"]);
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.err.contains("built-in engine"), "{}", said.err);
    // the same, where it had been an engine of which nothing is known
    let out = folder.path().join("out");
    replace(
        &out.join("sources.json"),
        "engines.builtin",
        "engines.llama_cpp",
    );
    let said = scn(folder.path(), &["calibrate", "out"]);
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(
        said.err.contains("does not say how it is simulated"),
        "{}",
        said.err
    );
}

#[test]
fn loads_of_a_run_come_at_their_moments() {
    let rows: Vec<Row> = read(table(RUNS, |_| ()).as_bytes()).expect("a table");
    let (asked, _): &(Asked, Metric) = rows[0].asked.as_ref().expect("a run");
    let made = Setups::default().of(asked).expect("a server");
    let bench = scn::validate::Bench {
        load: Load::At(vec![0.0, 1.0, 2.0]),
        requests: 3,
        of: Lengths::Each(vec![(10, 5), (20, 1), (30, 10)]),
    };
    let run = &carry_out(&[(Cow::Borrowed(made.setup.as_ref()), &bench)])[0];
    let run = run.as_ref().expect("it ends");
    assert_eq!((run.tokens, run.ttft.len()), (16, 3));
    assert!(run.duration > 2.0 && run.duration < 2.2, "{}", run.duration);
}
