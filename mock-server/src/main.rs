//! The mock server as a program: for CI, for local work, for clients in any language.
#![forbid(unsafe_code)]

mod cli;
mod request_log;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let options = cli::Options::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("orionos-mock-server: the runtime cannot be started: {error}");
            return ExitCode::from(2);
        }
    };
    let code = runtime.block_on(cli::run(options));
    // A thread that waits for standard input must not keep the process.
    runtime.shutdown_background();
    code
}
