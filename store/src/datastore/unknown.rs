//! What a newer host has written and this one does not know.

use serde_json::{Map, Value};

/// The parts of a stored value that this host does not know, to be put back when it writes the value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Unknown {
    /// Of an object.
    Object {
        /// Fields that are not known at all.
        fields: Map<String, Value>,
        /// What is not known inside fields that are.
        inside: Vec<(String, Unknown)>,
    },
    /// Of a list: each element as it is known, and what is not known of it, if anything.
    Elements(Vec<(Value, Option<Unknown>)>),
}

impl Unknown {
    /// What is in `stored` and not in `known`; `None` if that is nothing.
    pub(super) fn of(known: &Value, stored: &Value) -> Option<Self> {
        match (known, stored) {
            (Value::Object(known), Value::Object(stored)) => {
                let mut fields = Map::new();
                let mut inside = Vec::new();
                for (name, value) in stored {
                    match known.get(name) {
                        None => {
                            fields.insert(name.clone(), value.clone());
                        }
                        Some(known) => {
                            inside.extend(Self::of(known, value).map(|rest| (name.clone(), rest)));
                        }
                    }
                }
                let nothing = fields.is_empty() && inside.is_empty();
                (!nothing).then_some(Self::Object { fields, inside })
            }
            (Value::Array(known), Value::Array(stored)) if known.len() == stored.len() => {
                let elements: Vec<_> = known
                    .iter()
                    .zip(stored)
                    .map(|(known, stored)| (known.clone(), Self::of(known, stored)))
                    .collect();
                elements.iter().any(|(_, unknown)| unknown.is_some()).then_some(Self::Elements(elements))
            }
            _ => None,
        }
    }

    /// Puts it back into `value`, which this host has written: where a field or an element is gone, what was
    /// inside goes with it.
    pub(super) fn put_back(&self, value: &mut Value) {
        match (self, value) {
            (Self::Object { fields, inside }, Value::Object(value)) => {
                for (name, field) in fields {
                    value.entry(name.clone()).or_insert_with(|| field.clone());
                }
                for (name, rest) in inside {
                    if let Some(field) = value.get_mut(name) {
                        rest.put_back(field);
                    }
                }
            }
            (Self::Elements(elements), Value::Array(value)) => {
                let mut elements: Vec<_> = elements.iter().collect();
                for element in value {
                    // An element that was changed is another one; equal ones are met in order.
                    if let Some(at) = elements.iter().position(|(known, _)| known == element)
                        && let (_, Some(unknown)) = elements.remove(at)
                    {
                        unknown.put_back(element);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rewritten(stored: &Value, known: &Value, mut next: Value) -> Value {
        Unknown::of(known, stored).unwrap().put_back(&mut next);
        next
    }

    #[test]
    fn what_is_not_known_comes_back_at_any_depth() {
        let stored = json!({"a": 1, "new": {"x": 1}, "inner": {"b": 2, "later": [1]}});
        let known = json!({"a": 1, "inner": {"b": 2}});
        assert_eq!(
            rewritten(&stored, &known, json!({"a": 5, "inner": {"b": 3}})),
            json!({"a": 5, "new": {"x": 1}, "inner": {"b": 3, "later": [1]}})
        );
        assert_eq!(Unknown::of(&stored, &stored), None);
    }

    #[test]
    fn what_was_inside_a_field_that_is_gone_goes_with_it() {
        let stored = json!({"a": 1, "inner": {"b": 2, "new": 1}});
        let known = json!({"a": 1, "inner": {"b": 2}});
        assert_eq!(rewritten(&stored, &known, json!({"a": 1})), json!({"a": 1}));
    }

    #[test]
    fn elements_that_stay_keep_what_is_not_known_of_them() {
        let stored = json!({"list": [{"a": 1, "new": 1}, {"a": 2, "new": 2}, {"a": 2, "new": 3}]});
        let known = json!({"list": [{"a": 1}, {"a": 2}, {"a": 2}]});
        assert_eq!(
            rewritten(&stored, &known, json!({"list": [{"a": 2}, {"a": 9}, {"a": 2}]})),
            json!({"list": [{"a": 2, "new": 2}, {"a": 9}, {"a": 2, "new": 3}]})
        );
    }

    #[test]
    fn of_two_elements_that_look_equal_each_keeps_its_own() {
        let stored = json!({"list": [{"a": 2}, {"a": 2, "new": 1}]});
        let known = json!({"list": [{"a": 2}, {"a": 2}]});
        assert_eq!(rewritten(&stored, &known, known.clone()), stored);
    }
}
