//! The fields that a `PATCH` can change, each with the object that the policy is asked about before
//! it does. docs/policy.md shows them; a test of the store compares them with what it really allows.

use protocol::UserId;

use crate::Object;

/// A field of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The resource, as its path calls one of it.
    pub resource: &'static str,
    /// The field's name in the request.
    pub name: &'static str,
    /// What [`crate::decide`] is asked to let change, of an object of this user.
    pub object: fn(UserId) -> Object<'static>,
}

const fn field(
    resource: &'static str,
    name: &'static str,
    object: fn(UserId) -> Object<'static>,
) -> Field {
    Field {
        resource,
        name,
        object,
    }
}

/// Every field, by resource.
pub const FIELDS: &[Field] = &[
    field("order", "status", |customer| Object::OrderStatus {
        customer,
    }),
    field("order", "note", |customer| Object::Order { customer }),
    field("order", "lines", |_| Object::OrderFreeLines),
    field("booking", "status", |customer| Object::Booking { customer }),
    field("booking", "note", |customer| Object::Booking { customer }),
    field("booking", "starts_at", |customer| Object::BookingSlot {
        customer,
    }),
    field("booking", "ends_at", |customer| Object::BookingSlot {
        customer,
    }),
    field("booking", "party_size", |customer| Object::BookingSlot {
        customer,
    }),
    field("chat", "status", |customer| Object::Chat { customer }),
    field("chat", "subject", |customer| Object::ChatHandling {
        customer,
    }),
    field("chat", "handler", |customer| Object::ChatHandling {
        customer,
    }),
    field("message", "body", |customer| Object::Message {
        customer,
        author: Some(customer),
        note: false,
    }),
    field("item", "name", |_| Object::Item),
    field("item", "unit_price", |_| Object::Item),
    field("item", "available", |_| Object::Item),
    field("resource", "name", |_| Object::Resource),
    field("resource", "kind", |_| Object::Resource),
    field("resource", "capacity", |_| Object::Resource),
    field("user", "name", Object::Account),
    field("user", "role", Object::Account),
    field("user", "disabled", Object::Account),
];
