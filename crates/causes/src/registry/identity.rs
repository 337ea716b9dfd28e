//! Causes: token, identity, permission.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "auth.hidden_403",
        group: Group::Identity,
        title: "The server refuses before it accepts",
        sentence: "The server answers the handshake with 403 (or 401) instead of accepting and \
                   saying why, so no client can learn the reason.",
        in_page: "1006 for every fault of the token; the console says `Unexpected response code: \
                  403`, or `HTTP Authentication failed` for 401.",
        in_shell: "403 or 401, perhaps with a body that tells more.",
        probe: "Read the body of the refused upgrade with curl, and the server's log at that \
                second.",
        fix: "In the server: accept, send the reason, close with a code of 4000 to 4999. In \
              FastAPI: `await websocket.accept()` before `close(code=…)`.",
        severity: Severity::Error,
        looks_like: &[
            "origin.denied",
            "proxy.auth_layer",
            "proxy.waf",
            "host.denied",
        ],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.missing",
        group: Group::Identity,
        title: "No token was sent",
        sentence: "The socket came without a token.",
        in_page: "Opens, then closes with 4501 (`token_missing`), at once with an empty \
                  `?token=`, after 5 s without any.",
        in_shell: "The same: 4501.",
        probe: "`/api/v1/connect-check/{attempt}` says what arrived.",
        fix: "Send the token as `?token=`, as `Authorization: Bearer`, or in the first frame \
              `{\"type\":\"connect\",\"token\":…}` within 5 s.",
        severity: Severity::Error,
        looks_like: &["auth.placeholder"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.placeholder",
        group: Group::Identity,
        title: "A placeholder instead of a token",
        sentence: "What was sent as the token is a placeholder such as `test`, `undefined`, \
                   `null`, `[object Object]` or `YOUR_TOKEN`: no server takes it.",
        in_page: "Opens, then closes with 4502 (`token_malformed`), whose reason names the word. \
                  Foreign servers answer 403, and the page sees 1006.",
        in_shell: "The same; the URL shows the word.",
        probe: "Read the part behind `token=` in the URL, or the reason of 4502.",
        fix: "Put a real token there: log in and fetch one from `GET /api/v1/auth/ws-token`, or \
              `frontdesk token mint --email …`; await the promise and take its field `token`.",
        severity: Severity::Error,
        looks_like: &["auth.malformed"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.malformed",
        group: Group::Identity,
        title: "The token is no token",
        sentence: "What was sent is not three parts of base64url: cut, quoted, or encoded twice.",
        in_page: "Closes with 4502 (`token_malformed`).",
        in_shell: "`frontdesk token check -` says which part is wrong.",
        probe: "`frontdesk token check -` reads it from stdin and explains it part by part.",
        fix: "Pass the answer's field `token` unchanged; do not put it through `JSON.stringify`, \
              and encode it once in a URL.",
        severity: Severity::Error,
        looks_like: &["auth.placeholder"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.expired",
        group: Group::Identity,
        title: "The token has expired",
        sentence: "The token was valid and is no more: socket tokens live for 300 seconds, and \
                   this one was used again later.",
        in_page: "Closes with 4100 (`token_expired`), whose reason says how long ago. It works \
                  the first time and fails at each reconnect.",
        in_shell: "`frontdesk token check -` shows `exp` in the past.",
        probe: "Compare `exp` with the server's clock (`Date` header), not with the client's.",
        fix: "Fetch a token before each attempt from `GET /api/v1/auth/ws-token`; our client does \
              so with `getToken`.",
        severity: Severity::Error,
        looks_like: &["token.cached", "auth.skew"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.not_yet_valid",
        group: Group::Identity,
        title: "The token is dated in the future",
        sentence: "The token's `iat` or `nbf` lies ahead of the server's clock.",
        in_page: "Closes with 4101 (`token_not_yet_valid`), whose reason says by how much.",
        in_shell: "`frontdesk token check -` shows the claim and both times.",
        probe: "Compare the two clocks: `date -u` on both machines.",
        fix: "Set both clocks by NTP and fetch a fresh token.",
        severity: Severity::Error,
        looks_like: &["auth.skew"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.skew",
        group: Group::Identity,
        title: "Two clocks differ",
        sentence: "The clocks of the machines that make and check tokens differ by more than the \
                   leeway of 5 s.",
        in_page: "4100 or 4101 on tokens that are fresh.",
        in_shell: "The `Date` header of the server differs from this machine's clock.",
        probe: "Compare `Date` with the local clock while nothing delays the answer.",
        fix: "Run NTP (`timedatectl set-ntp true`) on every machine that makes or checks tokens.",
        severity: Severity::Warning,
        looks_like: &["auth.expired", "auth.not_yet_valid"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.signature",
        group: Group::Identity,
        title: "The token is signed by another key",
        sentence: "The token is well formed, but its signature belongs to another key: another \
                   installation, an old key, or a changed token.",
        in_page: "Closes with 4503 (`token_invalid`), whose reason names the signature or `kid`.",
        in_shell: "A token from `frontdesk token mint` on the server's machine works.",
        probe: "Mint one with the server's own key and compare: if that works, the other was made \
                elsewhere.",
        fix: "Fetch the token from this same server; nodes of one installation need the same \
              `auth.signing_key_file`.",
        severity: Severity::Error,
        looks_like: &["auth.ephemeral_secret"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.ephemeral_secret",
        group: Group::Identity,
        title: "The key dies with the process",
        sentence: "The signing key is made anew at each start or in each worker, so tokens die \
                   with a restart, or half of them fail.",
        in_page: "4503 after a deploy, or at random.",
        in_shell: "Ten tokens in a row: some are taken, some are not.",
        probe: "Fetch and use ten tokens; then restart the server and use an old one.",
        fix: "Keep the key: put `data.dir` on a volume that survives (Frontdesk keeps its key \
              there), or set `auth.signing_key_file`.",
        severity: Severity::Error,
        looks_like: &["auth.signature", "proxy.sticky"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.default_secret",
        group: Group::Identity,
        title: "The key is an example",
        sentence: "The signing key is a value from an example or a tutorial, so anybody can make \
                   tokens.",
        in_page: "Nothing: everything works, for attackers too.",
        in_shell: "The configured secret is `secret`, `changeme`, `your-256-bit-secret` or the \
                   like.",
        probe: "Check a token's signature with such words, as the doctor does with `--token`; read \
                the key's source: `frontdesk config show --origin`.",
        fix: "Let the server make its own key (it does unless `auth.signing_key_file` says \
              otherwise), and replace every token.",
        severity: Severity::Warning,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.alg",
        group: Group::Identity,
        title: "Another algorithm",
        sentence: "The token names another signing algorithm than the server's.",
        in_page: "Closes with 4503 (`token_invalid`): \"the token's alg is …, expected HS256\".",
        in_shell: "`frontdesk token check -` shows `alg`.",
        probe: "Read the token's header: `alg`.",
        fix: "Use a token from `GET /api/v1/auth/ws-token`. An identity provider's RS256 token \
              opens no socket here.",
        severity: Severity::Error,
        looks_like: &["auth.wrong_kind"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.aud",
        group: Group::Identity,
        title: "Another audience",
        sentence: "The token's `aud` is not `ws`: it was made for something else.",
        in_page: "Closes with 4503 (`token_invalid`): \"the token's aud is …\".",
        in_shell: "`frontdesk token check -` shows `aud`.",
        probe: "Read the claim.",
        fix: "Use a token from `GET /api/v1/auth/ws-token`; no other kind opens a socket.",
        severity: Severity::Error,
        looks_like: &["auth.wrong_kind"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.iss",
        group: Group::Identity,
        title: "Another issuer",
        sentence: "The token's `iss` names another issuer than this server.",
        in_page: "Closes with 4503 (`token_invalid`): \"the token's iss is …\".",
        in_shell: "`frontdesk token check -` shows `iss`.",
        probe: "Read the claim.",
        fix: "Fetch the token from the server that the socket belongs to, not from another \
              environment.",
        severity: Severity::Error,
        looks_like: &["auth.signature"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.claim",
        group: Group::Identity,
        title: "A claim is missing or wrong",
        sentence: "A claim that the token needs is absent, of the wrong type, or has an \
                   impossible value.",
        in_page: "Closes with 4503 (`token_invalid`), whose reason names the claim.",
        in_shell: "`frontdesk token check -` shows each claim.",
        probe: "Read the claims one by one: `sub`, `sid`, `jti` are UUIDs, `iat` and `exp` are \
                numbers of seconds.",
        fix: "Use a token from `GET /api/v1/auth/ws-token` instead of one made by hand.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.wrong_kind",
        group: Group::Identity,
        title: "Another kind of token",
        sentence: "The token is of another kind: an access, refresh or identity token where a \
                   socket token belongs.",
        in_page: "Closes with 4503 (`token_invalid`): \"the token's typ is …, expected ws+jwt\".",
        in_shell: "`frontdesk token check -` shows `typ`.",
        probe: "Read `typ` in the token's header.",
        fix: "Exchange the session for a socket token: `GET /api/v1/auth/ws-token`.",
        severity: Severity::Error,
        looks_like: &["auth.aud", "auth.alg"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.revoked",
        group: Group::Identity,
        title: "The session has ended",
        sentence: "The token is right, but the session behind it has ended or the account is \
                   disabled: logged out, revoked, or the password changed.",
        in_page: "Closes with 4505 (`session_ended`) or 4506 (`account_disabled`).",
        in_shell: "The same; `frontdesk token check -` shows the state of the session.",
        probe: "The code says which of the two; `POST /api/v1/diagnose/token` too.",
        fix: "Log in again; a disabled account is enabled by an admin (`frontdesk user enable \
              --email …`).",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "authz.user_mismatch",
        group: Group::Identity,
        title: "The id in the path is another's",
        sentence: "The path carries a user id that is not the token's: another user, another \
                   spelling, a number instead of a text.",
        in_page: "Foreign servers close with 4403 or answer 403. On Frontdesk the chat socket \
                  closes with 4508, and its reason says to use `me`.",
        in_shell: "Both values differ.",
        probe: "Compare the id in the path with the token's `sub`.",
        fix: "Take the identity from the token, not from the path: `/ws/chat/me`.",
        severity: Severity::Error,
        looks_like: &["authz.chat"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "authz.role",
        group: Group::Identity,
        title: "The role does not allow it",
        sentence: "The account is signed in, but its role may not do this.",
        in_page: "Closes with 4507 (`forbidden`), or a command is answered with the error \
                  `forbidden`.",
        in_shell: "Staff may, a customer may not.",
        probe: "Repeat it as each role (`frontdesk token mint --email …`).",
        fix: "Use an account with the role that the detail names, or let an admin change the role.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "authz.chat",
        group: Group::Identity,
        title: "No such chat for this account",
        sentence: "The chat belongs to somebody else or does not exist; the server answers both \
                   alike.",
        in_page: "Closes with 4508 (`chat_not_found`).",
        in_shell: "The same as the customer; staff see the chat, if it exists.",
        probe: "Ask `GET /api/v1/chats` as the same account.",
        fix: "Use an id from `GET /api/v1/chats`, or `me` for the customer's own open chat.",
        severity: Severity::Error,
        looks_like: &["authz.user_mismatch"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "origin.denied",
        group: Group::Identity,
        title: "The page's origin is refused",
        sentence: "The server refuses the handshake because of the page's `Origin`: it is not on \
                   the list, or a proxy changes host or scheme so that the comparison fails.",
        in_page: "1006; `Unexpected response code: 403`. `/api/v1/connect-check/{attempt}` tells \
                  the reason.",
        in_shell: "Works without `Origin`, is refused with it.",
        probe: "Send the upgrade twice, with `Origin` and without. `/api/v1/diagnose` says what \
                was compared.",
        fix: "Add the page's origin to `server.allowed_origins`; behind a proxy set \
              `server.public_url` and pass `Host` and `X-Forwarded-Proto` on.",
        severity: Severity::Error,
        looks_like: &["auth.hidden_403", "dev.vite_origin"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "host.denied",
        group: Group::Identity,
        title: "The host name is refused",
        sentence: "A check of the `Host` header refuses the name that was dialled: trusted hosts, \
                   or Vite's `allowedHosts`.",
        in_page: "1006; `Unexpected response code: 403` or 400.",
        in_shell: "403 or 400 with a text such as \"Blocked request. This host is not allowed\" \
                   or \"Invalid host header\".",
        probe: "Send the request with another `Host` and compare.",
        fix: "Add the name to `server.allowedHosts` in `vite.config`, or to the framework's \
              trusted hosts.",
        severity: Severity::Error,
        looks_like: &["origin.denied"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "auth.cookie_vs_token",
        group: Group::Identity,
        title: "REST takes the cookie, the socket wants a token",
        sentence: "REST is signed in by the session cookie; the socket takes a token and no \
                   cookie, or the reverse.",
        in_page: "REST works, the socket closes with 4501.",
        in_shell: "The same with the cookie; with `?token=` it opens.",
        probe: "Open the socket once with the cookie alone and once with a token.",
        fix: "Exchange the session for a token at `GET /api/v1/auth/ws-token` and send that.",
        severity: Severity::Error,
        looks_like: &["auth.missing"],
        standing: Standing::Explained {
            why: "only the team that wrote a server knows which of both it means; from outside it is `auth.missing`",
        },
    },
    Cause {
        id: "auth.subprotocol_echo",
        group: Group::Identity,
        title: "The token in the subprotocol is not echoed",
        sentence: "The token travels as a subprotocol, and the server accepts without naming one \
                   of those that were offered.",
        in_page: "1006; \"Sent non-empty 'Sec-WebSocket-Protocol' header but no response was \
                  received\", while the server logs success.",
        in_shell: "101 without `Sec-WebSocket-Protocol`.",
        probe: "Upgrade with the subprotocols and read the header of the answer.",
        fix: "Offer two, a name and the token, and let the server echo the name; or carry the \
              token in the first frame.",
        severity: Severity::Error,
        looks_like: &["ws.subprotocol"],
        standing: Standing::Provoked,
    },
];
