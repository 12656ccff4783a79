//! Fuzzes names, ids, addresses, pools, ports, as people write them.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netkeep_fuzz_properties::text(data));
