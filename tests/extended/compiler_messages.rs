//! What the compiler says about mistakes of newcomers: a forgotten `.await`, a forgotten `.send()`,
//! an unused builder, an id of another type.
//!
//! The messages are beside the programs in `ui/`. `UPDATE=1` rewrites them. The programs are
//! compiled against the client that this test was built with, so nothing is built twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the client that was compiled last, and the folder with its dependencies.
fn client() -> (PathBuf, PathBuf) {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap().to_owned();
    let libraries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let newest = libraries
        .filter(|entry| {
            let name = entry.file_name().into_string().unwrap_or_default();
            name.starts_with("liborionos-") && name.ends_with(".rlib")
        })
        .max_by_key(|entry| entry.metadata().unwrap().modified().unwrap())
        .expect("the client's library beside this test");
    (newest.path(), folder)
}

/// Returns what the compiler prints, without what differs between machines.
fn message(program: &Path) -> String {
    let (library, dependencies) = client();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .args(["--out-dir".as_ref(), std::env::temp_dir().as_os_str()])
        .arg("--extern")
        .arg(format!("orionos={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg(program)
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{} compiles", program.display());
    let printed = String::from_utf8(output.stderr).unwrap();
    let root = format!("{}/", fs::canonicalize(root).unwrap().display());
    printed
        .lines()
        .map(|line| without_numbers(&line.replace(&root, "")) + "\n")
        .collect()
}

/// Line numbers of the client's own sources change with every edit.
fn without_numbers(line: &str) -> String {
    if let Some((arrow, place)) = line.split_once("--> ") {
        let file = place.split(':').next().unwrap_or(place);
        return format!("{}--> {file}", arrow.trim_start());
    }
    // A note is indented as far as the longest line number.
    if line.trim_start().starts_with("= ") {
        return line.trim_start().to_owned();
    }
    match line.split_once(" |") {
        Some((number, rest))
            if number.trim().parse::<u32>().is_ok() || number.trim().is_empty() =>
        {
            format!("|{rest}")
        }
        _ => line.to_owned(),
    }
}

#[test]
#[cfg_attr(windows, ignore = "paths are written with backslashes")]
fn the_compiler_says_what_to_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut programs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs") else {
            continue;
        };
        programs += 1;
        let said = message(&Path::new("tests/extended/ui").join(&name));
        let expected = folder.join(format!("{stem}.stderr"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&expected).unwrap(), "{name}");
    }
    assert_eq!(programs, 4);
}
