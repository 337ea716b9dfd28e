//! Erasing a text: out of the event log, whose rows are rewritten in place, out of the answers that
//! are kept for repeated requests, and out of the frames that shards keep in memory, who are told.
//! The rows of the object itself are its own file's. Start at [`erase`].

use std::collections::BTreeSet;

use protocol::{ChannelName, Erasure, EventName, UserId};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::database::{Dialect, Row, Value};
use crate::error::Fault;
use crate::transaction::Transaction;

/// Events rewritten at once.
const BATCH: usize = 256;

/// What is erased.
pub(crate) struct Erasing<'a> {
    /// The object that holds the text. Events that hold it were told about it, see
    /// [`Transaction::tell_about`].
    pub(crate) subject: Uuid,
    /// Whose kept answers may hold it: whoever made it.
    pub(crate) author: Option<UserId>,
    /// Where it was told. A shard may remember what the log has forgotten already.
    pub(crate) channels: Vec<ChannelName>,
    /// Takes the text out of one copy of the object.
    pub(crate) blank: &'a (dyn Fn(&mut Map<String, Json>) + Send + Sync),
}

/// Rewrites whatever holds the text and tells the shards.
///
/// Invariant: nothing that may be refused follows in the same change, because events that other
/// changes of the same transaction are about to tell are rewritten too. Whoever tells about the
/// subject holds the same row lock as the caller, so no event of it is on its way elsewhere.
pub(crate) async fn erase(tx: &mut Transaction<'_>, erasing: Erasing<'_>) -> Result<(), Fault> {
    let subject = erasing.subject.to_string();
    let rewrite = |text: &str| rewritten(text, &subject, erasing.blank);
    let mut channels: BTreeSet<ChannelName> = erasing.channels.into_iter().collect();
    rewrite_log(tx, &subject, &rewrite, &mut channels).await?;
    if let Some(author) = erasing.author {
        rewrite_kept_answers(tx, author, &subject, &rewrite).await?;
    }
    for event in &mut tx.events {
        if event.subject == Some(erasing.subject) {
            channels.extend(event.channels.iter().cloned());
            if let Some(text) = rewrite(&event.data)? {
                event.data = text.into();
            }
        }
    }
    let erasure = Erasure {
        channels: channels.into_iter().collect(),
    };
    tx.tell(
        vec![ChannelName::revocations()],
        EventName::TextErased,
        &erasure,
    )
}

/// The text with every copy of the object blanked; none if it holds no copy.
type Rewrite<'a> = &'a (dyn Fn(&str) -> Result<Option<String>, Fault> + Send + Sync);

async fn rewrite_log(
    tx: &mut Transaction<'_>,
    subject: &str,
    rewrite: Rewrite<'_>,
    channels: &mut BTreeSet<ChannelName>,
) -> Result<(), Fault> {
    let (mut channel, mut offset) = (String::new(), 0);
    loop {
        let rows = tx
            .fetch_all(
                "SELECT channel, event_offset, data FROM events \
                 WHERE subject = $1 AND (channel, event_offset) > ($2, $3) \
                 ORDER BY channel, event_offset LIMIT $4",
                &[
                    subject.into(),
                    (&channel).into(),
                    offset.into(),
                    i64::try_from(BATCH).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
        let mut changed = Changed::default();
        for row in &rows {
            (channel, offset) = (row.text("channel")?, row.int("event_offset")?);
            if let Some(text) = rewrite(&row.text("data")?)? {
                channels.insert(ChannelName::from_stored(&channel).map_err(Fault::row)?);
                changed.channels.push(channel.clone());
                changed.offsets.push(offset);
                changed.texts.push(text);
            }
        }
        changed.write(tx).await?;
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}

/// Rows of the log with their new text.
#[derive(Default)]
struct Changed {
    channels: Vec<String>,
    offsets: Vec<i64>,
    texts: Vec<String>,
}

impl Changed {
    async fn write(self, tx: &mut Transaction<'_>) -> Result<(), Fault> {
        if self.texts.is_empty() {
            return Ok(());
        }
        match tx.connection.dialect() {
            Dialect::Postgres => {
                let values = [
                    Value::Texts(self.channels),
                    Value::Ints(self.offsets),
                    Value::Texts(self.texts),
                ];
                tx.execute(
                    "UPDATE events AS e SET data = v.data \
                     FROM unnest($1::text[], $2::bigint[], $3::text[]) \
                       AS v (channel, event_offset, data) \
                     WHERE e.channel = v.channel AND e.event_offset = v.event_offset",
                    &values,
                )
                .await?;
            }
            Dialect::Sqlite => {
                let places = self.channels.iter().zip(self.offsets);
                for ((channel, offset), text) in places.zip(&self.texts) {
                    tx.execute(
                        "UPDATE events SET data = $3 WHERE channel = $1 AND event_offset = $2",
                        &[channel.into(), offset.into(), text.into()],
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }
}

/// A repetition of the request that made the object gets the blanked object, and makes no other.
async fn rewrite_kept_answers(
    tx: &mut Transaction<'_>,
    author: UserId,
    subject: &str,
    rewrite: Rewrite<'_>,
) -> Result<(), Fault> {
    // Bounded by the requests of one account in a day; an id holds no wildcard.
    let rows: Vec<Row> = tx
        .fetch_all(
            "SELECT path, key, output FROM once_keys WHERE user_id = $1 AND output LIKE $2",
            &[author.into(), (&format!("%{subject}%")).into()],
        )
        .await?;
    for row in rows {
        if let Some(text) = rewrite(&row.text("output")?)? {
            tx.execute(
                "UPDATE once_keys SET output = $4 WHERE user_id = $1 AND path = $2 AND key = $3",
                &[
                    author.into(),
                    (&row.text("path")?).into(),
                    (&row.text("key")?).into(),
                    (&text).into(),
                ],
            )
            .await?;
        }
    }
    Ok(())
}

fn rewritten(
    text: &str,
    subject: &str,
    blank: &dyn Fn(&mut Map<String, Json>),
) -> Result<Option<String>, Fault> {
    let mut json: Json = serde_json::from_str(text).map_err(Fault::row)?;
    Ok(blank_within(&mut json, subject, blank).then(|| json.to_string()))
}

/// Blanks each object of this id, however deep it lies.
fn blank_within(json: &mut Json, subject: &str, blank: &dyn Fn(&mut Map<String, Json>)) -> bool {
    let mut found = false;
    match json {
        Json::Object(object) => {
            if object.get("id").and_then(Json::as_str) == Some(subject) {
                found = true;
                blank(object);
            }
            for value in object.values_mut() {
                found |= blank_within(value, subject, blank);
            }
        }
        Json::Array(values) => {
            for value in values {
                found |= blank_within(value, subject, blank);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_of_the_object_is_blanked_and_nothing_else() {
        let blank = |object: &mut Map<String, Json>| {
            object.insert("body".to_owned(), "".into());
        };
        let text = r#"{"chat":{"id":"c","last_message":{"id":"m","body":"x"}},"list":[{"id":"n","body":"y"},{"id":"m","body":"x"}]}"#;
        let told = rewritten(text, "m", &blank).unwrap().unwrap();
        let told: Json = serde_json::from_str(&told).unwrap();
        assert_eq!(told["chat"]["last_message"]["body"], "");
        assert_eq!(told["list"][1]["body"], "");
        assert_eq!(told["list"][0]["body"], "y");
        assert!(told["chat"].get("body").is_none());
        assert!(rewritten(text, "o", &blank).unwrap().is_none());
    }
}
