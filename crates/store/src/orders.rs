//! Orders: placed by customers or for them, changed by both, told to both.

use desk::policy::not_found;
use desk::{Action, Actor, Object, Scope, decide};
use protocol::{
    ChannelName, EventName, Order, OrderData, OrderId, OrderStatus, Page, Person, Problem,
    Timestamp, UserId,
};

use crate::database::{Row, Value};
use crate::error::{Fault, ReadError, WriteFailure};
use crate::items::check_version;
use crate::order_lines::{NewLine, resolve};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::users::find_customer;
use crate::{PageRequest, Store};

const ORDER_COLUMNS: &str = "o.id, o.customer_id, u.name AS customer_name, o.status, o.lines, \
     o.total, o.currency, o.note, o.version, o.created_at, o.updated_at \
     FROM orders o JOIN users u ON u.id = o.customer_id";

fn order(row: &Row) -> Result<Order, Fault> {
    Ok(Order {
        id: row.parsed("id")?,
        customer: Person {
            id: row.parsed("customer_id")?,
            name: row.text("customer_name")?,
        },
        status: row.parsed("status")?,
        lines: serde_json::from_str(&row.text("lines")?).map_err(Fault::row)?,
        total: row.int("total")?,
        currency: row.text("currency")?,
        note: row.text("note")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Which orders a list shows; every condition must hold.
#[derive(Clone, Copy, Debug)]
pub struct OrderFilter {
    /// Whose orders the caller may see.
    pub scope: Scope,
    /// Only those that stand so.
    pub status: Option<OrderStatus>,
    /// Only those of this customer.
    pub customer: Option<UserId>,
}

impl Store {
    /// Orders, the newest first.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn orders(
        &self,
        filter: OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>, ReadError> {
        let mut values: Vec<Value> = vec![page.rows().into()];
        let mut conditions = Vec::new();
        let mut placeholder = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        match filter.scope {
            Scope::All => {}
            Scope::Own(user) => {
                conditions.push(format!("o.customer_id = {}", placeholder(user.into())));
            }
        }
        if let Some(customer) = filter.customer {
            conditions.push(format!("o.customer_id = {}", placeholder(customer.into())));
        }
        if let Some(status) = filter.status {
            conditions.push(format!("o.status = {}", placeholder(status.into())));
        }
        if let Some(place) = page.place()? {
            let created_at = placeholder(place.created_at.into());
            let id = placeholder(place.id.into());
            conditions.push(format!("(o.created_at, o.id) < ({created_at}, {id})"));
        }
        let condition = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let sql = format!(
            "SELECT {ORDER_COLUMNS}{condition} ORDER BY o.created_at DESC, o.id DESC LIMIT $1"
        );
        let rows = self.database().fetch_all(sql, &values).await?;
        let orders = rows.iter().map(order).collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(orders, |order| Place {
            created_at: order.created_at,
            id: order.id.0,
        }))
    }

    /// One order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, ReadError> {
        let sql = format!("SELECT {ORDER_COLUMNS} WHERE o.id = $1");
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(order).transpose()?)
    }
}

/// A new order.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: OrderId,
    /// Whose order it becomes.
    pub customer: UserId,
    /// What is ordered.
    pub lines: Vec<NewLine>,
    /// ISO 4217 code; needed only when no line names an item.
    pub currency: Option<String>,
    /// The customer's words to the desk.
    pub note: String,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `validation_failed` or `item_unavailable`. Told as `order.created` to
/// the customer and to staff.
impl Write for PlaceOrder {
    type Output = Order;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Order, WriteFailure> {
        let owned = Object::Order {
            customer: self.customer,
        };
        decide(&self.actor, Action::Create, owned).or_refuse()?;
        let customer = find_customer(tx, &self.actor, self.customer).await?;
        let mut errors = Vec::new();
        desk::order::check_note(&self.note, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let (lines, currency) =
            resolve(tx, &self.actor, &self.lines, self.currency.as_deref(), None).await?;
        let order = Order {
            id: self.id,
            customer,
            status: OrderStatus::Placed,
            total: desk::order::total(&lines),
            lines,
            currency,
            note: self.note.clone(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        tx.execute(
            "INSERT INTO orders (id, customer_id, status, lines, total, currency, note, version, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)",
            &[
                order.id.into(),
                order.customer.id.into(),
                order.status.into(),
                (&lines_text(&order)?).into(),
                order.total.into(),
                (&order.currency).into(),
                (&order.note).into(),
                self.now.into(),
            ],
        )
        .await?;
        tell(tx, EventName::OrderCreated, order)
    }
}

/// A change of an order.
#[derive(Clone, Debug)]
pub struct ChangeOrder {
    /// Who asks.
    pub actor: Actor,
    /// Which order.
    pub id: OrderId,
    /// The version that the caller saw.
    pub version: i64,
    /// Where it stands, if that changes.
    pub status: Option<OrderStatus>,
    /// The customer's words, if they change.
    pub note: Option<String>,
    /// What is ordered, if that changes; staff only. A line of an item that the order has already
    /// keeps its name and price.
    pub lines: Option<Vec<NewLine>>,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `stale_version` (with the member `current`),
/// `forbidden`, `validation_failed` or `item_unavailable`, and `invalid_transition`. Told as
/// `order.updated` to the customer and to staff, unless nothing changes.
impl Write for ChangeOrder {
    type Output = Order;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Order, WriteFailure> {
        let sql = format!("SELECT {ORDER_COLUMNS} WHERE o.id = $1{}", tx.lock("o"));
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let before = order(&row)?;
        let customer = before.customer.id;
        decide(&self.actor, Action::Change, Object::Order { customer }).or_refuse()?;
        check_version(self.version, before.version, &before)?;
        let mut after = self.changed(tx, &before).await?;
        if after == before {
            return Ok(before);
        }
        after.version += 1;
        after.updated_at = self.now;
        tx.execute(
            "UPDATE orders SET status = $2, lines = $3, total = $4, note = $5, version = $6, \
             updated_at = $7 WHERE id = $1",
            &[
                self.id.into(),
                after.status.into(),
                (&lines_text(&after)?).into(),
                after.total.into(),
                (&after.note).into(),
                after.version.into(),
                self.now.into(),
            ],
        )
        .await?;
        tell(tx, EventName::OrderUpdated, after)
    }
}

impl ChangeOrder {
    /// The order with the fields that change, each allowed and checked.
    async fn changed(
        &self,
        tx: &mut Transaction<'_>,
        before: &Order,
    ) -> Result<Order, WriteFailure> {
        let customer = before.customer.id;
        let mut after = before.clone();
        if self.status.is_some() {
            let status = Object::OrderStatus { customer };
            decide(&self.actor, Action::Change, status).or_refuse()?;
        }
        if let Some(note) = &self.note {
            let mut errors = Vec::new();
            desk::order::check_note(note, &mut errors);
            if !errors.is_empty() {
                return Err(Problem::invalid(errors).into());
            }
            after.note.clone_from(note);
        }
        if let Some(lines) = &self.lines {
            decide(&self.actor, Action::Change, Object::OrderFreeLines).or_refuse()?;
            (after.lines, _) = resolve(tx, &self.actor, lines, None, Some(before)).await?;
            after.total = desk::order::total(&after.lines);
        }
        if let Some(status) = self.status.filter(|status| *status != before.status) {
            desk::order::check_transition(before.status, status, self.actor.role)?;
            after.status = status;
        }
        Ok(after)
    }
}

fn lines_text(order: &Order) -> Result<String, Fault> {
    serde_json::to_string(&order.lines).map_err(Fault::row)
}

fn tell(tx: &mut Transaction<'_>, name: EventName, order: Order) -> Result<Order, WriteFailure> {
    let channels = vec![ChannelName::user(order.customer.id), ChannelName::staff()];
    let data = OrderData { order };
    tx.tell(channels, name, &data)?;
    Ok(data.order)
}
