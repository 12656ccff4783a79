//! Options that only a driver understands.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result};

/// Texts that people attach to an object; nothing here reads them.
pub type Labels = BTreeMap<String, String>;

/// Named values of any JSON type, whose meaning only a driver knows.
///
/// The getters answer `None` for an option that is absent or `null`, and name the option in their errors. Text
/// is taken where a flag or a number is wanted, because many callers have only text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(BTreeMap<String, Value>);

impl Options {
    /// No options.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The option as it is; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Sets an option and returns what it was.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(name.into(), value.into())
    }

    /// Takes an option out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// All options, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if the option is no text.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(refuse(name, other, "a text is expected")),
        }
    }

    /// A flag: `true` or `false`, or one of the texts `true`, `false`, `1` and `0`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if the option is anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" || text == "1" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" || text == "0" => Ok(Some(false)),
            Some(other) => Err(refuse(name, other, "true or false is expected")),
        }
    }

    /// A whole number of at least 0, as a number or as a text.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if the option is anything else.
    pub fn number(&self, name: &str) -> Result<Option<u64>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value {
                Value::Number(number) => number.as_u64(),
                Value::String(text) => text.parse().ok(),
                _ => None,
            }
            .map(Some)
            .ok_or_else(|| refuse(name, value, "a whole number of at least 0 is expected")),
        }
    }

    /// A text that stands for a `T`: an address, a pool, a link name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if the option is no text, or if `T` refuses it.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Error::invalid(field(name), text, error.to_string())),
        }
    }

    /// Any JSON that reads as a `T`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if it does not.
    pub fn typed<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match T::deserialize(value) {
            Ok(typed) => Ok(Some(typed)),
            Err(error) => Err(refuse(name, value, &error.to_string())),
        }
    }

    /// Refuses options that the driver does not know.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if there is an option whose name is not in `known`; it lists those that are.
    pub fn refuse_unknown(&self, known: &[&str]) -> Result<()> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(unknown) if known.is_empty() => {
                Err(Error::invalid("option", unknown, "there are no options"))
            }
            Some(unknown) => {
                Err(Error::invalid("option", unknown, format!("the options are {}", known.join(", "))))
            }
        }
    }
}

fn field(name: &str) -> String {
    format!("option {name:?}")
}

fn refuse(name: &str, value: &Value, expected: &str) -> Error {
    Error::invalid(field(name), value.to_string(), expected)
}

impl FromIterator<(String, Value)> for Options {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(options: I) -> Self {
        Self(options.into_iter().collect())
    }
}

impl From<Labels> for Options {
    fn from(texts: Labels) -> Self {
        texts.into_iter().map(|(name, text)| (name, Value::String(text))).collect()
    }
}

impl IntoIterator for Options {
    type Item = (String, Value);
    type IntoIter = std::collections::btree_map::IntoIter<String, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Options;
    use crate::Pool;

    fn options(json: serde_json::Value) -> Options {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn each_getter_takes_its_type_and_the_text_of_it() {
        let options = options(json!({
            "a": "x", "yes": true, "no": "0", "mtu": 1500, "vni": "42", "pool": "10.0.0.0/8", "list": [1, 2],
            "nothing": null
        }));
        assert_eq!(options.text("a").unwrap(), Some("x"));
        assert_eq!(options.flag("yes").unwrap(), Some(true));
        assert_eq!(options.flag("no").unwrap(), Some(false));
        assert_eq!(options.number("mtu").unwrap(), Some(1500));
        assert_eq!(options.number("vni").unwrap(), Some(42));
        assert_eq!(options.parsed::<Pool>("pool").unwrap(), Some("10.0.0.0/8".parse().unwrap()));
        assert_eq!(options.typed::<Vec<u8>>("list").unwrap(), Some(vec![1, 2]));
        assert_eq!(options.number("nothing").unwrap(), None);
        assert_eq!(options.flag("absent").unwrap(), None);
    }

    #[test]
    fn errors_name_the_option_its_value_and_what_is_right() {
        let options = options(json!({"mtu": -1, "pool": "10.0.0.5/24", "flag": "maybe", "text": 5}));
        assert_eq!(
            options.number("mtu").unwrap_err().to_string(),
            r#"option "mtu" "-1" is not valid: a whole number of at least 0 is expected"#
        );
        assert!(
            options.parsed::<Pool>("pool").unwrap_err().to_string().contains("did you mean 10.0.0.0/24?")
        );
        assert!(options.flag("flag").unwrap_err().to_string().contains("true or false"));
        assert!(options.text("text").unwrap_err().to_string().contains("a text"));
        assert!(options.typed::<Vec<u8>>("text").is_err());
    }

    #[test]
    fn a_number_of_many_digits_is_written_as_it_was_read() {
        let text = r#"{"a":-2.43159483181489e-193}"#;
        let once: Options = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&once).unwrap(), text);
    }

    #[test]
    fn an_unknown_option_is_refused_with_the_known_ones() {
        let options = options(json!({"mtu": 1, "mut": 2}));
        let error = options.refuse_unknown(&["mtu", "scope"]).unwrap_err().to_string();
        assert!(error.contains("\"mut\"") && error.contains("mtu, scope"), "{error}");
        assert!(options.refuse_unknown(&["mtu", "mut"]).is_ok());
        assert!(options.refuse_unknown(&[]).unwrap_err().to_string().contains("no options"));
    }
}
