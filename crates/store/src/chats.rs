//! Chats.

use protocol::{ChatId, UserId};

use crate::error::ReadError;
use crate::store::Store;

impl Store {
    /// Whose chat it is.
    pub async fn chat_customer(&self, _id: ChatId) -> Result<Option<UserId>, ReadError> {
        Ok(None)
    }
}
