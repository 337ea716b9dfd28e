-- Ids are UUIDs as text in lower case, times are milliseconds since 1970, flags are 0 or 1,
-- money is in minor units. The SQLite migration of the same number says the same.
-- Texts that are compared or sorted are so by their bytes, as on SQLite.

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email         TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT COLLATE "C" NOT NULL,
    disabled      BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX users_by_age ON users (created_at, id);
CREATE INDEX users_by_role ON users (role, disabled);

CREATE TABLE sessions (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    secret_hash  BYTEA NOT NULL UNIQUE,
    user_agent   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_use ON sessions (last_seen_at);

-- At most one offer to make the first admin.
CREATE TABLE setup (
    slot       BIGINT NOT NULL PRIMARY KEY CHECK (slot = 1),
    token_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE secrets (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE items (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    unit_price BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    available  BIGINT NOT NULL CHECK (available IN (0, 1)),
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX items_by_age ON items (created_at, id);

CREATE TABLE orders (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    status      TEXT COLLATE "C" NOT NULL,
    lines       TEXT NOT NULL,
    total       BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    note        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX orders_by_age ON orders (created_at, id);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at, id);
CREATE INDEX orders_by_status ON orders (status, created_at, id);

CREATE TABLE once_keys (
    user_id     TEXT COLLATE "C" NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    output      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, path, key)
);
CREATE INDEX once_keys_by_age ON once_keys (created_at);

-- The event log: one lifetime, the newest offset of each channel, and the events that are kept.
CREATE TABLE log (
    slot  BIGINT NOT NULL PRIMARY KEY CHECK (slot = 1),
    epoch TEXT COLLATE "C" NOT NULL
);

CREATE TABLE channels (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    head BIGINT NOT NULL
);

CREATE TABLE events (
    channel      TEXT COLLATE "C" NOT NULL,
    event_offset BIGINT NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT NOT NULL,
    at           BIGINT NOT NULL,
    data         TEXT NOT NULL,
    PRIMARY KEY (channel, event_offset)
);
CREATE INDEX events_by_age ON events (channel, at, event_offset);
