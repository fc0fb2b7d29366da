//! Pages as JSON, for caches and fakes.

use serde::ser::{Error, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::list_data::ListData;
use super::listed::Listed;
use super::page::Page;
use super::unreadable_item::UnreadableItem;

/// Writes `items` and `pagination`. Items that cannot be decoded are in their places, unchanged.
impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Page", 2)?;
        if self.unreadable.is_empty() {
            page.serialize_field("items", &self.items)?;
        } else {
            let mut unreadable = self.unreadable.iter().peekable();
            let mut items = Vec::<Value>::new();
            for (index, item) in self.items.iter().enumerate() {
                while let Some(odd) = unreadable.next_if(|odd| odd.items_before <= index) {
                    items.push(odd.value.clone());
                }
                items.push(serde_json::to_value(item).map_err(S::Error::custom)?);
            }
            items.extend(unreadable.map(|odd| odd.value.clone()));
            page.serialize_field("items", &items)?;
        }
        page.serialize_field("pagination", &self.pagination)?;
        page.end()
    }
}

/// Reads a page as the server sends it, or as it was written. It cannot fetch the next page.
impl<'de, T: Listed> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = ListData::<T>::deserialize(deserializer)?;
        let mut page = Self::new(data.items, data.pagination);
        page.unreadable = data
            .unreadable
            .into_iter()
            .map(UnreadableItem::of_file)
            .collect();
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::types::AgentSummary;

    #[test]
    fn a_page_that_is_written_and_read_again_is_the_same_with_all_its_items() {
        let agent = |name: &str| json!({"id": name, "name": name, "status": "active", "x": 1});
        let pagination = json!({
            "currentPage": 2, "totalPages": 3, "totalItems": 7, "itemsPerPage": 3
        });
        for items in [
            json!([]),
            json!([agent("a"), agent("b")]),
            json!([{"id": "odd"}, agent("a"), 7, agent("b"), null]),
        ] {
            let written = json!({"items": items, "pagination": pagination});
            let page: Page<AgentSummary> = from_value(written.clone()).unwrap();
            assert_eq!(to_value(&page).unwrap(), written);
            let sent = json!({"agents": items, "pagination": pagination});
            let page: Page<AgentSummary> = from_value(sent).unwrap();
            assert_eq!(to_value(&page).unwrap(), written);
            assert_eq!(page.has_next(), !items.as_array().unwrap().is_empty());
        }
        assert!(from_value::<Page<AgentSummary>>(json!({"pagination": pagination})).is_err());
    }
}
