//! Causes: connected, but nothing arrives.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "ev.other_worker",
        group: Group::Silence,
        title: "The event was published in another process",
        sentence: "The event was published in one worker or node and the socket lives in another, \
                   which never hears of it.",
        in_page: "Some events arrive: with four workers about one in four.",
        in_shell: "Publish twenty times and count.",
        probe: "Publish through each node and note which sockets hear it.",
        fix: "Share a bus between workers, or run one. Frontdesk's nodes share the log.",
        severity: Severity::Error,
        looks_like: &["ev.not_published", "proxy.sticky"],
        standing: Standing::Explained {
            why: "needs a way to publish on a stranger's server; between workers of another server the doctor can only hear",
        },
    },
    Cause {
        id: "ev.not_subscribed",
        group: Group::Silence,
        title: "Nobody subscribed",
        sentence: "The socket has no subscription to the channel that the event went to, or \
                   subscribed before the welcome.",
        in_page: "Open, welcomed, silent.",
        in_shell: "The reply to `subscribe` is an error, or was never asked for.",
        probe: "Compare the channels in the welcome and in replies with the event's channel.",
        fix: "Subscribe after the welcome, by the exact name (`chat:{id}`), and read the reply.",
        severity: Severity::Error,
        looks_like: &["ev.role_filter", "ev.not_published"],
        standing: Standing::Explained {
            why: "seen from a page's own code",
        },
    },
    Cause {
        id: "ev.role_filter",
        group: Group::Silence,
        title: "The role may not see it",
        sentence: "The event is of a kind that this role does not see.",
        in_page: "Staff see it, the customer does not.",
        in_shell: "The same.",
        probe: "Open one socket as each role and compare. docs/policy.md has the table.",
        fix: "Use an account with that role, or send it on a channel that the customer sees.",
        severity: Severity::Error,
        looks_like: &["ev.not_subscribed"],
        standing: Standing::Explained {
            why: "the policy's own tests cover it",
        },
    },
    Cause {
        id: "ev.user_id_type",
        group: Group::Silence,
        title: "The ids differ in spelling",
        sentence: "Publisher and subscriber spell the user's id differently: `1` and `\"1\"`, \
                   upper and lower case.",
        in_page: "Silence.",
        in_shell: "Two channels that look alike.",
        probe: "Print both names as JSON, with quotes.",
        fix: "Make one type of it at the edge and compare only that.",
        severity: Severity::Error,
        looks_like: &["ev.not_subscribed"],
        standing: Standing::Explained {
            why: "our ids are UUIDs and are parsed at the edge",
        },
    },
    Cause {
        id: "ev.not_published",
        group: Group::Silence,
        title: "Nothing was published",
        sentence: "The code path that changes the data never publishes the event, or does so \
                   before the commit.",
        in_page: "Silence; a reload shows the change.",
        in_shell: "The log of events has no entry (`GET /api/v1/events?channel=…`).",
        probe: "Ask `GET /api/v1/events` for the channel after the change.",
        fix: "Publish in the transaction that changes the data. Frontdesk does for every write.",
        severity: Severity::Error,
        looks_like: &["ev.other_worker"],
        standing: Standing::Explained {
            why: "needs a server that forgets to publish",
        },
    },
    Cause {
        id: "ev.shape",
        group: Group::Silence,
        title: "The handler does not know the shape",
        sentence: "The event arrives, but its JSON is shaped otherwise than the handler expects, \
                   so it is ignored.",
        in_page: "Frames in the network panel, nothing on the screen.",
        in_shell: "The frame differs from `/asyncapi.json`.",
        probe: "Compare one frame with the description.",
        fix: "Use the generated types of `@frontdesk/client`; look for `default:` in the switch.",
        severity: Severity::Error,
        looks_like: &["ev.client_filter"],
        standing: Standing::Explained {
            why: "seen from a page's own code",
        },
    },
    Cause {
        id: "ev.client_filter",
        group: Group::Silence,
        title: "The page drops the event itself",
        sentence: "The event arrives, and a filter, a missing case or a removed listener drops it.",
        in_page: "Frames in the network panel, nothing on the screen.",
        in_shell: "The frame arrives.",
        probe: "`String(client.report())` has the last 200 things that happened.",
        fix: "Attach the handler where it lives as long as the screen; look at the filter.",
        severity: Severity::Error,
        looks_like: &["ev.shape"],
        standing: Standing::Explained {
            why: "seen from a page's own code",
        },
    },
    Cause {
        id: "ev.lost_gap",
        group: Group::Silence,
        title: "It happened while reconnecting",
        sentence: "The event happened between two connections, and the client did not ask for \
                   what it missed.",
        in_page: "Now and then an event is missing, always around a reconnect.",
        in_shell: "Offsets jump.",
        probe: "Compare `offset` of the last event before and of the first after.",
        fix: "Resume with positions (`connect` with `resume`), and reload the list at a `gap` or \
              `reset`. Our client does.",
        severity: Severity::Error,
        looks_like: &["ev.other_worker"],
        standing: Standing::Explained {
            why: "the gap is named to the client in its welcome; the doctor has no position of that client",
        },
    },
    Cause {
        id: "ev.bus_down",
        group: Group::Silence,
        title: "The bus or the database is down",
        sentence: "Nodes share events through a bus or the database, and it does not answer.",
        in_page: "Closes with 4005 (`overloaded`), whose reason names the database; commands and \
                  requests answer `unavailable`. With a bus between nodes: events of one's own node \
                  arrive, others late or not at all.",
        in_shell: "`/healthz` is 200, `/readyz` is not, and its body says why.",
        probe: "Ask `/readyz` on each node.",
        fix: "Bring the database or the bus back; nothing is lost, as events are in the log.",
        severity: Severity::Error,
        looks_like: &["ev.other_worker"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "ev.dup",
        group: Group::Silence,
        title: "Everything comes twice",
        sentence: "Each event is handled twice: two sockets, or delivery that repeats.",
        in_page: "Twice on the screen.",
        in_shell: "The same `id` twice, on two connections.",
        probe: "Compare the `id` of both: the same id is one event.",
        fix: "Handle each `id` once (our client does), and share one socket per page.",
        severity: Severity::Warning,
        looks_like: &["cl.many_hooks", "cl.no_cleanup"],
        standing: Standing::Explained {
            why: "seen from a page's own code",
        },
    },
];
