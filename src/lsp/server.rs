//! The server: messages in, answers out. Texts are judged when nothing else waits to be read, so
//! that fast typing is not held up; a panic answers the request that met it and ends nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Exit, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest,
    PrepareRenameRequest, References, RegisterCapability, Rename, Request as Asked, Shutdown,
};
use lsp_types::{
    CodeActionOptions, CodeActionOrCommand, CodeActionProviderCapability, CompletionOptions,
    CompletionResponse, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentSymbolResponse, GotoDefinitionResponse, Hover, HoverContents, HoverProviderCapability,
    MarkupContent, MarkupKind, OneOf, Position, PrepareRenameResponse, PublishDiagnosticsParams,
    RenameOptions, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, Uri, WorkDoneProgressOptions,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::lsp::actions::actions;
use crate::lsp::complete::complete;
use crate::lsp::edits::{definition, references, rename, renamed};
use crate::lsp::hover::hover;
use crate::lsp::places::{offset, range};
use crate::lsp::published::{self, ByText};
use crate::lsp::stdio::connect;
use crate::lsp::symbols::{layout, symbols};
use crate::lsp::workspace::{Settings, Unit, Workspace, key_of};
use crate::text::span::Span;

/// Serves an editor over standard input and output until it says that it is done.
///
/// # Errors
/// If the editor does not keep to the protocol, or is gone.
pub fn serve(settings: Settings) -> Result<(), String> {
    let (connection, threads) = connect();
    let started = start(connection, settings);
    // The connection is gone now.
    let passed_on = threads.end().map_err(|error| error.to_string());
    // What cannot be read is why the editor seems to be gone.
    passed_on.and(started)
}

fn start(connection: Connection, settings: Settings) -> Result<(), String> {
    let (id, asked) = connection.initialize_start().map_err(|error| error.to_string())?;
    let answer = json!({
        "capabilities": capabilities(),
        "serverInfo": { "name": "hence", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(|error| error.to_string())?;
    let workspace = Workspace::new(settings);
    let mut server = Server { connection, workspace, published: ByText::new(), is_down: false };
    if asked["capabilities"]["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"] == true {
        server.send(Message::Request(watched()))?;
    }
    server.run()
}

/// Asks to be told of files that change on disk.
fn watched() -> Request {
    let patterns = ["**/*.dl", "**/*.jsonl", "**/*.txt"].map(|glob| json!({ "globPattern": glob }));
    let registration = json!({
        "id": "files",
        "method": DidChangeWatchedFiles::METHOD,
        "registerOptions": { "watchers": patterns },
    });
    let params = json!({ "registrations": [registration] });
    Request::new("files".to_owned().into(), RegisterCapability::METHOD.to_owned(), params)
}

/// What the server can do.
fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", "(", ",", "\"", "@"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        document_formatting_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![lsp_types::CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

struct Server {
    connection: Connection,
    workspace: Workspace,
    published: ByText,
    /// The editor has said that it will end.
    is_down: bool,
}

impl Server {
    fn run(&mut self) -> Result<(), String> {
        while let Ok(message) = self.connection.receiver.recv() {
            let mut next = Some(message);
            while let Some(message) = next {
                if self.handle(message)? {
                    return Ok(());
                }
                next = self.connection.receiver.try_recv().ok();
            }
            if !self.is_down {
                self.publish()?;
            }
        }
        if self.is_down { Ok(()) } else { Err("the editor is gone".to_owned()) }
    }

    /// Reads a message; says whether it was the last.
    fn handle(&mut self, message: Message) -> Result<bool, String> {
        match message {
            Message::Request(request) => {
                let id = request.id.clone();
                if self.is_down {
                    let text = "nothing is served after `shutdown`".to_owned();
                    let refused = Response::new_err(id, ErrorCode::InvalidRequest as i32, text);
                    self.send(Message::Response(refused))?;
                    return Ok(false);
                }
                if request.method == Shutdown::METHOD {
                    self.is_down = true;
                    self.send(Message::Response(Response::new_ok(id, Value::Null)))?;
                    return Ok(false);
                }
                self.publish()?;
                let answered = catch_unwind(AssertUnwindSafe(|| answer(&self.workspace, request)));
                let response = answered.unwrap_or_else(|_| {
                    let code = ErrorCode::InternalError as i32;
                    Response::new_err(id, code, "bug in hence: please report the text".to_owned())
                });
                self.send(Message::Response(response))?;
            }
            Message::Notification(note) if note.method == Exit::METHOD => {
                return if self.is_down { Ok(true) } else { Err("`exit` came alone".to_owned()) };
            }
            Message::Notification(_) if self.is_down => {}
            Message::Notification(note) => self.notice(note),
            Message::Response(_) => {}
        }
        Ok(false)
    }

    fn notice(&mut self, note: Notification) {
        match note.method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Some(DidOpenTextDocumentParams { text_document: it }) = read(note) {
                    self.workspace.set(it.uri, it.version, it.text);
                }
            }
            DidChangeTextDocument::METHOD => {
                let Some(params) = read::<DidChangeTextDocumentParams>(note) else { return };
                let it = params.text_document;
                // The whole text comes with every change; the last one counts.
                if let Some(change) = params.content_changes.into_iter().next_back() {
                    self.workspace.set(it.uri, it.version, change.text);
                }
            }
            DidSaveTextDocument::METHOD => {
                if let Some(DidSaveTextDocumentParams { text_document, .. }) = read(note) {
                    self.workspace.saved(&text_document.uri);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Some(DidCloseTextDocumentParams { text_document }) = read(note) {
                    self.workspace.close(&text_document.uri);
                }
            }
            DidChangeWatchedFiles::METHOD => {
                if let Some(DidChangeWatchedFilesParams { changes }) = read(note) {
                    for change in changes {
                        self.workspace.touch(&key_of(&change.uri));
                    }
                }
            }
            _ => {}
        }
    }

    /// Judges what has changed, and tells what is new of it.
    fn publish(&mut self) -> Result<(), String> {
        let judged = catch_unwind(AssertUnwindSafe(|| self.workspace.refresh()));
        if matches!(judged, Ok(false)) && self.workspace.buffers().count() == self.published.len() {
            return Ok(());
        }
        let new = published::all(&self.workspace);
        let gone: Vec<Uri> =
            self.published.keys().filter(|uri| !new.contains_key(*uri)).cloned().collect();
        for uri in gone {
            self.tell(&uri, Vec::new())?;
        }
        for (uri, list) in &new {
            if self.published.get(uri) != Some(list) {
                self.tell(uri, list.clone())?;
            }
        }
        self.published = new;
        Ok(())
    }

    fn tell(&self, uri: &Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Result<(), String> {
        let version = self.workspace.buffer(&key_of(uri)).map(|buffer| buffer.version);
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version };
        let note = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
        self.send(Message::Notification(note))
    }

    fn send(&self, message: Message) -> Result<(), String> {
        self.connection.sender.send(message).map_err(|error| error.to_string())
    }
}

fn read<T: DeserializeOwned>(note: Notification) -> Option<T> {
    serde_json::from_value(note.params).ok()
}

fn answer(workspace: &Workspace, request: Request) -> Response {
    match request.method.as_str() {
        HoverRequest::METHOD => respond::<HoverRequest>(request, |params| {
            let at = params.text_document_position_params;
            let Some((unit, place)) = place(workspace, &at.text_document.uri, at.position) else {
                return Ok(None);
            };
            Ok(hover(unit, place).map(|(value, span)| Hover {
                contents: HoverContents::Markup(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                }),
                range: Some(range(&unit.texts.files, span)),
            }))
        }),
        GotoDefinition::METHOD => respond::<GotoDefinition>(request, |params| {
            let at = params.text_document_position_params;
            let here = place(workspace, &at.text_document.uri, at.position);
            let found = here.map(|(unit, place)| definition(workspace, unit, place));
            Ok(found.map(GotoDefinitionResponse::Array))
        }),
        References::METHOD => respond::<References>(request, |params| {
            let at = params.text_document_position;
            let declaration = params.context.include_declaration;
            let here = place(workspace, &at.text_document.uri, at.position);
            Ok(here.map(|(unit, place)| references(workspace, unit, place, declaration)))
        }),
        PrepareRenameRequest::METHOD => respond::<PrepareRenameRequest>(request, |at| {
            let here = place(workspace, &at.text_document.uri, at.position);
            let Some((unit, place)) = here else { return Ok(None) };
            let (range, placeholder) = renamed(workspace, unit, place)?;
            Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
        }),
        Rename::METHOD => respond::<Rename>(request, |params| {
            let at = params.text_document_position;
            let here = place(workspace, &at.text_document.uri, at.position);
            here.map(|(unit, place)| rename(workspace, unit, place, &params.new_name)).transpose()
        }),
        _ => of_text(workspace, request),
    }
}

/// Requests about a text rather than a name in it.
fn of_text(workspace: &Workspace, request: Request) -> Response {
    match request.method.as_str() {
        Completion::METHOD => respond::<Completion>(request, |params| {
            let at = params.text_document_position;
            let here = place(workspace, &at.text_document.uri, at.position);
            let found = here.map(|(unit, place)| complete(unit, place.file, place.start as usize));
            Ok(found.map(CompletionResponse::Array))
        }),
        Formatting::METHOD => respond::<Formatting>(request, |params| {
            let text = workspace.written(&params.text_document.uri);
            Ok(text.map(|(texts, file)| layout(&texts, file).into_iter().collect()))
        }),
        DocumentSymbolRequest::METHOD => respond::<DocumentSymbolRequest>(request, |params| {
            let here = workspace.document(&params.text_document.uri);
            Ok(here.map(|(unit, file)| DocumentSymbolResponse::Nested(symbols(unit, file))))
        }),
        CodeActionRequest::METHOD => respond::<CodeActionRequest>(request, |params| {
            let uri = &params.text_document.uri;
            let Some((unit, start)) = place(workspace, uri, params.range.start) else {
                return Ok(None);
            };
            let Some((_, end)) = place(workspace, uri, params.range.end) else { return Ok(None) };
            let found = actions(workspace, unit, start.to(end));
            Ok(Some(found.into_iter().map(CodeActionOrCommand::CodeAction).collect()))
        }),
        other => {
            let text = format!("`{other}` is not served");
            Response::new_err(request.id, ErrorCode::MethodNotFound as i32, text)
        }
    }
}

/// A program, and the empty span at a position of one of its texts.
fn place<'w>(workspace: &'w Workspace, uri: &Uri, position: Position) -> Option<(&'w Unit, Span)> {
    let (unit, file) = workspace.document(uri)?;
    let at = offset(unit.texts.files.get(file), position);
    Some((unit, Span::new(file, at, at)))
}

fn respond<R: Asked>(
    request: Request,
    answer: impl FnOnce(R::Params) -> Result<R::Result, String>,
) -> Response {
    let params: R::Params = match serde_json::from_value(request.params) {
        Ok(params) => params,
        Err(error) => {
            let code = ErrorCode::InvalidParams as i32;
            return Response::new_err(request.id, code, error.to_string());
        }
    };
    match answer(params).map(|result| serde_json::to_value(result).unwrap_or(Value::Null)) {
        Ok(result) => Response::new_ok(request.id, result),
        Err(text) => Response::new_err(request.id, ErrorCode::RequestFailed as i32, text),
    }
}

/// The folder of modules that are written out to be shown, in a cache folder.
#[must_use]
pub fn library_folder(cache: &Path) -> PathBuf {
    cache.join("hence").join(concat!("library-", env!("CARGO_PKG_VERSION")))
}
