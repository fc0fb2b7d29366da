//! What the route table has about a path and its methods.

use std::pin::Pin;

use http::Method;

use crate::control::description::{Description, Parameter};
use crate::control::error::ControlError;
use crate::control::request::ControlRequest;
use crate::protocol::envelope::Response;
use crate::protocol::route;

/// The response of a handler, or why there is none.
pub(crate) type Outcome = Result<Response, ControlError>;

/// An outcome that takes a while.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Answers a request.
pub(crate) enum Handler {
    Immediate(fn(&ControlRequest) -> Outcome),
    Waiting(fn(ControlRequest) -> Waiting),
}

/// A path of the control API.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) endpoints: &'static [Endpoint],
}

/// A method of a path.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) handler: Handler,
    /// `None` if the OpenAPI document does not have it.
    pub(crate) description: Option<Description>,
}

impl Route {
    /// Returns the endpoint that handles a method.
    pub(crate) fn endpoint(&self, method: &Method) -> Option<&'static Endpoint> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|endpoint| route::handles(&endpoint.method, method))
    }

    /// Returns the methods for the header `Allow`.
    pub(crate) fn allow(&self) -> String {
        let methods: Vec<&str> = (self.endpoints.iter())
            .map(|endpoint| match endpoint.method {
                Method::GET => "GET,HEAD",
                ref method => method.as_str(),
            })
            .collect();
        methods.join(",")
    }

    /// Returns the name of the parameter in the path, such as `agentId`.
    pub(crate) fn parameter(&self) -> Option<&'static str> {
        route::parameter(self.path)
    }
}

impl Endpoint {
    /// Returns the parameters that a query can have.
    pub(crate) fn parameters(&self) -> &'static [Parameter] {
        let description = self.description.as_ref();
        description.map_or(&[], |description| description.parameters)
    }

    /// Returns whether requests have a JSON body.
    pub(crate) fn has_body(&self) -> bool {
        let description = self.description.as_ref();
        description.is_some_and(|description| description.body.is_some())
    }
}
