//! Configuration as code: plans, what applying them leaves behind, and what survives a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orionos::{
    AgentConfig, OrionError, OrionOS, Outcome, Plan, PlanStep, Progress, RetryPolicy, Value,
};
use orionos_mock_server::{Fault, MockServer, Operation, SettingsUpdate};
use serde_json::json;

use crate::support::{builder, client, started};

fn config(file: &Value) -> AgentConfig {
    AgentConfig::from_json_str(&file.to_string()).unwrap()
}

/// What is in the account before: one agent that stays, one that changes, one without a file.
fn account(update: SettingsUpdate) -> MockServer {
    let agents = [
        json!({"id": "agent_keep00000000", "name": "Keep", "bio": ["I stay."]}),
        json!({
            "id": "agent_change000000", "name": "Change", "bio": ["Old."], "model": "llama3",
            "settings": {"discord": {"commandPrefix": "!"}, "twitter": {"autoLike": true}},
            "region": "eu-north",
        }),
        json!({"id": "agent_gone00000000", "name": "Gone"}),
    ];
    started(MockServer::builder().settings(update).agents(agents))
}

/// What is in the folder.
fn folder() -> Vec<AgentConfig> {
    [
        json!({"name": "Keep", "bio": ["I stay."], "goals": null}),
        json!({
            "name": "Change", "bio": ["New.", "Newer."], "goals": ["Change"],
            "settings": {"discord": {"commandPrefix": "?"}, "matrix": {"rooms": ["#quay", null], "x": null}},
            "memory": {"size": 12.0, "seed": 18_446_744_073_709_551_615_u64, "rate": 0.1},
        }),
        json!({"name": "New", "plugins": [{"name": "p", "enabled": true, "config": {"z": 1, "a": null}}]}),
        json!({"name": "Newer", "modelSettings": {"temperature": 0.7, "top_k": 5}}),
    ]
    .iter()
    .map(config)
    .collect()
}

async fn plan(orion: &OrionOS) -> Plan {
    orion.agents().plan(folder()).send().await.unwrap()
}

/// Asserts that the account is exactly the folder, whose agents of before still have their ids.
async fn assert_synced(orion: &OrionOS, what: &str) {
    let plan = plan(orion).await;
    assert!(plan.is_empty(), "{what}: {plan}");
    assert_eq!(plan.unchanged.len(), 4, "{what}: {plan}");
    for agent in plan.unchanged {
        let before = match agent.name.as_str() {
            "Keep" => "agent_keep00000000",
            "Change" => "agent_change000000",
            _ => continue,
        };
        assert_eq!(agent.id.as_str(), before, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_must_change_and_changes_nothing() {
    let mock = account(SettingsUpdate::Merge);
    let plan = plan(&client(&mock)).await;
    assert_eq!(
        plan.to_string(),
        r##"2 to create, 1 to update, 1 to delete, 1 unchanged
+ create "New"
+ create "Newer"
~ update "Change" (agent_change000000)
    ~ bio:
        - "Old."
        + "New."
        + "Newer."
    + goals: ["Change"]
    + memory: {"rate":0.1,"seed":18446744073709551615,"size":12.0}
    - model: "llama3"
    - region: "eu-north"
    ~ settings.discord.commandPrefix: "!" -> "?"
    + settings.matrix: {"rooms":["#quay",null],"x":null}
    - settings.twitter: {"autoLike":true}
- delete "Gone" (agent_gone00000000)"##
    );
    for changing in [Operation::Create, Operation::Update, Operation::Delete] {
        mock.assert_requests(changing, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_applied_plan_leaves_exactly_the_folder_whichever_way_settings_are_patched() {
    for update in [SettingsUpdate::Merge, SettingsUpdate::Replace] {
        let mock = account(update);
        let orion = client(&mock);
        let progress: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let told = progress.clone();
        let outcomes = plan(&orion)
            .await
            .apply()
            .concurrency(2)
            .on_progress(move |progress| told.lock().unwrap().push(progress))
            .delete(true)
            .send()
            .await
            .unwrap();
        let steps: Vec<_> = outcomes.iter().map(|(step, _)| step.to_string()).collect();
        assert_eq!(
            steps,
            [
                r#"create "New""#,
                r#"create "Newer""#,
                r#"update "Change""#,
                r#"delete "Gone""#
            ]
        );
        assert!(
            outcomes.iter().all(|(_, outcome)| outcome.is_ok()),
            "{outcomes:?}"
        );
        let last = *progress.lock().unwrap().last().unwrap();
        assert_eq!((last.done, last.failed, last.total), (4, 0, 4));
        assert_synced(&orion, "after a run").await;
        mock.assert_requests(Operation::Create, 2);
        mock.assert_requests(Operation::Update, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_unless_asked_for() {
    let mock = account(SettingsUpdate::Merge);
    let orion = client(&mock);
    let outcomes = plan(&orion).await.apply().send().await.unwrap();
    assert_eq!(outcomes.len(), 3);
    mock.assert_requests(Operation::Delete, 0);
    let left = plan(&orion).await;
    assert_eq!(left.to_string().lines().count(), 2, "{left}");
    assert_eq!(left.delete[0].name, "Gone");
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_is_an_outcome_and_the_others_continue() {
    let mock = account(SettingsUpdate::Merge);
    assert!(mock.protect("agent_gone00000000", Some("It is needed.")));
    let orion = client(&mock);
    let outcomes = plan(&orion)
        .await
        .apply()
        .delete(true)
        .send()
        .await
        .unwrap();
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_err())
        .collect();
    assert!(
        matches!(failed.as_slice(), [(PlanStep::Delete(_), Err(error))] if error.status().is_some())
    );
    assert_eq!(outcomes.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn names_that_are_not_unique_are_errors_that_list_who_has_them() {
    let twins = ["agent_one000000000", "agent_two000000000"];
    let agents = twins.map(|id| json!({"id": id, "name": "Twin"}));
    let mock = started(MockServer::builder().agents(agents));
    let agents = client(&mock).agents();
    let error = agents
        .plan([AgentConfig::new("Twin")])
        .send()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(twins.iter().all(|id| text.contains(id)), "{text}");
    assert!(matches!(error, OrionError::InvalidRequest { .. }));

    let mut plan = agents
        .plan([AgentConfig::new("Other")])
        .send()
        .await
        .unwrap();
    assert_eq!(plan.delete.len(), 2);
    plan.create.push(AgentConfig::new("Other"));
    for error in [
        plan.apply().send().await.unwrap_err(),
        agents
            .plan(["A", "B", "A"].map(AgentConfig::new))
            .send()
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("2 configurations have the name"),
            "{error}"
        );
    }
    let error = agents
        .plan([AgentConfig::new(" ")])
        .send()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("must not be empty"), "{error}");
    mock.assert_requests(Operation::Create, 0);
}

/// Runs a sync that dies at its request of this number: no later request reaches the server, and that
/// one does only if it `acts`. Returns whether the run got that far.
async fn run_until(mock: &MockServer, request: u64, acts: bool) -> bool {
    let fatal = Fault::reset().after(request - 1).times(1);
    mock.fault(if acts { fatal.after_acting() } else { fatal });
    mock.fault(Fault::reset().after(request));
    let orion = builder(mock).retry(RetryPolicy::none()).build().unwrap();
    if let Ok(plan) = orion.agents().plan(folder()).concurrency(1).send().await {
        let _ = plan.apply().concurrency(1).delete(true).send().await;
    }
    let died = mock.faults().iter().any(|(_, applied)| *applied > 0);
    mock.clear_faults();
    died
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_at_any_request_is_completed_by_the_next_one() {
    let mut table = Vec::new();
    for update in [SettingsUpdate::Merge, SettingsUpdate::Replace] {
        for acts in [false, true] {
            for request in 1.. {
                let mock = account(update);
                if !run_until(&mock, request, acts).await {
                    // The list, two gets; the list, two creates, a get, an update, a delete.
                    assert_eq!(request, 10);
                    break;
                }
                let requests = mock.requests();
                let died_at = &requests[request as usize - 1];
                let what = format!("{} {}, acting: {acts}", died_at.method, died_at.path);
                let orion = client(&mock);
                let plan = plan(&orion).await;
                let outcomes = plan.apply().delete(true).send().await.unwrap();
                assert!(
                    outcomes.iter().all(|(_, outcome)| outcome.is_ok()),
                    "{what}"
                );
                assert_synced(&orion, &what).await;
                table.push(what);
            }
        }
    }
    assert_eq!(table.len(), 36);
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_can_be_applied_again_after_an_unknown_outcome() {
    let mock = account(SettingsUpdate::Merge);
    // Such a policy would create the agent twice.
    let policy = RetryPolicy::default().retry_unsafe(true);
    let orion = builder(&mock).retry(policy).build().unwrap();
    let plan = plan(&orion).await;
    mock.fault(Fault::reset().on(Operation::Create).after_acting());
    let outcomes = plan.apply().delete(true).send().await.unwrap();
    let unknown = outcomes
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().err());
    assert_eq!(
        unknown.map(OrionError::outcome).collect::<Vec<_>>(),
        [Outcome::Unknown; 2]
    );
    mock.clear_faults();

    let outcomes = plan.apply().delete(true).send().await.unwrap();
    assert!(
        outcomes.iter().all(|(_, outcome)| outcome.is_ok()),
        "{outcomes:?}"
    );
    mock.assert_requests(Operation::Create, 2);
    assert_synced(&orion, "applied twice").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_begins_after_another_has_created_its_agents_creates_none() {
    let mock = account(SettingsUpdate::Merge);
    let (one, other) = (client(&mock), client(&mock));
    let (first, second) = (plan(&one).await, plan(&other).await);
    first.apply().delete(true).send().await.unwrap();
    let outcomes = second.apply().delete(true).send().await.unwrap();
    assert!(
        outcomes.iter().all(|(_, outcome)| outcome.is_ok()),
        "{outcomes:?}"
    );
    mock.assert_requests(Operation::Create, 2);
    assert_synced(&one, "one after the other").await;
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_the_same_moment_double_agents_and_the_next_plan_names_them() {
    let mock = account(SettingsUpdate::Merge);
    mock.fault(Fault::latency(Duration::from_millis(10)));
    let (one, other) = (client(&mock), client(&mock));
    let (first, second) = (plan(&one).await, plan(&other).await);
    let (first, second) = (first.apply(), second.apply());
    let (first, second) = tokio::join!(first.send(), second.send());
    let mut ids = BTreeMap::<_, Vec<_>>::new();
    for (step, outcome) in first.unwrap().into_iter().chain(second.unwrap()) {
        if let PlanStep::Create(config) = step {
            ids.entry(config.name).or_default().push(outcome.unwrap());
        }
    }
    let error = one
        .agents()
        .plan(folder())
        .send()
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(ids["New"].len(), 2);
    assert!(
        ids["New"].iter().all(|id| error.contains(id.as_str())),
        "{error}"
    );

    // A person deletes one of each, and all is well again.
    for ids in ids.values() {
        one.agents().delete(&ids[0]).send().await.unwrap();
    }
    let outcomes = plan(&one).await.apply().delete(true).send().await.unwrap();
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    assert_synced(&one, "after the repair").await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_deleted_during_the_plan_is_created() {
    let mock = account(SettingsUpdate::Merge);
    let orion = client(&mock);
    let gone = Fault::status(404)
        .code("AGENT_NOT_FOUND")
        .agent("agent_keep00000000");
    mock.fault(gone.on(Operation::Get));
    let plan = plan(&orion).await;
    assert!(
        plan.create.iter().any(|config| config.name == "Keep"),
        "{plan}"
    );
    mock.clear_faults();
    // It was a mistake: the agent is found before it is created.
    plan.apply().delete(true).send().await.unwrap();
    assert_synced(&orion, "found again").await;
}

#[tokio::test(start_paused = true)]
async fn replacing_keeps_the_status_and_other_setters_win() {
    let mock = account(SettingsUpdate::Merge);
    let agents = client(&mock).agents();
    let id = "agent_change000000";
    agents.update(id).status("inactive").send().await.unwrap();
    let target = config(&json!({"name": "Changed", "model": "m", "region": null}));
    let update = agents
        .update(id)
        .model("n")
        .goals(["Win"])
        .extra("team", "quay");
    update.replace_with(&target).send().await.unwrap();
    let agent = agents.get(id).send().await.unwrap();
    assert_eq!(agent.status.as_str(), "inactive");
    let expected = json!({"name": "Changed", "model": "n", "goals": ["Win"], "team": "quay"});
    assert_eq!(serde_json::to_value(agent.config()).unwrap(), expected);

    let missing = agents.update("agent_none00000000").replace_with(&target);
    assert!(missing.send().await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_downloaded_agent_is_its_own_character_file() {
    for update in [SettingsUpdate::Merge, SettingsUpdate::Replace] {
        let mock = account(update);
        let orion = client(&mock);
        let mut files = Vec::new();
        for id in [
            "agent_keep00000000",
            "agent_change000000",
            "agent_gone00000000",
        ] {
            let agent: Value = orion
                .request(orionos::Method::GET, ["agents", id])
                .send()
                .await
                .unwrap();
            assert!(agent["metrics"].is_object() && agent["status"].is_string());
            let file = AgentConfig::from_json_str(&agent.to_string()).unwrap();
            let text = file.to_json_string_pretty().unwrap();
            assert!(!text.contains("metrics") && !text.contains(id), "{text}");
            files.push(AgentConfig::from_json_str(&text).unwrap());
        }
        let plan = orion.agents().plan(files).send().await.unwrap();
        assert_eq!((plan.is_empty(), plan.unchanged.len()), (true, 3), "{plan}");
    }
}
