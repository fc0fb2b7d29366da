//! Finds the route of a path in the route table.

use std::sync::LazyLock;

use crate::api::endpoint::Route;
use crate::api::routes::ROUTES;
use crate::protocol::paths::Paths;

static PATHS: LazyLock<Paths<Route>> =
    LazyLock::new(|| Paths::new(ROUTES.iter().map(|route| (route.path, route))));

/// Returns the route of a path and the id in it.
pub(crate) fn find(path: &str) -> Option<(&'static Route, Option<String>)> {
    PATHS.find(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_paths_can_be_ids() {
        for (path, route, id) in [
            ("/health", "/health", None),
            ("/v1/agents", "/v1/agents", None),
            (
                "/v1/agents/messages",
                "/v1/agents/{agentId}",
                Some("messages"),
            ),
            (
                "/v1/agents/messages/messages",
                "/v1/agents/{agentId}/messages",
                Some("messages"),
            ),
            (
                "/v1/agents/a/messages/stream",
                "/v1/agents/{agentId}/messages/stream",
                Some("a"),
            ),
        ] {
            let (found, found_id) = find(path).unwrap();
            assert_eq!((found.path, found_id.as_deref()), (route, id), "{path}");
        }
    }
}
