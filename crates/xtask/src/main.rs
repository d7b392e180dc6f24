//! The builder: every step from source to a running, tested relay is a subcommand that anyone can call.
//!
//! `cargo xtask run` builds the page, puts it into the relay and starts it; `test`, `size` and `tidy` are what CI runs;
//! `bench` measures.
//! Nothing has to be installed beside rustup, cargo and a C compiler; what a step needs further it fetches, or says how.
#![forbid(unsafe_code)]

mod bench;
mod bindgen;
mod compress;
mod counts;
mod dist;
mod elements;
mod embed;
mod layers;
mod listing;

mod options;
mod pack;
mod package;
mod page;
mod relay;
mod run;
mod runtime;
mod shell;
mod size;
mod snip;
mod source;
mod split;
mod suite;
mod tidy;
mod tools;
mod wasm;
mod why;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run [--dev] [--page-dev] [-- ...]   build page and relay, then `lamplight serve ...`
cargo xtask page [--dev]                        build the page alone, into target/page/{release,dev}
cargo xtask test [layer] [--rounds N] [--repeat N] [-- ...]
                                                all layers in order, or one; `cargo xtask test --list` names them
cargo xtask dist [--program FILE]                what is given to whoever runs a relay, into target/dist: program,
                                                Debian package, container, completions, SBOM; FILE is packed as it is
cargo xtask package                             the runtime for npm, into target/package
cargo xtask size [--why]                        what the page weighs, against its budget
cargo xtask bench [--runs N] [--small] [STAGE ...]
                                                what the relay costs beside what the machine can do; docs/PERFORMANCE.md
cargo xtask bench page [--runs N]               how quick the page is in a real browser, against its budgets
cargo xtask tidy [--bless]                      the rules of the house that no compiler checks
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<()> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "run" => run::run(rest),
        "page" => run::page(rest),
        "dist" => dist::dist(rest),
        "package" => package::package(rest),
        "test" => suite::test(rest),
        "size" => size::size(rest),
        "bench" => bench::bench(rest),
        "tidy" => tidy::tidy(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => anyhow::bail!("there is no subcommand `{other}`\n\n{USAGE}"),
    }
}
