//! Passwords: Argon2id (RFC 9106) with the parameters of the OWASP password storage cheat sheet.
//! Every function here that hashes takes tens of milliseconds and 19 MiB, so callers run it off the async
//! workers and a few at a time. Start at [`verify`] and [`hash`].

use std::cell::RefCell;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

#[cfg(test)]
mod tests;

/// Longest password in bytes of UTF-8. A longer one is refused before any hashing.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// Shortest password in characters, unless the caller says otherwise (the demo does).
pub const PASSWORD_MIN_CHARS: usize = 8;

/// Memory of one hash in KiB (RFC 9106 calls it m).
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory (t).
const PASSES: u32 = 2;
/// Lanes (p).
const LANES: u32 = 1;
/// Memory in KiB with which a single pass is as good as our two.
const MEMORY_FOR_ONE_PASS_KIB: u32 = 47_104;
/// Bytes of a hash.
const OUTPUT_BYTES: usize = 32;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right,
    /// The password is right; its hash is weaker than what [`hash`] makes today. Store a new one.
    RightNeedsRehash,
    /// The password is wrong, or the stored text is not a hash this program can check.
    Wrong,
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Longer than [`PASSWORD_MAX_BYTES`].
    #[error("password has {found_bytes} bytes, the limit is {limit_bytes}")]
    TooLong {
        /// Its length.
        found_bytes: usize,
        /// [`PASSWORD_MAX_BYTES`].
        limit_bytes: usize,
    },
    /// The hash function failed: no memory, or no random numbers for the salt.
    #[error("cannot hash the password, {MEMORY_KIB} KiB of free memory are needed")]
    Hashing(#[source] argon2::Error),
}

/// Why a password may not be set. Its text says what to change and holds no part of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Too few characters.
    #[error("password has {found_chars} characters, at least {needed_chars} are needed")]
    TooShort {
        /// Characters (Unicode scalar values) found.
        found_chars: usize,
        /// Characters needed.
        needed_chars: usize,
    },
    /// Longer than [`PASSWORD_MAX_BYTES`].
    #[error("password has {found_bytes} bytes, the limit is {limit_bytes}; choose a shorter one")]
    TooLong {
        /// Its length in bytes of UTF-8.
        found_bytes: usize,
        /// [`PASSWORD_MAX_BYTES`].
        limit_bytes: usize,
    },
    /// Among the most common passwords, which attackers try first.
    #[error("password is one of the 3,000 most common ones; choose another, such as four words")]
    Common,
}

/// Compares a password with a stored PHC string. Never folds case and never truncates.
///
/// A password over [`PASSWORD_MAX_BYTES`] is [`Verdict::Wrong`] without hashing, as in
/// [`verify_nobody`]. A stored text that is no PHC string costs as much time as a wrong password.
pub fn verify(password: &str, phc: &str) -> Verdict {
    if password.len() > PASSWORD_MAX_BYTES {
        return Verdict::Wrong;
    }
    let Ok(stored) = PasswordHash::new(phc) else {
        verify_nobody(password);
        return Verdict::Wrong;
    };
    match hashed_like(&stored, password) {
        // The comparison takes the same time wherever the difference is.
        Some(output) if Some(&output) != stored.hash.as_ref() => Verdict::Wrong,
        Some(_) if is_weaker_than_today(&stored) => Verdict::RightNeedsRehash,
        Some(_) => Verdict::Right,
        None => Verdict::Wrong,
    }
}

/// The output for a password with the salt and parameters of a stored hash; none if this program
/// cannot make such hashes.
fn hashed_like(stored: &PasswordHash, password: &str) -> Option<Output> {
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = stored
        .version
        .map_or(Ok(Version::default()), Version::try_from)
        .ok()?;
    let params = Params::try_from(stored).ok()?;
    let (salt, expected) = (stored.salt.as_ref()?, stored.hash.as_ref()?);
    let mut output = vec![0; expected.len()];
    fill(
        &Argon2::new(algorithm, version, params),
        password,
        salt.as_ref(),
        &mut output,
    )
    .ok()?;
    Output::new(&output).ok()
}

/// Spends the time of [`verify`] for an account that does not exist, so that nobody can tell by
/// the clock which addresses have an account.
pub fn verify_nobody(password: &str) {
    if password.len() > PASSWORD_MAX_BYTES {
        return;
    }
    let mut output = [0; OUTPUT_BYTES];
    let done = fill(&argon2(), password, &[0; 16], &mut output);
    // The result is of no use to anyone; the compiler must not find that out.
    let _ = std::hint::black_box((done, output));
}

/// Hashes a password with a new random salt of 128 bits into a PHC string of 97 bytes.
///
/// # Errors
/// When it is over [`PASSWORD_MAX_BYTES`], or memory or random numbers are missing.
/// It does not ask whether the password is good; [`check_new`] does.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(PasswordError::TooLong {
            found_bytes: password.len(),
            limit_bytes: PASSWORD_MAX_BYTES,
        });
    }
    let salt = Salt::generate();
    let argon2 = argon2();
    let mut output = [0; OUTPUT_BYTES];
    fill(&argon2, password, salt.as_ref(), &mut output).map_err(PasswordError::Hashing)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())
            .expect("the parameters of a hash that was made are parameters of a PHC string"),
        salt: Some(salt),
        hash: Some(Output::new(&output).expect("32 bytes are an output of a PHC string")),
    };
    Ok(phc.to_string())
}

/// Hashes in memory that the thread keeps: 19 MiB taken and given back for each hash would leave
/// the heap in pieces that never shrink. Stronger parameters of a stored hash take their own.
fn fill(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), argon2::Error> {
    thread_local! {
        static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
    }
    let blocks = argon2.params().block_count();
    if blocks > MEMORY_KIB as usize {
        return argon2.hash_password_into(password.as_bytes(), salt, output);
    }
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(memory.len().max(blocks), Block::default());
        argon2.hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            output,
            &mut memory[..blocks],
        )
    })
}

/// Says whether a password may be set: at least `min_chars` characters
/// ([`PASSWORD_MIN_CHARS`] outside the demo), at most [`PASSWORD_MAX_BYTES`] bytes, and not among
/// the most common ones, whatever its case. Does not hash.
///
/// # Errors
/// The first problem found.
pub fn check_new(password: &str, min_chars: usize) -> Result<(), PasswordProblem> {
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(PasswordProblem::TooLong {
            found_bytes: password.len(),
            limit_bytes: PASSWORD_MAX_BYTES,
        });
    }
    let found_chars = password.chars().count();
    if found_chars < min_chars {
        return Err(PasswordProblem::TooShort {
            found_chars,
            needed_chars: min_chars,
        });
    }
    let lower = password.to_lowercase();
    if common_passwords().any(|common| common == lower) {
        return Err(PasswordProblem::Common);
    }
    Ok(())
}

/// Read in order each time: some microseconds, next to the milliseconds of the hash that follows.
fn common_passwords() -> impl Iterator<Item = &'static str> {
    include_str!("common-passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES))
        .expect("the constants above are within the bounds of RFC 9106");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A hash stronger than ours, from an import for example, is left as it is.
fn is_weaker_than_today(stored: &PasswordHash) -> bool {
    let Ok(params) = Params::try_from(stored) else {
        return true;
    };
    let enough_work = match params.t_cost() {
        0 => false,
        1 => params.m_cost() >= MEMORY_FOR_ONE_PASS_KIB,
        _ => params.m_cost() >= MEMORY_KIB,
    };
    let long_enough = stored
        .hash
        .is_some_and(|output| output.len() >= OUTPUT_BYTES);
    stored.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || stored.version != Some(Version::V0x13.into())
        || !enough_work
        || !long_enough
}
