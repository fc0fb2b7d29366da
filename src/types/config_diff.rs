//! What two configurations do not have in common.

use std::fmt;

use serde_json::{Map, Value};

use super::AgentConfig;

/// Lists with more pairs of items than this are shown as a whole.
const MOST_PAIRS: usize = 100_000;

/// The difference between two configurations, from [`AgentConfig::diff`].
///
/// Objects are compared field by field, lists as a whole. A field that is null is the same as one that
/// is absent, and `12` is the same as `12.0`.
///
/// `Display` writes a line per field: `+` was added, `-` was removed, and `~` was changed.
///
/// ```
/// use orionos::AgentConfig;
///
/// let old = AgentConfig::new("Ledger").model("llama3").bio(["I count.", "I rest."]);
/// let new = AgentConfig::new("Ledger").model("llama4").bio(["I count."]).goals(["Count"]);
/// let diff = old.diff(&new);
/// assert_eq!(diff.changed[1].field, "model");
/// assert_eq!(
///     diff.to_string(),
///     r#"~ bio:
///     - "I rest."
/// + goals: ["Count"]
/// ~ model: "llama3" -> "llama4""#
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ConfigDiff {
    /// The fields that only the second configuration has.
    pub added: Vec<FieldChange>,
    /// The fields that both have, with different values.
    pub changed: Vec<FieldChange>,
    /// The fields that only the first configuration has.
    pub removed: Vec<FieldChange>,
}

/// A field that differs. At least one of the values is there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldChange {
    /// The path of the field in JSON, such as `settings.discord.commandPrefix`.
    pub field: String,
    /// The value in the first configuration.
    pub before: Option<Value>,
    /// The value in the second configuration.
    pub after: Option<Value>,
}

impl ConfigDiff {
    /// Returns whether the configurations are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    fn compare(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let at = |name: &str| match path {
            "" => segment(name),
            _ => format!("{path}.{}", segment(name)),
        };
        for (name, old) in present(before) {
            match after.get(name).filter(|new| !new.is_null()) {
                None => self.removed.push(FieldChange {
                    field: at(name),
                    before: Some(old.clone()),
                    after: None,
                }),
                Some(new) if is_same(old, new) => {}
                Some(new) => match (old, new) {
                    (Value::Object(old), Value::Object(new)) => self.compare(&at(name), old, new),
                    _ => self.changed.push(FieldChange {
                        field: at(name),
                        before: Some(old.clone()),
                        after: Some(new.clone()),
                    }),
                },
            }
        }
        for (name, new) in present(after) {
            if before.get(name).is_none_or(Value::is_null) {
                self.added.push(FieldChange {
                    field: at(name),
                    before: None,
                    after: Some(new.clone()),
                });
            }
        }
    }
}

impl AgentConfig {
    /// Returns what must change in this configuration so that it becomes the other one.
    pub fn diff(&self, other: &Self) -> ConfigDiff {
        let mut diff = ConfigDiff::default();
        diff.compare("", &self.to_fields(), &other.to_fields());
        diff
    }

    /// Returns the JSON object, without settings that JSON cannot express.
    pub(crate) fn to_fields(&self) -> Map<String, Value> {
        let mut writable = self.clone();
        if let Some(settings) = &self.settings {
            writable.settings = Some(Map::clone(settings).into());
        }
        match serde_json::to_value(&writable) {
            Ok(Value::Object(fields)) => fields,
            // Everything else in a configuration is JSON already.
            _ => Map::new(),
        }
    }
}

fn present(fields: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    fields.iter().filter(|(_, value)| !value.is_null())
}

/// Returns whether two values mean the same.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            // Large whole numbers are not compared as floats, which cannot tell them apart.
            one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let covers = |one: &Map<String, Value>, other: &Map<String, Value>| {
                present(one)
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
            };
            covers(one, other) && covers(other, one)
        }
        _ => one == other,
    }
}

/// Returns a name as a part of a path, in quotes if it could be taken for something else.
fn segment(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '/');
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => Value::from(name).to_string(),
    }
}

impl fmt::Display for ConfigDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut changes: Vec<&FieldChange> = self
            .added
            .iter()
            .chain(&self.changed)
            .chain(&self.removed)
            .collect();
        if changes.is_empty() {
            return f.write_str("no difference");
        }
        changes.sort_by(|one, other| one.field.cmp(&other.field));
        for (index, change) in changes.into_iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match (&self.before, &self.after) {
            (Some(Value::Array(before)), Some(Value::Array(after)))
                if before.len().saturating_mul(after.len()) <= MOST_PAIRS =>
            {
                write!(f, "~ {field}:")?;
                for (sign, item) in list_changes(before, after) {
                    write!(f, "\n    {sign} {item}")?;
                }
                Ok(())
            }
            (Some(before), Some(after)) => write!(f, "~ {field}: {before} -> {after}"),
            (None, Some(after)) => write!(f, "+ {field}: {after}"),
            (Some(before), None) => write!(f, "- {field}: {before}"),
            (None, None) => write!(f, "  {field}"),
        }
    }
}

/// Returns which items are removed from a list and added to it, in the order of the lists. What stays
/// is a longest common subsequence.
fn list_changes<'a>(before: &'a [Value], after: &'a [Value]) -> Vec<(char, &'a Value)> {
    let (rows, columns) = (before.len(), after.len());
    // The length of what the lists have in common from these places on.
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = match is_same(&before[row], &after[column]) {
                true => common[row + 1][column + 1] + 1,
                false => common[row + 1][column].max(common[row][column + 1]),
            };
        }
    }
    let mut changes = Vec::new();
    let (mut row, mut column) = (0, 0);
    while row < rows || column < columns {
        if row < rows && column < columns && is_same(&before[row], &after[column]) {
            row += 1;
            column += 1;
        } else if row < rows
            && (column == columns || common[row + 1][column] >= common[row][column + 1])
        {
            changes.push(('-', &before[row]));
            row += 1;
        } else {
            changes.push(('+', &after[column]));
            column += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(fields: &Value) -> AgentConfig {
        let mut file = json!({"name": "Ledger"});
        file.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        AgentConfig::from_json_str(&file.to_string()).unwrap()
    }

    #[test]
    fn the_same_configuration_in_another_spelling_is_no_difference() {
        for (one, other) in [
            (json!({"bio": null}), json!({})),
            (json!({"region": null}), json!({})),
            (
                json!({"settings": {"matrix": {"a": null, "b": 1}}}),
                json!({"settings": {"matrix": {"b": 1.0}}}),
            ),
            (
                json!({"modelSettings": {"maxTokens": 256}}),
                json!({"modelSettings": {"maxTokens": 256.0}}),
            ),
            (json!({"memory": [{"a": null}]}), json!({"memory": [{}]})),
        ] {
            let diff = config(&one).diff(&config(&other));
            assert!(diff.is_empty(), "{diff}");
            assert_eq!(diff.to_string(), "no difference");
        }
    }

    #[test]
    fn every_other_change_is_a_difference_with_its_path_and_both_values() {
        for (one, other, line) in [
            (json!({}), json!({"model": "m"}), r#"+ model: "m""#),
            (json!({"region": 1}), json!({}), "- region: 1"),
            (
                json!({"model": "m"}),
                json!({"model": "n"}),
                r#"~ model: "m" -> "n""#,
            ),
            (json!({"goals": []}), json!({}), "- goals: []"),
            (
                json!({"settings": {"matrix": {"rooms": {"a.b": 1, "c": 2}}}}),
                json!({"settings": {"matrix": {"rooms": {"a.b": 2, "c": 2}}}}),
                r#"~ settings.matrix.rooms."a.b": 1 -> 2"#,
            ),
            (
                json!({"seed": 9_007_199_254_740_993_u64}),
                json!({"seed": 9_007_199_254_740_992_u64}),
                "~ seed: 9007199254740993 -> 9007199254740992",
            ),
            (
                json!({"bio": ["a", "b", "c"]}),
                json!({"bio": ["b", "a", "c", "d"]}),
                "~ bio:\n    - \"a\"\n    + \"a\"\n    + \"d\"",
            ),
            (
                json!({"memory": [null]}),
                json!({"memory": []}),
                "~ memory:\n    - null",
            ),
            (
                json!({"memory": 1}),
                json!({"memory": {"a": 1}}),
                r#"~ memory: 1 -> {"a":1}"#,
            ),
        ] {
            let (one, other) = (config(&one), config(&other));
            assert_eq!(one.diff(&other).to_string(), line);
            assert!(!other.diff(&one).is_empty());
        }
    }

    #[test]
    fn a_long_list_is_shown_as_a_whole() {
        let (one, other) = (vec!["a"; 1000], vec!["b"; 1000]);
        let diff = config(&json!({"bio": one})).diff(&config(&json!({"bio": other})));
        assert!(diff.to_string().starts_with("~ bio: [\"a\","));
    }
}
