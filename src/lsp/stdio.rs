//! Messages over standard input and output. What an editor announces to be longer than any text is
//! refused before it is read.

use std::io::{self, BufRead, Read, stdin, stdout};
use std::thread::{JoinHandle, spawn};

use lsp_server::{Connection, Message};

/// A longer message is none of an editor.
const BYTES_MAX: u64 = 1 << 30;

/// What passes messages on.
pub struct Threads {
    reader: JoinHandle<io::Result<()>>,
    writer: JoinHandle<io::Result<()>>,
}

/// A connection to the editor, and the threads that keep it.
#[must_use]
pub fn connect() -> (Connection, Threads) {
    let (server, editor) = Connection::memory();
    let Connection { sender, receiver } = editor;
    let reader = spawn(move || {
        let mut input = stdin().lock();
        while let Some(message) = read(&mut input)? {
            if sender.send(message).is_err() {
                break;
            }
        }
        Ok(())
    });
    let writer = spawn(move || {
        let mut out = stdout();
        receiver.into_iter().try_for_each(|message| message.write(&mut out))
    });
    (server, Threads { reader, writer })
}

impl Threads {
    /// Waits until all is written, after the connection was dropped; what went wrong first.
    pub fn end(self) -> io::Result<()> {
        let panicked = || io::Error::other("a thread has panicked");
        let written = self.writer.join().map_err(|_| panicked())?;
        // It waits for what will not come, unless it has ended by itself.
        if self.reader.is_finished() {
            self.reader.join().map_err(|_| panicked())??;
        }
        written
    }
}

/// The next message; nothing at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let wrong = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut length: Option<u64> = None;
    loop {
        let mut line = String::new();
        if input.by_ref().take(1 << 16).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(wrong(format!("`{line}` is no header of a message")));
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    let Some(length) = length else {
        return Err(wrong("a message has no Content-Length".to_owned()));
    };
    if length > BYTES_MAX {
        return Err(wrong(format!("a message of {length} bytes is announced: too long")));
    }
    let mut bytes = Vec::new();
    input.by_ref().take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Ok(None);
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_judged() {
        let body = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let whole = format!("Content-Type: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let read = |text: &str| read(&mut text.as_bytes());
        assert!(matches!(read(&whole), Ok(Some(Message::Notification(_)))));
        assert!(matches!(read(""), Ok(None)));
        assert!(matches!(read(&whole[..whole.len() - 1]), Ok(None)));
        for text in [
            "Content-Length: 99999999999999999\r\n\r\n{}",
            "Content-Length: 99999999999999999999999\r\n\r\n{}",
            "Content-Type: x\r\n\r\n{}",
            "nothing\r\n\r\n{}",
            "Content-Length: 2\r\n\r\n{]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
