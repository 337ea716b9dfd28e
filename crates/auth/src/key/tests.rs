//! Signing keys: what is a key, what is none, and that it never shows.

use super::*;

fn line_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn error_of(text: &str) -> KeyError {
    SigningKeys::parse(text).unwrap_err()
}

#[test]
fn generated_keys_survive_their_text_form() {
    let keys = SigningKeys::generate();
    let again = SigningKeys::parse(&keys.to_text()).unwrap();
    assert_eq!(
        again.kids().collect::<Vec<_>>(),
        keys.kids().collect::<Vec<_>>()
    );
    assert_eq!(again.to_text(), keys.to_text());
    let kid = keys.kids().next().unwrap();
    assert_eq!(kid.len(), 16);
    let digest = Sha256::digest(&keys.signing().bytes);
    assert!(kid.starts_with(&format!("{:02x}{:02x}", digest[0], digest[1])));
}

#[test]
fn comments_empty_lines_and_windows_line_ends_are_skipped() {
    let (first, second) = (Secret::generate().reveal(), Secret::generate().reveal());
    let keys = SigningKeys::parse(&format!("# new\r\n\r\n {first} \r\n# old\r\n{second}")).unwrap();
    assert_eq!(keys.count(), 2);
    assert_eq!(line_of(&keys.signing().bytes), first);
}

#[test]
fn a_short_long_or_unreadable_key_is_refused_by_its_line() {
    let good: Vec<u8> = Sha256::digest(b"some bytes").to_vec();
    let text = error_of(&format!("# key\n{}", line_of(&good[..31]))).to_string();
    assert_eq!(
        text,
        "line 2: the signing key has 248 bits, at least 256 are needed"
    );
    let long: Vec<u8> = [&good[..], &good[..], &good[..1]].concat();
    let text = error_of(&line_of(&long)).to_string();
    assert_eq!(
        text,
        "line 1: the signing key has 520 bits, the limit is 512"
    );
    let padded = line_of(&good) + "=";
    assert_eq!(error_of(&padded), KeyError::NotBase64Url { line: 1 });
    assert_eq!(error_of("+/+/+/"), KeyError::NotBase64Url { line: 1 });
    assert_eq!(error_of(""), KeyError::Empty);
    assert_eq!(error_of("# only a comment\n\n"), KeyError::Empty);
    let good = line_of(&good);
    let repeated = KeyError::Repeated {
        line: 3,
        first_line: 1,
    };
    assert_eq!(error_of(&format!("{good}\n#\n{good}")), repeated);
    let many: String = (0..17)
        .map(|_| Secret::generate().reveal() + "\n")
        .collect();
    assert_eq!(
        error_of(&many),
        KeyError::TooMany {
            found: 17,
            limit: 16
        }
    );
}

#[test]
fn example_and_patterned_keys_are_refused() {
    let text = "correct horse battery staple and more".as_bytes();
    for line in [
        line_of(&[0; 32]),
        line_of(&[255; 32]),
        line_of(&(0..32).collect::<Vec<u8>>()),
        line_of(&[1, 2, 3, 4, 5, 6, 7, 8].repeat(4)),
        line_of(text),
        "CHANGEME".to_owned(),
        "your-256-bit-secret-your-256-bit-secret-abc".to_owned(),
        "this-is-not-a-random-key-only-many-words-ac".to_owned(),
        "<placeholder>".to_owned(),
    ] {
        let error = error_of(&line);
        assert!(
            matches!(error, KeyError::NotRandom { line: 1, .. }),
            "{line}: {error}"
        );
        assert!(!error.to_string().contains(&line), "{error}");
    }
}

#[test]
fn derived_keys_differ_by_label_and_from_the_signing_key() {
    let keys = SigningKeys::generate();
    assert_eq!(keys.derive("idempotency"), keys.derive("idempotency"));
    assert_ne!(keys.derive("idempotency"), keys.derive("other"));
    assert_ne!(keys.derive("").as_slice(), keys.signing().bytes);
    assert_ne!(keys.derive("a"), SigningKeys::generate().derive("a"));
}

#[test]
fn debug_shows_key_ids_and_no_key() {
    let keys = SigningKeys::generate();
    let kid = keys.kids().next().unwrap();
    let shown = format!("{keys:?}");
    assert_eq!(shown, format!("SigningKeys {{ kids: [\"{kid}\"], .. }}"));
}
