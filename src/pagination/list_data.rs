//! The `data` of a list's response.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::listed::Listed;
use crate::types::{Accept, Pagination, Read};

/// The key of a list whose key does not say what it lists.
const ITEMS: &str = "items";

/// The items of one page.
pub(super) struct ListData<T> {
    pub(super) items: Vec<T>,
    /// The items that lack what they must have. They do not cost the list its other items.
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) pagination: Pagination,
}

/// An item that lacks what it must have.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// How many of the other items come before it.
    pub(super) items_before: usize,
    /// The item, unchanged.
    pub(super) value: Value,
    /// Where it is wrong, from the list's key on, such as `agents[3].status`.
    pub(super) path: String,
    pub(super) error: serde_json::Error,
}

impl<'de, T: Listed> Deserialize<'de> for ListData<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Listed> Visitor<'de> for ListVisitor<T> {
    type Value = ListData<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object (a list)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ListData<T>, A::Error> {
        // Servers disagree about the key. Of two lists, the one that is not empty counts.
        let mut list: Option<(Vec<T>, Vec<Unreadable>)> = None;
        let mut found = false;
        let mut pagination = Pagination::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == T::LIST_KEY || key == ITEMS {
                let mut items = None;
                let other = map.next_value_seed(Read::into(&mut items, Accept::Anything))?;
                found = true;
                let is_empty = |(items, unreadable): &(Vec<T>, Vec<Unreadable>)| {
                    items.is_empty() && unreadable.is_empty()
                };
                if list.as_ref().is_none_or(is_empty) {
                    list = read_items(items, other, &key).or(list);
                }
            } else if key == "pagination" {
                let mut position = None;
                map.next_value_seed(Read::into(&mut position, Accept::Anything))?;
                pagination = position.unwrap_or_default();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        match list {
            Some((items, unreadable)) => Ok(ListData {
                items,
                unreadable,
                pagination,
            }),
            None if found => Err(A::Error::custom(format_args!(
                "expected a list in `{}` or `{ITEMS}`",
                T::LIST_KEY
            ))),
            None => Err(A::Error::missing_field(T::LIST_KEY)),
        }
    }
}

/// Returns the items of a list, apart from those that are unreadable, or `None` if it is not a list.
fn read_items<T: Listed>(
    items: Option<Vec<T>>,
    other: Option<Box<Value>>,
    key: &str,
) -> Option<(Vec<T>, Vec<Unreadable>)> {
    if let Some(items) = items {
        return Some((items, Vec::new()));
    }
    let Some(Value::Array(values)) = other.map(|other| *other) else {
        return None;
    };
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for (index, value) in values.into_iter().enumerate() {
        match serde_path_to_error::deserialize(&value) {
            Ok(item) => items.push(item),
            Err(error) => unreadable.push(Unreadable {
                items_before: items.len(),
                path: match error.path().to_string().as_str() {
                    "." => format!("{key}[{index}]"),
                    path => format!("{key}[{index}].{path}"),
                },
                value,
                error: error.into_inner(),
            }),
        }
    }
    Some((items, unreadable))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, from_value, json};

    use super::*;
    use crate::types::AgentSummary;

    fn read(list: &Value) -> ListData<AgentSummary> {
        from_str(&list.to_string()).unwrap()
    }

    fn names(list: &Value) -> Vec<String> {
        let items = read(list).items.into_iter();
        items.map(|item| item.name).collect()
    }

    fn agent(name: &str) -> Value {
        json!({"id": name, "name": name, "status": "active"})
    }

    #[test]
    fn the_list_that_is_not_empty_counts_under_either_key() {
        let one = json!([agent("Ledger")]);
        for list in [
            json!({"agents": one}),
            json!({"items": one}),
            json!({"agents": one, "items": []}),
            json!({"agents": [], "items": one}),
            json!({"agents": null, "items": one}),
            json!({"items": one, "agents": 7}),
            json!({"agents": {}, "items": one}),
        ] {
            assert_eq!(names(&list), ["Ledger"], "{list}");
        }
        assert!(names(&json!({"agents": [], "items": null})).is_empty());
    }

    #[test]
    fn one_unreadable_item_does_not_cost_the_others() {
        let list = json!({"agents": [
            agent("Ledger"), 7, {"id": "b", "status": "active"}, null,
            {"id": "c", "name": "Pilot", "status": 1}, agent("Purser"),
        ]});
        assert_eq!(names(&list), ["Ledger", "Purser"]);
        let unreadable: Vec<_> = read(&list)
            .unreadable
            .into_iter()
            .map(|item| (item.items_before, item.path, item.value))
            .collect();
        assert_eq!(
            unreadable,
            [
                (1, "agents[1]".to_owned(), json!(7)),
                (
                    1,
                    "agents[2]".to_owned(),
                    json!({"id": "b", "status": "active"})
                ),
                (1, "agents[3]".to_owned(), json!(null)),
                (
                    1,
                    "agents[4].status".to_owned(),
                    json!({"id": "c", "name": "Pilot", "status": 1})
                ),
            ]
        );
    }

    #[test]
    fn an_item_beside_an_unreadable_one_loses_nothing() {
        let odd = json!({
            "id": "a", "name": "Ledger", "status": "paused", "createdAt": 7, "updatedAt": null,
            "clients": "discord", "region": "eu-north",
        });
        let data: ListData<AgentSummary> = from_value(json!({"items": [odd, 7]})).unwrap();
        assert_eq!(serde_json::to_value(&data.items).unwrap(), json!([odd]));
    }

    #[test]
    fn the_position_is_optional_and_its_numbers_may_be_written_in_any_form() {
        for (pagination, total_pages) in [
            (json!({"currentPage": "1", "totalPages": 3.0}), 3),
            (json!({"totalPages": "many"}), 0),
            (json!([]), 0),
            (json!(null), 0),
        ] {
            let list = json!({"agents": [], "pagination": pagination});
            let data: ListData<AgentSummary> = from_value(list).unwrap();
            assert_eq!(data.pagination.total_pages, total_pages, "{pagination}");
        }
        let data: ListData<AgentSummary> = from_value(json!({"agents": []})).unwrap();
        assert_eq!(data.pagination, Pagination::default());
    }

    #[test]
    fn a_list_without_items_is_an_error_that_names_them() {
        for (list, reason) in [
            (json!({}), "missing field `agents`"),
            (
                json!({"agents": 7, "items": "none"}),
                "expected a list in `agents` or `items`",
            ),
        ] {
            let error = from_value::<ListData<AgentSummary>>(list).err().unwrap();
            assert_eq!(error.to_string(), reason);
        }
    }
}
