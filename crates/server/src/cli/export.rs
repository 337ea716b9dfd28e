//! `frontdesk user export`: everything the store holds about one person and the person may see, as
//! one JSON document. It is written piece by piece, one object a line, so its size does not matter.
//! docs/operating/backup.md says what the keys mean.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use desk::{Actor, Scope};
use protocol::{Chat, Page, User};
use serde::Serialize;
use serde_json::{Value, json};
use store::{BookingFilter, ChatFilter, OrderFilter, PageRequest, ReadError, Store, StoredSession};

use super::failure::Failure;
use super::local::now;
use super::{output, user};

/// Objects read at once.
const PAGE_LIMIT: u32 = 200;

/// `frontdesk user export`
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Address that the account signs in with.
    #[arg(long)]
    email: String,
    /// File to make, readable by its owner only; stdout without it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(store: &Store, args: &ExportArgs) -> Result<(), Failure> {
    let user = user::find(store, &args.email).await?;
    let Some(path) = &args.output else {
        let mut document = Document::new(output::stdout());
        return match export(store, &user, &mut document).await {
            // Whoever read has seen enough.
            Err(Stopped::Written(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Ok(())
            }
            other => Ok(other?),
        };
    };
    let mut document = Document::new(BufWriter::new(make(path)?));
    if let Err(stopped) = export(store, &user, &mut document).await {
        // Half of it is of no use and would pass for the whole.
        let _ = std::fs::remove_file(path);
        return Err(stopped.into());
    }
    output::talk(&format!("made {}", path.display()));
    Ok(())
}

fn make(path: &Path) -> Result<File, Failure> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::refused(
            format!("{} exists already", path.display()),
            "take another name for --output",
        ),
        _ => Failure::could_not_run(format!("cannot make {}: {error}", path.display())),
    })
}

/// Why an export is not whole.
enum Stopped {
    Read(ReadError),
    Written(std::io::Error),
}

impl From<ReadError> for Stopped {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Written(error)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Read(error) => error.into(),
            Stopped::Written(error) => Self::could_not_run(format!("cannot write: {error}")),
        }
    }
}

async fn export(
    store: &Store,
    user: &User,
    document: &mut Document<impl Write>,
) -> Result<(), Stopped> {
    let own = Scope::Own(user.id);
    document.value("format", &"frontdesk user export")?;
    document.value("version", &1)?;
    document.value("exported_at", &now())?;
    document.value("account", user)?;

    document.begin_list("sessions")?;
    for session in store.stored_sessions(user.id).await? {
        document.item(&session_json(&session))?;
    }
    document.end_list()?;

    document
        .list("orders", async |page| {
            let filter = OrderFilter {
                scope: own,
                status: None,
                customer: None,
            };
            store.orders(filter, page).await
        })
        .await?;
    document
        .list("bookings", async |page| {
            let filter = BookingFilter {
                scope: own,
                status: None,
                customer: None,
                resource: None,
                from: None,
                to: None,
            };
            store.bookings(filter, page).await
        })
        .await?;
    document
        .list("notifications", async |page| {
            store.notifications(user.id, None, page).await
        })
        .await?;
    export_chats(store, user, document).await?;
    document.end()?;
    Ok(())
}

/// The chats, then every message of each, then what the person wrote at the desk.
async fn export_chats(
    store: &Store,
    user: &User,
    document: &mut Document<impl Write>,
) -> Result<(), Stopped> {
    // Of their own chats a person sees what the customer sees, whatever their role: no notes.
    let customer = Actor {
        id: user.id,
        role: protocol::Role::Customer,
    };
    let filter = ChatFilter {
        scope: Scope::Own(user.id),
        status: None,
        handler: None,
    };
    let mut chats = Vec::new();
    document
        .list("chats", async |page| {
            let page = store.chats(&customer, filter, page).await?;
            chats.extend(page.items.iter().map(|chat: &Chat| chat.id));
            Ok(page)
        })
        .await?;
    document.begin_list("messages")?;
    for chat in chats {
        let mut cursor = None;
        loop {
            let page = store.messages(chat, false, request(cursor)).await?;
            for message in &page.items {
                document.item(message)?;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
    }
    document.end_list()?;

    document.begin_list("bot_offers")?;
    for offer in store.bot_offers(user.id).await? {
        document.item(&serde_json::from_str::<Value>(&offer).unwrap_or(Value::String(offer)))?;
    }
    document.end_list()?;

    let actor = Actor {
        id: user.id,
        role: user.role,
    };
    document.begin_list("messages_at_the_desk")?;
    let mut after = None;
    loop {
        let (written, last) = store.messages_written(&actor, after).await?;
        for message in &written {
            document.item(message)?;
        }
        after = last;
        if after.is_none() {
            break;
        }
    }
    document.end_list()?;
    Ok(())
}

fn session_json(session: &StoredSession) -> Value {
    let StoredSession {
        id,
        user_agent,
        created_at,
        last_seen_at,
        ended_at,
    } = session;
    json!({"id": id, "user_agent": user_agent, "created_at": created_at,
        "last_seen_at": last_seen_at, "ended_at": ended_at})
}

fn request(cursor: Option<String>) -> PageRequest {
    PageRequest {
        limit: PAGE_LIMIT,
        cursor,
    }
}

/// One JSON object, written from top to bottom.
struct Document<W> {
    out: W,
    /// Whether a comma is needed before the next key, and before the next item.
    keys: bool,
    items: bool,
}

impl<W: Write> Document<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            keys: false,
            items: false,
        }
    }

    fn key(&mut self, key: &str) -> std::io::Result<()> {
        let before = if self.keys { "," } else { "{" };
        self.keys = true;
        write!(self.out, "{before}\n{}: ", json!(key))
    }

    fn value(&mut self, key: &str, value: &impl Serialize) -> std::io::Result<()> {
        self.key(key)?;
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }

    fn begin_list(&mut self, key: &str) -> std::io::Result<()> {
        self.key(key)?;
        self.items = false;
        write!(self.out, "[")
    }

    fn item(&mut self, item: &impl Serialize) -> std::io::Result<()> {
        let before = if self.items { ",\n" } else { "\n" };
        self.items = true;
        write!(self.out, "{before}")?;
        Ok(serde_json::to_writer(&mut self.out, item)?)
    }

    fn end_list(&mut self) -> std::io::Result<()> {
        write!(self.out, "]")
    }

    /// Everything that a list gives, page by page.
    async fn list<T: Serialize>(
        &mut self,
        key: &str,
        mut read: impl AsyncFnMut(PageRequest) -> Result<Page<T>, ReadError>,
    ) -> Result<(), Stopped> {
        self.begin_list(key)?;
        let mut cursor = None;
        loop {
            let page = read(request(cursor)).await?;
            for item in &page.items {
                self.item(item)?;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(self.end_list()?)
    }

    fn end(&mut self) -> std::io::Result<()> {
        writeln!(self.out, "\n}}")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_json_with_its_keys_in_order() {
        let mut bytes = Vec::new();
        let mut document = Document::new(&mut bytes);
        document.value("format", &"f\"").unwrap();
        document.begin_list("none").unwrap();
        document.end_list().unwrap();
        document.begin_list("two").unwrap();
        document.item(&json!({"a": 1})).unwrap();
        document.item(&json!({"a": 2})).unwrap();
        document.end_list().unwrap();
        document.end().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"format": "f\"", "none": [], "two": [{"a": 1}, {"a": 2}]})
        );
        assert!(text.starts_with("{\n\"format\""), "{text}");
    }
}
