-- What can be booked, and who has booked it. The PostgreSQL migration of the same number says the
-- same.

CREATE TABLE resources (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    capacity   INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX resources_by_age ON resources (created_at, id);

CREATE TABLE bookings (
    id          TEXT    NOT NULL PRIMARY KEY,
    customer_id TEXT    NOT NULL REFERENCES users (id),
    resource_id TEXT    NOT NULL REFERENCES resources (id),
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    party_size  INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CHECK (starts_at < ends_at)
) STRICT;
CREATE INDEX bookings_by_age ON bookings (created_at, id);
CREATE INDEX bookings_by_customer ON bookings (customer_id, created_at, id);
CREATE INDEX bookings_by_status ON bookings (status, created_at, id);
CREATE INDEX bookings_by_resource ON bookings (resource_id, created_at, id);
CREATE INDEX bookings_by_end ON bookings (ends_at, starts_at);

-- Two live bookings of one resource never overlap; one may begin when the other ends. The live
-- statuses are those of desk::booking::LIVE.
CREATE INDEX bookings_live ON bookings (resource_id, ends_at, starts_at)
    WHERE status IN ('requested', 'confirmed', 'arrived');

CREATE TRIGGER bookings_do_not_overlap_when_made BEFORE INSERT ON bookings
WHEN NEW.status IN ('requested', 'confirmed', 'arrived') AND EXISTS (
    SELECT 1 FROM bookings b
    WHERE b.resource_id = NEW.resource_id AND b.status IN ('requested', 'confirmed', 'arrived')
        AND b.ends_at > NEW.starts_at AND b.starts_at < NEW.ends_at
)
BEGIN
    SELECT RAISE(ABORT, 'booking_conflict');
END;

CREATE TRIGGER bookings_do_not_overlap_when_changed BEFORE UPDATE ON bookings
WHEN NEW.status IN ('requested', 'confirmed', 'arrived') AND EXISTS (
    SELECT 1 FROM bookings b
    WHERE b.resource_id = NEW.resource_id AND b.status IN ('requested', 'confirmed', 'arrived')
        AND b.ends_at > NEW.starts_at AND b.starts_at < NEW.ends_at AND b.id <> OLD.id
)
BEGIN
    SELECT RAISE(ABORT, 'booking_conflict');
END;
