//! Passwords: hashes of today and of yesterday, and what may not be one.

use argon2::password_hash::PasswordHasher as _;

use super::*;
use std::collections::HashSet;
use std::time::{Duration, Instant};

fn with_params(memory_kib: u32, passes: u32, algorithm: Algorithm, version: Version) -> String {
    let params = Params::new(memory_kib, passes, 1, Some(32)).unwrap();
    let phc: PasswordHash = Argon2::new(algorithm, version, params)
        .hash_password(b"right horse")
        .unwrap();
    phc.to_string()
}

#[test]
fn the_right_password_is_right_and_any_other_is_wrong() {
    let phc = hash("right horse").unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    assert_eq!(phc.len(), 97);
    assert_eq!(verify("right horse", &phc), Verdict::Right);
    assert_eq!(verify("Right horse", &phc), Verdict::Wrong);
    assert_eq!(verify("right horse ", &phc), Verdict::Wrong);
    assert_eq!(verify("", &phc), Verdict::Wrong);
    assert_ne!(
        phc,
        hash("right horse").unwrap(),
        "every hash has its own salt"
    );
}

#[test]
fn a_weaker_hash_is_right_and_asks_for_a_rehash() {
    use Algorithm::{Argon2i, Argon2id};
    for weak in [
        with_params(8192, 2, Argon2id, Version::V0x13),
        with_params(19_456, 1, Argon2id, Version::V0x13),
        with_params(19_456, 2, Argon2i, Version::V0x13),
        with_params(19_456, 2, Argon2id, Version::V0x10),
    ] {
        assert_eq!(
            verify("right horse", &weak),
            Verdict::RightNeedsRehash,
            "{weak}"
        );
        assert_eq!(verify("wrong horse", &weak), Verdict::Wrong, "{weak}");
    }
    for strong in [
        with_params(47_104, 1, Argon2id, Version::V0x13),
        with_params(19_457, 3, Argon2id, Version::V0x13),
    ] {
        assert_eq!(verify("right horse", &strong), Verdict::Right, "{strong}");
    }
}

#[test]
fn a_stored_text_that_is_no_hash_is_wrong() {
    for phc in [
        "",
        "right horse",
        "$argon2id$",
        "$2b$12$abc",
        "$argon2id$v=19$m=19456,t=2,p=1",
    ] {
        assert_eq!(verify("right horse", phc), Verdict::Wrong, "{phc}");
    }
}

#[test]
fn an_unknown_account_costs_as_much_as_a_wrong_password() {
    let phc = hash("right horse").unwrap();
    let median = |work: &dyn Fn()| {
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            })
            .collect();
        times.sort();
        times[2]
    };
    let wrong = median(&|| assert_eq!(verify("wrong horse", &phc), Verdict::Wrong));
    let nobody = median(&|| verify_nobody("wrong horse"));
    let no_hash = median(&|| assert_eq!(verify("wrong horse", ""), Verdict::Wrong));
    // Wide bounds: this is about a forgotten hash, not about microseconds on a busy machine.
    assert!(
        nobody * 4 > wrong && wrong * 4 > nobody,
        "{nobody:?} {wrong:?}"
    );
    assert!(
        no_hash * 4 > wrong && wrong * 4 > no_hash,
        "{no_hash:?} {wrong:?}"
    );
}

#[test]
fn a_password_over_1024_bytes_is_refused_without_hashing() {
    let long = "x".repeat(PASSWORD_MAX_BYTES + 1);
    let phc = hash(&long[1..]).unwrap();
    assert_eq!(
        verify(&long[1..], &phc),
        Verdict::Right,
        "1024 bytes are not truncated"
    );
    assert_eq!(verify(&long[2..], &phc), Verdict::Wrong);
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(verify(&long, &phc), Verdict::Wrong);
        verify_nobody(&long);
    }
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "100 refusals hash nothing"
    );
    let error = hash(&long).unwrap_err().to_string();
    assert_eq!(error, "password has 1025 bytes, the limit is 1024");
}

#[test]
fn a_new_password_is_refused_with_the_lengths_compared() {
    let says = |password: &str| {
        check_new(password, PASSWORD_MIN_CHARS)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        says("short"),
        "password has 5 characters, at least 8 are needed"
    );
    assert_eq!(
        says("pässwör"),
        "password has 7 characters, at least 8 are needed"
    );
    assert_eq!(
        says(&"ä".repeat(513)),
        "password has 1026 bytes, the limit is 1024; choose a shorter one"
    );
    assert!(says("PassWord1").contains("most common"));
    assert_eq!(check_new("correct horse battery", 8), Ok(()));
    assert_eq!(check_new(&"ü".repeat(512), 8), Ok(()));
    assert_eq!(
        check_new("test123", 7),
        Ok(()),
        "the demo's password, with its own minimum"
    );
    assert_eq!(check_new("123456", 6), Err(PasswordProblem::Common));
}

#[test]
fn the_list_holds_3000_different_lower_case_passwords_of_8_characters() {
    let all: Vec<&str> = common_passwords().collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    assert!(
        all.iter()
            .all(|common| common.to_lowercase() == *common && !common.is_empty())
    );
    assert!(
        all.iter()
            .filter(|common| common.chars().count() >= 8)
            .count()
            >= 3000
    );
    for well_known in [
        "password",
        "12345678",
        "qwertyuiop",
        "iloveyou",
        "123456",
        "qwerty",
    ] {
        assert_eq!(
            check_new(well_known, 1),
            Err(PasswordProblem::Common),
            "{well_known}"
        );
    }
}
