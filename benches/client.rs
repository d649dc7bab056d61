//! What the client itself costs, and how late an open loop sends. Run with
//! `cargo bench --bench client`. The server is a process of its own, so that the CPU time is
//! the client's alone.

use nix::sys::resource::{UsageWho, getrusage};
use scn::clock::Clock;
use scn::load::client::Client;
use scn::load::drive::{RequestSource, drive};
use scn::load::live::Live;
use scn::load::record::{Outcome, Record};
use scn::load::spec::{Api, Arrival, Load, Pace, Part, Protocol, Request, Target};
use scn::stop::stop_pair;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const STREAMS: u64 = 64;
const EVENTS_PER_S: u64 = 50;
const SECONDS: u64 = 10;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(streams(&server.url));
    for rate in [200.0, 1000.0] {
        runtime.block_on(lateness(&server.url, rate));
    }
}

async fn streams(url: &str) {
    let events = EVENTS_PER_S * SECONDS;
    let load = Load {
        pace: Pace::Closed {
            concurrency: STREAMS,
            think: Duration::ZERO,
        },
        requests: Some(STREAMS),
        ..load()
    };
    let (wall, clock) = (SystemTime::now(), Clock::start());
    let cpu_before = cpu();
    let started = Instant::now();
    let records = run(&load, url, events, clock).await;
    let (cpu, seconds) = (cpu() - cpu_before, started.elapsed().as_secs_f64());

    let origin = wall
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let mut count = 0;
    let mut delays = Vec::new();
    for record in &records {
        count += record.chunks.len();
        let stamps = record.answer.split_whitespace();
        for (stamp, seen) in stamps.zip(&record.chunks) {
            delays.push(origin + seen - stamp.parse::<f64>().unwrap());
        }
    }
    println!("{STREAMS} streams x {EVENTS_PER_S} events/s for {seconds:.1} s: {count} events");
    println!(
        "  client CPU {:.1} us per event, {:.2} % of a core",
        1e6 * cpu / count as f64,
        100.0 * cpu / seconds
    );
    println!("  server's stamp to client's: {}", spread(delays));
}

async fn lateness(url: &str, rate: f64) {
    let load = Load {
        pace: Pace::Open {
            rate_per_s: rate,
            arrival: Arrival::Poisson,
        },
        duration: Some(Duration::from_secs(5)),
        ..load()
    };
    let cpu_before = cpu();
    let records = run(&load, url, 2, Clock::start()).await;
    let share = (cpu() - cpu_before) / 5.0;
    let late = records.iter().map(|r| r.sent.unwrap() - r.due).collect();
    println!(
        "open loop, Poisson, {rate} req/s: {} requests",
        records.len()
    );
    println!("  sent after due: {}", spread(late));
    println!("  client CPU {:.1} % of a core", 100.0 * share);
}

fn spread(mut seconds: Vec<f64>) -> String {
    seconds.sort_by(f64::total_cmp);
    let at = |q: f64| 1e6 * seconds[((seconds.len() - 1) as f64 * q) as usize];
    format!(
        "p50 {:.0} us, p99 {:.0} us, max {:.0} us",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6)
        .sum()
}

fn load() -> Load {
    Load {
        name: None,
        pace: Pace::Closed {
            concurrency: 1,
            think: Duration::ZERO,
        },
        requests: None,
        duration: None,
        drain: None,
        timeout: Duration::from_secs(60),
        seed: 1,
    }
}

/// `max_tokens` says how many events the server sends.
struct Same(u64);

impl RequestSource for Same {
    fn request(&self, _: u64) -> Request {
        Request {
            row: 0,
            system: None,
            content: vec![Part::Text("x".repeat(1000))],
            max_tokens: Some(self.0),
            temperature: None,
            ignore_eos: false,
            stream: true,
            extra: serde_json::Map::new(),
        }
    }
}

async fn run(load: &Load, url: &str, events: u64, clock: Clock) -> Vec<Record> {
    let target = Target {
        base_url: url.into(),
        model: "m".into(),
        api: Api {
            protocol: Protocol::OpenaiChat,
            path: "/v1/chat/completions".into(),
            max_tokens_field: "max_tokens".into(),
            stream_usage: true,
            ignore_eos: true,
            done_marker: true,
            keep_alive: true,
        },
        headers: Vec::new(),
        ca_file: None,
        body: serde_json::Map::new(),
    };
    let client = Arc::new(Client::new(&target).unwrap());
    let (_stopper, stop) = stop_pair();
    let records = Arc::new(Mutex::new(Vec::new()));
    let sink = records.clone();
    let on_record = Arc::new(move |record| sink.lock().unwrap().push(record));
    let live = Arc::new(Live::new());
    drive(
        load,
        client,
        Arc::new(Same(events)),
        clock,
        stop,
        live,
        on_record,
    )
    .await;
    let records = std::mem::take(&mut *records.lock().unwrap());
    for record in &records {
        assert_eq!(record.outcome, Outcome::Ok);
    }
    records
}

/// The server's process; it ends with this one.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(stream.unwrap()));
        }
    });
    // Its standard input ends when the client's process does.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let events = body["max_tokens"].as_u64().unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let sent = (|| {
            stream.write_all(head.as_bytes())?;
            let start = Instant::now();
            for event in 0..events {
                if events > 10 {
                    let due = Duration::from_millis(1000 * event / EVENTS_PER_S);
                    thread::sleep(due.saturating_sub(start.elapsed()));
                }
                let now = SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap();
                let json = format!(
                    "{{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{:.6} \"}},\"logprobs\":null,\"finish_reason\":null}}]}}",
                    now.as_secs_f64()
                );
                write_chunk(&mut stream, &format!("data: {json}\n\n"))?;
            }
            let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
            write_chunk(&mut stream, end)?;
            stream.write_all(b"0\r\n\r\n")
        })();
        if sent.is_err() {
            return;
        }
    }
}

fn write_chunk(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
}
