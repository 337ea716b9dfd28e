//! Reading a JSON body within its bounds: type, size, time, depth.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use protocol::{ErrorCode, pointer_escape};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use tokio::time::{Instant, timeout, timeout_at};

use super::invalid_body;
use crate::limits::{BODY_PROGRESS_TIMEOUT, BODY_TIMEOUT, JSON_DEPTH_MAX, REQUEST_BODY_MAX_BYTES};
use crate::problem::{Answer, Refusal};

/// How much of a body that is too large is still read and thrown away, so that the client is done
/// writing and reads the answer.
const DISCARD_MAX_BYTES: usize = 8 * REQUEST_BODY_MAX_BYTES;

/// Longest wait for the rest of a body that is thrown away.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses what is not declared as plain JSON.
pub(super) fn check_headers(headers: &HeaderMap) -> Answer<()> {
    let refuse = |detail: String| Err(Refusal::new(ErrorCode::UnsupportedMediaType, detail));
    let declared = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or("?"));
    let Some(declared) = declared else {
        return refuse("the request has no Content-Type, expected application/json".to_owned());
    };
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let shown: String = essence.chars().take(100).collect();
        return refuse(format!(
            "Content-Type is {shown}, expected application/json"
        ));
    }
    match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?"))
    {
        None | Some("identity") => Ok(()),
        Some(encoding) => {
            let shown: String = encoding.chars().take(100).collect();
            refuse(format!(
                "Content-Encoding is {shown}; compressed bodies are not read"
            ))
        }
    }
}

/// Reads the whole body.
pub(super) async fn read(headers: &HeaderMap, mut body: Body) -> Answer<Bytes> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let declared: Option<usize> = declared.and_then(|length| length.parse().ok());
    if let Some(size) = declared.filter(|size| *size > REQUEST_BODY_MAX_BYTES) {
        discard(&mut body).await;
        return Err(too_large(&format!("has {size} bytes")));
    }
    let mut read = BytesMut::with_capacity(declared.unwrap_or(0));
    let deadline = Instant::now() + BODY_TIMEOUT;
    let slow = |_| Refusal::invalid_request("the body came too slowly and was given up");
    loop {
        let frame = timeout_at(deadline, timeout(BODY_PROGRESS_TIMEOUT, body.frame()))
            .await
            .map_err(slow)?
            .map_err(slow)?;
        let Some(frame) = frame else {
            return Ok(read.freeze());
        };
        let frame = frame.map_err(|_| Refusal::invalid_request("the body ended before its end"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if read.len() + data.len() > REQUEST_BODY_MAX_BYTES {
            discard(&mut body).await;
            return Err(too_large("is longer"));
        }
        read.extend_from_slice(&data);
    }
}

fn too_large(found: &str) -> Refusal {
    Refusal::new(
        ErrorCode::PayloadTooLarge,
        format!("the body {found}; the limit is {REQUEST_BODY_MAX_BYTES} bytes"),
    )
}

async fn discard(body: &mut Body) {
    let rest = async {
        let mut thrown_away = 0;
        while thrown_away < DISCARD_MAX_BYTES {
            let Some(Ok(frame)) = body.frame().await else {
                return;
            };
            thrown_away += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Whether it ended or was given up, the answer is the same.
    let _ = timeout(DISCARD_TIMEOUT, rest).await;
}

/// Parses the body; a refusal points at the place.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    if let Some(depth) = too_deep(bytes) {
        let message = format!("is nested {depth} deep; the limit is {JSON_DEPTH_MAX}");
        return Err(invalid_body(String::new(), message));
    }
    // Serde would take a list of the fields' values for the object.
    if bytes.trim_ascii_start().starts_with(b"[") {
        let message = "is a list, expected an object".to_owned();
        return Err(invalid_body(String::new(), message));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        invalid_body(pointer, error.into_inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| invalid_body(String::new(), error.to_string()))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", pointer_escape(key)),
            Segment::Enum { variant } => format!("/{}", pointer_escape(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The first depth beyond the limit. Brackets in texts do not count.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return Some(depth);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusals matter")]
    struct Order {
        lines: Vec<Line>,
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusals matter")]
    struct Line {
        quantity: i64,
    }

    fn refused(json: &str) -> (String, String) {
        let refusal = parse::<Order>(json.as_bytes()).unwrap_err();
        let problem = refusal.problem();
        assert_eq!(problem.code, ErrorCode::InvalidRequest);
        (
            problem.errors[0].pointer.clone(),
            problem.errors[0].message.clone(),
        )
    }

    #[test]
    fn a_refusal_points_at_the_place() {
        let (pointer, message) = refused(r#"{"lines":[{"quantity":1},{"quantity":"two"}]}"#);
        assert_eq!(pointer, "/lines/1/quantity");
        assert!(message.contains("invalid type: string"), "{message}");
        let (pointer, message) = refused(r#"{"lines":[],"role":"admin"}"#);
        assert_eq!(pointer, "/role");
        assert!(message.contains("unknown field `role`"), "{message}");
        assert!(refused("{}").1.contains("missing field `lines`"));
        assert!(
            refused(r#"{"lines":[],"lines":[]}"#)
                .1
                .contains("duplicate field")
        );
        assert!(
            refused(r#"{"lines":[]} x"#)
                .1
                .contains("trailing characters")
        );
        for json in ["", "nul", "[]", "{\"lines\":[],\"note\":\"\u{1}\"}"] {
            refused(json);
        }
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_texts_do_not_count() {
        assert!(
            refused(&"[".repeat(1_000_000))
                .1
                .contains("33 deep; the limit is 32")
        );
        let note = format!(
            r#"{{"lines":[],"note":"{}\"{}"}}"#,
            "[".repeat(50),
            "{".repeat(50)
        );
        assert!(parse::<Order>(note.as_bytes()).is_ok());
    }

    #[test]
    fn only_plain_json_is_read() {
        let verdict = |pairs: &[(axum::http::HeaderName, &'static str)]| {
            let pairs = pairs.iter();
            let headers: HeaderMap = pairs
                .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
                .collect();
            check_headers(&headers).is_ok()
        };
        for good in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(verdict(&[(header::CONTENT_TYPE, good)]), "{good}");
        }
        for bad in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            assert!(!verdict(&[(header::CONTENT_TYPE, bad)]), "{bad}");
        }
        assert!(!verdict(&[]));
        let json = (header::CONTENT_TYPE, "application/json");
        assert!(!verdict(&[json, (header::CONTENT_ENCODING, "gzip")]));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_with_and_without_a_declared_length() {
        let long = vec![b' '; REQUEST_BODY_MAX_BYTES + 1];
        let refusal = read(&HeaderMap::new(), Body::from(long.clone()))
            .await
            .unwrap_err();
        assert_eq!(refusal.problem().code, ErrorCode::PayloadTooLarge);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(long.len()));
        let refusal = read(&headers, Body::from(long)).await.unwrap_err();
        assert_eq!(
            refusal.problem().detail,
            "the body has 1048577 bytes; the limit is 1048576 bytes"
        );
        let whole = vec![b' '; REQUEST_BODY_MAX_BYTES];
        assert_eq!(
            read(&HeaderMap::new(), Body::from(whole))
                .await
                .unwrap()
                .len(),
            1 << 20
        );
    }
}
