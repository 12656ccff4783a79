//! Fuzzes the JSON bodies of requests.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::api_body(data));
