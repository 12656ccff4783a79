//! Ids: two forms, one order, prefixes.

use netkeep_model::{Error, Id, IdPrefix, NetworkId, Timestamp, TypedId};
use netkeep_store::datastore::RecordId;
use proptest::prelude::*;

fn any_id() -> impl Strategy<Value = Id> {
    (0..1_u64 << 48, any::<[u8; 10]>())
        .prop_map(|(millis, random)| Id::new(Timestamp::from_unix_millis(millis), random))
}

proptest! {
    #[test]
    fn both_forms_round_trip(id in any_id()) {
        prop_assert_eq!(id.text_form().parse::<Id>().unwrap(), id);
        prop_assert_eq!(Id::from_key_form(&id.key_form()).unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{}\"", id.text_form()));
        prop_assert_eq!(serde_json::from_str::<Id>(&json).unwrap(), id);
        let typed = NetworkId::from(id);
        prop_assert_eq!(NetworkId::from_segments(&typed.segments()), Some(typed));
    }

    #[test]
    fn the_two_forms_hold_the_same_digits_in_turned_order(id in any_id()) {
        let (key, text) = (id.key_form(), id.text_form());
        prop_assert_eq!(&key[..12], &text[20..]);
        prop_assert_eq!(&key[12..], &text[..20]);
    }

    #[test]
    fn ids_and_their_key_forms_order_by_time(a in any_id(), b in any_id()) {
        prop_assert_eq!(a.cmp(&b), a.key_form().cmp(&b.key_form()));
        if a.time() < b.time() {
            prop_assert!(a < b);
        }
    }

    #[test]
    fn the_time_and_the_randomness_are_kept(millis in 0..1_u64 << 48, random in any::<[u8; 10]>()) {
        let id = Id::new(Timestamp::from_unix_millis(millis), random);
        prop_assert_eq!(id.time().unix_millis(), millis);
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert!(id.text_form().starts_with(&digits));
    }

    #[test]
    fn nothing_else_parses(text in "[0-9a-fA-F+_ ]{30,34}") {
        let right = text.len() == 32 && text.bytes().all(|b| b"0123456789abcdef".contains(&b));
        prop_assert_eq!(text.parse::<Id>().is_ok(), right);
        prop_assert_eq!(Id::from_key_form(&text).is_ok(), right);
    }
}

#[test]
fn a_time_beyond_48_bits_does_not_reach_the_randomness() {
    let id = Id::new(Timestamp::from_unix_millis(u64::MAX), [0; 10]);
    assert_eq!(id.text_form(), format!("{}{}", "0".repeat(20), "f".repeat(12)));
}

#[test]
fn twelve_characters_tell_ids_of_one_millisecond_apart() {
    let ids: Vec<NetworkId> = (0..1000).map(|_| NetworkId::generate()).collect();
    for id in &ids {
        let prefix: IdPrefix = id.short().parse().unwrap();
        assert_eq!(prefix.as_str().len(), 12);
        assert_eq!(prefix.unique(ids.iter().copied()).unwrap(), Some(*id));
    }
}

#[test]
fn a_prefix_finds_one_none_or_says_which() {
    let id = |text: &str| text.parse::<NetworkId>().unwrap();
    let a = id("aa000000000000000000000000000001");
    let b = id("ab000000000000000000000000000001");
    let unique = |prefix: &str| prefix.parse::<IdPrefix>().unwrap().unique([a, b, a]);
    assert_eq!(unique("AA").unwrap(), Some(a));
    assert_eq!(unique("b").unwrap(), None);
    assert_eq!(unique(&b.to_string()).unwrap(), Some(b));
    assert_eq!(
        unique("a").unwrap_err(),
        Error::AmbiguousId { prefix: "a".into(), fits: vec![a.to_string(), b.to_string()] }
    );
    for bad in ["", "g", "a b", &"a".repeat(33)] {
        assert!(bad.parse::<IdPrefix>().is_err(), "{bad}");
    }
    assert!("a".parse::<IdPrefix>().unwrap().fits(a) && a.id() < b.id());
}
