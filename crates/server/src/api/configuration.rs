//! What the program was told to do, and by whom: for admins, with every secret masked.

use axum::Json;
use axum::extract::State;
use desk::policy::decide;
use desk::{Action, Object};
use protocol::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusals;
use crate::app::App;
use crate::config::{Database, ShownSetting, listed};
use crate::extract::Signed;
use crate::problem::Answer;

/// What is in force in this run of the program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Configuration {
    /// The version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// This run of it, as in a welcome.
    boot_id: String,
    /// When the run began.
    started_at: Timestamp,
    /// `sqlite` or `postgres`.
    #[schema(example = "sqlite")]
    database: &'static str,
    /// Every key with its value and where it came from, as `frontdesk config show --origin` has
    /// them. Secrets are masked.
    settings: Vec<ShownSetting>,
}

refusals!(ReadRefusals: Forbidden);

/// The configuration in force, secrets masked. For admins.
#[utoipa::path(
    get, path = "/api/v1/configuration", tag = "configuration", operation_id = "configuration",
    responses((status = 200, description = "What is in force.", body = Configuration), ReadRefusals)
)]
pub(crate) async fn configuration(
    State(app): State<App>,
    signed: Signed,
) -> Answer<Json<Configuration>> {
    decide(&signed.actor, Action::Read, Object::Configuration).or_refuse()?;
    Ok(Json(Configuration {
        version: env!("CARGO_PKG_VERSION"),
        boot_id: app.boot_id.to_string(),
        started_at: app.metrics.started_at,
        database: match app.config.database() {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
        },
        settings: listed(&app.config),
    }))
}
