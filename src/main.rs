use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<scn::mock::ServeArgs>),
}

fn main() -> ExitCode {
    let Command::Serve(args) = Cli::parse().command;
    match scn::mock::serve(*args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scn serve: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
