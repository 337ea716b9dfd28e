//! The description of the sockets (AsyncAPI 3.0), built from the schemas and examples of
//! `protocol`, so that it cannot say what the program does not. Start at [`asyncapi`].

use protocol::schema::{FrameSchema, Schemas, schemas};
use protocol::{ANSWERED_COMMANDS, CloseCode, Direction, EventName, Tongue, Topic, examples};
use serde_json::{Map, Value, json};

use crate::ws::{CHAT_SOCKET_PATH, EVENT_SOCKET_PATH};

/// The one channel of the document, as it is referred to.
const CHANNEL: &str = "#/channels/events";

/// Where the chat socket stands in the document.
const CHAT_CHANNEL: &str = "#/channels/chat";

/// The description as JSON. Members are sorted, so that equal descriptions are equal texts.
pub(crate) fn asyncapi() -> String {
    let schemas = schemas();
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Frontdesk sockets",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "here": {
                "host": "{host}",
                "protocol": "ws",
                "description": "This server; `wss` behind TLS. `GET /api/v1/auth/ws-token` gives \
                    the whole URL as `ws_url`.",
                "variables": {"host": {"default": "localhost:8000"}},
            },
        },
        "channels": {"events": channel(&schemas), "chat": chat_channel(&schemas)},
        "operations": operations(&schemas),
        "components": {
            "messages": messages(&schemas),
            "schemas": schemas.definitions,
        },
    });
    document.sort_all_objects();
    let text = serde_json::to_string_pretty(&document).expect("the description is plain data");
    text + "\n"
}

const INTRODUCTION: &str = "Everything that happens, over one WebSocket: JSON text frames, each \
    with a `type`. `open` is not connected: `welcome` is. docs/protocol.md tells how a connection \
    lives, how a channel is resumed, and what is never lost. A client takes members and events \
    that it does not know, and acts on a close code that it does not know by its range.";

/// The chat socket: the commands of the event socket for one chat, and frames of its own in the
/// place of events.
fn chat_channel(schemas: &Schemas) -> Value {
    let spoken = schemas
        .frames
        .iter()
        .filter(|frame| !frame.name.starts_with("event "));
    let all = spoken.map(|frame| {
        let id = id(&frame.name);
        (id.clone(), reference("#/components/messages", &id))
    });
    let mut channel = channel(schemas);
    channel["title"] = "The chat socket".into();
    channel["address"] = CHAT_SOCKET_PATH.into();
    channel["description"] = "One chat, by its id or as `me`: the customer's open chat, begun if \
        there is none. `welcome` brings the chat and its last 50 messages. It takes every command \
        of the event socket for its chat, and two short ones of its own."
        .into();
    channel["messages"] = all.collect::<Map<String, Value>>().into();
    channel["parameters"] = json!({
        "chat_id": {"description": "The chat's id, or `me`."},
    });
    if let Some(channel) = channel.as_object_mut() {
        channel.remove("x-event-channels");
    }
    channel
}

fn channel(schemas: &Schemas) -> Value {
    let own = schemas
        .frames
        .iter()
        .filter(|frame| frame.tongue == Tongue::Events);
    let all = own.map(|frame| {
        let id = id(&frame.name);
        (id.clone(), reference("#/components/messages", &id))
    });
    json!({
        "title": "The event socket",
        "address": EVENT_SOCKET_PATH,
        "description": "The token comes as `?token=`, as `Authorization: Bearer`, or in a \
            `connect` frame within 5 s; the last way keeps it out of URLs.",
        "servers": [{"$ref": "#/servers/here"}],
        "messages": all.collect::<Map<String, Value>>(),
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                "token": {
                    "type": "string",
                    "description": "The socket token from `GET /api/v1/auth/ws-token`.",
                },
                "attempt": {
                    "type": "string",
                    "format": "uuid",
                    "description": "A random id of this try, under which the server can be asked \
                        what it saw.",
                },
                "protocol": {
                    "type": "integer",
                    "const": crate::ws::PROTOCOL_VERSION,
                    "description": "The version that the client speaks.",
                },
            }},
            "headers": {"type": "object", "properties": {
                "Authorization": {
                    "type": "string",
                    "description": "`Bearer` and the socket token, for clients that can set it.",
                },
            }},
            "bindingVersion": "0.1.0",
        }},
        "x-close-codes": CloseCode::ALL.iter().map(|code| json!({
            "code": code.code(),
            "slug": code.slug(),
            "retry": code.retry().as_str(),
            "meaning": code.meaning(),
            "fix": code.fix(),
        })).collect::<Vec<_>>(),
        "x-event-channels": [
            {
                "name": "user:{id}",
                "description": "Everything that concerns one person; every socket of theirs is on it.",
            },
            {
                "name": "staff",
                "description": "Everything that concerns the desk; every socket of staff and \
                    admins is on it.",
            },
            {
                "name": "chat:{id}",
                "description": "One conversation; its customer and staff may subscribe.",
            },
        ],
    })
}

/// What the server receives, each with what answers it, and what it sends unasked.
fn operations(schemas: &Schemas) -> Map<String, Value> {
    let operation = |frame: &FrameSchema| {
        let channel = match frame.tongue {
            Tongue::Events => CHANNEL,
            Tongue::Chat => CHAT_CHANNEL,
        };
        let message = |name: &str| reference(&format!("{channel}/messages"), &id(name));
        let channel = json!({"$ref": channel});
        let name = frame.name.as_str();
        let mut operation = json!({"channel": channel, "messages": [message(name)]});
        match frame.direction {
            Direction::FromServer if is_answer(name) => return None,
            Direction::FromServer => operation["action"] = "send".into(),
            Direction::FromClient => {
                operation["action"] = "receive".into();
                let answers: Vec<Value> = answers(name).iter().map(|name| message(name)).collect();
                operation["reply"] = json!({"channel": channel, "messages": answers});
            }
        }
        Some((id(name), operation))
    };
    schemas.frames.iter().filter_map(operation).collect()
}

fn is_answer(frame: &str) -> bool {
    frame == "error" || frame.starts_with("reply ")
}

/// The frames that may answer a command.
fn answers(command: &str) -> Vec<String> {
    let mut answers = vec!["error".to_owned()];
    if command == "connect" {
        answers = vec!["welcome".to_owned(), "goodbye".to_owned()];
    } else if command == "chat command message" {
        answers.push("reply send_message".to_owned());
    } else if ANSWERED_COMMANDS.contains(&command) {
        answers.push(format!("reply {command}"));
    }
    answers
}

fn messages(schemas: &Schemas) -> Map<String, Value> {
    let examples = examples();
    let message = |frame: &FrameSchema| {
        let shown = examples
            .iter()
            .filter(|example| example.frame == frame.name);
        let mut message = json!({
            "name": frame.name,
            "title": frame.name,
            "payload": frame.schema,
            "examples": shown.clone().map(|example| json!({
                "name": example.frame,
                "payload": example.json,
            })).collect::<Vec<_>>(),
        });
        if let Some(example) = shown.into_iter().next() {
            message["summary"] = example.text.into();
        }
        if let Some(name) = frame.name.strip_prefix("event ") {
            let topic = name.parse().map_or(Topic::Internal, EventName::topic);
            message["tags"] = json!([{"name": topic.as_str()}]);
        }
        (id(&frame.name), message)
    };
    schemas.frames.iter().map(message).collect()
}

/// The name of a frame as a key of the document.
fn id(frame: &str) -> String {
    frame.replace(' ', ".")
}

fn reference(place: &str, id: &str) -> Value {
    json!({"$ref": format!("{place}/{id}")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_a_message_and_every_reference_leads_somewhere() {
        let text = asyncapi();
        let document: Value = serde_json::from_str(&text).unwrap();
        let messages = document["components"]["messages"].as_object().unwrap();
        assert_eq!(messages.len(), schemas().frames.len());
        for message in messages.values() {
            assert_eq!(
                message["examples"].as_array().unwrap().len(),
                1,
                "{message}"
            );
        }
        let mut references = 0;
        for line in text.lines() {
            if let Some((_, target)) = line.split_once(r##""$ref": "#"##) {
                let pointer = target.trim_end_matches([',', '"']);
                assert!(document.pointer(pointer).is_some(), "{pointer}");
                references += 1;
            }
        }
        assert!(references > 100, "{references}");
    }

    #[test]
    fn a_command_is_received_and_answered_and_an_event_is_sent() {
        let document: Value = serde_json::from_str(&asyncapi()).unwrap();
        let operations = &document["operations"];
        assert_eq!(operations["ping"]["action"], "receive");
        let answers = operations["ping"]["reply"]["messages"].to_string();
        assert!(
            answers.contains("reply.ping") && answers.contains("/error"),
            "{answers}"
        );
        assert_eq!(operations["event.order.created"]["action"], "send");
        let codes = document["channels"]["events"]["x-close-codes"]
            .as_array()
            .unwrap();
        assert_eq!(codes.len(), CloseCode::ALL.len());
    }
}
