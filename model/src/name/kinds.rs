//! Names that programs give to kinds, spaces and links.

use super::text_type;

text_type! {
    /// What a network driver is called: `manual`, `vendor/net:latest`, …
    DriverKind, "driver kind", plugin_name,
    "a driver kind has 1 to 128 of the ASCII letters, digits and \"- _ . : @ + /\", with no slash at either end or beside another"
}

text_type! {
    /// What an IPAM driver is called: `default`, `null`, `vendor/ipam:latest`, …
    IpamKind, "IPAM kind", plugin_name,
    "an IPAM kind has 1 to 128 of the ASCII letters, digits and \"- _ . : @ + /\", with no slash at either end or beside another"
}

text_type! {
    /// The name of an address space, within which no two pools overlap: 1 to 64 bytes.
    Space, "address space", |text| short_text(text, 64),
    "an address space has 1 to 64 bytes, no control characters and no white space"
}

text_type! {
    /// What a number is allocated from: `vni`, … ; 1 to 64 bytes.
    Class, "number class", |text| short_text(text, 64),
    "a number class has 1 to 64 bytes, no control characters and no white space"
}

text_type! {
    /// The name of a table in which a driver publishes entries: 1 to 32 bytes.
    TableName, "table name", |text| short_text(text, 32),
    "a table name has 1 to 32 bytes, no control characters and no white space"
}

text_type! {
    /// The name of a network interface, by the kernel's rule: 1 to 15 bytes.
    LinkName, "link name", |text| short_text(text, 15) && !text.contains(['/', ':']),
    "a link name has 1 to 15 bytes without white space, control characters, \"/\" and \":\", and is not \".\" or \"..\""
}

fn short_text(text: &str, most_bytes: usize) -> bool {
    (1..=most_bytes).contains(&text.len())
        && text != "."
        && text != ".."
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn plugin_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@+/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{Class, DriverKind, LinkName, Space};

    #[test]
    fn plugin_references_are_driver_kinds() {
        for kind in ["manual", "vendor/net:latest", "r.example:5000/a/b@sha256:0a+x"] {
            assert!(DriverKind::new(kind).is_ok(), "{kind}");
        }
        for kind in ["", "/a", "a/", "a//b", "a/../b", "a b", "é", &"a".repeat(129)] {
            assert!(DriverKind::new(kind).is_err(), "{kind}");
        }
    }

    #[test]
    fn link_names_follow_the_kernel() {
        for name in ["eth0", "br-1a2b3c4d5e6f", "veth.100", "é"] {
            assert!(LinkName::new(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", "eth0:1", "a\tb", "sixteen-bytes-xx"] {
            assert!(LinkName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn spaces_and_classes_have_no_white_space() {
        assert!(Space::new("LocalDefault").is_ok() && Space::new("a/b").is_ok());
        assert!(Space::new("a b").is_err() && Class::new("").is_err());
    }
}
