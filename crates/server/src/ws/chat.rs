//! The commands of chats: write, tell how far one has read, tell that one is writing. They ask the
//! same policy and make the same changes as REST. Start at [`run`].

use protocol::{Command, Problem, UserId};
use serde_json::Value;

use crate::app::App;

/// Does a command for an account; gives what it answers, if it answers.
pub(super) async fn run(
    _app: &App,
    _user: UserId,
    _command: Command,
) -> Result<Option<Value>, Problem> {
    Err(desk::policy::not_found())
}
