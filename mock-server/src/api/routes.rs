//! The route table. The router, the stages and the OpenAPI document all read it.

use http::Method;

use crate::api::endpoint::{Endpoint, Resource, Route};
use crate::api::handlers::{agents, health, messages};
use crate::api::openapi::examples::AGENT_ID;
use crate::api::openapi::operations as describe;
use crate::protocol::operation::Operation;

static AGENTS: Resource = Resource {
    name: "agents",
    description: "Creates, lists, changes and deletes agents",
    example_id: AGENT_ID,
};

static MESSAGES: Resource = Resource {
    name: "messages",
    description: "Sends messages to agents",
    example_id: AGENT_ID,
};

static SERVER: Resource = Resource {
    name: "server",
    description: "Shows whether the server runs",
    example_id: "",
};

/// Every path of the API.
pub(crate) static ROUTES: &[Route] = &[
    Route {
        path: "/health",
        resource: &SERVER,
        endpoints: &[Endpoint {
            method: Method::GET,
            operation: Operation::Health,
            handler: health::health,
            describe: describe::health,
        }],
    },
    Route {
        path: "/v1/agents",
        resource: &AGENTS,
        endpoints: &[
            Endpoint {
                method: Method::GET,
                operation: Operation::List,
                handler: agents::list,
                describe: describe::list,
            },
            Endpoint {
                method: Method::POST,
                operation: Operation::Create,
                handler: agents::create,
                describe: describe::create,
            },
        ],
    },
    Route {
        path: "/v1/agents/{agentId}",
        resource: &AGENTS,
        endpoints: &[
            Endpoint {
                method: Method::GET,
                operation: Operation::Get,
                handler: agents::get,
                describe: describe::get,
            },
            Endpoint {
                method: Method::PATCH,
                operation: Operation::Update,
                handler: agents::update,
                describe: describe::update,
            },
            Endpoint {
                method: Method::DELETE,
                operation: Operation::Delete,
                handler: agents::delete,
                describe: describe::delete,
            },
        ],
    },
    Route {
        path: "/v1/agents/{agentId}/messages",
        resource: &MESSAGES,
        endpoints: &[Endpoint {
            method: Method::POST,
            operation: Operation::SendMessage,
            handler: messages::send,
            describe: describe::send_message,
        }],
    },
    Route {
        path: "/v1/agents/{agentId}/messages/stream",
        resource: &MESSAGES,
        endpoints: &[Endpoint {
            method: Method::POST,
            operation: Operation::StreamMessage,
            handler: messages::send,
            describe: describe::stream_message,
        }],
    },
];
