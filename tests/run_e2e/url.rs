//! Servers that already run.

use crate::raw::{Raw, STREAM, answer, read_request};
use crate::support::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

pub const KEY: &str = "sk-a1b2c3d4e5f6-hidden";

/// `scn serve`, which asks for a key.
pub struct Server {
    pub child: Child,
    pub url: String,
}

impl Server {
    pub fn start(more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args([
                "serve",
                "--port",
                "0",
                "--model",
                "org/found-me",
                "--api-key",
                KEY,
                "--ttft",
                "1ms",
                "--itl",
                "1ms",
            ])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .split_once("http://")
            .unwrap()
            .1
            .split_whitespace()
            .next()
            .unwrap();
        Self {
            url: format!("http://{address}"),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn asked_with(server: &str, more: &str) -> Pack {
    Pack::new(&format!(
        "scenario s {{ sample = 50ms
           server sut {{ {server} }}
           phase a {{ workload = w, requests = 4, concurrency = 2 }}
           expect ok: a.success_rate == 100%
           {more}
           report page extends reports.summary {{}}
         }}"
    ))
}

#[test]
fn its_model_is_found_its_memory_measured_and_its_key_kept() {
    let server = Server::start(&[]);
    let text = format!(
        "url = \"{}\", pid = {}, api_key = env(\"SCN_TEST_KEY\"), headers = {{ \"x-extra\" = env(\"SCN_TEST_KEY\") }}",
        server.url,
        server.child.id()
    );
    let pack = asked_with(&text, "expect small: sut.memory.max <= 1GB");
    let command = |arguments: &[&str]| {
        let mut command = pack.scn(arguments);
        command.env("SCN_TEST_KEY", KEY);
        command
    };
    let ran = pack
        .ran(command(&[
            "run", "s.scn", "--out", "out", "-v", "--json", "-",
        ]))
        .exits(0);
    let case = ran.case("s/case");
    assert_eq!(case["servers"][0]["model"], "org/found-me");
    assert_eq!(case["servers"][0]["command"].as_array().unwrap().len(), 0);
    // nothing was started, so nothing got ready
    assert!(case["servers"][0].get("ready_s").is_none(), "{case:#}");
    let said = |line: &str| ran.stderr.lines().any(|said| said == line);
    assert!(said("launch 1/1 asking sut (openai)"), "{}", ran.stderr);
    assert!(said("launch 1/1 sut answers"), "{}", ran.stderr);
    let ready = &ran.events_named("server_ready")[0];
    assert!(ready.get("after_s").is_none(), "{ready}");
    let memory = case["servers"][0]["metrics"]["memory.max"]["value"]
        .as_f64()
        .unwrap();
    assert!(memory > 1e5, "{memory}");
    // whose GPUs are counted is asked of the process; not knowing it is another reason
    let gpu = case["servers"][0]["metrics"]["gpu_memory.max"].to_string();
    assert!(!gpu.contains("another host"), "{gpu}");

    let plan = pack
        .ran(command(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    let shown = pack.ran(command(&["plan", "s.scn"])).exits(0);
    let report = pack
        .ran(command(&["report", "out", "--json", "-"]))
        .exits(0);
    nowhere(KEY, &[&ran, &plan, &shown, &report]);
    assert!(
        runs(i32::try_from(server.child.id()).unwrap()),
        "it is not ours to stop"
    );
}

/// That the text is in no byte of what commands printed, and of the run folder.
fn nowhere(secret: &str, all: &[&Ran]) {
    let mut said: Vec<(String, Vec<u8>)> = Vec::new();
    for (i, ran) in all.iter().enumerate() {
        said.push((
            format!("output {i}"),
            format!("{}{}", ran.stdout, ran.stderr).into_bytes(),
        ));
    }
    for name in files(&all[0].folder) {
        let bytes = std::fs::read(all[0].folder.join(&name)).unwrap();
        said.push((name, bytes));
    }
    for (name, bytes) in said {
        let holds = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(
            !holds,
            "the secret is in {name}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn secrets_in_commands_and_parameters_are_kept() {
    let text = "param key = env(\"SCN_TEST_KEY\")
        scenario s { sample = 50ms
          server sut {
            engine = engines.builtin, api_key = key, arguments = [\"--api-key\", key]
            environment { MY_TOKEN = key }
            options { ttft = 1ms, itl = 1ms, answer = \"hello\" }
          }
          phase a { workload = w, requests = 4 }
          expect ok: a.success_rate == 100%
          report page extends reports.summary {}
        }
        scenario broken {
          server sut { engine = engines.builtin, arguments = [key] }
          phase a { workload = w, requests = 4 }
        }";
    let pack = Pack::new(text);
    let command = |arguments: &[&str]| {
        let mut command = pack.scn(arguments);
        command.env("SCN_TEST_KEY", KEY);
        command
    };
    // the server takes the key, and one that is told a wrong word says it in its log
    let ran = pack
        .ran(command(&["run", "s.scn", "--out", "out", "-v"]))
        .exits(3);
    assert_eq!(ran.case("s/case")["verdict"], "pass");
    let broken = ran.case("broken/case")["error"]["log_tail"].to_string();
    assert!(broken.contains("***"), "{broken}");
    let plan = pack.ran(command(&["plan", "s.scn"])).exits(0);
    assert!(plan.stdout.contains("***"), "{}", plan.stdout);
    let plan_json = pack
        .ran(command(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    nowhere(KEY, &[&ran, &plan, &plan_json]);

    // given on the command line, which `run.json` keeps as typed
    let given = format!("key={KEY}-2");
    let mut ran = pack.ran({
        let mut command = pack.scn(&[
            "run", "s.scn", "--only", "s", "--out", "given", "-p", &given,
        ]);
        command.env("SCN_TEST_KEY", "of no use");
        command
    });
    ran.folder = pack.path().join("given");
    let ran = ran.exits(0);
    nowhere(&format!("{KEY}-2"), &[&ran]);
    assert_eq!(json(&ran.folder.join("run.json"))["params"]["key"], "***");
}

#[test]
fn secrets_in_options_are_kept_also_where_the_server_says_them() {
    let text = "workload asked { prompt = \"hi\", output = 4, accept = answer == \"\" }
        scenario s { sample = 50ms
          server sut {
            engine = engines.builtin
            options { ttft = 1ms, itl = 1ms, answer = secret(env(\"SCN_TEST_KEY\")) }
          }
          phase a { workload = asked, requests = 4 }
          expect ok: a.accept_rate == 100%
          report page extends reports.summary { to = [\"summary.md\", \"github:summary\"] }
        }";
    let pack = Pack::new(text);
    let command = |arguments: &[&str]| {
        let mut command = pack.scn(arguments);
        command.env("SCN_TEST_KEY", KEY);
        command
    };
    let run = ["run", "s.scn", "--out", "out", "-v", "--json", "-"];
    let ran = pack.ran(command(&run)).exits(1);
    let shown = pack.ran(command(&["plan", "s.scn"])).exits(0);
    assert!(shown.stdout.contains("--answer '***'") || shown.stdout.contains("--answer ***"));
    let plan = pack
        .ran(command(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    let linted = pack
        .ran(command(&["lint", "s.scn", "--json", "-"]))
        .exits(0);
    let report = pack.ran(pack.scn(&["report", "out"])).exits(0);
    nowhere(KEY, &[&ran, &shown, &plan, &linted, &report]);
}

#[test]
fn no_part_of_a_secret_is_left_where_a_text_is_cut() {
    // the lines on the terminal end within the secret
    let said = format!("{{\"error\":\"{}{KEY}\"}}", "x".repeat(110));
    let server = Raw::start(move |_| (500, "application/json", said.clone()));
    // one that is sent with no request: the client does not know it
    let pack = Pack::new(&format!(
        "param spare = env(\"SCN_TEST_KEY\")
         scenario s {{
           server sut {{ url = \"{}\", model = {{ path = \"m\" }} }}
           phase a {{ workload = w, requests = 4 }}
           expect ok: a.success_rate == 100%
         }}",
        server.url
    ));
    let given = format!("spare={KEY}");
    let mut command = pack.scn(&["run", "s.scn", "--out", "out", "-p", &given]);
    command.env("SCN_TEST_KEY", "other");
    let ran = pack.ran(command).exits(1);
    assert!(
        ran.stdout.contains("failed (status): 500"),
        "{}",
        ran.stdout
    );
    nowhere(&KEY[..8], &[&ran]);
}

#[test]
fn a_launched_server_can_ask_for_a_key_that_no_listing_shows() {
    let asks = |name: &str, sent: &str| {
        format!(
            "scenario {name} {{ sample = 50ms
               server sut {{
                 engine = engines.builtin{sent}
                 options {{ ttft = 1ms, itl = 1ms, api_key = env(\"SCN_TEST_KEY\") }}
               }}
               phase a {{ workload = w, requests = 4 }}
               expect ok: a.success_rate == 100%
             }}\n"
        )
    };
    let pack = Pack::new(
        &[
            asks("right", ", api_key = env(\"SCN_TEST_KEY\")"),
            asks("wrong", ", api_key = \"of-no-use\""),
            asks("keyless", ""),
        ]
        .concat(),
    );
    let command = |arguments: &[&str]| {
        let mut command = pack.scn(arguments);
        command.env("SCN_TEST_KEY", KEY);
        command
    };
    let ran = pack
        .ran(command(&["run", "s.scn", "--out", "out", "-v"]))
        .exits(1);
    assert_eq!(ran.case("right/case")["verdict"], "pass");
    for (name, hint) in [
        (
            "wrong/case",
            "the key was refused: see the server block's `api_key`",
        ),
        (
            "keyless/case",
            "no key was sent: give the server block an `api_key`",
        ),
    ] {
        assert_eq!(ran.case(name)["verdict"], "fail", "{name}");
        assert_eq!(ran.requests(name)[0]["status"], "401", "{name}");
        assert!(ran.stdout.contains(hint), "{hint}: {}", ran.stdout);
    }
    let plan = pack.ran(command(&["plan", "s.scn"])).exits(0);
    let plan_json = pack
        .ran(command(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    // in the environment, not among the words of the command
    assert!(plan_json.stdout.contains("SCN_SERVE_API_KEY"));
    for said in [&plan.stdout, &plan_json.stdout] {
        assert!(!said.contains("--api-key"), "{said}");
    }
    nowhere(KEY, &[&ran, &plan, &plan_json]);
}

#[test]
fn without_a_pid_its_memory_is_unavailable() {
    let server = Server::start(&[]);
    let text = format!("url = \"{}\", api_key = \"{KEY}\"", server.url);
    let ran = asked_with(&text, "expect small: sut.memory.max <= 1GB")
        .run(&[])
        .exits(3);
    let case = ran.case("s/case");
    assert_eq!(check(&case, "ok")["verdict"], "pass");
    assert_eq!(check(&case, "small")["verdict"], "no_data");
    let memory = &case["servers"][0]["metrics"]["memory.max"];
    assert!(memory["value"].is_null(), "{memory}");
    let why = memory["unavailable"].as_str().unwrap();
    assert!(why.contains("process"), "{why}");
    assert!(
        check(&case, "small")["why"].as_str().unwrap().contains(why),
        "{case:#}"
    );
}

#[test]
fn a_wrong_key_is_a_status_and_without_a_model_the_case_cannot_begin() {
    let server = Server::start(&[]);
    let text = format!(
        "url = \"{}\", api_key = \"wrong\", model = {{ path = \"m\" }}",
        server.url
    );
    let ran = asked_with(&text, "").run(&[]).exits(1);
    let failures = &phase(&ran.case("s/case"), "a")["failures"].clone();
    assert_eq!(failures[0]["class"], "status");
    assert!(
        failures[0]["example"].as_str().unwrap().contains("401"),
        "{failures:#}"
    );
    assert_eq!(ran.requests("s/case")[0]["status"], "401");

    let ran = asked_with(&format!("url = \"{}\"", server.url), "")
        .run(&[])
        .exits(3);
    let error = ran.case("s/case")["error"].clone();
    assert_eq!(error["kind"], "key_refused");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("wants a key") && message.contains("401"),
        "{error:#}"
    );

    for (key, said) in [
        ("", "the key, which is empty"),
        ("wrong", "refused the key:"),
    ] {
        let text = format!("url = \"{}\", api_key = env(\"SCN_TEST_KEY\")", server.url);
        let pack = asked_with(&text, "");
        let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
        command.env("SCN_TEST_KEY", key);
        let ran = pack.ran(command).exits(3);
        let error = ran.case("s/case")["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(said), "{error:#}");
        assert!(
            error["help"].as_str().unwrap().contains("api_key"),
            "{error:#}"
        );
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    // a port that was free a moment ago
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = asked_with(&format!("url = \"http://{address}\""), "")
        .run(&[])
        .exits(3);
    let error = ran.case("s/case")["error"].clone();
    assert_eq!(error["kind"], "server_unreachable");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&address.to_string()), "{message}");
    assert!(ran.stdout.contains(&address.to_string()), "{}", ran.stdout);
}

#[test]
fn a_password_in_the_url_is_not_shown() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let pack = asked_with(
        &format!("url = \"http://me:hunter22@{address}\", api_key = \"sk-hunter22-key\""),
        "",
    );
    let ran = pack.run(&["-v"]).exits(3);
    let plan = pack.ran(pack.scn(&["plan", "s.scn"])).exits(0);
    let plan_json = pack
        .ran(pack.scn(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    let mut said = [&ran, &plan, &plan_json]
        .map(|ran| format!("{}{}", ran.stdout, ran.stderr))
        .concat();
    for name in files(&ran.folder) {
        said.push_str(&String::from_utf8_lossy(
            &std::fs::read(ran.folder.join(name)).unwrap(),
        ));
    }
    assert!(!said.contains("hunter22"), "{said}");
    // what was masked in the kept text is still a scenario
    std::fs::remove_file(ran.folder.join("cases/s/case/result.json")).unwrap();
    let again = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(again.stdout.contains("1 no data"), "{}", again.stdout);
}

/// An HTTPS server that answers every request with a stream; its URL and certificate.
fn serve_tls() -> (String, String) {
    use rustls::pki_types::PrivateKeyDer;
    let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming().filter_map(Result::ok) {
            let config = config.clone();
            std::thread::spawn(move || {
                let tls = rustls::ServerConnection::new(config).unwrap();
                let mut stream = BufReader::new(rustls::StreamOwned::new(tls, socket));
                while read_request(&mut stream).is_some() {
                    let bytes = answer(200, "text/event-stream", STREAM);
                    if stream.get_mut().write_all(&bytes).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, signed.cert.pem())
}

#[test]
fn https_with_a_ca_file_of_its_own() {
    let (url, pem) = serve_tls();
    let server =
        |ca: &str| format!("url = \"{url}\", ca_file = \"{ca}\", model = {{ path = \"m\" }}");
    let pack = asked_with(&server("ca.pem"), "");
    std::fs::write(pack.path().join("ca.pem"), pem).unwrap();
    pack.run(&[]).exits(0);

    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let pack = asked_with(&server("ca.pem"), "");
    std::fs::write(pack.path().join("ca.pem"), other.cert.pem()).unwrap();
    let ran = pack.run(&[]).exits(3);
    let error = ran.case("s/case")["error"].clone();
    assert!(
        error["message"].as_str().unwrap().contains("certificate"),
        "{error:#}"
    );

    let remedy = |server: &str, says: &str| {
        let ran = asked_with(server, "").run(&[]).exits(3);
        let error = ran.case("s/case")["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{error:#}");
    };
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let closes = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in plain.incoming().flatten() {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut &stream, &mut std::io::sink());
        }
    });
    let model = "model = { path = \"m\" }";
    remedy(
        &format!("url = \"{url}\", {model}"),
        "name the signer's certificate with `ca_file",
    );
    let http = url.replace("https:", "http:");
    remedy(
        &format!("url = \"{http}\", {model}"),
        "starts with `https://`",
    );
    remedy(
        &format!("url = \"https://{closes}\", {model}"),
        "starts with `http://`",
    );

    // a file that is missing is the scenario's mistake
    asked_with(&server("missing.pem"), "").run(&[]).exits(2);
}

/// Makes the server keep memory, on time: as one that puts off what it allocates.
fn ask_once(server: &Server) {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let body =
        r#"{"model":"org/found-me","messages":[{"role":"user","content":"hi"}],"max_tokens":1}"#;
    let length = body.len();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
    let request = format!(
        "{head}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// How memory grew between two quiet ends of a server that took 60 MB for good while it idled in
/// this phase, after it had been still for long enough to pass for settled.
fn grown_where_it_moves_in(phase: &str) -> f64 {
    let server = Server::start(&["--leak", "60MB/req"]);
    let pack = Pack::new(&format!(
        "scenario s {{ sample = 50ms
           server sut {{ url = \"{}\", pid = {}, api_key = env(\"SCN_TEST_KEY\") }}
           phase base {{ quiesce = true, idle = 2s }}
           phase end {{ quiesce = true, idle = 2s }}
           expect any: growth(sut.memory, from = base, to = end) <= 1TB
         }}",
        server.url,
        server.child.id()
    ));
    let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
    command.env("SCN_TEST_KEY", KEY);
    let mut started = pack.start_with(&mut command);
    started.wait_for_phase(phase);
    // it settles for a second, and idles for two more
    std::thread::sleep(std::time::Duration::from_millis(2000));
    ask_once(&server);
    assert_eq!(started.end(), Some(0));
    let case = json(&started.folder.join("cases/s/case/result.json"));
    let grown = &check(&case, "any")["evidence"][0]["value"]["value"];
    grown.as_f64().unwrap_or_else(|| panic!("{case:#}"))
}

#[test]
fn what_is_kept_late_in_the_last_idle_time_has_grown() {
    let grown = grown_where_it_moves_in("end");
    assert!(grown >= 58e6, "{grown}");
}

#[test]
fn what_is_taken_in_the_first_idle_time_has_not_grown() {
    let grown = grown_where_it_moves_in("base");
    assert!(grown.abs() <= 10e6, "{grown}");
}
