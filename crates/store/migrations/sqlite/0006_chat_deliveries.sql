-- How far a chat has arrived on a device of someone. The PostgreSQL migration of the same number says
-- the same.

-- As chat_reads: exactly, and as everyone may see it, which is never a note.
CREATE TABLE chat_deliveries (
    chat_id      TEXT    NOT NULL REFERENCES chats (id),
    user_id      TEXT    NOT NULL REFERENCES users (id),
    delivered_at INTEGER NOT NULL,
    message_id   TEXT,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;

-- What was read has arrived.
INSERT INTO chat_deliveries (chat_id, user_id, delivered_at, message_id)
SELECT chat_id, user_id, read_at, message_id FROM chat_reads;
