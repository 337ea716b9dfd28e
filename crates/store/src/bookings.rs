//! Bookings: asked for by customers or for them, changed by both, told to both. That two live ones
//! of one resource never overlap is kept by the database itself, by the exclusion constraint and
//! the triggers of the migration; here its refusal becomes `booking_conflict`.

use desk::policy::not_found;
use desk::{Action, Actor, Object, Scope, decide};
use protocol::{
    Booking, BookingData, BookingId, BookingStatus, ChannelName, ErrorCode, EventName, FieldError,
    Page, Person, Problem, ResourceId, ResourceName, Timestamp, UserId,
};

use crate::database::{Row, Value};
use crate::error::{Fault, FaultKind, ReadError, WriteFailure};
use crate::items::check_version;
use crate::page::Place;
use crate::resources::find_resource;
use crate::transaction::{Transaction, Write};
use crate::users::find_customer;
use crate::{PageRequest, Store};

const BOOKING_COLUMNS: &str = "b.id, b.customer_id, u.name AS customer_name, b.resource_id, \
     r.name AS resource_name, r.capacity, b.starts_at, b.ends_at, b.party_size, b.status, b.note, \
     b.version, b.created_at, b.updated_at \
     FROM bookings b JOIN users u ON u.id = b.customer_id JOIN resources r ON r.id = b.resource_id";

fn booking(row: &Row) -> Result<Booking, Fault> {
    Ok(Booking {
        id: row.parsed("id")?,
        customer: Person {
            id: row.parsed("customer_id")?,
            name: row.text("customer_name")?,
        },
        resource: ResourceName {
            id: row.parsed("resource_id")?,
            name: row.text("resource_name")?,
        },
        starts_at: row.time("starts_at")?,
        ends_at: row.time("ends_at")?,
        party_size: row.int("party_size")?,
        status: row.parsed("status")?,
        note: row.text("note")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Which bookings a list shows; every condition must hold.
#[derive(Clone, Copy, Debug)]
pub struct BookingFilter {
    /// Whose bookings the caller may see.
    pub scope: Scope,
    /// Only those that stand so.
    pub status: Option<BookingStatus>,
    /// Only those of this customer.
    pub customer: Option<UserId>,
    /// Only those of this resource.
    pub resource: Option<ResourceId>,
    /// Only those that end after this moment.
    pub from: Option<Timestamp>,
    /// Only those that begin before this moment.
    pub to: Option<Timestamp>,
}

impl Store {
    /// Bookings, the newest first: by when they were made, not by when they are.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn bookings(
        &self,
        filter: BookingFilter,
        page: PageRequest,
    ) -> Result<Page<Booking>, ReadError> {
        let mut values: Vec<Value> = vec![page.rows().into()];
        let mut conditions = Vec::new();
        let mut condition = |left: &str, value: Value| {
            values.push(value);
            conditions.push(format!("{left} ${}", values.len()));
        };
        match filter.scope {
            Scope::All => {}
            Scope::Own(user) => condition("b.customer_id =", user.into()),
        }
        if let Some(customer) = filter.customer {
            condition("b.customer_id =", customer.into());
        }
        if let Some(status) = filter.status {
            condition("b.status =", status.into());
        }
        if let Some(resource) = filter.resource {
            condition("b.resource_id =", resource.into());
        }
        if let Some(from) = filter.from {
            condition("b.ends_at >", from.into());
        }
        if let Some(to) = filter.to {
            condition("b.starts_at <", to.into());
        }
        if let Some(place) = page.place()? {
            values.extend([place.created_at.into(), place.id.into()]);
            let (created_at, id) = (values.len() - 1, values.len());
            conditions.push(format!("(b.created_at, b.id) < (${created_at}, ${id})"));
        }
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let sql = format!(
            "SELECT {BOOKING_COLUMNS}{conditions} ORDER BY b.created_at DESC, b.id DESC LIMIT $1"
        );
        let rows = self.database().fetch_all(sql, &values).await?;
        let bookings = rows
            .iter()
            .map(booking)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(bookings, |booking| Place {
            created_at: booking.created_at,
            id: booking.id.0,
        }))
    }

    /// One booking.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn booking(&self, id: BookingId) -> Result<Option<Booking>, ReadError> {
        let sql = format!("SELECT {BOOKING_COLUMNS} WHERE b.id = $1");
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(booking).transpose()?)
    }
}

/// A new booking.
#[derive(Clone, Debug)]
pub struct CreateBooking {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: BookingId,
    /// Whose booking it becomes.
    pub customer: UserId,
    /// What is booked.
    pub resource: ResourceId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// For how many people.
    pub party_size: i64,
    /// The customer's words to the desk.
    pub note: String,
    /// When it is asked for.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `validation_failed` or `booking_conflict`. Told as `booking.created`
/// to the customer and to staff.
impl Write for CreateBooking {
    type Output = Booking;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Booking, WriteFailure> {
        let owned = Object::Booking {
            customer: self.customer,
        };
        decide(&self.actor, Action::Create, owned).or_refuse()?;
        let customer = find_customer(tx, &self.actor, self.customer).await?;
        let resource = self.checked_resource(tx).await?;
        let booking = Booking {
            id: self.id,
            customer,
            resource,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            party_size: self.party_size,
            status: BookingStatus::Requested,
            note: self.note.clone(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        tx.execute(
            "INSERT INTO bookings (id, customer_id, resource_id, starts_at, ends_at, party_size, \
             status, note, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)",
            &[
                booking.id.into(),
                booking.customer.id.into(),
                booking.resource.id.into(),
                booking.starts_at.into(),
                booking.ends_at.into(),
                booking.party_size.into(),
                booking.status.into(),
                (&booking.note).into(),
                self.now.into(),
            ],
        )
        .await
        .map_err(|fault| refusal(fault, &booking))?;
        tell(tx, EventName::BookingCreated, booking)
    }
}

impl CreateBooking {
    /// What is booked, once every field is checked.
    async fn checked_resource(
        &self,
        tx: &mut Transaction<'_>,
    ) -> Result<ResourceName, WriteFailure> {
        let resource = find_resource(tx, self.resource).await?;
        let mut errors = Vec::new();
        let capacity = match &resource {
            Some(resource) => resource.capacity,
            None => {
                let message = "is not the id of a resource";
                errors.push(FieldError::new("/resource_id", message));
                desk::booking::CAPACITY_MAX
            }
        };
        let (starts_at, ends_at) = (self.starts_at, self.ends_at);
        desk::booking::check_slot(starts_at, ends_at, self.party_size, capacity, &mut errors);
        desk::booking::check_note(&self.note, &mut errors);
        match resource {
            Some(resource) if errors.is_empty() => Ok(ResourceName {
                id: resource.id,
                name: resource.name,
            }),
            Some(_) | None => Err(Problem::invalid(errors).into()),
        }
    }
}

/// A change of a booking.
#[derive(Clone, Debug)]
pub struct ChangeBooking {
    /// Who asks.
    pub actor: Actor,
    /// Which booking.
    pub id: BookingId,
    /// The version that the caller saw.
    pub version: i64,
    /// Where it stands, if that changes.
    pub status: Option<BookingStatus>,
    /// When it begins, if that changes; staff only.
    pub starts_at: Option<Timestamp>,
    /// When it is over, if that changes; staff only.
    pub ends_at: Option<Timestamp>,
    /// For how many people, if that changes; staff only.
    pub party_size: Option<i64>,
    /// The customer's words, if they change.
    pub note: Option<String>,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `stale_version` (with the member `current`),
/// `forbidden`, `validation_failed`, `invalid_transition`, and `booking_conflict`. Told as
/// `booking.updated` to the customer and to staff, unless nothing changes.
impl Write for ChangeBooking {
    type Output = Booking;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Booking, WriteFailure> {
        let lock = tx.lock("b");
        let sql = format!("SELECT {BOOKING_COLUMNS} WHERE b.id = $1{lock}");
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let before = booking(&row)?;
        let customer = before.customer.id;
        decide(&self.actor, Action::Change, Object::Booking { customer }).or_refuse()?;
        check_version(self.version, before.version, &before)?;
        let mut after = self.changed(&before, row.int("capacity")?)?;
        if after == before {
            return Ok(before);
        }
        after.version += 1;
        after.updated_at = self.now;
        tx.execute(
            "UPDATE bookings SET starts_at = $2, ends_at = $3, party_size = $4, status = $5, \
             note = $6, version = $7, updated_at = $8 WHERE id = $1",
            &[
                self.id.into(),
                after.starts_at.into(),
                after.ends_at.into(),
                after.party_size.into(),
                after.status.into(),
                (&after.note).into(),
                after.version.into(),
                self.now.into(),
            ],
        )
        .await
        .map_err(|fault| refusal(fault, &after))?;
        tell(tx, EventName::BookingUpdated, after)
    }
}

impl ChangeBooking {
    /// The booking with the fields that change, each allowed and checked. A slot that stays is not
    /// checked again: the resource may have become smaller since.
    fn changed(&self, before: &Booking, capacity: i64) -> Result<Booking, Problem> {
        let customer = before.customer.id;
        let mut after = before.clone();
        let mut errors = Vec::new();
        if self.starts_at.is_some() || self.ends_at.is_some() || self.party_size.is_some() {
            let slot = Object::BookingSlot { customer };
            decide(&self.actor, Action::Change, slot).or_refuse()?;
            after.starts_at = self.starts_at.unwrap_or(before.starts_at);
            after.ends_at = self.ends_at.unwrap_or(before.ends_at);
            after.party_size = self.party_size.unwrap_or(before.party_size);
        }
        if after != *before {
            let (starts_at, ends_at) = (after.starts_at, after.ends_at);
            desk::booking::check_slot(starts_at, ends_at, after.party_size, capacity, &mut errors);
        }
        if let Some(note) = &self.note {
            desk::booking::check_note(note, &mut errors);
            after.note.clone_from(note);
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        if let Some(status) = self.status.filter(|status| *status != before.status) {
            desk::booking::check_transition(before.status, status, self.actor.role)?;
            after.status = status;
        }
        Ok(after)
    }
}

/// What the database's refusal means. Whose the other booking is, and when exactly, is not told.
fn refusal(fault: Fault, booking: &Booking) -> WriteFailure {
    if fault.kind != FaultKind::Overlap {
        return fault.into();
    }
    let Booking {
        resource,
        starts_at,
        ends_at,
        ..
    } = booking;
    let detail = format!(
        "{} is already booked for some of the time from {starts_at} to {ends_at}",
        resource.name
    );
    Problem::new(ErrorCode::BookingConflict, detail).into()
}

fn tell(
    tx: &mut Transaction<'_>,
    name: EventName,
    booking: Booking,
) -> Result<Booking, WriteFailure> {
    let channels = vec![ChannelName::user(booking.customer.id), ChannelName::staff()];
    let data = BookingData { booking };
    tx.tell(channels, name, &data)?;
    Ok(data.booking)
}
