//! The query parameters of a list.

use std::mem;

use crate::protocol::failure::Failure;

const PARAMETERS: [&str; 5] = ["page", "limit", "status", "sortBy", "order"];
pub(crate) const STATUSES: [&str; 3] = ["active", "inactive", "error"];
pub(crate) const SORT_KEYS: [&str; 3] = ["createdAt", "name", "status"];
pub(crate) const ORDERS: [&str; 2] = ["asc", "desc"];
/// The largest page number.
pub(crate) const LAST_PAGE: u64 = i64::MAX as u64;

/// The query of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) page: u64,
    pub(crate) limit: u64,
    pub(crate) status: Option<String>,
    pub(crate) sort_by: SortBy,
    pub(crate) descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SortBy {
    CreatedAt,
    Name,
    Status,
}

impl ListQuery {
    /// Parses a query string. Unknown parameters are ignored.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Failure> {
        let mut list = Self {
            page: 1,
            limit: 20,
            status: None,
            sort_by: SortBy::CreatedAt,
            descending: true,
        };
        let mut seen = [false; PARAMETERS.len()];
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let place = PARAMETERS.iter().position(|known| *known == name);
            if place.is_some_and(|place| mem::replace(&mut seen[place], true)) {
                return Err(Failure::invalid(
                    &*name,
                    format!("Invalid value for {name}"),
                    "Must be given once",
                ));
            }
            match &*name {
                "page" => list.page = whole(&value, "page", LAST_PAGE)?,
                "limit" => list.limit = whole(&value, "limit", 100)?,
                "status" => {
                    list.status = Some(one_of(&value, "status", &STATUSES)?);
                }
                "sortBy" => {
                    list.sort_by = match &*one_of(&value, "sortBy", &SORT_KEYS)? {
                        "name" => SortBy::Name,
                        "status" => SortBy::Status,
                        _ => SortBy::CreatedAt,
                    };
                }
                "order" => list.descending = one_of(&value, "order", &ORDERS)? == "desc",
                _ => {}
            }
        }
        Ok(list)
    }
}

fn whole(value: &str, field: &str, most: u64) -> Result<u64, Failure> {
    value
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            let reason = if most == LAST_PAGE {
                "Must be a whole number from 1".to_owned()
            } else {
                format!("Must be a whole number from 1 to {most}")
            };
            Failure::invalid(field, format!("Invalid value for {field}"), reason)
        })
}

fn one_of(value: &str, field: &str, words: &[&str]) -> Result<String, Failure> {
    if words.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(Failure::invalid(
        field,
        format!("Invalid value for {field}"),
        format!("Must be one of: {}", words.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_out_of_range_is_rejected() {
        for query in [
            "page=0",
            "page=x",
            "page=-1",
            "page=",
            "page=1&page=2",
            "page=9223372036854775808",
            "limit=0",
            "limit=101",
            "status=odd",
            "sortBy=id",
            "order=up",
        ] {
            assert!(ListQuery::parse(Some(query)).is_err(), "{query}");
        }
        assert!(ListQuery::parse(Some("page=2&limit=100&order=asc&unknown=1")).is_ok());
    }
}
