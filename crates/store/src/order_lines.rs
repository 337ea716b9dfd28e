//! The lines of an order: what the caller asked for, with the names and prices of the moment.

use std::collections::HashMap;

use desk::{Action, Actor, Object, decide};
use protocol::{ErrorCode, FieldError, Item, ItemId, Order, OrderLine, Problem};

use crate::error::{Fault, WriteFailure};
use crate::items::find_item;
use crate::transaction::Transaction;

/// One line, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewLine {
    /// An item at its price.
    Item {
        /// Which item.
        item_id: ItemId,
        /// How many, 1 to 1,000.
        quantity: i64,
    },
    /// Whatever staff write.
    Free {
        /// What it is called.
        name: String,
        /// Price of one, in minor units of the order's currency.
        unit_price: i64,
        /// How many, 1 to 1,000.
        quantity: i64,
    },
}

impl NewLine {
    fn quantity(&self) -> i64 {
        match self {
            Self::Item { quantity, .. } | Self::Free { quantity, .. } => *quantity,
        }
    }
}

/// Gives each line its name and price, and the order its one currency. The items that `before`
/// has already keep theirs, also when they can no longer be ordered.
pub(crate) async fn resolve(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    asked: &[NewLine],
    currency: Option<&str>,
    before: Option<&Order>,
) -> Result<(Vec<OrderLine>, String), WriteFailure> {
    if asked
        .iter()
        .any(|line| matches!(line, NewLine::Free { .. }))
    {
        decide(actor, Action::Create, Object::OrderFreeLines).or_refuse()?;
    }
    check(asked)?;
    let mut known = kept_items(before);
    for line in asked {
        if let NewLine::Item { item_id, .. } = line
            && !known.contains_key(item_id)
            && let Some(item) = find_item(tx, *item_id).await?
        {
            known.insert(*item_id, item.into());
        }
    }
    let currency = one_currency(asked, &known, currency, before)?;
    let lines = asked
        .iter()
        .map(|line| priced(line, &known))
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok((lines, currency))
}

/// What an item is called and costs in this order.
struct Known {
    name: String,
    unit_price: i64,
    currency: String,
    available: bool,
}

impl From<Item> for Known {
    fn from(item: Item) -> Self {
        let Item {
            name,
            unit_price,
            currency,
            available,
            ..
        } = item;
        Self {
            name,
            unit_price,
            currency,
            available,
        }
    }
}

fn kept_items(before: Option<&Order>) -> HashMap<ItemId, Known> {
    let Some(order) = before else {
        return HashMap::new();
    };
    let kept = |line: &OrderLine| {
        let OrderLine {
            item_id,
            name,
            unit_price,
            ..
        } = line.clone();
        let currency = order.currency.clone();
        Some((
            item_id?,
            Known {
                name,
                unit_price,
                currency,
                available: true,
            },
        ))
    };
    order.lines.iter().filter_map(kept).collect()
}

fn check(asked: &[NewLine]) -> Result<(), Problem> {
    let mut errors = Vec::new();
    desk::order::check_lines(asked.iter().map(NewLine::quantity), &mut errors);
    for (index, line) in asked.iter().enumerate() {
        if let NewLine::Free {
            name, unit_price, ..
        } = line
        {
            desk::item::check_name(&format!("/lines/{index}/name"), name, &mut errors);
            let pointer = format!("/lines/{index}/unit_price");
            desk::item::check_unit_price(&pointer, *unit_price, &mut errors);
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}

/// Checks every item and finds the currency that all prices share.
fn one_currency(
    asked: &[NewLine],
    known: &HashMap<ItemId, Known>,
    currency: Option<&str>,
    before: Option<&Order>,
) -> Result<String, Problem> {
    let mut errors = Vec::new();
    if let Some(currency) = currency {
        desk::item::check_currency("/currency", currency, &mut errors);
    }
    let mut shared = before
        .map(|order| order.currency.clone())
        .or(currency.map(str::to_owned));
    let mut unavailable = None;
    for (index, line) in asked.iter().enumerate() {
        let NewLine::Item { item_id, .. } = line else {
            continue;
        };
        let pointer = format!("/lines/{index}/item_id");
        let Some(item) = known.get(item_id) else {
            errors.push(FieldError::new(
                pointer,
                format!("{item_id} is not the id of an item"),
            ));
            continue;
        };
        if !item.available && unavailable.is_none() {
            unavailable = Some((index, item));
        }
        let shared = shared.get_or_insert_with(|| item.currency.clone());
        if *shared != item.currency {
            errors.push(FieldError::new(
                pointer,
                format!("is priced in {}, the order is in {shared}", item.currency),
            ));
        }
    }
    if shared.is_none() && errors.is_empty() {
        errors.push(FieldError::new(
            "/currency",
            "is needed when no line names an item",
        ));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    if let Some((index, item)) = unavailable {
        let detail = format!("{} in line {index} cannot be ordered now", item.name);
        let pointer = format!("/lines/{index}");
        return Err(Problem::new(ErrorCode::ItemUnavailable, detail).with("pointer", pointer));
    }
    Ok(shared.unwrap_or_default())
}

fn priced(line: &NewLine, known: &HashMap<ItemId, Known>) -> Result<OrderLine, Fault> {
    Ok(match line {
        NewLine::Free {
            name,
            unit_price,
            quantity,
        } => OrderLine {
            item_id: None,
            quantity: *quantity,
            name: name.clone(),
            unit_price: *unit_price,
        },
        NewLine::Item { item_id, quantity } => {
            let item = known
                .get(item_id)
                .ok_or_else(|| Fault::row("an item vanished"))?;
            OrderLine {
                item_id: Some(*item_id),
                quantity: *quantity,
                name: item.name.clone(),
                unit_price: item.unit_price,
            }
        }
    })
}
