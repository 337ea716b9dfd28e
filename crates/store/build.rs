//! A migration that is added or changed is compiled in again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
