//! A model that says what it is told to, at a steady pace: a server that speaks like OpenAI's
//! `/chat/completions`, in a thread of the bench. All answers of a round begin within a second, when
//! all were asked for, and grow by one token at a time, each at moments of its own.
//! Start at [`Model::start`]; what it says is [`answer`].

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::http;

/// Between two tokens of one answer.
pub(crate) const TOKEN_EVERY: Duration = Duration::from_millis(20);

/// The time within which they begin, one after the other: nobody has 200 customers who ask at once.
const BEGIN_WITHIN: Duration = Duration::from_secs(1);

/// How often it looks what is due.
const TICK: Duration = Duration::from_millis(1);

/// What an answer is said to cost, so that no customer has spent what they may.
const TOKENS_TOLD: usize = 500;

const LISTENER: Token = Token(usize::MAX - 1);

/// What the model says to a question: so many tokens, each of them several bytes and UTF-16 units.
pub(crate) fn answer(question: &str, tokens: usize) -> String {
    (0..tokens).map(|number| token(question, number)).collect()
}

fn token(question: &str, number: usize) -> String {
    match number {
        0 => format!("{question}: "),
        number => format!("{number}é👋 "),
    }
}

/// A model's server, which ends when this is dropped.
pub(crate) struct Model {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

struct Shared {
    /// Answers begin when so many were asked for.
    together: usize,
    tokens: usize,
    /// Answers that grow now.
    growing: AtomicUsize,
    over: AtomicBool,
}

impl Model {
    /// Answers `together` questions at a time, with so many tokens each.
    pub(crate) fn start(together: usize, tokens: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .context("the model cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            together,
            tokens,
            growing: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || Answers::serve(listener, &served));
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    /// How many answers grow now.
    pub(crate) fn growing(&self) -> usize {
        self.shared.growing.load(Ordering::Relaxed)
    }

    /// Ends it, and says what went wrong if something did.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.shared.over.store(true, Ordering::Relaxed);
        let thread = self
            .thread
            .take()
            .context("the model runs until it is stopped")?;
        thread.join().expect("the model does not panic")
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

/// The connections, by number.
struct Answers<'a> {
    poll: Poll,
    listener: TcpListener,
    links: Vec<Option<Link>>,
    shared: &'a Shared,
}

struct Link {
    stream: TcpStream,
    received: Vec<u8>,
    /// What is asked, once all of the request is there.
    question: Option<String>,
    /// When the answer began, and how many of its tokens are written.
    began: Option<Instant>,
    said: usize,
    waiting: Vec<u8>,
    ended: bool,
}

impl<'a> Answers<'a> {
    fn serve(mut listener: TcpListener, shared: &'a Shared) -> anyhow::Result<()> {
        // Of this thread alone, as Linux has it: the model gives way to whoever measures.
        rustix::process::setpriority_process(None, 19)?;
        let poll = Poll::new().context("the model cannot make an epoll")?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        let mut answers = Self {
            poll,
            listener,
            links: Vec::new(),
            shared,
        };
        let mut events = Events::with_capacity(1024);
        let mut next = Instant::now();
        while !shared.over.load(Ordering::Relaxed) {
            let wait = next.saturating_duration_since(Instant::now());
            match answers.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled.context("epoll fails for the model")?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => answers.accept()?,
                    Token(number) => answers.ready(number)?,
                }
            }
            if Instant::now() >= next {
                next = Instant::now() + TICK;
                answers.grow();
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("the model cannot accept"),
            };
            stream.set_nodelay(true)?;
            let free = self.links.iter().position(Option::is_none);
            let number = free.unwrap_or(self.links.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            registry.register(&mut stream, Token(number), both)?;
            let link = Link {
                stream,
                received: Vec::new(),
                question: None,
                began: None,
                said: 0,
                waiting: Vec::new(),
                ended: false,
            };
            match free {
                Some(number) => self.links[number] = Some(link),
                None => self.links.push(Some(link)),
            }
        }
    }

    fn ready(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(Some(link)) = self.links.get_mut(number) else {
            return Ok(());
        };
        let alive = link.read()? && link.flush();
        if !alive {
            self.links[number] = None;
        }
        Ok(())
    }

    /// Begins what waits once all of it is there, and adds what is due.
    fn grow(&mut self) {
        let waits = |link: &&mut Link| link.question.is_some() && link.began.is_none();
        let waiting = self.links.iter_mut().flatten().filter(waits).count();
        if waiting >= self.shared.together {
            let now = Instant::now();
            let apart = BEGIN_WITHIN / u32::try_from(waiting).unwrap_or(1);
            for (number, link) in (0_u32..).zip(self.links.iter_mut().flatten().filter(waits)) {
                link.began = Some(now + apart * number);
            }
        }
        let mut growing = 0;
        for place in &mut self.links {
            let Some(link) = place else { continue };
            link.say_what_is_due(self.shared.tokens);
            let over = !link.flush() || (link.ended && link.waiting.is_empty());
            growing += usize::from(link.said > 0 && !link.ended);
            if over {
                *place = None;
            }
        }
        self.shared.growing.store(growing, Ordering::Relaxed);
    }
}

impl Link {
    /// Takes what has come; false when the other side is gone.
    fn read(&mut self) -> anyhow::Result<bool> {
        let mut part = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return Ok(false),
                Ok(count) => self.received.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(false),
            }
        }
        if self.question.is_none()
            && let Some((head, whole)) = http::complete(&self.received)
            && whole > head
        {
            let asked = serde_json::from_slice(&self.received[head..whole]);
            let asked: Value = asked.context("the bot asks the model in JSON")?;
            self.question = Some(question(&asked)?);
            self.waiting.extend_from_slice(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
            );
        }
        Ok(true)
    }

    fn say_what_is_due(&mut self, tokens: usize) {
        let (Some(question), Some(began)) = (&self.question, self.began) else {
            return;
        };
        while self.said < tokens {
            let number = u32::try_from(self.said).unwrap_or(u32::MAX);
            if began + TOKEN_EVERY * number > Instant::now() {
                return;
            }
            let text = token(question, self.said);
            let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
            self.waiting
                .extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
            self.said += 1;
        }
        if !self.ended {
            self.ended = true;
            let cost = json!({"choices": [], "usage": {"total_tokens": TOKENS_TOLD}});
            self.waiting
                .extend_from_slice(format!("data: {cost}\n\ndata: [DONE]\n\n").as_bytes());
        }
    }

    /// Writes what can be written now; false when the other side is gone.
    fn flush(&mut self) -> bool {
        while !self.waiting.is_empty() {
            match self.stream.write(&self.waiting) {
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// The newest words of the customer.
fn question(asked: &Value) -> anyhow::Result<String> {
    let messages = asked["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let newest = messages.iter().rev().find(|one| one["role"] == "user");
    let words = newest.and_then(|one| one["content"].as_str());
    Ok(words
        .context("the bot asks what a customer said")?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn ask(address: SocketAddr, question: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        let body = json!({"messages": [{"role": "system", "content": "x"},
            {"role": "user", "content": question}]});
        let path = "/v1/chat/completions";
        let request = http::request(address, "POST", path, "", Some(&body.to_string()));
        stream.write_all(&request).unwrap();
        stream
    }

    #[test]
    fn answers_begin_together_and_say_what_they_are_expected_to() {
        let model = Model::start(2, 5).unwrap();
        let mut first = ask(model.address, "one");
        std::thread::sleep(TOKEN_EVERY * 5);
        assert_eq!(model.growing(), 0, "the first waits for the second");
        let mut second = ask(model.address, "two");
        for (stream, question) in [(&mut first, "one"), (&mut second, "two")] {
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
            let events = text.lines().filter_map(|line| line.strip_prefix("data: {"));
            let chunks = events.map(|rest| serde_json::from_str(&format!("{{{rest}")).unwrap());
            let said: String = chunks
                .filter_map(|chunk: Value| {
                    let text = chunk["choices"][0]["delta"]["content"].as_str();
                    text.map(str::to_owned)
                })
                .collect();
            assert_eq!(said, answer(question, 5));
        }
        model.stop().unwrap();
    }
}
