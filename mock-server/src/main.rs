//! The mock server as a program, for CI, local work and clients in any language.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let options = cli::options::Options::parse();
    if options.health_check {
        return match cli::health_check::check(&options.host, options.port, options.tls) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("orionos-mock-server: {problem}");
                ExitCode::FAILURE
            }
        };
    }
    let runtime = match cli::run::check_files().and_then(|()| tokio::runtime::Runtime::new()) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("orionos-mock-server: cannot start the runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let code = runtime.block_on(cli::run::run(options));
    // The thread that reads standard input must not keep the process alive.
    runtime.shutdown_background();
    code
}
