//! Fuzzes the daemon's file and environment.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::configuration(data));
