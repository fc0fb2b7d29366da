//! The route table. The router, the stages and the OpenAPI document all read it.

use http::Method;

use crate::api::endpoint::{Endpoint, Route};
use crate::api::handlers::{agents, health, messages};
use crate::api::openapi::operations as describe;
use crate::protocol::operation::Operation;

/// Every path of the API.
pub(crate) static ROUTES: &[Route] = &[
    Route {
        path: "/health",
        endpoints: &[Endpoint {
            method: Method::GET,
            operation: Operation::Health,
            handler: health::health,
            describe: describe::health,
        }],
    },
    Route {
        path: "/v1/agents",
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
        endpoints: &[Endpoint {
            method: Method::POST,
            operation: Operation::SendMessage,
            handler: messages::send,
            describe: describe::send_message,
        }],
    },
    Route {
        path: "/v1/agents/{agentId}/messages/stream",
        endpoints: &[Endpoint {
            method: Method::POST,
            operation: Operation::StreamMessage,
            handler: messages::send,
            describe: describe::stream_message,
        }],
    },
];
