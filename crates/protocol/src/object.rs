//! The things a REST answer and an event carry. A response is the object itself.

use serde::{Deserialize, Serialize};

use crate::{ItemId, OrderId, OrderStatus, Role, SessionId, Timestamp, UserId};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account's id; never used again after deletion.
    pub id: UserId,
    /// Address to sign in with, in lower case.
    pub email: String,
    /// What others see.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// A disabled account cannot sign in and has no sockets.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// One sign-in, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The session's id; not the secret in the cookie.
    pub id: SessionId,
    /// Whether this is the session that asks.
    pub current: bool,
    /// What the browser called itself at sign-in, cut to 200 characters.
    pub user_agent: String,
    /// When the sign-in happened.
    pub created_at: Timestamp,
    /// The last request, to within five minutes.
    pub last_seen_at: Timestamp,
    /// When it ends even if used.
    pub expires_at: Timestamp,
}

/// Someone, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// The account's id.
    pub id: UserId,
    /// The account's name.
    pub name: String,
}

/// Something that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    /// The item's id.
    pub id: ItemId,
    /// What it is called.
    pub name: String,
    /// Price of one, in minor units of `currency` (cents), 0 to 100,000,000.
    pub unit_price: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether it can be ordered now.
    pub available: bool,
    /// Rises by one with each change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One line of an order. Name and price are those of the moment of ordering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// The item ordered; none on a line that staff wrote freely.
    pub item_id: Option<ItemId>,
    /// How many, 1 to 1,000.
    pub quantity: i64,
    /// What it was called.
    pub name: String,
    /// Price of one, in minor units of the order's currency.
    pub unit_price: i64,
}

/// One order of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// Whose order it is.
    pub customer: Person,
    /// Where it stands.
    pub status: OrderStatus,
    /// What was ordered, 1 to 100 lines.
    pub lines: Vec<OrderLine>,
    /// Sum of the lines, in minor units of `currency`.
    pub total: i64,
    /// ISO 4217 code of every price in the order.
    pub currency: String,
    /// The customer's words to the desk, at most 2,000 characters.
    pub note: String,
    /// Rises by one with each change, from 1; `PATCH` repeats the one it saw.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The data of `order.created` and `order.updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderData {
    /// The whole order, as REST shows it.
    pub order: Order,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The objects of this page.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}
