//! Inputs that are near to what is right.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

/// The longest input.
const MOST_BYTES: usize = 16 * 1024;

/// What a careless writer, or a malicious one, puts in.
const TOKENS: [&str; 34] = [
    "%",
    "%2F",
    "%2f",
    "%00",
    "..",
    "/",
    "//",
    ":",
    "://",
    "@",
    "#",
    "?",
    "&",
    "=",
    ",",
    "-",
    "+1",
    "\0",
    "\n",
    "\"",
    "'''",
    "[[",
    "]",
    "{",
    "}",
    "null",
    "true",
    "é",
    "\u{feff}",
    "\u{1F600}",
    "65536",
    "1e308",
    "-0.0",
    "99999999999999999999",
];

/// Any bytes, or one to four changes of one of the samples.
pub(crate) fn input(samples: &[Vec<u8>], chance: &mut StdRng) -> Vec<u8> {
    if chance.random_ratio(1, 16) {
        let mut bytes = vec![0; chance.random_range(0..256)];
        chance.fill_bytes(&mut bytes);
        return bytes;
    }
    let mut input = some(samples, chance).clone();
    for _ in 0..chance.random_range(1..=4) {
        input = match serde_json::from_slice(&input) {
            Ok(value) if chance.random_ratio(4, 5) => changed(value, chance),
            _ => {
                let other = some(samples, chance);
                spoiled(input, other, chance)
            }
        };
    }
    input.truncate(MOST_BYTES);
    input
}

fn some<'a, T>(from: &'a [T], chance: &mut StdRng) -> &'a T {
    from.choose(chance).expect("there is something to choose from")
}

/// One change of bytes.
fn spoiled(mut bytes: Vec<u8>, other: &[u8], chance: &mut StdRng) -> Vec<u8> {
    let from = chance.random_range(0..=bytes.len());
    let to = chance.random_range(from..=bytes.len().min(from + 16));
    match chance.random_range(0..7) {
        0 if from < bytes.len() => bytes[from] ^= 1 << chance.random_range(0..8),
        1 if from < bytes.len() => bytes[from] = chance.random(),
        2 => bytes.truncate(from),
        3 => drop(bytes.drain(from..to)),
        4 => drop(bytes.splice(to..to, bytes[from..to].to_vec())),
        5 => bytes = [&bytes[..from], &other[chance.random_range(0..=other.len())..]].concat(),
        _ => drop(bytes.splice(from..to, some(&TOKENS, chance).bytes())),
    }
    bytes
}

/// One change of JSON, which stays JSON.
fn changed(mut value: Value, chance: &mut StdRng) -> Vec<u8> {
    let mut places = places(&value);
    places.shuffle(chance);
    let other = value.pointer(&places[places.len() - 1]).cloned().unwrap_or_default();
    match value.pointer_mut(&places[0]).expect("it was found there") {
        Value::Object(fields) if !fields.is_empty() && chance.random_ratio(3, 4) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = some(&names, chance);
            match chance.random_range(0..3) {
                0 => drop(fields.remove(name)),
                1 => drop(
                    fields
                        .insert(format!("{name}{TWIN}"), if chance.random() { other } else { leaf(chance) }),
                ),
                _ => drop(fields.insert(some(&TOKENS, chance).to_string(), other)),
            }
        }
        Value::Array(elements) if !elements.is_empty() && chance.random_ratio(3, 4) => {
            match chance.random_range(0..3) {
                0 => elements.shuffle(chance),
                1 => drop(elements.pop()),
                _ => elements.push(some(elements, chance).clone()),
            }
        }
        Value::String(text) if chance.random() => {
            *text = String::from_utf8_lossy(&spoiled(text.clone().into_bytes(), b"", chance)).into_owned();
        }
        place if chance.random_ratio(1, 8) => {
            for _ in 0..chance.random_range(1..130) {
                *place = if chance.random() { json!([place.take()]) } else { json!({"a": place.take()}) };
            }
        }
        place => *place = if chance.random() { other } else { leaf(chance) },
    }
    value.to_string().replace(TWIN_WRITTEN, "").into_bytes()
}

/// What ends the name of a field that shall be there twice; taken out of the text, in which it is escaped.
const TWIN: char = '\u{1}';
const TWIN_WRITTEN: &str = "\\u0001";

/// The pointer of each value within `value`, and of itself.
fn places(value: &Value) -> Vec<String> {
    let below = |name: &str, value| {
        places(value).into_iter().map(|rest| format!("/{name}{rest}")).collect::<Vec<_>>()
    };
    let inside: Vec<String> = match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| below(&name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().flat_map(|(at, value)| below(&at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    [vec![String::new()], inside].concat()
}

fn leaf(chance: &mut StdRng) -> Value {
    match chance.random_range(0..6) {
        0 => Value::Null,
        1 => chance.random::<bool>().into(),
        2 => some(&TOKENS, chance).to_owned().into(),
        3 => chance.random_range(-1..3).into(),
        4 => chance.random::<u64>().into(),
        _ => f64::from_bits(chance.random()).into(),
    }
}
