//! The schemas against what is really written and read.

use super::*;
use crate::{ClientFrame, EventFrame, Example, Goodbye, examples};

fn faults(schemas: &Schemas, name: &str, frame: &Value) -> Vec<String> {
    let schema = schemas
        .frame(name)
        .unwrap_or_else(|| panic!("{name} has no schema"));
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schemas.document(schema))
        .expect("the schema is one");
    validator
        .iter_errors(frame)
        .map(|error| error.to_string())
        .collect()
}

fn without(frame: &Value, member: &str) -> Value {
    let mut frame = frame.clone();
    frame.as_object_mut().unwrap().remove(member);
    frame
}

#[test]
fn every_frame_has_an_example_that_its_schema_describes_to_the_last_member() {
    let schemas = schemas().closed();
    for example in examples() {
        let faults = faults(&schemas, &example.frame, &example.json);
        assert!(faults.is_empty(), "{}: {faults:?}", example.frame);
        let own = schemas.frame(&example.frame).unwrap();
        assert_eq!(own.direction, example.direction, "{}", example.frame);
        let command = example.frame.strip_prefix("reply ");
        let name = match (own.tongue, own.direction) {
            (Tongue::Events, _) => frame_name(&example.json, command),
            (Tongue::Chat, Direction::FromServer) => frame_name_in_chat(&example.json, command),
            (Tongue::Chat, Direction::FromClient) => {
                frame_name(&example.json, command).map(|name| format!("chat command {name}"))
            }
        };
        assert_eq!(name.as_ref(), Some(&example.frame));
    }
    for frame in &schemas.frames {
        let has = |example: &Example| example.frame == frame.name;
        assert!(examples().iter().any(has), "{} has no example", frame.name);
    }
    for name in EventName::ALL {
        let told = schemas.frame(&format!("event {name}")).is_some();
        assert_eq!(told, name.topic() != Topic::Internal, "{name}");
    }
}

#[test]
fn a_schema_refuses_what_lacks_a_member_or_has_another() {
    let schemas = schemas().closed();
    for example in examples() {
        let schema = &schemas.frame(&example.frame).unwrap().schema;
        let required = schema["required"].as_array().expect("the type at least");
        for member in required {
            let lacking = without(&example.json, member.as_str().unwrap());
            assert!(
                !faults(&schemas, &example.frame, &lacking).is_empty(),
                "{member}"
            );
        }
        let mut more = example.json.clone();
        more["unheard_of"] = true.into();
        assert!(
            !faults(&schemas, &example.frame, &more).is_empty(),
            "{}",
            example.frame
        );
    }
}

#[test]
fn what_a_command_must_hold_is_what_the_reader_asks_for() {
    let schemas = schemas();
    for example in examples() {
        if example.direction == Direction::FromServer {
            continue;
        }
        for member in example.json.as_object().unwrap().keys() {
            let lacking = without(&example.json, member);
            let described = faults(&schemas, &example.frame, &lacking).is_empty();
            let read = match schemas.frame(&example.frame).unwrap().tongue {
                Tongue::Events => ClientFrame::parse(&lacking.to_string()).is_ok(),
                Tongue::Chat => ClientFrame::parse_in_chat(&lacking.to_string()).is_ok(),
            };
            assert_eq!(described, read, "{} without {member}", example.frame);
        }
    }
}

#[test]
fn the_twin_of_the_event_frame_has_its_members_and_no_others() {
    for name in EventName::ALL
        .iter()
        .filter(|name| name.topic() != Topic::Internal)
    {
        let mut json = String::new();
        EventFrame {
            id: name.is_kept().then(EventId::new),
            channel: &ChannelName::staff(),
            offset: name.is_kept().then_some(1),
            name: *name,
            at: Timestamp(0),
            data: "{}",
        }
        .write_to(&mut json);
        let written: Map<String, Value> = serde_json::from_str(&json).unwrap();
        let mut written: Vec<&String> = written.keys().collect();
        written.sort();
        let schema = &schemas()
            .frame(&format!("event {name}"))
            .unwrap()
            .schema
            .clone();
        let mut described: Vec<&String> =
            schema["properties"].as_object().unwrap().keys().collect();
        described.sort();
        assert_eq!(written, described, "{name}");
    }
}

#[test]
fn every_goodbye_is_described_with_and_without_a_wait() {
    let schemas = schemas().closed();
    for code in CloseCode::ALL {
        for retry_after_ms in [None, Some(5)] {
            let goodbye = Goodbye {
                code: *code,
                detail: String::new(),
                retry_after_ms,
            };
            let frame = serde_json::to_value(ServerFrame::Goodbye(goodbye)).unwrap();
            assert_eq!(
                faults(&schemas, "goodbye", &frame),
                [] as [String; 0],
                "{code}"
            );
        }
    }
}

#[test]
fn what_may_be_left_out_is_never_null() {
    let schemas = schemas();
    let entry = &schemas.definitions["PositionEntry"];
    assert!(
        !entry["properties"]["gap"].to_string().contains("null"),
        "{entry}"
    );
    let line = &schemas.definitions["OrderLine"];
    assert!(
        line["properties"]["item_id"].to_string().contains("null"),
        "{line}"
    );
    assert!(!format!("{schemas:?}").contains("[`"));
}

#[test]
fn what_a_chat_socket_is_told_is_as_its_schema_says() {
    let schemas = schemas().closed();
    for example in examples() {
        let Some(name) = example.frame.strip_prefix("event ") else {
            continue;
        };
        let name: EventName = name.parse().unwrap();
        if name.topic() != Topic::Messages {
            continue;
        }
        let mut json = String::new();
        EventFrame {
            id: name.is_kept().then(EventId::new),
            channel: &ChannelName::chat(ChatId::new()),
            offset: name.is_kept().then_some(1),
            name,
            at: Timestamp(0),
            data: &example.json["data"].to_string(),
        }
        .write_as(Tongue::Chat, &mut json);
        let frame: Value = serde_json::from_str(&json).unwrap();
        let kind = frame_name_in_chat(&frame, None).unwrap();
        let faults = faults(&schemas, &kind, &frame);
        assert!(faults.is_empty(), "{name}: {faults:?} in {frame}");
        serde_json::from_value::<crate::ChatFrame>(frame).unwrap();
    }
}
