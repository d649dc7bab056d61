//! Parses arguments and maps the outcome to an exit code; nothing else.

use std::process::ExitCode;

#[global_allocator]
static COUNTED: scn::meter::Counted = scn::meter::Counted;

fn main() -> ExitCode {
    // Before anything else: a guard must stay single threaded (see `engine::guard`).
    let mut args = std::env::args_os().skip(1);
    if args
        .next()
        .is_some_and(|first| first == scn::engine::guard::SUBCOMMAND)
    {
        return ExitCode::from(scn::engine::guard::guard_main(args) as u8);
    }
    scn::cli::main()
}
