//! Fuzzes URLs of stores.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::store_url(data));
