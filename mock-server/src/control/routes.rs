//! The route table of the control API. The router and the OpenAPI document both read it.

use http::Method;
use serde_json::{Value, json};

use crate::api::openapi::types::Types;
use crate::control::accounts::{self, Accounts};
use crate::control::agents::{self, AgentChange, AgentList, AgentMemory, AgentState};
use crate::control::capabilities::{self, Capabilities};
use crate::control::clock::{self, ClockChange, ClockState};
use crate::control::description::{Description, Parameter, content, flag, number, text};
use crate::control::endpoint::{Endpoint, Handler, Outcome, Route};
use crate::control::faults::{self, FaultList};
use crate::control::journal::{self, Expectation, Found, Requests, Verified, Wait};
use crate::control::keys::{self, KeySet, NewKey};
use crate::control::limits::{self, NewTier};
use crate::control::pace::{self, Pace};
use crate::control::replies::{self, Replies};
use crate::control::request::ControlRequest;
use crate::control::server::{self, Health, Ready};
use crate::control::windows::{self, WindowList};
use crate::control::{events, page, state};
use crate::faults::fault::Fault;
use crate::journal::recorded_request::JournalEntry;
use crate::protocol::operation::Operation;
use crate::state::limits::Limits;
use crate::state::snapshot::Snapshot;

/// Every path of the control API, except that of its description.
pub(crate) static ROUTES: &[Route] = &[
    Route {
        path: "/__mock",
        endpoints: &[of_page(page::redirect)],
    },
    Route {
        path: "/__mock/",
        endpoints: &[of_page(page::index)],
    },
    Route {
        path: "/__mock/page/{file}",
        endpoints: &[of_page(page::file)],
    },
    Route {
        path: "/__mock/events",
        endpoints: &[get(
            events::show,
            Description::new(
                "watch",
                "Sends what happens as server-sent events: requests, and changed with the names of what else changed",
                events::content,
            ),
        )],
    },
    Route {
        path: "/__mock/accounts",
        endpoints: &[get(
            accounts::show,
            Description::new(
                "listAccounts",
                "Lists the accounts of a mock with isolated keys",
                content::<Accounts>,
            ),
        )],
    },
    Route {
        path: "/__mock/health",
        endpoints: &[get(
            server::health,
            Description::new(
                "controlHealth",
                "Returns whether the mock runs",
                content::<Health>,
            ),
        )],
    },
    Route {
        path: "/__mock/ready",
        endpoints: &[get(
            server::ready,
            Description::new("ready", "Returns the base URL", content::<Ready<'static>>),
        )],
    },
    Route {
        path: "/__mock/capabilities",
        endpoints: &[get(
            capabilities::show,
            Description::new(
                "capabilities",
                "Lists the behaviors of the mock and who defined them",
                content::<Capabilities>,
            ),
        )],
    },
    Route {
        path: "/__mock/faults",
        endpoints: &[
            get(
                faults::show,
                Description::new(
                    "listFaults",
                    "Lists the faults and how often each was applied",
                    content::<FaultList>,
                ),
            ),
            post(
                faults::add,
                Description::new(
                    "addFaults",
                    "Adds one fault, or several in this order",
                    content::<FaultList>,
                )
                .with(
                    one_or_more_faults,
                    r#"{"kind": "status", "status": 503, "on": ["send_message"], "times": 2}"#,
                ),
            ),
            delete(
                faults::clear,
                Description::new("clearFaults", "Removes all faults", content::<FaultList>),
            ),
        ],
    },
    Route {
        path: "/__mock/faults/{faultId}",
        endpoints: &[delete(
            faults::remove,
            Description::new("removeFault", "Removes one fault", content::<FaultList>)
                .failing(&["400", "404"]),
        )],
    },
    Route {
        path: "/__mock/clock",
        endpoints: &[
            get(
                clock::show,
                Description::new(
                    "showClock",
                    "Returns the state of the clock",
                    content::<ClockState>,
                ),
            ),
            post(
                clock::change,
                Description::new(
                    "changeClock",
                    "Sets, moves, freezes or resumes the clock",
                    content::<ClockState>,
                )
                .with(Types::reference::<ClockChange>, r#"{"advanceMs": 60000}"#),
            ),
        ],
    },
    Route {
        path: "/__mock/requests",
        endpoints: &[
            get(
                journal::show,
                Description::new(
                    "listRequests",
                    "Lists the requests that arrived",
                    content::<Requests>,
                )
                .filtered(&[
                    Parameter::new("operation", Types::reference::<Operation>),
                    Parameter::new("agentId", text),
                    Parameter::new("status", status),
                    Parameter::new("fault", text),
                    Parameter::new("exact", flag),
                    Parameter::new("after", number),
                ]),
            ),
            delete(
                journal::clear,
                Description::new("clearRequests", "Clears the journal", content::<Requests>),
            ),
        ],
    },
    Route {
        path: "/__mock/requests/search",
        endpoints: &[get(
            journal::search,
            Description::new(
                "searchRequests",
                "Finds the requests that contain a text",
                content::<Found>,
            )
            .filtered(&[
                Parameter::new("text", text).required(),
                Parameter::new("after", number),
            ]),
        )],
    },
    Route {
        path: "/__mock/requests/{sequence}",
        endpoints: &[get(
            journal::show_one,
            Description::new(
                "showRequest",
                "Returns one request, in addition with its exact bodies as text",
                content::<JournalEntry<'static>>,
            )
            .failing(&["400", "404"]),
        )],
    },
    Route {
        path: "/__mock/requests/verify",
        endpoints: &[post(
            journal::verify,
            Description::new(
                "verifyRequests",
                "Checks how many requests arrived",
                content::<Verified>,
            )
            .with(
                Types::reference::<Expectation>,
                r#"{"request": {"operation": "create", "body": {"name": "Ledger"}}, "count": 0}"#,
            )
            .failing(&["400", "409", "415"]),
        )],
    },
    Route {
        path: "/__mock/requests/wait",
        endpoints: &[Endpoint {
            method: Method::POST,
            handler: Handler::Waiting(journal::wait),
            description: Some(
                Description::new(
                    "waitForRequests",
                    "Waits until requests have arrived",
                    content::<Verified>,
                )
                .with(
                    Types::reference::<Wait>,
                    r#"{"request": {"operation": "list"}, "count": 0, "timeoutMs": 10}"#,
                )
                .failing(&["400", "408", "415"]),
            ),
        }],
    },
    Route {
        path: "/__mock/state",
        endpoints: &[
            get(
                state::show,
                Description::new(
                    "showState",
                    "Returns the agents with their conversations",
                    content::<Snapshot>,
                ),
            ),
            put(
                state::restore,
                Description::new("restoreState", "Restores a snapshot", content::<Snapshot>)
                    .with(Types::reference::<Snapshot>, r#"{"agents": []}"#),
            ),
        ],
    },
    Route {
        path: "/__mock/reset",
        endpoints: &[post(
            state::reset,
            Description::new("reset", "Restores the initial state", content::<Snapshot>),
        )],
    },
    Route {
        path: "/__mock/agents",
        endpoints: &[get(
            agents::list,
            Description::new(
                "listAgentStates",
                "Lists agents, the newest first",
                content::<AgentList<'static>>,
            )
            .filtered(&[Parameter::new("text", text)]),
        )],
    },
    Route {
        path: "/__mock/agents/{agentId}",
        endpoints: &[
            get(
                agents::show,
                Description::new(
                    "showAgent",
                    "Returns an agent with the conversations that it remembers",
                    content::<AgentMemory<'static>>,
                )
                .failing(&["400", "404"]),
            ),
            Endpoint {
                method: Method::PATCH,
                handler: Handler::Immediate(agents::change),
                description: Some(
                    Description::new(
                        "changeAgent",
                        "Protects an agent from deletion or makes it unavailable",
                        content::<AgentState>,
                    )
                    .with(
                        Types::reference::<AgentChange>,
                        r#"{"protected": "in use", "unavailable": null}"#,
                    )
                    .failing(&["400", "404", "415"]),
                ),
            },
        ],
    },
    Route {
        path: "/__mock/keys",
        endpoints: &[put(
            keys::set,
            Description::new(
                "setKey",
                "Adds a key or changes its permissions",
                content::<KeySet>,
            )
            .with(
                Types::reference::<NewKey>,
                r#"{"key": "viewer-key", "state": "read_only"}"#,
            ),
        )],
    },
    Route {
        path: "/__mock/limits",
        endpoints: &[
            get(
                limits::show,
                Description::new("showLimits", "Returns the limits", content::<Limits>),
            ),
            put(
                limits::set,
                Description::new("setLimits", "Changes the limits", content::<Limits>).with(
                    Types::reference::<Limits>,
                    r#"{"account": 60, "create": 10, "agents": 100}"#,
                ),
            ),
        ],
    },
    Route {
        path: "/__mock/windows",
        endpoints: &[get(
            windows::show,
            Description::new(
                "showWindows",
                "Returns the rate-limit windows",
                content::<WindowList<'static>>,
            ),
        )],
    },
    Route {
        path: "/__mock/tier",
        endpoints: &[put(
            limits::set_tier,
            Description::new(
                "setTier",
                "Changes the limits to those of a tier",
                content::<Limits>,
            )
            .with(Types::reference::<NewTier>, r#"{"tier": "standard"}"#),
        )],
    },
    Route {
        path: "/__mock/replies",
        endpoints: &[
            get(
                replies::show,
                Description::new(
                    "showReplies",
                    "Returns the replies of agents",
                    content::<Replies>,
                ),
            ),
            put(
                replies::set,
                Description::new(
                    "setReplies",
                    "Replaces the replies of agents",
                    content::<Replies>,
                )
                .with(Types::reference::<Replies>, r#"{"script": ["Berth 7."]}"#),
            ),
            post(
                replies::add,
                Description::new("addReplies", "Adds replies of agents", content::<Replies>)
                    .with(Types::reference::<Replies>, r#"{"script": ["Berth 8."]}"#)
                    .failing(&["400", "413", "415"]),
            ),
        ],
    },
    Route {
        path: "/__mock/pace",
        endpoints: &[
            get(
                pace::show,
                Description::new("showPace", "Returns the pace of streams", content::<Pace>),
            ),
            put(
                pace::set,
                Description::new("setPace", "Changes the pace of streams", content::<Pace>)
                    .with(Types::reference::<Pace>, r#"{"tokenPaceMs": 20}"#),
            ),
        ],
    },
];

type Immediate = fn(&ControlRequest) -> Outcome;

const fn get(handler: Immediate, description: Description) -> Endpoint {
    immediate(Method::GET, handler, description)
}

const fn post(handler: Immediate, description: Description) -> Endpoint {
    immediate(Method::POST, handler, description)
}

const fn put(handler: Immediate, description: Description) -> Endpoint {
    immediate(Method::PUT, handler, description)
}

const fn delete(handler: Immediate, description: Description) -> Endpoint {
    immediate(Method::DELETE, handler, description)
}

const fn immediate(method: Method, handler: Immediate, description: Description) -> Endpoint {
    Endpoint {
        method,
        handler: Handler::Immediate(handler),
        description: Some(description),
    }
}

/// The page is for people, so the OpenAPI document does not have it.
const fn of_page(handler: Immediate) -> Endpoint {
    Endpoint {
        method: Method::GET,
        handler: Handler::Immediate(handler),
        description: None,
    }
}

fn one_or_more_faults(types: &mut Types) -> Value {
    let fault = types.reference::<Fault>();
    json!({"anyOf": [fault, {"type": "array", "items": fault}]})
}

fn status(_: &mut Types) -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u16::MAX})
}
