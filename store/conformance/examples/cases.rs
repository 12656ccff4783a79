//! Prints the name of every case of the suite, one a line.

use netkeep_store_conformance::CASES;

fn main() {
    for case in CASES {
        println!("{}", case.name);
    }
}
