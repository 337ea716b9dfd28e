//! The one-time offer to make the first admin.

use protocol::{ErrorCode, Problem, Role, Timestamp, User};

use crate::CreateUser;
use crate::error::WriteFailure;
use crate::transaction::{Transaction, Write};
use crate::users::admin_exists;

/// An offer to make the first admin. It replaces the one before.
#[derive(Clone, Debug)]
pub struct OfferSetup {
    /// The hash of the token in the link.
    pub token_hash: [u8; 32],
    /// When the offer ends.
    pub expires_at: Timestamp,
    /// When it is made.
    pub now: Timestamp,
}

/// Refused with `setup_closed` when there is an enabled admin.
impl Write for OfferSetup {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        if admin_exists(tx).await? {
            return Err(closed("an admin exists already"));
        }
        tx.execute(
            "INSERT INTO setup (slot, token_hash, expires_at) VALUES (1, $1, $2) \
             ON CONFLICT (slot) DO UPDATE \
             SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
            &[(&self.token_hash).into(), self.expires_at.into()],
        )
        .await?;
        Ok(())
    }
}

/// The first admin, for whoever holds the token of the offer. Of many calls one wins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The hash of the token that was sent.
    pub token_hash: [u8; 32],
    /// The account to make; its role becomes admin.
    pub user: CreateUser,
}

/// Refused with `setup_closed`, and as [`CreateUser`].
impl Write for Setup {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<User, WriteFailure> {
        let taken = tx
            .execute(
                "DELETE FROM setup WHERE token_hash = $1 AND expires_at > $2",
                &[(&self.token_hash).into(), self.user.now.into()],
            )
            .await?;
        if taken == 0 {
            return Err(closed(
                "this setup link was used, has expired, or was replaced",
            ));
        }
        if admin_exists(tx).await? {
            return Err(closed("an admin exists already"));
        }
        CreateUser {
            role: Role::Admin,
            ..self.user.clone()
        }
        .apply(tx)
        .await
    }
}

fn closed(detail: &str) -> WriteFailure {
    Problem::new(ErrorCode::SetupClosed, detail).into()
}
