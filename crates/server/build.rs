//! Makes room for the web console, which rust-embed wants to find in a folder of its own, and has a
//! release built again when its files change. A debug build reads them from disk.

use std::path::Path;
use std::{env, fs};

fn main() {
    let dist = Path::new("../../web/console/dist");
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={}", dist.display());
    }
    // Where the sources can only be read, the program is built without a console and says so.
    if let Err(error) = fs::create_dir_all(dist) {
        println!("cargo::warning=cannot make {}: {error}", dist.display());
    }
}
