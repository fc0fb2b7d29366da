//! Finds the route of a path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The paths of a route table. A path can have a parameter, such as `/v1/agents/{agentId}/messages`.
pub(crate) struct Paths<R: 'static>(Vec<(Pattern, &'static R)>);

enum Pattern {
    Exact(&'static str),
    /// What is before and after the parameter.
    Around(&'static str, &'static str),
}

impl<R> Paths<R> {
    pub(crate) fn new(routes: impl Iterator<Item = (&'static str, &'static R)>) -> Self {
        let mut routes: Vec<_> = routes
            .map(|(path, route)| (Pattern::new(path), route))
            .collect();
        // A path that is listed is not the parameter of another one.
        routes.sort_by_key(|(pattern, _)| matches!(pattern, Pattern::Around(..)));
        Self(routes)
    }

    /// Returns the route of a path and the decoded parameter.
    pub(crate) fn find(&self, path: &str) -> Option<(&'static R, Option<String>)> {
        self.0.iter().find_map(|(pattern, route)| match pattern {
            Pattern::Exact(exact) => (*exact == path).then_some((*route, None)),
            Pattern::Around(before, after) => {
                let parameter = path.strip_prefix(before)?.strip_suffix(after)?;
                let is_segment =
                    !parameter.is_empty() && !parameter.bytes().any(|byte| byte == b'/');
                is_segment.then(|| (*route, Some(decode(parameter))))
            }
        })
    }
}

impl Pattern {
    fn new(path: &'static str) -> Self {
        let around = path
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
        around.map_or(Self::Exact(path), |(before, after)| {
            Self::Around(before, after)
        })
    }
}

/// Decodes a parameter. One that is not UTF-8 becomes a name that nothing has.
fn decode(parameter: &str) -> String {
    // Most parameters are ids, which have nothing to decode.
    if !parameter.bytes().any(|byte| byte == b'%') {
        return parameter.to_owned();
    }
    let decoded = percent_decode_str(parameter).decode_utf8();
    decoded.map_or("\u{fffd}".to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Option<(&'static str, Option<String>)> {
        const ROUTES: &[&str] = &["/a/{id}", "/a/{id}/b", "/a", "/a/b", "/a/b/"];
        let paths = Paths::new(ROUTES.iter().map(|path| (*path, path)));
        paths
            .find(path)
            .map(|(route, parameter)| (*route, parameter))
    }

    #[test]
    fn a_path_has_a_route_if_all_of_its_segments_match() {
        for (path, route, parameter) in [
            ("/a", "/a", None),
            ("/a/b", "/a/b", None),
            ("/a/b/", "/a/b/", None),
            ("/a/c", "/a/{id}", Some("c")),
            ("/a/b%2Fc%20d", "/a/{id}", Some("b/c d")),
            ("/a/%62", "/a/{id}", Some("b")),
            ("/a/%", "/a/{id}", Some("%")),
            ("/a/%ff", "/a/{id}", Some("\u{fffd}")),
            ("/a/{id}", "/a/{id}", Some("{id}")),
            ("/a/c/b", "/a/{id}/b", Some("c")),
            ("/a/b/b", "/a/{id}/b", Some("b")),
        ] {
            let parameter = parameter.map(str::to_owned);
            assert_eq!(find(path), Some((route, parameter)), "{path}");
        }
        for path in [
            "", "*", "/", "/a/", "/a//b", "/a/c/", "/a/c/d", "/a/c/b/", "/ab", "/%61",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
