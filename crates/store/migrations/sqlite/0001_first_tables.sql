-- Ids are UUIDs as text in lower case, times are milliseconds since 1970, flags are 0 or 1,
-- money is in minor units. The PostgreSQL migration of the same number says the same.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_by_age ON users (created_at, id);
CREATE INDEX users_by_role ON users (role, disabled);

CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY,
    user_id      TEXT    NOT NULL REFERENCES users (id),
    secret_hash  BLOB    NOT NULL UNIQUE,
    user_agent   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_use ON sessions (last_seen_at);

-- At most one offer to make the first admin.
CREATE TABLE setup (
    slot       INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    token_hash BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE items (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    unit_price INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    available  INTEGER NOT NULL CHECK (available IN (0, 1)),
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX items_by_age ON items (created_at, id);

CREATE TABLE orders (
    id          TEXT    NOT NULL PRIMARY KEY,
    customer_id TEXT    NOT NULL REFERENCES users (id),
    status      TEXT    NOT NULL,
    lines       TEXT    NOT NULL,
    total       INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_age ON orders (created_at, id);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at, id);
CREATE INDEX orders_by_status ON orders (status, created_at, id);

CREATE TABLE once_keys (
    user_id     TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    output      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, path, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_keys_by_age ON once_keys (created_at);

-- The event log: one lifetime, the newest offset of each channel, and the events that are kept.
CREATE TABLE log (
    slot  INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    epoch TEXT    NOT NULL
) STRICT;

CREATE TABLE channels (
    name TEXT    NOT NULL PRIMARY KEY,
    head INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    channel      TEXT    NOT NULL,
    event_offset INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    data         TEXT    NOT NULL,
    PRIMARY KEY (channel, event_offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_age ON events (channel, at, event_offset);
