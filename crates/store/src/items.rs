//! Items: what can be ordered.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{ErrorCode, Item, ItemId, Page, Problem, Timestamp};
use serde::Serialize;

use crate::database::Row;
use crate::error::{Fault, ReadError, WriteFailure};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::{PageRequest, Store};

const ITEM_COLUMNS: &str = "i.id, i.name, i.unit_price, i.currency, i.available, i.version, \
     i.created_at, i.updated_at";

fn item(row: &Row) -> Result<Item, Fault> {
    Ok(Item {
        id: row.parsed("id")?,
        name: row.text("name")?,
        unit_price: row.int("unit_price")?,
        currency: row.text("currency")?,
        available: row.flag("available")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

impl Store {
    /// All items, the oldest first.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn items(&self, page: PageRequest) -> Result<Page<Item>, ReadError> {
        let mut sql = format!("SELECT {ITEM_COLUMNS} FROM items i");
        let mut values = vec![page.rows().into()];
        if let Some(place) = page.place()? {
            sql.push_str(" WHERE (i.created_at, i.id) > ($2, $3)");
            values.extend([place.created_at.into(), place.id.into()]);
        }
        sql.push_str(" ORDER BY i.created_at, i.id LIMIT $1");
        let rows = self.database().fetch_all(sql, &values).await?;
        let items = rows.iter().map(item).collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(items, |item| Place {
            created_at: item.created_at,
            id: item.id.0,
        }))
    }

    /// One item.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn item(&self, id: ItemId) -> Result<Option<Item>, ReadError> {
        let sql = format!("SELECT {ITEM_COLUMNS} FROM items i WHERE i.id = $1");
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(item).transpose()?)
    }
}

/// An item, as the transaction sees it.
pub(crate) async fn find_item(tx: &mut Transaction<'_>, id: ItemId) -> Result<Option<Item>, Fault> {
    let sql = format!("SELECT {ITEM_COLUMNS} FROM items i WHERE i.id = $1");
    tx.fetch_optional(sql, &[id.into()])
        .await?
        .as_ref()
        .map(item)
        .transpose()
}

/// A new item.
#[derive(Clone, Debug)]
pub struct CreateItem {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: ItemId,
    /// What it is called.
    pub name: String,
    /// Price of one, in minor units.
    pub unit_price: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether it can be ordered.
    pub available: bool,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden` or `validation_failed`.
impl Write for CreateItem {
    type Output = Item;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Item, WriteFailure> {
        decide(&self.actor, Action::Create, Object::Item).or_refuse()?;
        let item = Item {
            id: self.id,
            name: self.name.clone(),
            unit_price: self.unit_price,
            currency: self.currency.clone(),
            available: self.available,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        check(&item)?;
        tx.execute(
            "INSERT INTO items \
             (id, name, unit_price, currency, available, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
            &[
                item.id.into(),
                (&item.name).into(),
                item.unit_price.into(),
                (&item.currency).into(),
                item.available.into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(item)
    }
}

fn check(item: &Item) -> Result<(), Problem> {
    let mut errors = Vec::new();
    desk::item::check_name("/name", &item.name, &mut errors);
    desk::item::check_unit_price("/unit_price", item.unit_price, &mut errors);
    desk::item::check_currency("/currency", &item.currency, &mut errors);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}

/// A change of an item. Orders keep the name and price of their moment.
#[derive(Clone, Debug)]
pub struct ChangeItem {
    /// Who asks.
    pub actor: Actor,
    /// Which item.
    pub id: ItemId,
    /// The version that the caller saw.
    pub version: i64,
    /// What it is called, if that changes.
    pub name: Option<String>,
    /// Price of one in minor units, if that changes.
    pub unit_price: Option<i64>,
    /// Whether it can be ordered, if that changes.
    pub available: Option<bool>,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `not_found`, `stale_version` (with the member `current`) or
/// `validation_failed`.
impl Write for ChangeItem {
    type Output = Item;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Item, WriteFailure> {
        decide(&self.actor, Action::Change, Object::Item).or_refuse()?;
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM items i WHERE i.id = $1{}",
            tx.lock("i")
        );
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let before = item(&row)?;
        check_version(self.version, before.version, &before)?;
        let mut after = Item {
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            unit_price: self.unit_price.unwrap_or(before.unit_price),
            available: self.available.unwrap_or(before.available),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        check(&after)?;
        after.version += 1;
        after.updated_at = self.now;
        tx.execute(
            "UPDATE items SET name = $2, unit_price = $3, available = $4, version = $5, \
             updated_at = $6 WHERE id = $1",
            &[
                self.id.into(),
                (&after.name).into(),
                after.unit_price.into(),
                after.available.into(),
                after.version.into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(after)
    }
}

/// Refuses a change of an object that its caller has not seen as it is now.
pub(crate) fn check_version(
    seen: i64,
    version: i64,
    current: &impl Serialize,
) -> Result<(), WriteFailure> {
    if seen == version {
        return Ok(());
    }
    let current = serde_json::to_value(current).map_err(Fault::row)?;
    let detail = format!("the request saw version {seen}, the object has version {version}");
    Err(Problem::new(ErrorCode::StaleVersion, detail)
        .with("current", current)
        .into())
}
