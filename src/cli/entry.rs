//! The process: from arguments to an exit code.

use std::env::args_os;
use std::ffi::OsString;
use std::io::{ErrorKind, Write, stdout};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::{CommandFactory, FromArgMatches, Parser};
use serde_json::{Value, json};

use crate::cli::args::{Cli, Command, Messages, ProofFormat, WhyFormat};
use crate::cli::exit::{self, Exit};
#[cfg(feature = "lsp")]
use crate::cli::lsp;
use crate::cli::messages::Reporter;
use crate::cli::test_args::TestFormat;
use crate::cli::{
    catalog, cert, check, config, conflicts, diff, fmt, graph, new, packaging, plan, profile,
    query, repl, signals, support, test, unused, whatif, why, whynot,
};
use crate::session::session::Session;
use crate::show::answer::Format;
use crate::text::files::Files;

/// Runs `hence` with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    set_hook(Box::new(note_panic));
    let arguments = with_command(args_os().collect());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print().and_then(|()| stdout().flush());
            let code = match printed {
                _ if error.use_stderr() => exit::CANNOT,
                Ok(()) => 0,
                Err(failed) => {
                    let reporter = Reporter::new(Messages::default(), false);
                    finish(Exit::Output(failed), None, reporter)
                }
            };
            return ExitCode::from(code);
        }
    };
    match configured(cli, arguments) {
        Ok(cli) => ExitCode::from(dispatch(&cli.command)),
        Err(exit) => {
            let reporter = Reporter::new(Messages::default(), false);
            ExitCode::from(finish(exit, None, reporter))
        }
    }
}

/// The command line with what the environment and `hence.toml` say where it says nothing. Commands
/// that read no rules do not need them.
fn configured(cli: Cli, arguments: Vec<OsString>) -> Result<Cli, Exit> {
    let free = matches!(
        cli.command,
        Command::New(_)
            | Command::Schema(_)
            | Command::Rules(_)
            | Command::Explain(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Fmt(_)
    );
    if free {
        return Ok(cli);
    }
    let config = config::load()?;
    if config.is_empty() {
        return Ok(cli);
    }
    // What was set was judged, and the command line was read before.
    let matches = config.apply(Cli::command()).try_get_matches_from(arguments);
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Exit::Bug(error.to_string()))
}

/// `hence PROG.dl …` is `hence run PROG.dl …`.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1).and_then(|argument| argument.to_str()) else {
        return arguments;
    };
    let known = Cli::command().get_subcommands().any(|command| command.get_name() == first);
    let own = ["-h", "--help", "-V", "--version"].contains(&first);
    let program = first.starts_with('-') || first.contains(['.', '/']);
    if !known && !own && program {
        arguments.insert(1, OsString::from("run"));
    }
    arguments
}

fn dispatch(command: &Command) -> u8 {
    let (messages, quiet) = messages_of(command);
    let reporter = Reporter::new(messages, quiet);
    let mut session = None;
    let result = catch_unwind(AssertUnwindSafe(|| match command {
        Command::Run(args) => profile::run(args, &mut session, reporter),
        Command::Query(args) => query::run(args, &mut session, reporter),
        Command::Why(args) => why::run(args, &mut session, reporter),
        Command::Whynot(args) => whynot::run(args, &mut session, reporter),
        Command::Support(args) => support::support(args, &mut session, reporter),
        Command::Sources(args) => support::sources(args, &mut session, reporter),
        Command::Sensitivity(args) => support::sensitivity(args, &mut session, reporter),
        Command::WhatIf(args) => whatif::run(args, &mut session, reporter),
        Command::Unused(args) => unused::run(args, &mut session, reporter),
        Command::Diff(args) => diff::run(args, &mut session, reporter),
        Command::Conflicts(args) => conflicts::run(args, &mut session, reporter),
        Command::Cert(args) => cert::run(args, &mut session, reporter),
        Command::Verify(args) => cert::check(args, &mut session, reporter),
        Command::New(args) => new::run(args),
        Command::Repl(args) => repl::run::run(args, &mut session, reporter),
        Command::Check(args) => check::run(args, reporter),
        Command::Fmt(args) => fmt::run(args, reporter),
        Command::Test(args) => test::run(args, reporter),
        Command::Plan(args) => plan::run(args, &mut session, reporter),
        Command::Graph(args) => graph::run(args, &mut session, reporter),
        Command::Schema(args) => catalog::schema(*args),
        Command::Rules(args) => catalog::rules(args),
        Command::Explain(args) => catalog::explain(args),
        Command::Completions(args) => packaging::completions(*args),
        Command::Man(args) => packaging::man(args),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::run(args),
    }));
    let code = match result {
        Ok(Ok(())) => 0,
        Ok(Err(exit)) => {
            let none = Files::new();
            let files = session.as_ref().map_or(&none, Session::files);
            let why = if wants_document(command) { exit.messages(files) } else { Vec::new() };
            let code = finish(exit, session.as_ref(), reporter);
            if !why.is_empty() {
                document(code, &why);
            }
            code
        }
        Err(_) => {
            reporter.error(&bug());
            exit::BUG
        }
    };
    reporter.end();
    // The process ends here: the memory of large relations need not be given back piece by piece.
    forget(session);
    if code == exit::INTERRUPTED { signals::interrupted() } else { code }
}

fn messages_of(command: &Command) -> (Messages, bool) {
    match command {
        Command::Run(args) => (args.source.input.messages, args.quiet),
        Command::Query(args) => (args.input.messages, false),
        Command::Why(args) => (args.input.messages, false),
        Command::Whynot(args) => (args.input.messages, false),
        Command::Support(args) => (args.input.messages, false),
        Command::Sources(args) => (args.input.messages, false),
        Command::Sensitivity(args) => (args.input.messages, false),
        Command::WhatIf(args) => (args.input.messages, false),
        Command::Unused(args) => (args.input.messages, false),
        Command::Diff(args) => (args.messages, false),
        Command::Conflicts(args) => (args.input.messages, false),
        Command::Cert(args) => (args.input.messages, false),
        Command::Verify(args) => (args.input.messages, false),
        Command::Repl(args) => (args.input.messages, false),
        Command::Check(args) => (args.messages(), false),
        Command::Fmt(args) => (args.messages, false),
        Command::Test(args) => (args.messages, false),
        Command::Plan(args) => (args.input.messages, false),
        Command::Graph(args) => (args.input.messages, false),
        Command::New(_)
        | Command::Schema(_)
        | Command::Rules(_)
        | Command::Explain(_)
        | Command::Completions(_)
        | Command::Man(_) => (Messages::default(), false),
        #[cfg(feature = "lsp")]
        Command::Lsp(_) => (Messages::default(), false),
    }
}

/// Whether standard output is to be one JSON document.
fn wants_document(command: &Command) -> bool {
    let of_proof = match command {
        Command::Query(args) => return args.format == Format::Json,
        Command::Why(args) => return args.format == WhyFormat::Json,
        Command::Test(args) => return args.format == TestFormat::Json,
        Command::Whynot(args) => args.format,
        Command::Support(args) => args.format,
        Command::Sources(args) => args.format,
        Command::Sensitivity(args) => args.format,
        Command::WhatIf(args) => args.format,
        Command::Unused(args) => args.format,
        Command::Diff(args) => args.format,
        Command::Conflicts(args) => args.format,
        _ => return false,
    };
    of_proof == ProofFormat::Json
}

/// Prints what stands in the place of an answer.
fn document(code: u8, messages: &[Value]) {
    let document = json!({ "schema": "hence.error/1", "exit": code, "messages": messages });
    // The exit code tells the same to whoever does not read.
    writeln!(stdout(), "{document}").unwrap_or(());
}

/// Says what is still to be said, and gives the exit code.
fn finish(exit: Exit, session: Option<&Session>, reporter: Reporter) -> u8 {
    match exit {
        Exit::Code(code) => code,
        Exit::Refused(messages) => {
            let none = Files::new();
            reporter.print(&messages, session.map_or(&none, Session::files));
            exit::code_of(&messages)
        }
        // The reader has what it wanted.
        Exit::Output(error) if error.kind() == ErrorKind::BrokenPipe => 0,
        Exit::Output(error) => {
            reporter.error(&format!("standard output cannot be written: {error}"));
            exit::CANNOT
        }
        Exit::Bug(text) => {
            reporter.error(&bug_of(&text));
            exit::BUG
        }
        Exit::System(text) => {
            reporter.error(&text);
            exit::CANNOT
        }
    }
}

/// What the last panic said, and where.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn note_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("panic");
    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line()));
    if let Ok(mut last) = PANIC.lock() {
        *last = Some(format!("{message}{}", place.unwrap_or_default()));
    }
}

/// The last panic as a message.
#[must_use]
pub fn bug() -> String {
    let last = PANIC.lock().ok().and_then(|mut last| last.take());
    let what = last.unwrap_or_else(|| "panic".to_owned());
    bug_of(&what)
}

/// Something that cannot be, as a message.
#[must_use]
pub fn bug_of(what: &str) -> String {
    format!("bug in hence: {what}\nplease report it with the rule files and the input")
}
