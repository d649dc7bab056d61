//! The command line.
use std::process::ExitCode;
pub fn main() -> ExitCode {
    let files: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    let t = std::time::Instant::now();
    let (program, mut found) = crate::resolve::load(&files);
    found.extend(crate::check::check(&program));
    let c = crate::scenario::compile(&program, &Default::default(), &|_| true);
    found.extend(c.found);
    let found = crate::diagnostics::tidy(found);
    eprintln!("{:?}", t.elapsed());
    print!("{}", crate::diagnostics::human::render(&program.sources, &found, &Default::default()));
    println!("{}", serde_json::to_string_pretty(&c.cases.first()).unwrap().chars().take(6000).collect::<String>());
    ExitCode::SUCCESS
}
