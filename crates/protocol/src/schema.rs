//! The JSON Schemas of every frame, made from the types that are sent. Draft 7, because AsyncAPI
//! reads that. Start at [`schemas`].

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::answer::answer_schemas;
use crate::{
    BookingId, BootId, ChannelName, ChatCommand, ChatFrame, ChatId, CloseCode, Command, CommandId,
    ConnectionId, Direction, Epoch, ErrorCode, EventId, EventName, ItemId, MessageId,
    NotificationId, OrderId, ResourceId, ServerFrame, SessionId, Timestamp, Tongue, Topic, UserId,
};

/// Where the shared schemas stand in a document.
const DEFINITIONS: &str = "/components/schemas";

/// How the names of the frames begin that only a chat socket has.
const CHAT: &str = "chat ";

/// A UUID as a channel's name holds it: lower case, with hyphens.
const UUID: &str = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

/// The schemas of all frames.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// One for each frame, the client's first.
    pub frames: Vec<FrameSchema>,
    /// What they refer to as `#/components/schemas/<name>`.
    pub definitions: Map<String, Value>,
}

/// The schema of one frame.
#[derive(Clone, Debug)]
pub struct FrameSchema {
    /// Its `type`; with the event's name behind it for an event (`event order.created`), and with
    /// the command's for a reply (`reply ping`). Those of the chat socket alone begin with `chat`.
    pub name: String,
    /// Who sends it.
    pub direction: Direction,
    /// On which socket; frames of the event socket that a chat socket has too count as the former's.
    pub tongue: Tongue,
    /// What it looks like.
    pub schema: Value,
}

/// The schemas of every frame and of what they hold.
#[must_use]
pub fn schemas() -> Schemas {
    let settings = || {
        SchemaSettings::draft07().with(|settings| {
            settings.definitions_path = DEFINITIONS.into();
        })
    };
    let mut reads = settings().for_deserialize().into_generator();
    let mut writes = settings().for_serialize().into_generator();
    let mut frames = client_frames(&mut reads);
    frames.extend(server_frames(&mut writes));
    for frame in &mut frames {
        tidy(&mut frame.schema);
    }
    let mut definitions = reads.take_definitions(true);
    definitions.extend(writes.take_definitions(true));
    for schema in definitions.values_mut() {
        tidy(schema);
    }
    Schemas {
        frames,
        definitions,
    }
}

impl Schemas {
    /// The schema of the frame with this name.
    #[must_use]
    pub fn frame(&self, name: &str) -> Option<&FrameSchema> {
        self.frames.iter().find(|frame| frame.name == name)
    }

    /// A document that validates one frame on its own.
    #[must_use]
    pub fn document(&self, frame: &FrameSchema) -> Value {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "allOf": [frame.schema],
            "components": {"schemas": self.definitions},
        })
    }

    /// The same schemas, but an object may hold nothing that they do not name. A client must take
    /// what it does not know; our own tests must not.
    #[must_use]
    pub fn closed(mut self) -> Self {
        let schemas = self.frames.iter_mut().map(|frame| &mut frame.schema);
        for schema in schemas.chain(self.definitions.values_mut()) {
            transform(schema, &mut close);
        }
        self
    }
}

/// The name of a frame that the server sent: what [`FrameSchema::name`] holds. The name of a reply
/// needs the command that it answers.
#[must_use]
pub fn frame_name(frame: &Value, answered: Option<&str>) -> Option<String> {
    let kind = frame.get("type")?.as_str()?;
    Some(match kind {
        "event" => format!("event {}", frame.get("event")?.as_str()?),
        "reply" => format!("reply {}", answered?),
        other => other.to_owned(),
    })
}

/// The same on a chat socket.
#[must_use]
pub fn frame_name_in_chat(frame: &Value, answered: Option<&str>) -> Option<String> {
    match frame.get("type")?.as_str()? {
        own @ ("message" | "message_delta" | "typing" | "chat") => Some(format!("{CHAT}{own}")),
        _ => frame_name(frame, answered),
    }
}

fn client_frames(generator: &mut SchemaGenerator) -> Vec<FrameSchema> {
    let id = generator.subschema_for::<CommandId>().to_value();
    let commands = variants(Command::json_schema(generator));
    let frame = |(name, mut schema): (String, Value)| {
        // The frame's id is read before the command is.
        schema["properties"]["id"] = id.clone();
        FrameSchema {
            direction: Direction::FromClient,
            tongue: match name.strip_prefix(CHAT) {
                Some(_) => Tongue::Chat,
                None => Tongue::Events,
            },
            name,
            schema,
        }
    };
    let in_chat = variants(ChatCommand::json_schema(generator));
    let in_chat = in_chat
        .into_iter()
        .map(|(name, schema)| (format!("{CHAT}command {name}"), schema));
    commands.into_iter().chain(in_chat).map(frame).collect()
}

fn server_frames(generator: &mut SchemaGenerator) -> Vec<FrameSchema> {
    let mut frames = Vec::new();
    for (name, schema) in variants(ServerFrame::json_schema(generator)) {
        if name == "reply" {
            for (command, data) in answer_schemas(generator) {
                let mut reply = schema.clone();
                reply["properties"]["data"] = data.to_value();
                reply["description"] = format!("The command `{command}` was done.").into();
                frames.push((format!("reply {command}"), reply));
            }
        } else {
            frames.push((name, schema));
        }
    }
    let told = EventName::ALL
        .iter()
        .filter(|name| name.topic() != Topic::Internal);
    frames.extend(told.map(|name| (format!("event {name}"), event_frame(*name, generator))));
    let in_chat = variants(ChatFrame::json_schema(generator));
    let in_chat = in_chat
        .into_iter()
        .map(|(name, schema)| (Tongue::Chat, format!("{CHAT}{name}"), schema));
    let frames = frames
        .into_iter()
        .map(|(name, schema)| (Tongue::Events, name, schema));
    let frame = |(tongue, name, schema)| FrameSchema {
        name,
        direction: Direction::FromServer,
        tongue,
        schema,
    };
    frames.chain(in_chat).map(frame).collect()
}

/// The twin of [`crate::EventFrame`], which is written by hand; a test compares the two.
fn event_frame(name: EventName, generator: &mut SchemaGenerator) -> Value {
    let mut properties = json!({
        "type": {"type": "string", "const": "event"},
        "channel": generator.subschema_for::<ChannelName>(),
        "topic": {"type": "string", "const": name.topic().as_str()},
        "event": {"type": "string", "const": name.as_str()},
        "at": generator.subschema_for::<Timestamp>(),
        "data": name.data_schema(generator),
    });
    let mut required = vec!["type", "channel", "topic", "event", "at", "data"];
    if name.is_kept() {
        properties["id"] = generator.subschema_for::<EventId>().to_value();
        properties["id"]["description"] = "The same on every channel that tells of it.".into();
        properties["offset"] = json!({
            "description": "Its place in the channel.",
            "type": "integer", "minimum": 1, "maximum": crate::OFFSET_MAX,
        });
        required.extend(["id", "offset"]);
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// The variants of an internally tagged enum, by their `type`.
fn variants(schema: Schema) -> Vec<(String, Value)> {
    let mut schema = schema.to_value();
    let Value::Array(variants) = schema["oneOf"].take() else {
        unreachable!("an enum with several variants is a oneOf");
    };
    let named = |variant: Value| {
        let name = variant["properties"]["type"]["const"]
            .as_str()
            .map(str::to_owned);
        (name.expect("the tag is a constant"), variant)
    };
    variants.into_iter().map(named).collect()
}

/// Makes a schema say what serde does and the derive does not, and reads like prose: a member that
/// may be left out is never null, and links of Rust are plain words.
fn tidy(schema: &mut Value) {
    transform(schema, &mut |object| {
        if let Some(Value::String(text)) = object.get_mut("description") {
            *text = plain(text);
        }
        let required = object.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| {
            required
                .as_array()
                .is_some_and(|names| names.iter().any(|known| known == name))
        };
        if let Some(Value::Object(properties)) = object.get_mut("properties") {
            for (name, property) in properties {
                if !is_required(name) {
                    never_null(property);
                }
            }
        }
    });
}

/// A comment of the source as a sentence for people who do not read it.
pub(crate) fn plain(comment: &str) -> String {
    comment
        .replace("[`", "`")
        .replace("`]", "`")
        .replace("crate::", "")
}

fn never_null(schema: &mut Value) {
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let Some(Value::Array(choices)) = schema.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice["type"] != "null");
    if let [only] = choices.as_slice() {
        let only = only.clone();
        if let Some(object) = schema.as_object_mut() {
            object.remove("anyOf");
            object.insert("allOf".to_owned(), Value::Array(vec![only]));
        }
    }
}

fn close(object: &mut Map<String, Value>) {
    if object.contains_key("properties") {
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
    } else if object.get("type").is_some_and(|kind| kind == "object")
        && !object.contains_key("additionalProperties")
    {
        object.insert("maxProperties".to_owned(), json!(0));
    }
}

/// Applies a change to a schema and to every one below it.
fn transform(schema: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    struct Every<'a>(&'a mut dyn FnMut(&mut Map<String, Value>));
    impl Transform for Every<'_> {
        fn transform(&mut self, schema: &mut Schema) {
            if let Some(object) = schema.as_object_mut() {
                (self.0)(object);
            }
            transform_subschemas(self, schema);
        }
    }
    if let Ok(schema) = <&mut Schema>::try_from(schema) {
        Every(change).transform(schema);
    }
}

/// Gives types that are written by hand the schema of their text or number.
macro_rules! by_hand {
    ($($name:ty: $schema:expr;)+) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

macro_rules! uuids {
    ($($name:ident),+ $(,)?) => {
        by_hand! { $($name: json_schema!({"type": "string", "format": "uuid"});)+ }
    };
}

uuids! {
    UserId, SessionId, ItemId, OrderId, ResourceId, BookingId, NotificationId, ChatId, MessageId,
    EventId, ConnectionId, BootId, Epoch,
}

/// The word of a close code, as a `goodbye` frame holds it.
pub(crate) struct CloseSlug;

by_hand! {
    Timestamp: json_schema!({"type": "string", "format": "date-time"});
    ChannelName: json_schema!({
        "type": "string", "pattern": format!("^(staff|(user|chat):{UUID})$"),
    });
}

/// Lists get a place of their own among the definitions.
macro_rules! lists {
    ($($name:ident, $kind:literal, $words:expr;)+) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": $kind, "enum": $words})
            }
        }
    )+};
}

lists! {
    CloseCode, "integer", CloseCode::ALL.iter().map(|code| code.code()).collect::<Vec<_>>();
    CloseSlug, "string", CloseCode::ALL.iter().map(|code| code.slug()).collect::<Vec<_>>();
    ErrorCode, "string", ErrorCode::ALL.iter().map(|code| code.slug()).collect::<Vec<_>>();
}

#[cfg(test)]
mod tests;
