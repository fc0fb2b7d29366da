//! Makes the agents of an account those of a folder of character files, as a team does in its CI.
//!
//! `ORION_API_KEY=… cargo run --example sync_folder -- FOLDER [--dry-run] [--delete] [--yes]`
//!
//! | Option | Meaning |
//! |---|---|
//! | `--dry-run` | show what would change, and change nothing |
//! | `--delete` | also delete the agents that have no file; asks first |
//! | `--yes` | delete without asking |
//!
//! | Exit code | Meaning |
//! |---|---|
//! | 0 | the account is as the folder says |
//! | 1 | an error: the message or the summary says which |
//! | 2 | with `--dry-run`: something would change |
//! | 3 | the deletes were not confirmed, so nothing was changed |
//!
//! Without a folder, it syncs one of its own with its own mock.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use orionos::{AgentConfig, OrionOS, Outcome, Plan};
use orionos_mock_server::MockServer;

type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "expected: FOLDER [--dry-run] [--delete] [--yes]";

const DONE: u8 = 0;
const FAILED: u8 = 1;
const WOULD_CHANGE: u8 = 2;
const NOT_CONFIRMED: u8 = 3;

#[derive(Debug, Default)]
struct Options {
    folder: PathBuf,
    dry_run: bool,
    delete: bool,
    yes: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let result = match Options::read(std::env::args().skip(1)) {
        Ok(None) => demo().await,
        Ok(Some(options)) => match OrionOS::from_env() {
            Ok(orion) => sync(&orion, &options, ask).await,
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    ExitCode::from(result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        FAILED
    }))
}

impl Options {
    /// Returns `None` without arguments.
    fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Failure> {
        let mut options = Self::default();
        let mut folder = None;
        for argument in arguments {
            match argument.as_str() {
                "--dry-run" => options.dry_run = true,
                "--delete" => options.delete = true,
                "--yes" => options.yes = true,
                _ if argument.starts_with('-') => {
                    return Err(format!("unknown option {argument:?}; {USAGE}").into());
                }
                _ if folder.is_some() => return Err("expected one folder, got two".into()),
                _ => folder = Some(PathBuf::from(argument)),
            }
        }
        match folder {
            Some(folder) => Ok(Some(Self { folder, ..options })),
            None if options.dry_run || options.delete || options.yes => {
                Err(format!("missing folder; {USAGE}").into())
            }
            None => Ok(None),
        }
    }
}

/// Returns the exit code.
async fn sync(
    orion: &OrionOS,
    options: &Options,
    confirm: impl Fn(&Plan) -> bool,
) -> Result<u8, Failure> {
    let configs = load(&options.folder)?;
    let mut plan = orion.agents().plan(configs).send().await?;
    if !options.delete {
        plan.delete.clear();
    }
    println!("{plan}");
    if plan.is_empty() {
        return Ok(DONE);
    }
    if options.dry_run {
        return Ok(WOULD_CHANGE);
    }
    if !plan.delete.is_empty() && !options.yes && !confirm(&plan) {
        println!("nothing was changed");
        return Ok(NOT_CONFIRMED);
    }
    apply(&plan).await
}

/// Makes the changes, and prints a summary.
async fn apply(plan: &Plan) -> Result<u8, Failure> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?;
    let steps = plan.create.len() + plan.update.len() + plan.delete.len();
    let bar = ProgressBar::new(steps as u64).with_style(style);
    let outcomes = plan
        .apply()
        .concurrency(4)
        .delete(true)
        .on_progress({
            let bar = bar.clone();
            move |progress| {
                bar.set_position(progress.done as u64);
                bar.set_message(format!("{} failed", progress.failed));
            }
        })
        .send()
        .await?;
    bar.finish_and_clear();

    let mut failed = 0;
    for (step, outcome) in &outcomes {
        match outcome {
            Ok(id) => println!("done    {step} ({id})"),
            Err(error) => {
                failed += 1;
                let doubt = match error.outcome() {
                    Outcome::Unknown => "; it may have been done, run this again",
                    _ => "",
                };
                println!("failed  {step}: {error}{doubt}");
            }
        }
    }
    println!("{} done, {failed} failed", outcomes.len() - failed);
    Ok(if failed == 0 { DONE } else { FAILED })
}

/// Reads the character files of a folder, in the order of their names.
fn load(folder: &Path) -> Result<Vec<AgentConfig>, Failure> {
    let mut files = Vec::new();
    for entry in
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?
    {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        // With --delete, a wrong path would otherwise delete every agent.
        return Err(format!("{} has no .json file", folder.display()).into());
    }
    files.sort();
    let mut by_name = BTreeMap::new();
    let mut configs = Vec::new();
    for file in files {
        let config = AgentConfig::from_json_file(&file)?;
        if let Some(other) = by_name.insert(config.name.clone(), file.clone()) {
            let (one, other) = (other.display(), file.display());
            return Err(format!("{one} and {other} have the same name {:?}", config.name).into());
        }
        configs.push(config);
    }
    Ok(configs)
}

fn ask(plan: &Plan) -> bool {
    if !std::io::stdin().is_terminal() {
        eprintln!("pass --yes to delete agents without a terminal to ask");
        return false;
    }
    let count = plan.delete.len();
    print!("Agents to delete for ever: {count}. Delete them? [y/N] ");
    let mut line = String::new();
    let read = std::io::stdout()
        .flush()
        .and_then(|()| std::io::stdin().read_line(&mut line));
    read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
}

/// Shows all of it on a mock: the plan, the run, and that nothing is left to do.
async fn demo() -> Result<u8, Failure> {
    let mock = MockServer::builder()
        .agents(["Quartermaster", "Ledger"])
        .in_process()?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(mock.service())
        .build()?;
    let folder = std::env::temp_dir().join(format!("orionos-sync-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("pilot.json"),
        include_str!("harbour_pilot.json"),
    )?;
    let quartermaster = AgentConfig::new("Quartermaster").goals(["Keep the stores"]);
    std::fs::write(
        folder.join("quartermaster.json"),
        quartermaster.to_json_string_pretty()?,
    )?;
    let options = Options {
        folder: folder.clone(),
        dry_run: true,
        delete: true,
        yes: true,
    };
    let would_change = sync(&orion, &options, ask).await;
    let options = Options {
        dry_run: false,
        ..options
    };
    let done = sync(&orion, &options, ask).await;
    let nothing_left = sync(&orion, &options, ask).await;
    std::fs::remove_dir_all(&folder)?;
    match (would_change?, done?, nothing_left?) {
        (WOULD_CHANGE, DONE, DONE) => Ok(DONE),
        codes => Err(format!("unexpected exit codes {codes:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use orionos_mock_server::{Fault, Operation};

    use super::*;

    /// A folder with these files, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str, files: &[(&str, &str)]) -> Self {
            let name = format!("orionos-{test}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for (file, text) in files {
                std::fs::write(folder.join(file), text).unwrap();
            }
            Self(folder)
        }

        fn options(&self, arguments: &str) -> Options {
            let folder = self.0.display().to_string();
            let arguments = arguments.split_whitespace().map(str::to_owned);
            Options::read(arguments.chain([folder])).unwrap().unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn orion() -> (MockServer, OrionOS) {
        let mock = MockServer::builder().agents(["Gone"]).in_process().unwrap();
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .http_service(mock.service());
        let orion = orion.build().unwrap();
        (mock, orion)
    }

    #[tokio::test(start_paused = true)]
    async fn a_dry_run_exits_with_2_while_something_would_change_and_then_with_0() {
        let folder = Folder::new("dry", &[("a.json", r#"{"name": "A"}"#), ("notes.txt", "x")]);
        let (mock, orion) = orion();
        let run = async |arguments: &str| {
            let options = folder.options(arguments);
            sync(&orion, &options, |_| panic!("it asks")).await.unwrap()
        };
        assert_eq!(run("--dry-run").await, WOULD_CHANGE);
        mock.assert_requests(Operation::Create, 0);
        assert_eq!(run("").await, DONE);
        assert_eq!(run("--dry-run").await, DONE);
        // An agent without a file counts only if it would be deleted.
        assert_eq!(run("--dry-run --delete").await, WOULD_CHANGE);
        mock.assert_requests(Operation::Delete, 0);
        assert_eq!(run("--delete --yes").await, DONE);
        assert_eq!(run("--dry-run --delete").await, DONE);
    }

    #[tokio::test(start_paused = true)]
    async fn deletes_are_only_made_after_a_yes() {
        let folder = Folder::new("ask", &[("a.json", r#"{"name": "A"}"#)]);
        let (mock, orion) = orion();
        let options = folder.options("--delete");
        assert_eq!(
            sync(&orion, &options, |_| false).await.unwrap(),
            NOT_CONFIRMED
        );
        mock.assert_requests(Operation::Create, 0);
        assert_eq!(sync(&orion, &options, |_| true).await.unwrap(), DONE);
        mock.assert_requests(Operation::Delete, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_step_exits_with_1() {
        let folder = Folder::new("fail", &[("a.json", r#"{"name": "A"}"#)]);
        let (mock, orion) = orion();
        mock.fault(Fault::status(400).on(Operation::Create));
        let options = folder.options("");
        assert_eq!(sync(&orion, &options, |_| true).await.unwrap(), FAILED);
    }

    #[test]
    fn what_cannot_be_synced_is_an_error_that_names_the_files() {
        let twins = [
            ("a.json", r#"{"name": "A"}"#),
            ("b.json", r#"{"name": "A"}"#),
        ];
        let folder = Folder::new("twins", &twins);
        let error = load(&folder.0).unwrap_err().to_string();
        assert!(
            error.contains("a.json") && error.contains("b.json"),
            "{error}"
        );
        let folder = Folder::new("empty", &[("a.txt", "")]);
        assert!(
            load(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("no .json file")
        );
        let folder = Folder::new("broken", &[("a.json", "{")]);
        assert!(load(&folder.0).unwrap_err().to_string().contains("a.json"));
        for arguments in [vec!["--force"], vec!["--delete"], vec!["one", "two"]] {
            let arguments = arguments.into_iter().map(str::to_owned);
            assert!(Options::read(arguments).is_err());
        }
    }
}
