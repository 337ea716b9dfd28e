//! Why a request or a command failed: stable words that programs match on.

use std::fmt;

macro_rules! error_codes {
    ($($variant:ident = $status:literal $slug:literal, $title:literal, $meaning:literal, $fix:literal;)+) => {
        /// The code of a problem (RFC 9457) and of an `error` frame.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl ErrorCode {
            /// Every code, by HTTP status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// A short title; the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// The next step, unless the occurrence knows a better one.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)+ }
            }
        }
    };
}

error_codes! {
    InvalidRequest = 400 "invalid_request", "Invalid request",
        "The request could not be read: malformed JSON, a wrong type, an unknown field or a wrong parameter.",
        "Compare the request with /docs; the detail names the place.";
    BadFrame = 400 "bad_frame", "Bad frame",
        "A frame on the socket could not be understood. The tenth one closes the socket with 4510.",
        "Send JSON text frames with a type, as docs/protocol.md shows.";
    Unauthenticated = 401 "unauthenticated", "Not signed in",
        "The request carries no live session.",
        "Sign in with POST /api/v1/auth/login and send the cookie along.";
    InvalidCredentials = 401 "invalid_credentials", "Wrong email or password",
        "No account has this address and this password together.",
        "Check both; the answer does not tell which one was wrong.";
    TokenMissing = 401 "token_missing", "Token missing",
        "No socket token was given.",
        "Send the token from GET /api/v1/auth/ws-token.";
    TokenMalformed = 401 "token_malformed", "Token malformed",
        "What was sent as a socket token is not one.",
        "Pass the token from GET /api/v1/auth/ws-token unchanged.";
    TokenInvalid = 401 "token_invalid", "Token invalid",
        "The socket token is well formed but not one of ours for this purpose.",
        "Fetch a token from this server's own GET /api/v1/auth/ws-token.";
    TokenExpired = 401 "token_expired", "Token expired",
        "The socket token has expired.",
        "Fetch a fresh token from GET /api/v1/auth/ws-token.";
    TokenNotYetValid = 401 "token_not_yet_valid", "Token not yet valid",
        "The socket token is dated in the future: two clocks differ.",
        "Set both clocks by NTP and fetch a fresh token.";
    SessionEnded = 401 "session_ended", "Session ended",
        "The session was ended: logged out, revoked, expired, or the password changed.",
        "Sign in again.";
    Forbidden = 403 "forbidden", "Forbidden",
        "The account may not do this.",
        "Use an account with the role that the detail names.";
    AccountDisabled = 403 "account_disabled", "Account disabled",
        "The password is right, but the account is disabled.",
        "Ask an admin to enable the account.";
    OriginDenied = 403 "origin_denied", "Origin not allowed",
        "The page that asks is not on the list of allowed origins.",
        "Add the page's origin to server.allowed_origins.";
    RegistrationClosed = 403 "registration_closed", "Registration closed",
        "This server does not let people register themselves.",
        "Ask an admin for an account.";
    NotFound = 404 "not_found", "Not found",
        "There is no such object for this account.",
        "Check the id; objects of others are not shown.";
    UnknownPath = 404 "unknown_path", "Unknown path",
        "Nothing lives at this path.",
        "Use the nearest known path that the detail names.";
    MethodNotAllowed = 405 "method_not_allowed", "Method not allowed",
        "The path exists, but not with this method.",
        "Use one of the methods in the Allow header.";
    StaleVersion = 409 "stale_version", "Stale version",
        "The object has changed since the version that the request saw.",
        "Take the current object from the answer, apply the change to it and send its version.";
    InvalidTransition = 409 "invalid_transition", "Transition not allowed",
        "This status may not follow the current one, or not for this role.",
        "Choose one of the statuses in the member allowed.";
    EmailTaken = 409 "email_taken", "Address taken",
        "Another account has this address.",
        "Sign in, or use another address.";
    ItemUnavailable = 409 "item_unavailable", "Item not available",
        "An item in the order cannot be ordered now.",
        "Remove the line that the detail names.";
    BookingConflict = 409 "booking_conflict", "Already booked",
        "Another live booking of the resource overlaps this one.",
        "Choose another time or another resource.";
    ChatOpen = 409 "chat_open", "A chat is open already",
        "A customer has at most one open chat; the member chat holds it.",
        "Go on in that chat.";
    ChatClosed = 409 "chat_closed", "Chat closed",
        "The chat is closed, so nothing can be written in it.",
        "Open it again, or begin a new one.";
    ClientIdConflict = 409 "client_id_conflict", "client_id used before",
        "The same author used the same client_id in this chat for another text.",
        "Choose a new client_id for a new message.";
    EditingOver = 409 "editing_over", "Too late to change",
        "A message can be changed or deleted for 15 minutes after it was written.",
        "Write another message.";
    IdempotencyConflict = 409 "idempotency_conflict", "Idempotency key used before",
        "The same Idempotency-Key came with another body within 24 hours.",
        "Use a new key for a new request; repeat a request with its own body.";
    LastAdmin = 409 "last_admin", "Last admin",
        "The change would leave the server without an enabled admin.",
        "Make another account an admin first.";
    SubscriptionLimit = 409 "subscription_limit", "Too many subscriptions",
        "The socket already has as many subscriptions as are allowed.",
        "Unsubscribe from a channel that is no longer shown.";
    NotSubscribed = 409 "not_subscribed", "Not subscribed",
        "The socket has no subscription to this channel.",
        "Subscribe first; automatic channels cannot be left.";
    FaqUnwritable = 409 "faq_unwritable", "Answers cannot be written",
        "The file with the bot's answers cannot be written.",
        "Name a file in bot.faq_file, in a folder that the server may write to.";
    SetupClosed = 410 "setup_closed", "Setup is over",
        "The one-time setup link was used, has expired, or an admin exists already.",
        "Sign in as the admin, or make one with frontdesk user add --role admin.";
    PayloadTooLarge = 413 "payload_too_large", "Payload too large",
        "The request body is larger than the limit.",
        "Send less; the detail names both sizes.";
    UriTooLong = 414 "uri_too_long", "URI too long",
        "The path and query are longer than the limit.",
        "Send less in the URL; put tokens in the first frame.";
    UnsupportedMediaType = 415 "unsupported_media_type", "Unsupported media type",
        "The body is not declared as application/json.",
        "Send Content-Type: application/json.";
    ValidationFailed = 422 "validation_failed", "Validation failed",
        "The request was read, but some fields hold values that are not allowed.",
        "Correct the fields listed in errors.";
    UpgradeRequired = 426 "upgrade_required", "WebSocket upgrade required",
        "This path speaks WebSocket only.",
        "Open it with new WebSocket(url), or let the proxy pass Upgrade and Connection over HTTP/1.1.";
    RateLimited = 429 "rate_limited", "Too many requests",
        "More requests or messages than allowed in this time.",
        "Wait as long as Retry-After or the limits say, then go on more slowly.";
    TooManyCommands = 429 "too_many_commands", "Too many commands waiting",
        "The socket has as many commands waiting as are allowed.",
        "Wait for replies before sending more.";
    HeadTooLarge = 431 "head_too_large", "Head too large",
        "The request line and headers together are longer, or more, than the limit.",
        "Send less in headers; most often cookies of other programs on the same name are in the way.";
    InternalError = 500 "internal_error", "Internal error",
        "The server met an error of its own.",
        "Try again; if it repeats, the server's log has the cause under the request id.";
    Unavailable = 503 "unavailable", "Unavailable",
        "The database does not answer, or the server is shutting down.",
        "Try again after Retry-After; nothing was changed.";
    Overloaded = 503 "overloaded", "Overloaded",
        "The server has more work of this kind than it may take on.",
        "Try again after Retry-After.";
    BotFailed = 503 "bot_failed", "The bot has no answer",
        "The model behind the bot did not answer, or not in time.",
        "Ask `frontdesk doctor bot`, which shows what the model says.";
    StorageFull = 507 "storage_full", "Storage full",
        "The disk of the database is full; nothing was written.",
        "Free space on the server; writing resumes by itself.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl serde::Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_status_and_their_words_are_unique() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.status()));
        let mut slugs: Vec<_> = ErrorCode::ALL.iter().map(|code| code.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ErrorCode::ALL.len());
    }
}
