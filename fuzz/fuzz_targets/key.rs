//! Fuzzes keys, prefixes, segments, and the ids in keys.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::key(data));
