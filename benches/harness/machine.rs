//! What the figures depend on: processor, caches, system, compiler, commit and build.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Describes the machine, the sources and the build of a program in one line.
pub(crate) fn describe(program: &str, processes: usize) -> String {
    let spread = match processes {
        1 => String::new(),
        _ => format!("; medians of {processes} processes [lowest–highest]"),
    };
    format!(
        "Measured on {}; Linux {}; {}; commit {}; {}{spread}.",
        processor(),
        read("/proc/sys/kernel/osrelease"),
        output("rustc", &["--version"]),
        commit(),
        build(program),
    )
}

/// Derives the build profile from the folder of the program.
pub(crate) fn build(program: &str) -> String {
    let folders = Path::new(program).ancestors();
    let is_profile = |folder: &&Path| folder.ends_with("shipped") || folder.ends_with("release");
    match folders.into_iter().find(is_profile) {
        Some(folder) if folder.ends_with("shipped") => {
            "profile shipped, which has fat LTO and one codegen unit".to_owned()
        }
        Some(_) => "profile release, which has neither fat LTO nor one codegen unit".to_owned(),
        None => "unknown profile".to_owned(),
    }
}

fn processor() -> String {
    let facts = read("/proc/cpuinfo");
    let fact = |name: &str| {
        let line = facts.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(": "));
        value.map_or("unknown", |(_, value)| value).to_owned()
    };
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{count} × {} (family {}, model {}) with {}",
        fact("model name"),
        fact("cpu family"),
        fact("model\t"),
        caches()
    )
}

fn caches() -> String {
    let folder = |index: u32| format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
    let caches = (0..8)
        .map(folder)
        .filter(|folder| Path::new(folder).exists());
    let caches: Vec<String> = caches
        .map(|folder| {
            let of = |name: &str| read(&format!("{folder}/{name}"));
            let kind = match of("type").as_str() {
                "Data" => "D",
                "Instruction" => "I",
                _ => "",
            };
            format!("{} L{}{kind}", of("size"), of("level"))
        })
        .collect();
    match caches.is_empty() {
        true => "unknown caches".to_owned(),
        false => caches.join(", "),
    }
}

fn commit() -> String {
    let commit = output("git", &["rev-parse", "--short", "HEAD"]);
    match output("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() {
        true => commit,
        false => format!("{commit} with changes"),
    }
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map_or(Vec::new(), |output| output.stdout);
    String::from_utf8_lossy(&text).trim().to_owned()
}
