//! The live connections of a shard, a page at a time, and the end of one of them by its id: for
//! people who look after a server. A shard looks at each connection once for a page and copies no
//! more than the page. Start at [`Engine::live`](crate::Engine::live).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::net::IpAddr;

use protocol::{ChannelName, ConnectionId, Goodbye, Timestamp, UserId, WelcomeUser};

use crate::client::Phase;
use crate::{Outside, Shard, Transport};

/// One connection that had its welcome and is not being closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveConnection {
    /// The same as logs and its welcome name it.
    pub connection: ConnectionId,
    /// Whose it is.
    pub user: WelcomeUser,
    /// Whether it is a chat socket.
    pub is_chat: bool,
    /// Where it connects from.
    pub address: IpAddr,
    /// Bytes that wait because the socket would block.
    pub outbox_bytes: usize,
    /// When its last pong came, if one did.
    pub last_pong_at: Option<Timestamp>,
    /// What it listens to, in the order of subscription.
    pub channels: Vec<ChannelName>,
    /// When its token ends.
    pub expires_at: Timestamp,
}

/// Which connections are asked for: the newest ones that are older than `before`.
#[derive(Clone, Copy, Debug)]
pub struct LiveAsked {
    /// Ids sort by the time they were made; none begins with the newest.
    pub before: Option<ConnectionId>,
    /// Most connections of each shard.
    pub most: usize,
}

/// Where an answer of a shard goes. It is called on the thread of the shard, so it must not block.
pub struct Tell<A>(Box<dyn FnOnce(A) + Send>);

impl<A> Tell<A> {
    /// Hands the answer to this function.
    pub fn new(tell: impl FnOnce(A) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    pub(crate) fn tell(self, answer: A) {
        (self.0)(answer);
    }
}

impl<A> fmt::Debug for Tell<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

impl<T: Transport, O: Outside> Shard<T, O> {
    /// The newest connections before the one that is named, the newest first.
    pub(crate) fn live(&mut self, asked: LiveAsked) -> Vec<LiveConnection> {
        let mut newest = BinaryHeap::new();
        for slot in self.connections.occupied() {
            let Some(connection) = self.connections.get(slot) else {
                continue;
            };
            let client = &connection.client;
            let id = client.connection;
            let is_asked = asked.before.is_none_or(|before| id < before);
            if is_asked && matches!(client.phase, Phase::Open) {
                newest.push(Reverse((id, slot)));
                if newest.len() > asked.most {
                    newest.pop();
                }
            }
        }
        let slots = newest.into_sorted_vec().into_iter();
        slots
            .filter_map(|Reverse((_, slot))| self.live_in(slot))
            .collect()
    }

    fn live_in(&mut self, slot: u32) -> Option<LiveConnection> {
        let (now, grace_ms) = (self.now, self.limits.expiry_grace_ms);
        let connection = self.connections.get(slot)?;
        let outbox_bytes = connection.outbox_bytes();
        let client = &connection.client;
        let user = client.account.as_ref()?.welcome.clone()?;
        let at = |monotonic_ms: u64| {
            let ago_ms = i128::from(now.monotonic_ms) - i128::from(monotonic_ms);
            let at = i128::from(now.wall.0) - ago_ms;
            Timestamp(i64::try_from(at).unwrap_or(i64::MAX))
        };
        let subscriptions = client.subscriptions.iter();
        let places: Vec<_> = subscriptions.map(|it| it.channel).collect();
        Some(LiveConnection {
            connection: client.connection,
            user,
            is_chat: client.chat.is_some(),
            address: client.address,
            outbox_bytes,
            last_pong_at: client.pong_ms.map(|ms| at(ms.get())),
            expires_at: at(client.deadline_ms.saturating_sub(grace_ms)),
            channels: places
                .into_iter()
                .map(|place| self.channels.at(place).name.clone())
                .collect(),
        })
    }

    /// Closes the connection of this id, if it is here and open; whose it was.
    pub(crate) fn close_by_id(&mut self, id: ConnectionId, goodbye: Goodbye) -> Option<UserId> {
        let slot = self.connections.occupied().into_iter().find(|slot| {
            let found = self.connections.get(*slot).map(|it| &it.client);
            found.is_some_and(|client| {
                client.connection == id && matches!(client.phase, Phase::Open)
            })
        })?;
        let (user, _) = self.account(slot)?;
        self.close(slot, goodbye);
        Some(user)
    }
}
