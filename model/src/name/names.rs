//! Names that people or other programs choose freely.

use super::text_type;

text_type! {
    /// The name of a network: 1 to 128 bytes in any script, `vendor/net:latest` included.
    NetworkName, "network name", |text| free_text(text, 128),
    "a network name has 1 to 128 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// The name of an endpoint within its network: 1 to 128 bytes in any script.
    EndpointName, "endpoint name", |text| free_text(text, 128),
    "an endpoint name has 1 to 128 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// What the caller calls the container of a sandbox: 1 to 128 bytes.
    ContainerId, "container id", |text| free_text(text, 128),
    "a container id has 1 to 128 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// What an orchestrator calls a service: 1 to 128 bytes.
    ServiceId, "service id", |text| free_text(text, 128),
    "a service id has 1 to 128 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// What another program, such as a container engine, calls one of our things: 1 to 128 bytes.
    ForeignId, "foreign id", |text| free_text(text, 128),
    "a foreign id has 1 to 128 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// The key of a driver's table entry: 1 to 96 bytes; the endpoint's id is a good one.
    TableKey, "table key", |text| free_text(text, 96),
    "a table key has 1 to 96 bytes, no control characters, no white space at either end, and is not \".\" or \"..\""
}

text_type! {
    /// What the kernel calls one boot of a host: 1 to 64 letters, digits and hyphens.
    BootId, "boot id", |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
    "a boot id has 1 to 64 ASCII letters, digits and hyphens"
}

fn free_text(text: &str, most_bytes: usize) -> bool {
    (1..=most_bytes).contains(&text.len())
        && text != "."
        && text != ".."
        && !text.chars().any(char::is_control)
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{BootId, EndpointName, NetworkName, TableKey};
    use crate::Error;

    #[test]
    fn names_in_any_script_and_with_slashes_are_taken() {
        for name in ["a", "vendor/net:latest", "сеть", "网络 1", "…", "a.b", &"x".repeat(128)] {
            assert_eq!(NetworkName::new(name).unwrap().as_str(), name);
            let segment = EndpointName::new(name).unwrap().segment();
            assert_eq!(EndpointName::from_segment(&segment).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_break_a_rule_are_refused_with_field_and_rule() {
        for name in ["", ".", "..", " a", "a ", "\u{3000}a", "a\nb", "a\u{7f}", "a\u{85}b", &"x".repeat(129)]
        {
            let Err(Error::InvalidValue { field, value, expected }) = NetworkName::new(name) else {
                panic!("{name:?} was taken")
            };
            assert_eq!((field.as_str(), value.as_str()), ("network name", name));
            assert!(expected.contains("1 to 128 bytes"));
        }
    }

    #[test]
    fn reading_json_checks_the_rule() {
        assert!(serde_json::from_str::<NetworkName>("\"a\"").is_ok());
        assert!(serde_json::from_str::<NetworkName>("\"a \"").is_err());
    }

    #[test]
    fn other_lengths_and_alphabets_hold() {
        assert!(TableKey::new(&"k".repeat(96)).is_ok() && TableKey::new(&"k".repeat(97)).is_err());
        assert!(BootId::new("5c8e9a5e-6a2b-4a0f-9f42-1f0c5a1c7b11").is_ok());
        assert!(BootId::new("a/b").is_err() && BootId::new("").is_err());
    }
}
