CREATE TABLE notifications (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id),
    kind       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    link       TEXT,
    read_at    INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notifications_by_user ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread ON notifications (user_id, created_at, id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_reading ON notifications (read_at) WHERE read_at IS NOT NULL;

-- Notifications to a role that are not all written yet. The accounts of the role get theirs in the
-- order of (created_at, id): those after the last one that has it, up to the newest one that there
-- was when it was sent.
CREATE TABLE broadcasts (
    id               TEXT    NOT NULL PRIMARY KEY,
    role             TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    title            TEXT    NOT NULL,
    body             TEXT    NOT NULL,
    link             TEXT,
    after_created_at INTEGER NOT NULL,
    after_id         TEXT    NOT NULL,
    until_created_at INTEGER NOT NULL,
    until_id         TEXT    NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX broadcasts_by_age ON broadcasts (created_at, id);

-- The accounts of a role in their order; it serves the counts by role as before.
DROP INDEX users_by_role;
CREATE INDEX users_by_role ON users (role, disabled, created_at, id);
