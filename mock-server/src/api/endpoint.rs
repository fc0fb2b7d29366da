//! What the route table has about a path and its methods.

use http::Method;
use serde_json::Value;

use crate::api::exchange::Exchange;
use crate::api::openapi::types::Types;
use crate::protocol::envelope::Response;
use crate::protocol::failure::Failure;
use crate::protocol::operation::Operation;
use crate::protocol::route;
use crate::state::account::AccountState;
use crate::state::settings::Settings;

/// Answers a request while the account is locked.
pub(crate) type Handler = fn(&mut Exchange, &mut AccountState) -> Result<Handled, Failure>;

/// Describes an operation for the OpenAPI document.
pub(crate) type Describe = fn(&mut Types, &Settings) -> Value;

pub(crate) type Later = Box<dyn FnOnce(&Exchange) -> Response + Send>;

/// A response, or what makes it.
pub(crate) enum Handled {
    Response(Response),
    /// It may block the thread, because it calls a closure of the user. So the account is not locked
    /// while it runs.
    Blocking(Later),
}

/// What the paths of a group of operations are about; in the OpenAPI document, a tag.
#[derive(PartialEq)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// The example of the id in its paths.
    pub(crate) example_id: &'static str,
}

/// A path of the API.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) resource: &'static Resource,
    pub(crate) endpoints: &'static [Endpoint],
}

/// A method of a path.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) operation: Operation,
    pub(crate) handler: Handler,
    pub(crate) describe: Describe,
}

impl Route {
    /// Returns the endpoint that handles a method.
    pub(crate) fn endpoint(&self, method: &Method) -> Option<&'static Endpoint> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|endpoint| route::handles(&endpoint.method, method))
    }

    /// Returns the name of the id in the path, such as `agentId`.
    pub(crate) fn id_name(&self) -> Option<&'static str> {
        route::parameter(self.path)
    }

    /// Returns whether the path has the id of an agent, which faults, limits and the journal use.
    pub(crate) fn names_agent(&self) -> bool {
        self.id_name() == Some("agentId")
    }

    /// Returns the methods for the header `Allow`.
    pub(crate) fn allow(&self) -> String {
        let methods: Vec<&str> = self
            .endpoints
            .iter()
            .map(|endpoint| endpoint.method.as_str())
            .collect();
        methods.join(", ")
    }
}

impl Endpoint {
    /// Returns whether the operation changes something, which a read-only key may not do.
    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Returns whether requests have a JSON body.
    pub(crate) fn has_body(&self) -> bool {
        self.method == Method::POST || self.method == Method::PATCH
    }

    /// Returns whether requests need a key and count against the limits.
    pub(crate) fn is_limited(&self) -> bool {
        self.operation != Operation::Health
    }
}
