//! Finds the route of a path in the route table.

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use crate::api::endpoint::Route;
use crate::api::routes::ROUTES;

/// A route, and the id in the path.
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) id: Option<String>,
}

/// The routes, each with what is before and after the id in its path.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let patterns = ROUTES.iter().map(|route| (route, route.around_id()));
    patterns.collect()
});

type Pattern = (&'static Route, Option<(&'static str, &'static str)>);

/// Returns the route of a path, if there is one.
pub(crate) fn find(path: &str) -> Option<Found> {
    PATTERNS.iter().find_map(|(route, around_id)| {
        let Some((before, after)) = around_id else {
            return (route.path == path).then_some(Found { route, id: None });
        };
        let id = path.strip_prefix(*before)?.strip_suffix(*after)?;
        let is_segment = !id.is_empty() && !id.contains('/');
        is_segment.then(|| Found {
            route,
            id: Some(decode(id)),
        })
    })
}

/// Decodes an id. One that is not UTF-8 becomes an id that no agent has.
fn decode(id: &str) -> String {
    let decoded = percent_decode_str(id).decode_utf8();
    decoded.map_or("\u{fffd}".to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_route_if_all_of_its_segments_match() {
        for (path, route, id) in [
            ("/health", "/health", None),
            ("/v1/agents", "/v1/agents", None),
            ("/v1/agents/a", "/v1/agents/{agentId}", Some("a")),
            (
                "/v1/agents/messages",
                "/v1/agents/{agentId}",
                Some("messages"),
            ),
            (
                "/v1/agents/a%2Fb%20c",
                "/v1/agents/{agentId}",
                Some("a/b c"),
            ),
            ("/v1/agents/%ff", "/v1/agents/{agentId}", Some("\u{fffd}")),
            (
                "/v1/agents/a/messages",
                "/v1/agents/{agentId}/messages",
                Some("a"),
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
            let found = find(path).unwrap();
            assert_eq!(
                (found.route.path, found.id.as_deref()),
                (route, id),
                "{path}"
            );
        }
        for path in [
            "",
            "*",
            "/",
            "/v1",
            "/v1/agents/",
            "/v1/agents//messages",
            "/v1/agents/a/",
            "/v1/agents/a/b",
            "/v1/agents/a/messages/",
            "/v1/agentsx",
            "/health/",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
