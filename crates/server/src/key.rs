//! Where the signing key of socket tokens lies: in a file, or in the database that nodes share.

use anyhow::Context as _;
use auth::SigningKeys;
use store::Store;

use crate::config::Config;

/// The name under which the database keeps the keys.
const SECRET_NAME: &str = "signing_keys";

/// Loads the signing keys; makes them at the very first start.
///
/// # Errors
/// A key file that others can read, a key that is short or an example, a folder that cannot be
/// written, or a database that does not answer.
pub(crate) async fn load(config: &Config, store: &Store) -> anyhow::Result<SigningKeys> {
    match config.signing_key_file() {
        Some(path) => Ok(auth::load_or_create(&path)?),
        None => {
            let fresh = SigningKeys::generate().to_text();
            let text = store
                .shared_secret(SECRET_NAME, &fresh)
                .await
                .context("cannot read the signing keys from the database")?;
            SigningKeys::parse(&text).context("the signing keys in the database")
        }
    }
}
