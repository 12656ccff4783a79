//! Keys: the escape is reversible and canonical, and a key is of one kind at most.

use netkeep_model::{Pool, RECORD_KINDS, address_from_segment, address_segment};
use netkeep_store::{Key, Prefix, Segment};

use crate::{record, texts};

/// Reads texts as segments, keys and prefixes.
///
/// # Panics
///
/// If a text does not survive the escape, if something has two written forms, if a key leaves its prefix, or if
/// a key is of two kinds or its id does not lead back to it.
pub fn key(data: &[u8]) {
    for text in texts(data) {
        escape(&text);
        if let Ok(segment) = Segment::parse(&text) {
            canonical(&segment, &text);
        }
        if let Ok(key) = Key::parse(&text) {
            parts(&key, &text);
            kinds(&key);
        }
        if let Ok(prefix) = Prefix::parse(&text) {
            assert_eq!(prefix.as_str(), text);
            inside(&prefix, &text);
        }
    }
}

fn escape(text: &str) {
    let segment = Segment::escape(text);
    assert_eq!(segment.text(), text);
    assert_eq!(Segment::parse(segment.as_str()).ok().as_ref(), Some(&segment));
    let written = segment.as_str();
    assert!(!written.is_empty() && written != "." && written != "..", "{written:?}");
    assert!(!written.contains('/') && !written.chars().any(char::is_control), "{written:?}");
    assert!(written.is_ascii() || !text.is_ascii(), "{written:?}");
}

fn canonical(segment: &Segment, written: &str) {
    assert_eq!(segment.as_str(), written);
    assert_eq!(&Segment::escape(&segment.text()), segment);
    if let Some(ip) = address_from_segment(segment) {
        assert_eq!(&address_segment(ip), segment);
    }
    if let Some(pool) = Pool::from_segment(segment) {
        assert_eq!(&pool.segment(), segment);
    }
}

fn parts(key: &Key, text: &str) {
    assert_eq!(key.as_str(), text);
    let segments: Vec<Segment> = key.segments().collect();
    assert_eq!(Key::of(&segments).ok().as_ref(), Some(key));
    for segment in &segments {
        assert_eq!(Segment::parse(segment.as_str()).ok().as_ref(), Some(segment));
    }
    let json = serde_json::to_string(key).expect("a key is a text");
    assert_eq!(serde_json::from_str::<Key>(&json).ok().as_ref(), Some(key));

    let directory = key.directory();
    assert!(directory.contains(key) && Prefix::root().contains(key), "{key} is not in its directory");
    let last = segments.last().map(std::slice::from_ref).unwrap_or_default();
    assert_eq!(directory.strip(key), Key::of(last).ok());
    let too_long_to_be_one = text.len() > 510;
    let below = Prefix::parse(text).ok();
    assert_eq!(below.is_none(), too_long_to_be_one, "{text:?}");
    assert!(!below.is_some_and(|prefix| prefix.contains(key)), "{key} is below itself");
}

fn kinds(key: &Key) {
    let holders: Vec<_> = RECORD_KINDS.iter().filter(|kind| kind.holds(key)).map(|kind| kind.kind).collect();
    assert!(holders.len() <= 1, "{key} is a key of {holders:?}");
    record::ids(key);
}

fn inside(prefix: &Prefix, text: &str) {
    let bounds = prefix.bounds();
    assert_eq!(bounds.is_none(), prefix.is_root());
    for rest in ["%", "a", "a/b", "\u{ffef}"] {
        let rest = Key::parse(rest).expect("it is made of segments");
        let Ok(key) = prefix.join(&rest) else { continue };
        assert!(prefix.contains(&key));
        assert_eq!(prefix.strip(&key), Some(rest));
        assert_eq!(Key::parse(key.as_str()).ok(), Some(key.clone()));
        if let Some((from, to)) = &bounds {
            assert!(from.as_str() <= key.as_str() && key.as_str() < to.as_str(), "{key} is out of bounds");
        }
    }
    for beside in [text.to_owned(), format!("{text}a"), format!("{text}a/b"), format!("a{text}/b")] {
        let Ok(key) = Key::parse(&beside) else { continue };
        if !prefix.is_root() {
            assert!(!prefix.contains(&key) && prefix.strip(&key).is_none(), "{key} is not below {prefix}");
            let (from, to) = bounds.as_ref().expect("only the root has none");
            assert!(!(from.as_str() <= key.as_str() && key.as_str() < to.as_str()), "{key} is in bounds");
        }
    }
}
