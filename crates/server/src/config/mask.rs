//! Hides what must not be shown of an address.

/// Names of query parameters that hold a secret.
const SECRET_PARAMETERS: [&str; 4] = ["password", "token", "secret", "sslpassword"];

/// The text with passwords in it replaced: `postgres://user:***@host/database`. A text that is no
/// URL comes back as it is.
pub(crate) fn mask_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may hold anything, also `/`, `@` and `?`, so the last `@` of all decides.
    match rest.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials
                .split_once(':')
                .map_or(credentials, |(user, _)| user);
            let password = if credentials.contains(':') {
                ":***"
            } else {
                ""
            };
            format!("{scheme}://{user}{password}@{}", mask_query(host))
        }
        None => format!("{scheme}://{}", mask_query(rest)),
    }
}

fn mask_query(text: &str) -> String {
    let Some((before, query)) = text.split_once('?') else {
        return text.to_owned();
    };
    let masked: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", masked.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_hidden_and_the_rest_stays() {
        for (text, shown) in [
            (
                "postgres://ana:geheim@db/desk",
                "postgres://ana:***@db/desk",
            ),
            (
                "postgres://ana:g@h/e?i:m@db:5432/desk?x=1",
                "postgres://ana:***@db:5432/desk?x=1",
            ),
            ("postgres://ana@db/desk", "postgres://ana@db/desk"),
            (
                "postgres://db/desk?user=a&password=b&x=1",
                "postgres://db/desk?user=a&password=***&x=1",
            ),
            ("nats://:geheim@bus", "nats://:***@bus"),
            (
                "sqlite:frontdesk-data/frontdesk.db",
                "sqlite:frontdesk-data/frontdesk.db",
            ),
            ("https://desk.example.com", "https://desk.example.com"),
        ] {
            assert_eq!(mask_secrets(text), shown);
        }
    }
}
