//! The `sojourn` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn::cli::run(std::env::args_os())
}
