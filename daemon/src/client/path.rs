//! Paths of the API, with whatever a name may hold.

use std::fmt::Write;

use serde::Serialize;

use crate::api::API_VERSION;

/// A path of the API, percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiPath(String);

impl ApiPath {
    /// The path with these parts after the version.
    pub(super) fn of(parts: &[&str]) -> Self {
        let mut path = format!("/{API_VERSION}");
        for part in parts {
            path.push('/');
            encode(part, &mut path);
        }
        Self(path)
    }

    /// Adds the fields of `query`, those that are present, after a `?`. The query must be a struct of texts.
    pub(super) fn with(mut self, query: &impl Serialize) -> Self {
        let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else { return self };
        for (index, (name, value)) in fields.iter().enumerate() {
            self.0.push(if index == 0 { '?' } else { '&' });
            encode(name, &mut self.0);
            self.0.push('=');
            encode(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str(), &mut self.0);
        }
        self
    }

    /// As a URL. The host stands for the daemon behind the socket.
    pub(super) fn url(&self) -> String {
        format!("http://netkeep{}", self.0)
    }
}

fn encode(part: &str, path: &mut String) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::AddressFilter;

    #[test]
    fn any_name_is_one_part() {
        let path = ApiPath::of(&["networks", "vendor/net:latest?#% é", "endpoints"]);
        assert_eq!(path.0, "/v1/networks/vendor%2Fnet%3Alatest%3F%23%25%20%C3%A9/endpoints");
    }

    #[test]
    fn a_query_holds_what_is_present() {
        let filter = AddressFilter { pool: Some("10.0.0.0/8".parse().unwrap()), ..AddressFilter::default() };
        assert_eq!(ApiPath::of(&["a"]).with(&filter).0, "/v1/a?pool=10.0.0.0%2F8");
        assert_eq!(ApiPath::of(&["a"]).with(&AddressFilter::default()).0, "/v1/a");
    }
}
