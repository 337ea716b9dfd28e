//! The bot that needs no network: it compares words with what the operator wrote down, and looks at
//! the customer's own orders and bookings. What it does not understand it says, and offers a
//! person. Start at [`DeskBot::answer`].

use desk::booking::next_statuses;
use protocol::{Booking, BookingStatus, Order, OrderStatus, Role, Timestamp};

use crate::answer::{Affairs, Answer, AnswerError, HANDED_OVER, Offer, Proposal, Question};
use crate::faq::{Faq, Subject};
use crate::show::{self, Clock};
use crate::text::Words;
use crate::tryout::Matched;
use crate::voice::Voice;

/// How near a question must be to a way of asking to count as one.
const NEAR_ENOUGH: f64 = 0.6;

/// Most orders or bookings that are told at once.
const TOLD_MAX: usize = 5;

/// Answers from the desk's own rows and a file.
#[derive(Debug)]
pub struct DeskBot {
    faq: Faq,
    clock: Clock,
}

/// The way of asking that a question is nearest to.
struct Near<'a> {
    subject: &'a Subject,
    asked: &'a [String],
    nearness: f64,
}

/// The text of an answer, and what belongs to it.
struct Reply {
    text: String,
    offers: Vec<Offer>,
    hand_over: bool,
}

impl Reply {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            offers: Vec::new(),
            hand_over: false,
        }
    }

    fn or_person(text: impl Into<String>) -> Self {
        Self {
            offers: vec![Offer::person()],
            ..Self::plain(text)
        }
    }
}

impl DeskBot {
    /// A bot that knows what the file says.
    #[must_use]
    pub fn new(faq: Faq) -> Self {
        let clock = Clock::new(faq.timezone.clone());
        Self { faq, clock }
    }

    /// See [`crate::Brain::answer`].
    pub(crate) async fn answer(
        &self,
        question: &Question,
        affairs: &impl Affairs,
        voice: &mut Voice,
    ) -> Result<Answer, AnswerError> {
        let reply = self.reply(question, affairs).await?;
        voice.say(&reply.text).await?;
        Ok(Answer {
            offers: reply.offers,
            hand_over: reply.hand_over,
            tokens: 0,
        })
    }

    async fn reply(
        &self,
        question: &Question,
        affairs: &impl Affairs,
    ) -> Result<Reply, AnswerError> {
        let words = self.faq.words.of(question.asked());
        let now = question.now;
        Ok(match self.nearest(&words).map(|near| near.subject) {
            Some(Subject::Hello) => Reply::plain(
                "Hello! I can tell you where your order is, show or cancel your bookings, or fetch \
                 a person. What can I do for you?",
            ),
            Some(Subject::Thanks) => Reply::plain("You are welcome!"),
            Some(Subject::Bye) => Reply::plain("Goodbye, and have a nice day!"),
            Some(Subject::Hours) if self.faq.hours.is_empty() => Reply::or_person(
                "Nobody has told me the opening hours. A person from the desk can tell you.",
            ),
            Some(Subject::Hours) => Reply::plain(&self.faq.hours),
            Some(Subject::Order) => self.orders(&affairs.orders().await?),
            Some(Subject::Bookings) => self.bookings(&affairs.bookings().await?, now),
            Some(Subject::CancelBooking) => self.cancel(&affairs.bookings().await?, &words, now),
            Some(Subject::Person) => Reply {
                hand_over: true,
                ..Reply::plain(HANDED_OVER)
            },
            Some(Subject::Answer(text)) => Reply::plain(text),
            None => Reply::or_person(
                "I did not understand that. I can tell you where your order is, show or cancel \
                 your bookings, and answer some questions; for anything else I can fetch a person.",
            ),
        })
    }

    /// What a question is taken for, if it is near enough to anything.
    pub(crate) fn matched(&self, question: &str) -> Option<Matched> {
        let words = self.faq.words.of(question);
        self.nearest(&words).map(|near| Matched {
            topic: near.subject.name(),
            asked: near.asked.join(" "),
            nearness: near.nearness,
        })
    }

    fn nearest(&self, words: &[String]) -> Option<Near<'_>> {
        let mut best: Option<Near<'_>> = None;
        for topic in &self.faq.topics {
            for asked in &topic.asked {
                let nearness = Words::nearness(words, asked);
                let is_nearer = best.as_ref().is_none_or(|best| nearness > best.nearness);
                if nearness >= NEAR_ENOUGH && is_nearer {
                    best = Some(Near {
                        subject: &topic.subject,
                        asked,
                        nearness,
                    });
                }
            }
        }
        best
    }

    fn orders(&self, orders: &[Order]) -> Reply {
        let is_live = |order: &&Order| {
            use OrderStatus::{Accepted, Placed, Preparing, Ready};
            matches!(order.status, Placed | Accepted | Preparing | Ready)
        };
        let live: Vec<&Order> = orders.iter().filter(is_live).take(TOLD_MAX).collect();
        let told = |order: &Order| {
            format!(
                "Your order of {} ({}) {}.",
                self.clock.moment(order.created_at),
                show::lines(order),
                show::order_status(order.status)
            )
        };
        match (live.as_slice(), orders.first()) {
            ([], None) => Reply::or_person("You have no orders with this account."),
            ([], Some(last)) => Reply::or_person(format!(
                "You have no order under way. {}",
                told(last).replacen("Your order", "Your last order", 1)
            )),
            (live, _) => {
                let lines: Vec<String> = live.iter().map(|order| told(order)).collect();
                Reply::plain(lines.join("\n"))
            }
        }
    }

    fn bookings(&self, bookings: &[Booking], now: Timestamp) -> Reply {
        let coming = coming(bookings, now);
        if coming.is_empty() {
            return Reply::or_person("You have no coming bookings with this account.");
        }
        let told = coming.iter().take(TOLD_MAX).map(|booking| {
            format!(
                "{}, for {}: {}.",
                show::booking(booking, &self.clock),
                booking.party_size,
                show::booking_status(booking.status)
            )
        });
        let mut text = told.collect::<Vec<_>>().join("\n");
        if coming.len() > TOLD_MAX {
            text.push_str(&format!("\nAnd {} later ones.", coming.len() - TOLD_MAX));
        }
        Reply::plain(text)
    }

    /// Asks before anything is written.
    fn cancel(&self, bookings: &[Booking], words: &[String], now: Timestamp) -> Reply {
        let mut open: Vec<&Booking> = coming(bookings, now)
            .into_iter()
            .filter(|booking| {
                next_statuses(booking.status, Role::Customer).contains(&BookingStatus::Cancelled)
            })
            .collect();
        let named: Vec<&Booking> = open
            .iter()
            .copied()
            .filter(|booking| {
                let name = self.faq.words.of(&booking.resource.name);
                !name.is_empty() && name.iter().all(|word| words.contains(word))
            })
            .collect();
        if !named.is_empty() {
            open = named;
        }
        let keep = |label: &str| Offer {
            label: label.to_owned(),
            proposal: Proposal::Nothing,
        };
        let call_off = |booking: &Booking, label: String| Offer {
            label,
            proposal: Proposal::CancelBooking {
                booking: booking.id,
                shown: show::booking(booking, &self.clock),
            },
        };
        match open.as_slice() {
            [] => Reply::or_person("You have no booking that could be cancelled."),
            [one] => Reply {
                offers: vec![
                    call_off(one, "Yes, cancel it".to_owned()),
                    keep("No, keep it"),
                ],
                ..Reply::plain(format!(
                    "Shall I cancel your booking of {}?",
                    show::booking(one, &self.clock)
                ))
            },
            several => {
                let some = several.iter().take(TOLD_MAX);
                let mut offers: Vec<Offer> = some
                    .map(|booking| {
                        let label = format!("Cancel {}", show::booking(booking, &self.clock));
                        call_off(booking, label)
                    })
                    .collect();
                offers.push(keep("Keep them all"));
                Reply {
                    offers,
                    ..Reply::plain("Which booking shall I cancel?")
                }
            }
        }
    }
}

/// The live bookings that are not over, the next one first.
fn coming(bookings: &[Booking], now: Timestamp) -> Vec<&Booking> {
    let mut coming: Vec<&Booking> = bookings
        .iter()
        .filter(|booking| booking.ends_at > now && desk::booking::LIVE.contains(&booking.status))
        .collect();
    coming.sort_by_key(|booking| booking.starts_at);
    coming
}

#[cfg(test)]
mod tests;
