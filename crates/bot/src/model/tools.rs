//! The tools of the model. They work on the customer's own affairs alone: the model names things by
//! short words that this answer gave it, never by ids, and what changes something becomes an offer
//! that the customer must choose. Start at [`Desk::call`].

use protocol::{Booking, BookingStatus, Resource, Role, Timestamp};
use serde_json::{Map, Value, json};

use super::chunk::Call;
use crate::answer::{Affairs, AnswerError, Offer, Proposal};
use crate::show::{self, Clock};
use crate::voice::cleaned;

/// Most orders or bookings that a tool tells of.
const ROWS_MAX: usize = 10;

/// Most offers of one answer.
const OFFERS_MAX: usize = 3;

/// How long a booking is when the model does not say, in milliseconds.
const USUAL_LENGTH_MS: i64 = 2 * 60 * 60 * 1_000;

/// What the tools are to the model.
pub(super) fn schemas() -> Value {
    let nothing = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let tool = |name: &str, description: &str, parameters: &Value| {
        json!({"type": "function", "function": {"name": name, "description": description,
            "parameters": parameters}})
    };
    json!([
        tool("my_orders", "The customer's newest orders.", &nothing),
        tool(
            "my_bookings",
            "The customer's newest bookings, each with a short name such as b1.",
            &nothing
        ),
        tool(
            "book",
            "Offers the customer to ask for a booking. Books nothing by itself.",
            &json!({
                "type": "object",
                "properties": {
                    "resource": {"type": "string", "description": "the name of what is booked"},
                    "starts_at": {"type": "string", "description": "RFC 3339, or local time as 2026-01-31T18:00"},
                    "ends_at": {"type": "string", "description": "the same; two hours later by default"},
                    "party_size": {"type": "integer", "minimum": 1},
                    "note": {"type": "string"}
                },
                "required": ["resource", "starts_at", "party_size"],
                "additionalProperties": false
            })
        ),
        tool(
            "cancel_booking",
            "Offers the customer to cancel a booking. Cancels nothing by itself.",
            &json!({
                "type": "object",
                "properties": {"booking": {"type": "string", "description": "its short name, such as b1"}},
                "required": ["booking"],
                "additionalProperties": false
            })
        ),
        tool(
            "hand_over",
            "Asks a person of the desk to answer from here on.",
            &nothing
        ),
    ])
}

/// The customer's affairs as the model sees them during one answer.
pub(super) struct Desk<'a, A> {
    affairs: &'a A,
    clock: Clock,
    now: Timestamp,
    /// What `b1`, `b2`, … stand for.
    bookings: Vec<Booking>,
    offers: Vec<Offer>,
    handed_over: bool,
}

impl<'a, A: Affairs> Desk<'a, A> {
    pub(super) const fn new(affairs: &'a A, clock: Clock, now: Timestamp) -> Self {
        Self {
            affairs,
            clock,
            now,
            bookings: Vec::new(),
            offers: Vec::new(),
            handed_over: false,
        }
    }

    pub(super) async fn resources(&self) -> Result<Vec<Resource>, AnswerError> {
        Ok(self.affairs.resources().await?)
    }

    pub(super) const fn handed_over(&self) -> bool {
        self.handed_over
    }

    /// What the customer may choose from; a way to choose nothing stands with the rest.
    pub(super) fn into_offers(self) -> Vec<Offer> {
        let mut offers = self.offers;
        if !offers.is_empty() {
            offers.push(Offer {
                label: "No, thank you".to_owned(),
                proposal: Proposal::Nothing,
            });
        }
        offers
    }

    /// Does what the model asks for, if it is one of our tools. What it did wrong is the result, so
    /// that it may do better.
    pub(super) async fn call(&mut self, call: &Call) -> Result<Value, AnswerError> {
        let text = call.arguments.trim();
        let arguments = match serde_json::from_str(if text.is_empty() { "{}" } else { text }) {
            Ok(Value::Object(arguments)) => arguments,
            Ok(Value::Null) => Map::new(),
            Ok(_) | Err(_) => return Ok(wrong("the arguments are not a JSON object")),
        };
        let done = match call.name.as_str() {
            "my_orders" => self.orders().await?,
            "my_bookings" => self.bookings().await?,
            "book" => self.book(&arguments).await?,
            "cancel_booking" => self.cancel(&arguments).await?,
            "hand_over" => {
                self.handed_over = true;
                json!({"done": "a person was asked to answer; tell the customer"})
            }
            _ => wrong(
                "there is no such tool; there are my_orders, my_bookings, book, cancel_booking and \
                 hand_over",
            ),
        };
        Ok(done)
    }

    async fn orders(&self) -> Result<Value, AnswerError> {
        let orders = self.affairs.orders().await?;
        let told: Vec<Value> = orders
            .iter()
            .take(ROWS_MAX)
            .map(|order| {
                json!({"placed": self.clock.moment(order.created_at), "lines": show::lines(order),
                    "status": order.status, "meaning": show::order_status(order.status),
                    "note_typed_by_customer": order.note})
            })
            .collect();
        Ok(json!({"orders": told}))
    }

    async fn bookings(&mut self) -> Result<Value, AnswerError> {
        self.bookings = self.affairs.bookings().await?;
        self.bookings.truncate(ROWS_MAX);
        let told: Vec<Value> = self
            .bookings
            .iter()
            .enumerate()
            .map(|(index, booking)| {
                json!({"booking": format!("b{}", index + 1), "status": booking.status,
                    "what": show::booking(booking, &self.clock), "party_size": booking.party_size,
                    "note_typed_by_customer": booking.note})
            })
            .collect();
        Ok(json!({"bookings": told}))
    }

    async fn cancel(&mut self, arguments: &Map<String, Value>) -> Result<Value, AnswerError> {
        if self.bookings.is_empty() {
            self.bookings().await?;
        }
        let named = arguments.get("booking").and_then(Value::as_str);
        let found = named
            .and_then(|name| name.trim().strip_prefix('b')?.parse::<usize>().ok())
            .and_then(|number| self.bookings.get(number.checked_sub(1)?));
        let Some(booking) = found else {
            return Ok(wrong(
                "there is no such booking; call my_bookings and use its names",
            ));
        };
        let next = desk::booking::next_statuses(booking.status, Role::Customer);
        if !next.contains(&BookingStatus::Cancelled) {
            return Ok(wrong(
                "this booking cannot be cancelled by the customer any more",
            ));
        }
        let shown = show::booking(booking, &self.clock);
        let proposal = Proposal::CancelBooking {
            booking: booking.id,
            shown: shown.clone(),
        };
        Ok(self.offer(format!("Cancel {shown}"), proposal))
    }

    async fn book(&mut self, arguments: &Map<String, Value>) -> Result<Value, AnswerError> {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::trim);
        let resources = self.resources().await?;
        let name = text("resource").unwrap_or_default().to_lowercase();
        let Some(resource) = resources.iter().find(|one| one.name.to_lowercase() == name) else {
            let names: Vec<&str> = resources
                .iter()
                .take(30)
                .map(|one| one.name.as_str())
                .collect();
            return Ok(json!({"error": "there is nothing of this name to book", "names": names}));
        };
        let Some(starts_at) = text("starts_at").and_then(|text| self.moment(text)) else {
            return Ok(wrong("starts_at is no time such as 2026-01-31T18:00"));
        };
        let ends_at = match text("ends_at") {
            Some(text) => match self.moment(text) {
                Some(at) => at,
                None => return Ok(wrong("ends_at is no time such as 2026-01-31T20:00")),
            },
            None => Timestamp(starts_at.0.saturating_add(USUAL_LENGTH_MS)),
        };
        let party_size = match arguments.get("party_size") {
            Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
            Some(Value::String(text)) => text.trim().parse().unwrap_or(0),
            _ => 0,
        };
        let note = cleaned(text("note").unwrap_or_default());
        let mut faults = Vec::new();
        desk::booking::check_slot(
            starts_at,
            ends_at,
            party_size,
            resource.capacity,
            &mut faults,
        );
        desk::booking::check_note(&note, &mut faults);
        if starts_at < self.now {
            faults.push(protocol::FieldError::new("/starts_at", "is in the past"));
        }
        if !faults.is_empty() {
            let told: Vec<String> = faults
                .iter()
                .map(|fault| {
                    format!(
                        "{} {}",
                        fault.pointer.trim_start_matches('/'),
                        fault.message
                    )
                })
                .collect();
            return Ok(json!({"error": told.join("; ")}));
        }
        let shown = format!(
            "{} on {} for {party_size}",
            resource.name,
            self.clock.span(starts_at, ends_at)
        );
        let proposal = Proposal::Book {
            resource: resource.id,
            starts_at,
            ends_at,
            party_size,
            note,
            shown: shown.clone(),
        };
        Ok(self.offer(format!("Book {shown}"), proposal))
    }

    fn offer(&mut self, label: String, proposal: Proposal) -> Value {
        let offer = Offer { label, proposal };
        if !self.offers.contains(&offer) {
            if self.offers.len() >= OFFERS_MAX {
                return wrong("there are enough offers in this answer");
            }
            self.offers.push(offer);
        }
        json!({"offered": "the customer sees a button and must choose it; nothing has happened yet"})
    }

    /// A time with an offset, or one of the place.
    fn moment(&self, text: &str) -> Option<Timestamp> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp(at.as_millisecond()));
        }
        let local: jiff::civil::DateTime = text.parse().ok()?;
        let zoned = local.to_zoned(self.clock.zone().clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

fn wrong(why: &str) -> Value {
    json!({"error": why})
}
