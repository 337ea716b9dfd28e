//! What one piece of a model's answer says, whichever dialect it is in. Nothing is required to be
//! there, and what is of another type than usual counts as absent. Start at [`Chunk::read`].

use serde_json::Value;

/// Most calls of one turn; a model that makes more is broken.
const CALLS_MAX: usize = 16;

/// Longest arguments of a call, in bytes.
const ARGUMENTS_MAX_BYTES: usize = 16 * 1024;

/// A tool that the model wants called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON, or what the model took for it.
    pub(super) arguments: String,
    /// The place that the model gave it.
    index: Option<u64>,
}

/// One piece.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) text: String,
    /// The server said in the stream that it failed.
    pub(super) error: Option<String>,
    pub(super) tokens: Option<u64>,
    parts: Vec<Part>,
}

/// A part of a call: what it adds to which.
#[derive(Debug, Default)]
struct Part {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
}

impl Chunk {
    /// Reads the data of an event; none if it is no JSON object.
    pub(super) fn read(data: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(data).ok()?;
        json.is_object().then(|| Self::of(&json))
    }

    /// Reads an answer that came whole.
    pub(super) fn of(json: &Value) -> Self {
        let mut chunk = Self {
            error: error(json),
            tokens: json["usage"]["total_tokens"].as_u64(),
            ..Self::default()
        };
        let choice = &json["choices"][0];
        let said = [&choice["delta"], &choice["message"], &json["message"]];
        let Some(said) = said.into_iter().find(|said| said.is_object()) else {
            chunk.text = texts(&choice["text"]);
            return chunk;
        };
        chunk.text = texts(&said["content"]);
        if chunk.text.is_empty() {
            chunk.text = texts(&said["refusal"]);
        }
        match &said["tool_calls"] {
            Value::Array(calls) => chunk.parts = calls.iter().map(part).collect(),
            call @ Value::Object(_) => chunk.parts = vec![part(call)],
            _ if said["function_call"].is_object() => {
                chunk.parts = vec![function(&said["function_call"])];
            }
            _ => {}
        }
        chunk
    }

    /// Adds the parts of calls to those that there are; false when there are too many.
    pub(super) fn add_calls(&mut self, calls: &mut Vec<Call>) -> bool {
        for part in self.parts.drain(..) {
            let known = match (part.index, &part.id) {
                (Some(index), _) => calls.iter().position(|call| call.index == Some(index)),
                (None, Some(id)) => calls.iter().position(|call| call.id == *id),
                // Without a place, a name begins a new call, and the rest goes on with the last.
                (None, None) if part.name.is_some() => None,
                (None, None) => calls.len().checked_sub(1),
            };
            let known = known.unwrap_or_else(|| {
                calls.push(Call {
                    id: format!("call_{}", calls.len()),
                    index: part.index,
                    ..Call::default()
                });
                calls.len() - 1
            });
            if calls.len() > CALLS_MAX {
                return false;
            }
            let call = &mut calls[known];
            if let Some(id) = part.id {
                call.id = id;
            }
            if let Some(name) = part.name {
                // Some send the name with every part, some in pieces.
                if call.name != name {
                    call.name.push_str(&name);
                }
            }
            call.arguments.push_str(&part.arguments);
            if call.arguments.len() > ARGUMENTS_MAX_BYTES || call.name.len() > 200 {
                return false;
            }
        }
        true
    }
}

fn part(call: &Value) -> Part {
    Part {
        index: call["index"].as_u64(),
        id: filled(&call["id"]),
        ..function(&call["function"])
    }
}

fn function(function: &Value) -> Part {
    let arguments = match &function["arguments"] {
        Value::String(text) => text.clone(),
        object @ Value::Object(_) => object.to_string(),
        _ => String::new(),
    };
    Part {
        name: filled(&function["name"]),
        arguments,
        ..Part::default()
    }
}

fn filled(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(200).collect())
}

/// A text, or a list of parts that hold some.
fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .map(|part| part["text"].as_str().or(part.as_str()).unwrap_or_default())
            .collect(),
        _ => String::new(),
    }
}

fn error(json: &Value) -> Option<String> {
    match &json["error"] {
        Value::Null => (json["object"] == "error").then(|| texts(&json["message"])),
        Value::String(text) => Some(text.clone()),
        error => Some(match error["message"].as_str() {
            Some(text) => text.to_owned(),
            None => error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(chunks: &[&str]) -> Vec<(String, String, String)> {
        let mut calls = Vec::new();
        for chunk in chunks {
            assert!(Chunk::read(chunk).unwrap().add_calls(&mut calls));
        }
        let shown = |call: Call| (call.id, call.name, call.arguments);
        calls.into_iter().map(shown).collect()
    }

    #[test]
    fn text_is_found_wherever_it_is() {
        for json in [
            r#"{"choices":[{"delta":{"content":"hi"}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"h"},"i"]}}]}"#,
            r#"{"choices":[{"message":{"role":"assistant","content":"hi"}}]}"#,
            r#"{"message":{"content":"hi"},"done":false}"#,
            r#"{"choices":[{"text":"hi"}]}"#,
            r#"{"choices":[{"delta":{"content":null,"refusal":"hi"}}]}"#,
        ] {
            assert_eq!(Chunk::read(json).unwrap().text, "hi", "{json}");
        }
        for json in [
            r#"{"choices":[{"delta":{"reasoning_content":"secret thoughts"}}]}"#,
            r#"{"choices":[],"usage":{"total_tokens":7}}"#,
            r#"{"choices":[{"delta":{"content":7}}]}"#,
            r#"{"choices":"x"}"#,
            "{}",
        ] {
            assert_eq!(Chunk::read(json).unwrap().text, "", "{json}");
        }
        assert!(Chunk::read("[DONE]").is_none() && Chunk::read("nonsense").is_none());
    }

    #[test]
    fn an_error_in_the_stream_is_an_error() {
        let error = |json| Chunk::read(json).unwrap().error;
        assert_eq!(
            error(r#"{"error":{"message":"no","code":500}}"#).unwrap(),
            "no"
        );
        assert_eq!(error(r#"{"error":"no"}"#).unwrap(), "no");
        assert_eq!(error(r#"{"object":"error","message":"no"}"#).unwrap(), "no");
        assert_eq!(error(r#"{"error":null,"choices":[]}"#), None);
    }

    #[test]
    fn calls_are_put_together_from_their_parts() {
        let part = |rest: &str| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{rest}]}}}}]}}"#);
        let whole = |id: &str, name: &str, arguments: &str| {
            (id.to_owned(), name.to_owned(), arguments.to_owned())
        };
        let by_index = [
            part(r#"{"index":0,"id":"a","function":{"name":"book","arguments":""}}"#),
            part(r#"{"index":1,"id":"b","function":{"name":"my_orders"}}"#),
            part(r#"{"index":0,"function":{"arguments":"{\"x\""}}"#),
            part(r#"{"index":0,"function":{"arguments":":1}"}}"#),
        ];
        let by_index: Vec<&str> = by_index.iter().map(String::as_str).collect();
        let expected = [
            whole("a", "book", r#"{"x":1}"#),
            whole("b", "my_orders", ""),
        ];
        assert_eq!(calls(&by_index), expected);
        let without = [
            part(r#"{"function":{"name":"book","arguments":"{\"x\""}}"#),
            part(r#"{"function":{"arguments":":1}"}}"#),
            part(r#"{"id":"b","function":{"name":"my_orders","arguments":{}}}"#),
        ];
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        let expected = [
            whole("call_0", "book", r#"{"x":1}"#),
            whole("b", "my_orders", "{}"),
        ];
        assert_eq!(calls(&without), expected);
    }

    #[test]
    fn a_thousand_calls_are_too_many() {
        let call = r#"{"function":{"name":"my_orders","arguments":"{}"}}"#;
        let many = vec![call; 1_000].join(",");
        let json = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{many}]}}}}]}}"#);
        let mut calls = Vec::new();
        assert!(!Chunk::read(&json).unwrap().add_calls(&mut calls));
        assert!(calls.len() <= CALLS_MAX + 1);
    }
}
