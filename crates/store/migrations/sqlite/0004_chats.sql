-- Chats and what is written in them. The PostgreSQL migration of the same number says the same.

CREATE TABLE chats (
    id              TEXT    NOT NULL PRIMARY KEY,
    customer_id     TEXT    NOT NULL REFERENCES users (id),
    subject         TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    handler_kind    TEXT    NOT NULL,
    handler_id      TEXT    REFERENCES users (id),
    -- The newest message that is no note.
    last_message_id TEXT,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
-- At most one open chat of each customer.
CREATE UNIQUE INDEX chats_open ON chats (customer_id) WHERE status = 'open';
CREATE INDEX chats_by_use ON chats (updated_at, id);
CREATE INDEX chats_by_customer ON chats (customer_id, updated_at, id);
CREATE INDEX chats_by_status ON chats (status, updated_at, id);
CREATE INDEX chats_by_handler ON chats (handler_kind, handler_id, updated_at, id);

-- Within a chat created_at rises with every message, in the order of commits.
CREATE TABLE messages (
    id          TEXT    NOT NULL PRIMARY KEY,
    chat_id     TEXT    NOT NULL REFERENCES chats (id),
    client_id   TEXT,
    sender_kind TEXT    NOT NULL,
    sender_id   TEXT    REFERENCES users (id),
    body        TEXT    NOT NULL,
    -- What it said before it was changed, so that a late repetition is known; gone with the body.
    first_body  TEXT,
    note        INTEGER NOT NULL CHECK (note IN (0, 1)),
    state       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    edited_at   INTEGER,
    deleted_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_client_id ON messages (chat_id, sender_id, client_id);
CREATE UNIQUE INDEX messages_by_age ON messages (chat_id, created_at, id);
CREATE INDEX messages_shown ON messages (chat_id, created_at, id) WHERE note = 0;

-- How far someone has read: exactly, and as everyone may see it, which is never a note.
CREATE TABLE chat_reads (
    chat_id    TEXT    NOT NULL REFERENCES chats (id),
    user_id    TEXT    NOT NULL REFERENCES users (id),
    read_at    INTEGER NOT NULL,
    message_id TEXT,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;

-- The object whose text an event holds, so that the text can be found when it is erased.
ALTER TABLE events ADD COLUMN subject TEXT;
CREATE INDEX events_by_subject ON events (subject, channel, event_offset)
    WHERE subject IS NOT NULL;
