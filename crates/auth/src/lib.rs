//! Who someone is: passwords, sessions, socket tokens and the login throttle.
//!
//! A leaf: no sockets, no database, no clock. Time is handed in, as unix seconds where a token
//! speaks of it and as unix milliseconds in the throttle. The only input and output is the key
//! file ([`load_or_create`]) and the operating system's random source.
//! What someone may do is not decided here.
//!
//! Start at [`SocketTokens`] for sockets, [`verify_password`] for logins, [`Secret`] for cookies.

mod key;
mod key_file;
mod password;
mod session;
mod throttle;
mod token;

pub use key::{KEYS_MAX, KeyError, SIGNING_KEY_MAX_BITS, SIGNING_KEY_MIN_BITS, SigningKeys};
pub use key_file::{KEY_FILE_MAX_BYTES, KeyFileError, load_or_create};
pub use password::{
    PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS, PasswordError, PasswordProblem, Verdict, check_new,
    hash as hash_password, verify as verify_password, verify_nobody,
};
pub use session::{SECRET_CHARS, Secret, SecretProblem, SessionSecret, SetupToken};
pub use throttle::{RetryAfterSeconds, Throttle, ThrottleLimits};
pub use token::{
    ClaimReport, Claims, Mismatch, Placeholder, PlaceholderCause, SocketTokens, TOKEN_AUDIENCE,
    TOKEN_ISSUER, TOKEN_LEEWAY_SECONDS, TOKEN_LIFETIME_MAX_SECONDS, TOKEN_MAX_BYTES, TOKEN_TYP,
    TokenProblem,
};
