//! The examples that cargo has built.

use std::path::PathBuf;

use serde_json::Value;

/// Name and path of the example of which a line of cargo's JSON messages says that it was built.
pub fn example_in(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = &message["target"];
    let is_example = target["kind"].as_array()?.iter().any(|kind| kind == "example");
    if message["reason"] != "compiler-artifact" || !is_example {
        return None;
    }
    Some((target["name"].as_str()?.to_owned(), PathBuf::from(message["executable"].as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_an_example_and_nothing_else() {
        let built = r#"{"reason":"compiler-artifact","target":{"kind":["example"],"name":"first"},"executable":"/t/first"}"#;
        assert_eq!(example_in(built), Some(("first".to_owned(), PathBuf::from("/t/first"))));
        assert_eq!(example_in(&built.replace("example\"]", "bin\"]")), None);
        assert_eq!(example_in(&built.replace("\"/t/first\"", "null")), None);
        assert_eq!(example_in("warning: not JSON"), None);
    }
}
