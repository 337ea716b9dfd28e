//! Notifications: everyone reads their own, staff send them to one user or to a role.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::{Action, Object, decide};
use protocol::{FieldError, Notification, NotificationId, Page, Problem, Role, UserId};
use serde::{Deserialize, Serialize};
use store::{NewNotification, ReadNotification, SendNotification, SendToRole};
use utoipa::{IntoParams, ToSchema};

use super::once::Once;
use super::refusals;
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed, page_request, word};
use crate::problem::Answer;

/// Which notifications, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationParameters {
    /// `true`: only the unread ones; `false`: only the read ones.
    #[param(value_type = Option<bool>)]
    unread: Option<String>,
    /// Most objects of the page: 1 to 200, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One's own notifications, the newest first. One that was read is kept for 90 days after.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications", operation_id = "list_notifications",
    params(NotificationParameters),
    responses((status = 200, description = "One page.", body = Page<Notification>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<NotificationParameters>,
) -> Answer<Json<Page<Notification>>> {
    let user = signed.actor.id;
    let owned = Object::Notification { owner: Some(user) };
    decide(&signed.actor, Action::Read, owned).or_refuse()?;
    let unread = word("unread", parameters.unread.as_deref())?;
    let page = page_request(parameters.limit.as_deref(), parameters.cursor)?;
    Ok(Json(app.store.notifications(user, unread, page).await?))
}

/// What makes a notification, and to whom it goes: exactly one of `user_id` and `role`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendNotificationRequest {
    /// To this user.
    user_id: Option<UserId>,
    /// To every enabled account that has exactly this role.
    role: Option<Role>,
    /// What sort of thing it tells, for a page's icon.
    #[schema(example = "order", min_length = 1, max_length = 50)]
    kind: String,
    /// The headline.
    #[schema(example = "Your order is ready", min_length = 1, max_length = 200)]
    title: String,
    /// The text; may be empty.
    #[schema(max_length = 2000)]
    body: String,
    /// A path of the page to go to: it begins with one slash.
    #[schema(example = "/orders", min_length = 1, max_length = 500)]
    link: Option<String>,
}

/// How many accounts a notification to a role goes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recipients {
    /// The enabled accounts of the role.
    recipients: i64,
}

/// What sending gives.
pub(crate) enum Sent {
    /// 201: it is there.
    ToUser(Notification),
    /// 202: it will be written to everyone of the role.
    ToRole(Recipients),
}

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        match self {
            Self::ToUser(notification) => (StatusCode::CREATED, Json(notification)).into_response(),
            Self::ToRole(recipients) => (StatusCode::ACCEPTED, Json(recipients)).into_response(),
        }
    }
}

refusals!(SendRefusals: Forbidden, IdempotencyConflict, ValidationFailed);

/// Sends a notification. For staff. To a role it is accepted at once, survives a crash, and is
/// written soon after, once to each account that exists now and is still enabled then.
#[utoipa::path(
    post, path = "/api/v1/notifications", tag = "notifications",
    operation_id = "send_notification",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = SendNotificationRequest,
    responses(
        (status = 201, description = "To a user: the notification.", body = Notification),
        (status = 202, description = "To a role: how many will get it.", body = Recipients),
        SendRefusals
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<SendNotificationRequest>,
) -> Answer<Sent> {
    let actor = signed.actor;
    let object = Object::Notification {
        owner: request.user_id,
    };
    decide(&actor, Action::Create, object).or_refuse()?;
    let notification = NewNotification {
        kind: request.kind,
        title: request.title,
        body: request.body,
        link: request.link,
    };
    let mut faults = Vec::new();
    let to = recipient(request.user_id, request.role, &mut faults);
    notification.check(&mut faults);
    let (Some(to), true) = (to, faults.is_empty()) else {
        return Err(Problem::invalid(faults).into());
    };
    let now = app.now();
    match to {
        Recipient::User(user) => {
            let write = SendNotification {
                actor,
                id: NotificationId::new(),
                user,
                notification,
                now,
            };
            let sent = once.write(&app, actor.id, &bytes, write).await?;
            Ok(Sent::ToUser(sent))
        }
        Recipient::Role(role) => {
            let write = SendToRole {
                actor,
                role,
                notification,
                now,
            };
            let recipients = once.write(&app, actor.id, &bytes, write).await?;
            app.broadcasts.wake();
            Ok(Sent::ToRole(Recipients { recipients }))
        }
    }
}

enum Recipient {
    User(UserId),
    Role(Role),
}

fn recipient(
    user: Option<UserId>,
    role: Option<Role>,
    faults: &mut Vec<FieldError>,
) -> Option<Recipient> {
    let fault = match (user, role) {
        (Some(user), None) => return Some(Recipient::User(user)),
        (None, Some(role)) => return Some(Recipient::Role(role)),
        (Some(_), Some(_)) => "names both user_id and role: leave one of them out",
        (None, None) => "names neither user_id nor role: name one of them",
    };
    faults.push(FieldError::new("", fault));
    None
}

/// Marks one of one's own as read. Reading it again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/notifications/{id}/read", tag = "notifications",
    operation_id = "read_notification",
    params(("id" = NotificationId, Path, description = "The notification.")),
    responses((status = 200, description = "The notification.", body = Notification))
)]
pub(crate) async fn read(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<NotificationId>,
) -> Answer<Json<Notification>> {
    let write = ReadNotification {
        actor: signed.actor,
        id,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}

/// How many notifications were marked as read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadAll {
    /// Those that were unread before.
    read: u64,
}

/// Marks all of one's own as read that there are now, a hundred per transaction: after an error,
/// ask again to go on.
#[utoipa::path(
    post, path = "/api/v1/notifications/read-all", tag = "notifications",
    operation_id = "read_all_notifications",
    responses((status = 200, description = "How many there were.", body = ReadAll))
)]
pub(crate) async fn read_all(State(app): State<App>, signed: Signed) -> Answer<Json<ReadAll>> {
    let read = app
        .store
        .read_notifications(signed.actor, app.now())
        .await?;
    Ok(Json(ReadAll { read }))
}
