//! The affairs of a chat's customer, as the bot may see them. Every read asks the policy for that
//! customer first, and the lists hold what is theirs alone. Start at [`CustomerAffairs`].

use bot::{Affairs, Away};
use desk::policy::decide_for_bot;
use desk::{Action, Object, Scope};
use protocol::{Booking, Order, Page, Problem, Resource, UserId};
use store::{BookingFilter, OrderFilter, PageRequest, ReadError, Store};

/// Most orders and bookings that the bot looks at.
const ROWS: u32 = 20;

/// Most resources.
const RESOURCES: u32 = 50;

/// What the bot may look at.
pub(super) struct CustomerAffairs<'a> {
    pub(super) store: &'a Store,
    /// Whose affairs.
    pub(super) customer: UserId,
}

impl Affairs for CustomerAffairs<'_> {
    async fn orders(&self) -> Result<Vec<Order>, Away> {
        let customer = self.customer;
        self.may_read(Object::Order { customer })?;
        let filter = OrderFilter {
            scope: Scope::Own(customer),
            status: None,
            customer: None,
        };
        read(self.store.orders(filter, page(ROWS)).await)
    }

    async fn bookings(&self) -> Result<Vec<Booking>, Away> {
        let customer = self.customer;
        self.may_read(Object::Booking { customer })?;
        let filter = BookingFilter {
            scope: Scope::Own(customer),
            status: None,
            customer: None,
            resource: None,
            from: None,
            to: None,
        };
        read(self.store.bookings(filter, page(ROWS)).await)
    }

    async fn resources(&self) -> Result<Vec<Resource>, Away> {
        self.may_read(Object::Resource)?;
        read(self.store.resources(page(RESOURCES)).await)
    }
}

impl CustomerAffairs<'_> {
    fn may_read(&self, object: Object<'_>) -> Result<(), Away> {
        let decision = decide_for_bot(self.customer, Action::Read, object);
        decision
            .or_refuse()
            .map_err(|problem: Problem| Away(problem.detail))
    }
}

pub(super) const fn page(limit: u32) -> PageRequest {
    PageRequest {
        limit,
        cursor: None,
    }
}

fn read<T>(page: Result<Page<T>, ReadError>) -> Result<Vec<T>, Away> {
    match page {
        Ok(page) => Ok(page.items),
        Err(error) => Err(Away(error.to_string())),
    }
}
