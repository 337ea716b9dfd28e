//! What is written from the registry of causes: a page for each in docs/failures, their index, and
//! the table for TypeScript.

use std::collections::HashMap;

use causes::{Cause, Group, Standing, cause_of, cause_of_problem};
use protocol::{CloseCode, ErrorCode};
use serde_json::Value;

/// Where the pages are.
pub(super) const FOLDER: &str = "docs/failures";

/// Every page with its path.
pub(super) fn pages(generated: &str) -> Vec<(String, String)> {
    let codes = codes_by_cause();
    let mut pages = vec![(format!("{FOLDER}/README.md"), index(generated))];
    pages.extend(causes::all().map(|cause| {
        let codes = codes.get(cause.id).map_or(&[][..], Vec::as_slice);
        (cause.page(), page(generated, cause, codes))
    }));
    pages
}

fn page(generated: &str, cause: &Cause, codes: &[String]) -> String {
    let Cause {
        id,
        group,
        title,
        sentence,
        in_page,
        in_shell,
        probe,
        fix,
        severity,
        looks_like,
        standing,
    } = cause;
    let mut page = format!(
        "{generated}# {title}\n\n`{id}`, {severity}. Group: \
         [{group}](README.md#{anchor}).\n\n{sentence}\n\n\
         **What a page sees:** {in_page}\n\n\
         **What a command line sees:** {in_shell}\n\n\
         **How to tell:** {probe}\n\n\
         **What to do:** {fix}\n",
        group = group.title(),
        anchor = anchor(group.title()),
    );
    if !looks_like.is_empty() {
        let links: Vec<String> = looks_like.iter().map(|id| link(id)).collect();
        page.push_str(&format!("\n**Looks the same:** {}.\n", links.join(", ")));
    }
    if !codes.is_empty() {
        page.push_str(&format!("\n**Leads here:** {}.\n", codes.join(", ")));
    }
    page.push_str(&format!("\n**Standing:** {}.\n", told(*standing)));
    page
}

fn index(generated: &str) -> String {
    let all = causes::all().count();
    let provoked = causes::all()
        .filter(|cause| cause.standing == Standing::Provoked)
        .count();
    let mut page = format!(
        "{generated}# Why connections fail\n\n\
         The {all} causes that the doctor, the client and the server name, in the order in which a \
         connection can fail. {provoked} of them are provoked for real by the doctor's laboratory; \
         the others are explained.\n\n\
         `frontdesk doctor <url>` finds the cause from outside, `frontdesk explain < console.log` \
         from what was pasted, `frontdesk explain <name>` shows one of these pages in short. \
         [Close codes](../close-codes.md) and [problems](../problems.md) lead here too.\n"
    );
    for group in Group::ALL {
        page.push_str(&format!(
            "\n## {}\n\n| cause | what it is | |\n| --- | --- | --- |\n",
            group.title()
        ));
        for cause in causes::all().filter(|cause| cause.group == *group) {
            let standing = match cause.standing {
                Standing::Provoked => "provoked",
                Standing::Explained { .. } => "explained",
            };
            page.push_str(&format!(
                "| {} | {} | {}, {standing} |\n",
                link(cause.id),
                cause.title,
                cause.severity
            ));
        }
    }
    page
}

fn told(standing: Standing) -> String {
    match standing {
        Standing::Provoked => {
            "provoked by the doctor's laboratory, in which it is named".to_owned()
        }
        Standing::Explained { why } => format!("explained, not yet provoked: {why}"),
    }
}

fn link(id: &str) -> String {
    format!("[`{id}`]({id}.md)")
}

/// How a heading is addressed.
fn anchor(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Links to close codes and problems, by the cause that they lead to.
fn codes_by_cause() -> HashMap<&'static str, Vec<String>> {
    let mut codes: HashMap<_, Vec<String>> = HashMap::new();
    for code in CloseCode::ALL {
        let (number, slug) = (code.code(), code.slug());
        let link = format!("[{number} `{slug}`](../close-codes.md#{number}-{slug})");
        codes.entry(cause_of(*code).id).or_default().push(link);
    }
    for code in ErrorCode::ALL {
        let Some(cause) = cause_of_problem(*code) else {
            continue;
        };
        let slug = code.slug();
        let link = format!("[problem `{slug}`](../problems.md#{slug})");
        codes.entry(cause.id).or_default().push(link);
    }
    codes
}

/// `web/client/src/causes.ts`.
pub(super) fn typescript() -> String {
    let mut file = String::from(
        "// Written by `cargo xtask gen` from the registry of causes. Do not edit.\n\n\
         /** The stable name of a cause. */\nexport type CauseId =",
    );
    for cause in causes::all() {
        file.push_str(&format!("\n  | \"{}\"", cause.id));
    }
    file.push_str(
        ";\n\n/** What is known of a cause, for a person. */\n\
         export interface CauseText {\n  \
         /** A few words. */\n  title: string;\n  \
         /** What happened. */\n  sentence: string;\n  \
         /** The next step. */\n  fix: string;\n  \
         severity: \"error\" | \"warning\" | \"info\";\n  \
         /** Its page, below the root of the project. */\n  page: string;\n}\n\n\
         /** Every cause that the doctor, the server and the client name. */\n\
         export const causes: Record<CauseId, CauseText> = {\n",
    );
    for cause in causes::all() {
        let text = |text: &str| Value::from(text).to_string();
        file.push_str(&format!(
            "  \"{}\": {{\n    title: {},\n    sentence: {},\n    fix: {},\n    severity: \"{}\",\n    \
             page: \"{}\",\n  }},\n",
            cause.id,
            text(cause.title),
            text(cause.sentence),
            text(cause.fix),
            cause.severity,
            cause.page()
        ));
    }
    file.push_str("};\n");
    file
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_and_every_cause_has_its_page_and_every_link_has_its_target() {
        let pages = pages("");
        let paths: HashSet<&str> = pages.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.len(), causes::all().count() + 1);
        for code in CloseCode::ALL {
            assert!(paths.contains(cause_of(*code).page().as_str()), "{code}");
        }
        for cause in ErrorCode::ALL
            .iter()
            .filter_map(|code| cause_of_problem(*code))
        {
            assert!(paths.contains(cause.page().as_str()), "{}", cause.id);
        }
        for (path, text) in &pages {
            let own = text
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            for target in own.filter(|target| !target.starts_with("..")) {
                let file = target.split('#').next().unwrap();
                assert!(
                    paths.contains(format!("{FOLDER}/{file}").as_str()),
                    "{path}: {target}"
                );
            }
        }
    }

    #[test]
    fn a_page_names_the_codes_that_lead_there() {
        let pages = pages("");
        let text = |id: &str| {
            let path = format!("{FOLDER}/{id}.md");
            let (_, text) = pages.iter().find(|(found, _)| *found == path).unwrap();
            text.clone()
        };
        assert!(text("srv.slow_consumer").contains("(../close-codes.md#4002-too_slow)"));
        assert!(text("origin.denied").contains("(../problems.md#origin_denied)"));
    }
}
