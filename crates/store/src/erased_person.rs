//! How an erased person is found in a copy of an object, and what is taken out of it. No database
//! is known here. Start at [`ErasedPerson::rewritten`].

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use crate::error::Fault;

/// What an erased person is called.
pub(crate) const ERASED_NAME: &str = "Erased";

/// How a person is known in copies of objects.
#[derive(Debug)]
pub(crate) struct ErasedPerson {
    pub(crate) id: String,
    /// The address that the account has now.
    pub(crate) email: String,
    pub(crate) chats: HashSet<String>,
    pub(crate) notifications: HashSet<String>,
    /// When their messages count as deleted.
    pub(crate) now: String,
}

impl ErasedPerson {
    /// The text of a JSON value without anything of the person; none if it held nothing of them.
    pub(crate) fn rewritten(&self, text: &str) -> Result<Option<String>, Fault> {
        // Most texts hold nothing of the kind; those need not be read further.
        let may_be_of_chats = !self.chats.is_empty() && text.contains("\"chat_id\"");
        let may_notify = !self.notifications.is_empty() && text.contains("\"title\"");
        if !text.contains(&self.id) && !may_be_of_chats && !may_notify {
            return Ok(None);
        }
        let mut json: Json = serde_json::from_str(text).map_err(Fault::row)?;
        Ok(self.leave(&mut json).then(|| json.to_string()))
    }

    /// Takes the person out, however deep they are; whether anything changed.
    fn leave(&self, json: &mut Json) -> bool {
        match json {
            Json::Object(object) => {
                let mut changed = self.leave_object(object);
                for value in object.values_mut() {
                    changed |= self.leave(value);
                }
                changed
            }
            Json::Array(values) => {
                let mut changed = false;
                for value in values {
                    changed |= self.leave(value);
                }
                changed
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
    }

    fn leave_object(&self, object: &mut Map<String, Json>) -> bool {
        let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_owned);
        let id_in = |key: &str| text(object.get(key).and_then(|value| value.get("id")));
        let id = text(object.get("id"));
        let is = |found: &Option<String>| found.as_ref() == Some(&self.id);
        let (customer, sender) = (id_in("customer"), id_in("sender"));
        let chat = text(object.get("chat_id"));
        let mut changed = false;
        let mut put = |key: &str, value: Json| {
            if let Some(found) = object.get_mut(key)
                && *found != value
            {
                *found = value;
                changed = true;
            }
        };
        if is(&id) {
            put("name", ERASED_NAME.into());
            put("email", self.email.as_str().into());
        }
        if is(&customer) {
            put("note", "".into());
            put("subject", "".into());
        }
        if is(&sender) || chat.is_some_and(|chat| self.chats.contains(&chat)) {
            put("body", "".into());
            put("client_id", Json::Null);
            put("actions", Json::Array(Vec::new()));
            if object.get("deleted_at").is_some_and(Json::is_null) {
                object.insert("deleted_at".to_owned(), self.now.as_str().into());
                changed = true;
            }
        }
        if id.is_some_and(|id| self.notifications.contains(&id)) {
            for key in ["kind", "title", "body"] {
                if object.contains_key(key) {
                    changed |= object.insert(key.to_owned(), "".into()) != Some("".into());
                }
            }
            if object.contains_key("link") {
                changed |= object.insert("link".to_owned(), Json::Null) != Some(Json::Null);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person() -> ErasedPerson {
        ErasedPerson {
            id: "ana".to_owned(),
            email: "erased-ana@invalid".to_owned(),
            chats: ["c1".to_owned()].into(),
            notifications: ["n1".to_owned()].into(),
            now: "then".to_owned(),
        }
    }

    fn left(json: &Json) -> Option<Json> {
        let text = person().rewritten(&json.to_string()).unwrap();
        text.map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn names_notes_and_texts_of_the_person_go_and_those_of_others_stay() {
        let ana = json!({"id": "ana", "name": "Ana"});
        let gone = json!({"id": "ana", "name": "Erased"});
        let ben = json!({"id": "ben", "name": "Ben"});
        let order =
            |customer: &Json, note: &str| json!({"order": {"customer": customer, "note": note}});
        assert_eq!(left(&order(&ana, "x")), Some(order(&gone, "")));
        assert_eq!(left(&order(&ben, "x")), None);
        let message = |chat: &str, sender: &Json, body: &str, at: Json| {
            json!({"message": {"chat_id": chat, "sender": sender, "body": body, "client_id": null,
                "note": true, "deleted_at": at}})
        };
        // Theirs in another's chat, and another's in theirs.
        assert_eq!(
            left(&message("c2", &ana, "x", Json::Null)),
            Some(message("c2", &gone, "", "then".into()))
        );
        assert_eq!(
            left(&message("c1", &ben, "x", "before".into())),
            Some(message("c1", &ben, "", "before".into()))
        );
        assert_eq!(left(&message("c2", &ben, "ana", Json::Null)), None);
        let chat = |handler: &Json| {
            json!({"chat": {"customer": ben, "subject": "s",
            "handler": {"kind": "staff", "user": handler}, "last_message": null}})
        };
        assert_eq!(left(&chat(&ana)), Some(chat(&gone)));
        let notification =
            json!({"id": "n1", "kind": "k", "title": "t", "body": "b", "link": "/l"});
        assert_eq!(
            left(&notification),
            Some(json!({"id": "n1", "kind": "", "title": "", "body": "", "link": null}))
        );
        assert_eq!(left(&json!({"id": "ana", "name": "Erased"})), None);
    }
}
