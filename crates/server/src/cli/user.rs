//! `frontdesk user`: accounts, straight in the store. Whoever may write the database's files needs
//! no session; the rules that protect the last admin hold here too.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use protocol::{Problem, Role, User, UserId};
use store::{ChangeUserLocally, CreateUser, PageRequest, SetPassword, Store};

use super::erase::EraseArgs;
use super::export::ExportArgs;
use super::failure::{Done, Failure};
use super::local::{Absent, block_on, now, open_store};
use super::{Given, erase, export, output, password};

/// Accounts read at once.
const PAGE_LIMIT: u32 = 200;

/// `frontdesk user …`
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; asks for its password.
    #[command(after_help = "Examples:
  frontdesk user add --email ana@example.com --name Ana --role admin
  pass show frontdesk/ana | frontdesk user add --email ana@example.com --name Ana --role admin \\
    --password-stdin")]
    Add(AddArgs),
    /// List every account.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give an account another role; its sockets are closed, its sign-ins stay.
    Role {
        #[command(flatten)]
        who: Who,
        /// customer, staff or admin.
        #[arg(long)]
        role: Role,
    },
    /// Disable an account: its sign-ins end and its sockets are closed within seconds.
    Disable(Who),
    /// Enable an account again.
    Enable(Who),
    /// Set a new password; all sign-ins of the account end.
    Password {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        from: PasswordFrom,
    },
    /// Write everything that is stored about an account and that it may see, as JSON.
    #[command(after_help = "Example:
  frontdesk user export --email ana@example.com --output ana.json")]
    Export(ExportArgs),
    /// Erase an account for good: its name, its address and everything it wrote.
    #[command(after_help = "Example:
  frontdesk user erase --email ana@example.com --yes

Orders and bookings stay for the books, without name and note. Works beside a running server.")]
    Erase(EraseArgs),
}

/// `frontdesk user add`
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    who: Who,
    /// What others see.
    #[arg(long)]
    name: String,
    /// customer, staff or admin.
    #[arg(long)]
    role: Role,
    #[command(flatten)]
    from: PasswordFrom,
}

/// Whose account it is about.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// Address that the account signs in with.
    #[arg(long)]
    email: String,
}

/// Where a password comes from. Never from an argument, which every account of the machine sees.
#[derive(Debug, Args)]
pub(super) struct PasswordFrom {
    /// Read the password from the first line of stdin instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(given: &Given, command: UserCommand) -> Done {
    let config = given.load()?;
    let absent = if matches!(command, UserCommand::Add(_)) {
        Absent::Create
    } else {
        Absent::Refuse
    };
    // Before the store is opened, so that nothing waits for a person who types.
    let prepared = Prepared::of(command)?;
    block_on(async {
        let store = open_store(&config, absent).await?;
        let done = prepared.run(&store).await;
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A command with all that had to be asked for.
enum Prepared {
    Add(CreateUser),
    List {
        json: bool,
    },
    Change {
        email: String,
        role: Option<Role>,
        disabled: Option<bool>,
    },
    Password {
        email: String,
        password_hash: String,
    },
    Export(ExportArgs),
    Erase(EraseArgs),
}

impl Prepared {
    fn of(command: UserCommand) -> Result<Self, Failure> {
        Ok(match command {
            UserCommand::Add(args) => Self::Add(new_account(&args)?),
            UserCommand::List { json } => Self::List { json },
            UserCommand::Role { who, role } => Self::Change {
                email: who.email,
                role: Some(role),
                disabled: None,
            },
            UserCommand::Disable(who) => Self::Change {
                email: who.email,
                role: None,
                disabled: Some(true),
            },
            UserCommand::Enable(who) => Self::Change {
                email: who.email,
                role: None,
                disabled: Some(false),
            },
            UserCommand::Password { who, from } => Self::Password {
                email: who.email,
                password_hash: password::ask_new(from.password_stdin)?,
            },
            UserCommand::Export(args) => Self::Export(args),
            UserCommand::Erase(args) => {
                args.confirm()?;
                Self::Erase(args)
            }
        })
    }

    async fn run(self, store: &Store) -> Result<(), Failure> {
        match self {
            Self::Add(create) => {
                let user = store.write(create).await?;
                output::talk(&format!("made the account {} ({})", user.email, user.role));
            }
            Self::List { json } => list(store, json).await?,
            Self::Change {
                email,
                role,
                disabled,
            } => {
                let id = find(store, &email).await?.id;
                let change = ChangeUserLocally {
                    id,
                    name: None,
                    role,
                    disabled,
                    now: now(),
                };
                let user = store.write(change).await?;
                let state = if user.disabled { "disabled" } else { "enabled" };
                output::talk(&format!(
                    "{} is {state} with the role {}",
                    user.email, user.role
                ));
            }
            Self::Password {
                email,
                password_hash,
            } => {
                let user = find(store, &email).await?;
                let set = SetPassword {
                    id: user.id,
                    password_hash,
                    keep: None,
                    now: now(),
                };
                store.write(set).await?;
                let email = user.email;
                output::talk(&format!(
                    "{email} has a new password; its sign-ins have ended"
                ));
            }
            Self::Export(args) => export::run(store, &args).await?,
            Self::Erase(args) => erase::run(store, &args).await?,
        }
        Ok(())
    }
}

fn new_account(args: &AddArgs) -> Result<CreateUser, Failure> {
    let email = desk::account::normal_email(&args.who.email);
    let mut errors = Vec::new();
    desk::account::check_email("/email", &email, &mut errors);
    desk::account::check_name("/name", &args.name, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors).into());
    }
    Ok(CreateUser {
        id: UserId::new(),
        email,
        name: args.name.clone(),
        role: args.role,
        password_hash: password::ask_new(args.from.password_stdin)?,
        now: now(),
    })
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let mut users: Vec<User> = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .users(PageRequest {
                limit: PAGE_LIMIT,
                cursor,
            })
            .await?;
        users.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if json {
        let items = serde_json::to_value(&users).map_err(Failure::could_not_run)?;
        output::json(&items);
        return Ok(());
    }
    let mut rows = vec![
        ["EMAIL", "NAME", "ROLE", "STATE", "MADE"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(users.into_iter().map(|user| {
        let state = if user.disabled { "disabled" } else { "enabled" };
        vec![
            user.email,
            user.name,
            user.role.to_string(),
            state.to_owned(),
            user.created_at.to_string(),
        ]
    }));
    output::table(&rows);
    Ok(())
}

/// The account with this address.
pub(super) async fn find(store: &Store, email: &str) -> Result<User, Failure> {
    let email = desk::account::normal_email(email);
    match store.credentials(&email).await? {
        Some(credentials) => Ok(credentials.user),
        None => Err(Failure::refused(
            format!("there is no account with the address {email}"),
            "`frontdesk user list` shows every account",
        )),
    }
}
