//! Does what a customer has chosen, as that customer: through the same changes as any request of
//! theirs, at most once however often it is begun. Start at [`perform`].

use bot::Proposal;
use desk::policy::decide_for_bot;
use desk::{Action, Object};
use protocol::{BookingId, BookingStatus, ErrorCode, Problem, UserId};
use sha2::{Digest as _, Sha256};
use store::{ChangeBooking, Chosen, CreateBooking, OnceKey, WriteError};

use super::{as_customer, refused};
use crate::app::App;

/// Stands for the path of a request, so that choices have keys of their own.
const PATH: &str = "bot/choose";

/// How often a booking is looked at again that someone changes at the same time.
const TRIES: usize = 3;

/// Does it; gives what the bot says about it, and whether a person is to answer.
///
/// # Errors
/// The store does not answer; it is to be done again.
pub(super) async fn perform(
    app: &App,
    customer: UserId,
    chosen: &Chosen,
) -> Result<(String, bool), WriteError> {
    let Ok(proposal) = serde_json::from_str::<Proposal>(&chosen.proposal) else {
        // Written by another version of the program.
        let text = "Sorry, I do not know any more what that was. Please ask me again.";
        return Ok((text.to_owned(), false));
    };
    let done = match &proposal {
        Proposal::Nothing => Ok(()),
        Proposal::HandOver => return Ok((proposal.outcome(None), true)),
        Proposal::CancelBooking { booking, .. } => cancel(app, customer, *booking).await,
        Proposal::Book { .. } => book(app, customer, chosen, &proposal).await,
    };
    match done {
        Ok(()) => Ok((proposal.outcome(None), false)),
        Err(error) => match refused(&error) {
            Some(problem) => Ok((proposal.outcome(Some(problem)), false)),
            None => Err(error),
        },
    }
}

async fn book(
    app: &App,
    customer: UserId,
    chosen: &Chosen,
    proposal: &Proposal,
) -> Result<(), WriteError> {
    let Proposal::Book {
        resource,
        starts_at,
        ends_at,
        party_size,
        note,
        ..
    } = proposal
    else {
        return Ok(());
    };
    may(customer, Action::Create)?;
    let key = OnceKey {
        user: customer,
        path: PATH.to_owned(),
        key: format!("{}:{}", chosen.message, chosen.action),
        fingerprint: Sha256::digest(&chosen.proposal).into(),
    };
    let write = CreateBooking {
        actor: as_customer(customer),
        id: BookingId::new(),
        customer,
        resource: *resource,
        starts_at: *starts_at,
        ends_at: *ends_at,
        party_size: *party_size,
        note: note.clone(),
        now: app.now(),
    };
    app.store.write_once(key, write).await.map(drop)
}

/// To cancel what is cancelled changes nothing, so this needs no key.
async fn cancel(app: &App, customer: UserId, id: BookingId) -> Result<(), WriteError> {
    may(customer, Action::Change)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let found = app.store.booking(id).await;
        let found = found.map_err(|error| WriteError::Unavailable(error.to_string()))?;
        let Some(booking) = found.filter(|booking| booking.customer.id == customer) else {
            return Err(WriteError::Refused(desk::policy::not_found()));
        };
        let change = ChangeBooking {
            actor: as_customer(customer),
            id,
            version: booking.version,
            status: Some(BookingStatus::Cancelled),
            starts_at: None,
            ends_at: None,
            party_size: None,
            note: None,
            now: app.now(),
        };
        match app.store.write(change).await {
            Err(WriteError::Refused(problem))
                if problem.code == ErrorCode::StaleVersion && tries < TRIES => {}
            done => return done.map(drop),
        }
    }
}

fn may(customer: UserId, action: Action) -> Result<(), WriteError> {
    let decision = decide_for_bot(customer, action, Object::Booking { customer });
    decision
        .or_refuse()
        .map_err(|problem: Problem| WriteError::Refused(problem))
}
