//! Types whose JSON is a string of any content: ids, and enums that keep unknown values.

/// Reads and writes a type as a JSON string. The type has `as_str`, and is made from `&str` and
/// `String`. `expected` is what an error says of JSON that is not a string.
macro_rules! json_text {
    ($name:ident, expected $expected:expr) => {
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::types::Lenient for $name {
            const EXPECTED: &'static str = $expected;

            fn from_text(value: &str) -> Option<$crate::types::Reading<Self>> {
                Some($crate::types::Reading::Exact(Self::from(value)))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(<$name as $crate::types::Lenient>::EXPECTED)
                    }

                    fn visit_str<E>(self, value: &str) -> Result<$name, E> {
                        Ok($name::from(value))
                    }

                    fn visit_string<E>(self, value: String) -> Result<$name, E> {
                        Ok($name::from(value))
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(super) use json_text;
