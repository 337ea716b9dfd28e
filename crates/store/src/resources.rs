//! Resources: what can be booked.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{Page, Problem, Resource, ResourceId, Timestamp};

use crate::database::Row;
use crate::error::{Fault, ReadError, WriteFailure};
use crate::items::check_version;
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::{PageRequest, Store};

const RESOURCE_COLUMNS: &str =
    "r.id, r.name, r.kind, r.capacity, r.version, r.created_at, r.updated_at";

fn resource(row: &Row) -> Result<Resource, Fault> {
    Ok(Resource {
        id: row.parsed("id")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        capacity: row.int("capacity")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

impl Store {
    /// All resources, the oldest first.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn resources(&self, page: PageRequest) -> Result<Page<Resource>, ReadError> {
        let mut sql = format!("SELECT {RESOURCE_COLUMNS} FROM resources r");
        let mut values = vec![page.rows().into()];
        if let Some(place) = page.place()? {
            sql.push_str(" WHERE (r.created_at, r.id) > ($2, $3)");
            values.extend([place.created_at.into(), place.id.into()]);
        }
        sql.push_str(" ORDER BY r.created_at, r.id LIMIT $1");
        let rows = self.database().fetch_all(sql, &values).await?;
        let resources = rows
            .iter()
            .map(resource)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(resources, |resource| Place {
            created_at: resource.created_at,
            id: resource.id.0,
        }))
    }

    /// One resource.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn resource(&self, id: ResourceId) -> Result<Option<Resource>, ReadError> {
        let sql = format!("SELECT {RESOURCE_COLUMNS} FROM resources r WHERE r.id = $1");
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(resource).transpose()?)
    }
}

/// A resource, as the transaction sees it.
pub(crate) async fn find_resource(
    tx: &mut Transaction<'_>,
    id: ResourceId,
) -> Result<Option<Resource>, Fault> {
    let sql = format!("SELECT {RESOURCE_COLUMNS} FROM resources r WHERE r.id = $1");
    tx.fetch_optional(sql, &[id.into()])
        .await?
        .as_ref()
        .map(resource)
        .transpose()
}

/// A new resource.
#[derive(Clone, Debug)]
pub struct CreateResource {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: ResourceId,
    /// What it is called.
    pub name: String,
    /// What sort of thing it is.
    pub kind: String,
    /// How many people it takes.
    pub capacity: i64,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden` or `validation_failed`.
impl Write for CreateResource {
    type Output = Resource;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Resource, WriteFailure> {
        decide(&self.actor, Action::Create, Object::Resource).or_refuse()?;
        let resource = Resource {
            id: self.id,
            name: self.name.clone(),
            kind: self.kind.clone(),
            capacity: self.capacity,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        check(&resource)?;
        tx.execute(
            "INSERT INTO resources (id, name, kind, capacity, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, 1, $5, $5)",
            &[
                resource.id.into(),
                (&resource.name).into(),
                (&resource.kind).into(),
                resource.capacity.into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(resource)
    }
}

fn check(resource: &Resource) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let Resource {
        name,
        kind,
        capacity,
        ..
    } = resource;
    desk::booking::check_resource(name, kind, *capacity, &mut errors);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}

/// A change of a resource. Bookings show the name of today; those that are too large for a smaller
/// capacity stay as they are.
#[derive(Clone, Debug)]
pub struct ChangeResource {
    /// Who asks.
    pub actor: Actor,
    /// Which resource.
    pub id: ResourceId,
    /// The version that the caller saw.
    pub version: i64,
    /// What it is called, if that changes.
    pub name: Option<String>,
    /// What sort of thing it is, if that changes.
    pub kind: Option<String>,
    /// How many people it takes, if that changes.
    pub capacity: Option<i64>,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `not_found`, `stale_version` (with the member `current`) or
/// `validation_failed`.
impl Write for ChangeResource {
    type Output = Resource;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Resource, WriteFailure> {
        decide(&self.actor, Action::Change, Object::Resource).or_refuse()?;
        let sql = format!(
            "SELECT {RESOURCE_COLUMNS} FROM resources r WHERE r.id = $1{}",
            tx.lock("r")
        );
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let before = resource(&row)?;
        check_version(self.version, before.version, &before)?;
        let mut after = Resource {
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            kind: self.kind.clone().unwrap_or_else(|| before.kind.clone()),
            capacity: self.capacity.unwrap_or(before.capacity),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        check(&after)?;
        after.version += 1;
        after.updated_at = self.now;
        tx.execute(
            "UPDATE resources SET name = $2, kind = $3, capacity = $4, version = $5, \
             updated_at = $6 WHERE id = $1",
            &[
                self.id.into(),
                (&after.name).into(),
                (&after.kind).into(),
                after.capacity.into(),
                after.version.into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(after)
    }
}
