//! What the benchmarks of the client and of the mock share. A benchmark takes turns with its baseline,
//! runs in several processes, and prints tables with the machine on which they were measured.
//!
//! A benchmark takes these arguments:
//!
//! - `--processes N`: in how many processes to measure. Where code and data lie in memory differs between
//!   processes, so one of them can be a few percent off. Defaults to 5.
//! - `--shipped PROGRAM`: the same benchmark built as applications ship, for further columns.
//!
//! Other arguments are for the benchmark itself.

mod machine;
mod table;
mod thread_clock;

use std::process::{Command, Stdio};

pub use table::{Cell, Report, compared, pair, ratio, value};
pub use thread_clock::ThreadClock;

/// Tells a process to measure once and to write what it measured for the process that started it.
const MEASURE_ONCE: &str = "ORIONOS_BENCH_MEASURE_ONCE";

/// Measures in several processes, and prints the medians over them.
pub fn run(measure: impl FnOnce(&mut Report)) {
    if std::env::var_os(MEASURE_ONCE).is_some() {
        let mut report = Report::default();
        measure(&mut report);
        print!("{}", report.to_lines());
        return;
    }
    let options = Options::parse(std::env::args().skip(1));
    let own = std::env::current_exe().expect("the path of this program");
    let own = own.to_str().expect("a path in UTF-8").to_owned();
    let (mut reports, mut shipped) = (Vec::new(), Vec::new());
    for number in 1..=options.processes {
        eprintln!("process {number} of {}", options.processes);
        reports.push(measure_once(&own, &options.others));
        if let Some(program) = &options.shipped {
            shipped.push(measure_once(program, &options.others));
        }
    }
    println!("{}", machine::describe(&own, options.processes));
    if let Some(program) = &options.shipped {
        println!("Shipped: {}.", machine::build(program));
    }
    print!("{}", table::render(&reports, &shipped));
}

/// Prints what the figures of this program depend on, for a benchmark that measures in one process.
pub fn print_machine() {
    let own = std::env::current_exe().expect("the path of this program");
    println!("{}\n", machine::describe(&own.to_string_lossy(), 1));
}

struct Options {
    processes: usize,
    shipped: Option<String>,
    others: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Self {
        let (mut processes, mut shipped, mut others) = (5, None, Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--processes" => {
                    let number = arguments.next().and_then(|number| number.parse().ok());
                    processes = number.expect("--processes needs a number");
                }
                "--shipped" => shipped = arguments.next(),
                // Cargo adds this argument.
                "--bench" => {}
                _ => others.push(argument),
            }
        }
        Self {
            processes,
            shipped,
            others,
        }
    }
}

fn measure_once(program: &str, arguments: &[String]) -> Report {
    let output = Command::new(program)
        .args(arguments)
        .env(MEASURE_ONCE, "1")
        .stderr(Stdio::inherit())
        .output()
        .expect("the benchmark starts");
    assert!(output.status.success(), "the benchmark failed");
    Report::from_lines(&String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Measures the baseline and what is compared with it in turns, so that a disturbance affects both. They
/// take turns in going first. Returns the results of both, the baseline's second, without those of the first
/// rounds, which open connections and fill caches.
pub fn in_turns<T>(
    rounds: usize,
    mut ours: impl FnMut() -> T,
    mut baseline: impl FnMut() -> T,
) -> Vec<(T, T)> {
    const WARM_UP: usize = 3;
    let mut results = Vec::new();
    for round in 0..rounds + WARM_UP {
        let both = if round % 2 == 0 {
            let baseline = baseline();
            (ours(), baseline)
        } else {
            let ours = ours();
            (ours, baseline())
        };
        if round >= WARM_UP {
            results.push(both);
        }
    }
    results
}

/// Returns the median of what `pick` returns for each round.
pub fn median_of<T>(rounds: &[T], pick: impl Fn(&T) -> f64) -> f64 {
    median(rounds.iter().map(pick).collect())
}

pub fn median(values: Vec<f64>) -> f64 {
    at(values, 0.5)
}

/// Returns the value below which this share of all values is.
pub fn at(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values[index.min(values.len() - 1)]
}
