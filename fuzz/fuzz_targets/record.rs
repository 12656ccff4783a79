//! Fuzzes stored records, of every kind.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::record(data));
