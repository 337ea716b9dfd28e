//! Who is online, told to the desk: at once when someone comes, and a little later when someone
//! goes, because a page that is loaded anew goes and comes back. Of this node only.
//! Start at [`tell_changes`].

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use desk::policy::decide;
use desk::{Action, Object};
use engine::Passing;
use protocol::{ChannelName, EventName, Page, Presence, PresenceData, UserId};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::api::refusals;
use crate::app::App;
use crate::extract::Signed;
use crate::problem::Answer;

/// How long someone must be gone before they count as offline.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// Where the shards say who came and went.
#[derive(Clone, Debug)]
pub(crate) struct PresenceChanges(mpsc::UnboundedSender<(Presence, bool)>);

impl PresenceChanges {
    /// The place, and where the changes come out: for [`tell_changes`]. Bounded by the sockets
    /// that come and go.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<(Presence, bool)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Someone's first socket came, or their last one went.
    pub(crate) fn changed(&self, presence: Presence, online: bool) {
        // The receiver goes only when the program does.
        let _ = self.0.send((presence, online));
    }
}

/// Tells the desk of changes until the server shuts down.
pub(crate) async fn tell_changes(
    engine: &Engine,
    mut changes: mpsc::UnboundedReceiver<(Presence, bool)>,
    shutdown: &CancellationToken,
) {
    let mut told: HashSet<UserId> = HashSet::new();
    let mut leaving: HashMap<UserId, (Presence, Instant)> = HashMap::new();
    loop {
        let next = leaving.values().map(|(_, at)| *at).min();
        let wait = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            change = changes.recv() => match change {
                None => return,
                Some((presence, true)) => {
                    leaving.remove(&presence.user.id);
                    if told.insert(presence.user.id) {
                        tell(engine, EventName::PresenceOnline, presence);
                    }
                }
                Some((presence, false)) => {
                    leaving.insert(presence.user.id, (presence, Instant::now() + GONE_AFTER));
                }
            },
            () = wait => {
                let now = Instant::now();
                for (user, (presence, _)) in leaving.extract_if(|_, (_, at)| *at <= now) {
                    // Two shards may have told of a change in the other order.
                    if !engine.is_online(user) && told.remove(&user) {
                        tell(engine, EventName::PresenceOffline, presence);
                    }
                }
            }
        }
    }
}

fn tell(engine: &Engine, name: EventName, presence: Presence) {
    let data = serde_json::to_string(&PresenceData { presence }).expect("a presence is plain data");
    engine.tell(Passing {
        channel: ChannelName::staff(),
        name,
        at: crate::app::now(),
        data,
    });
}

refusals!(PresenceRefused: Unauthenticated, Forbidden);

/// Who is online, the longest first.
#[utoipa::path(
    get, path = "/api/v1/presence", tag = "sockets", operation_id = "presence",
    responses((status = 200, description = "Everyone with a socket.", body = Page<Presence>),
        PresenceRefused)
)]
pub(crate) async fn presence(
    State(app): State<App>,
    signed: Signed,
) -> Answer<Json<Page<Presence>>> {
    decide(&signed.actor, Action::Read, Object::Presence).or_refuse()?;
    Ok(Json(Page {
        items: app.engine.online(),
        next_cursor: None,
    }))
}
